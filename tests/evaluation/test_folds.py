"""Scores by fold, step and series, against plain loops and numbers by hand."""

from dataclasses import replace

import numpy as np
import pytest

from lstmcast.evaluation.folds import folds_verdict, over, over_steps, score_folds
from lstmcast.evaluation.members import spread
from lstmcast.evaluation.scoring import score_split
from tests.reporting.conftest import make_forecasts

METRICS = ("mae", "rmse", "r2", "mase")


@pytest.fixture
def pooled():
    """60 windows of two series in three folds, and the scale of each series."""
    forecasts, _ = make_forecasts(
        n_windows=30, horizon=4, series=("a", "b"), levels=(0.1, 0.5, 0.9)
    )
    fold = np.tile(np.repeat(np.array([1, 2, 3], dtype=np.int32), 10), 2)
    parameters = np.stack([forecasts.y_pred, 1 + np.square(forecasts.y_pred)], axis=-1)
    forecasts = replace(forecasts, distribution="normal", parameters=parameters)
    return forecasts, fold, np.array([[2.0], [4.0]])


def chosen(forecasts, windows):
    """Some windows as forecasts of their own."""
    return replace(
        forecasts,
        starts=forecasts.starts[windows],
        series=forecasts.series[windows],
        y_true=forecasts.y_true[windows],
        y_pred=forecasts.y_pred[windows],
        quantiles=forecasts.quantiles[windows],
        parameters=forecasts.parameters[windows],
        baselines={name: values[windows] for name, values in forecasts.baselines.items()},
    )


def test_each_choice_of_windows_has_the_scores_of_a_split_of_these(pooled):
    forecasts, fold, scale = pooled
    found = score_folds(forecasts, fold, METRICS, mase_scale=scale)
    assert found.pooled == score_split(forecasts, METRICS, scale)
    for number in (1, 2, 3):
        alone = score_split(chosen(forecasts, fold == number), METRICS, scale)
        assert found.by_fold[number - 1] == alone
    for index, name in enumerate(("a", "b")):
        alone = score_split(chosen(forecasts, forecasts.series == index), METRICS, scale)
        for forecaster, scores in found.by_series[name].items():
            for metric, value in scores.items():
                assert alone[forecaster][metric] == value
            assert "by_step" not in scores


def test_one_series_has_no_scores_by_series():
    forecasts, _ = make_forecasts(n_windows=4, horizon=2)
    found = score_folds(
        forecasts, np.array([1, 1, 2, 2], np.int32), METRICS, mase_scale=np.ones((1, 1))
    )
    assert found.by_series == {}


def fold_of(mae, by_step, *, naive=2.0):
    return {
        "model": {"mae": mae, "by_step": {"mae": by_step}},
        "naive": {"mae": naive, "by_step": {"mae": [naive] * len(by_step)}},
    }


def test_means_and_deviations_are_over_folds():
    folds = [fold_of(1.0, [0.5, 1.5]), fold_of(3.0, [2.5, None])]
    assert over(folds)["model"]["mae"] == {
        "mean": 2.0,
        "deviation": pytest.approx(2**0.5),
        "values": [1.0, 3.0],
    }
    steps = over_steps(folds)["model"]["mae"]
    assert steps == {"mean": [1.5, None], "deviation": [pytest.approx(2**0.5), None]}


def test_a_single_fold_has_no_deviation():
    assert spread([{"mae": 1.0}])["mae"] == {"mean": 1.0, "deviation": None, "values": [1.0]}


@pytest.mark.parametrize(
    ("errors", "won", "text"),
    [
        ([1.0, 1.0], 2, "The model beats the best baseline in each of the 2 folds."),
        ([1.0, 3.0, 1.0], 2, "in 2 of 3 folds (not in fold 2)."),
        ([3.0, 3.0, 1.0], 1, "in 1 of 3 folds (not in folds 1, 2)."),
        ([3.0, 3.0], 0, "in none of the 2 folds."),
        ([1.0], 1, ""),
    ],
)
def test_the_verdict_counts_the_folds_that_are_won(errors, won, text):
    verdict = folds_verdict([fold_of(error, [error]) for error in errors])
    assert verdict.won == won
    assert verdict.text.endswith(text)


def test_without_a_baseline_there_is_no_verdict():
    verdict = folds_verdict([{"model": {"mae": 1.0}}] * 2)
    assert (verdict.won, verdict.text) == (None, "")
