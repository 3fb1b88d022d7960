from __future__ import annotations

import json
import math
import weakref
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error, r2_score

from lstmcast.evaluation.scoring import mase_scale, scaled_scores, score, score_split

METRICS = ("mse", "rmse", "mae", "r2", "smape", "mase")


def scale_of(*series, season_length=1, bounds=None):
    actual = np.concatenate([np.array(rows, dtype=float) for rows in series])[:, None]
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in series])])
    bounds = np.column_stack([offsets[:-1], offsets[1:]]) if bounds is None else np.array(bounds)
    scale = mase_scale(actual, offsets=offsets, train_bounds=bounds, season_length=season_length)
    return scale[:, 0].tolist()


def test_mase_scale_is_the_mean_seasonal_difference_by_hand():
    # |4 - 1|, |6 - 2|, |5 - 4|
    assert scale_of([1, 2, 4, 6, 5], season_length=2) == [pytest.approx(8 / 3)]


def test_mase_scale_reads_training_rows_only():
    assert scale_of([1, 2, 4, 1000], bounds=[(0, 3)]) == [1.5]


def test_mase_scale_skips_pairs_with_a_missing_value():
    assert scale_of([1, np.nan, 4, 6, 7]) == [1.5]


def test_mase_scale_falls_back_to_a_season_of_one():
    assert scale_of([1, 2, 4], season_length=12) == [1.5]


def test_mase_scale_of_a_new_or_constant_series_is_that_of_all_pairs():
    # Pairs: 2, 4 and, of the constant one, 0, 0.
    scales = scale_of([0, 2, 6], [5, 5, 5], [9, 9], bounds=[(0, 3), (3, 6), (6, 6)])
    assert scales == [3, 1.5, 1.5]


def test_mase_scale_of_a_constant_is_zero_and_of_nothing_is_nan():
    assert scale_of([5, 5, 5]) == [0]
    assert math.isnan(scale_of([5])[0])


@pytest.fixture
def several():
    rng = np.random.default_rng(3)
    y_true = rng.normal(size=(40, 3, 2)) * [1, 50]
    return y_true, y_true + rng.normal(size=y_true.shape), rng.uniform(0.5, 2, size=(40, 2))


def test_scores_overall_by_step_and_by_target_equal_scikit_learn(several):
    y_true, y_pred, scale = several
    scores = score(y_true, y_pred, METRICS, scale=scale, targets=("a", "b"))
    assert scores["mse"] == pytest.approx(mean_squared_error(y_true.ravel(), y_pred.ravel()))
    assert scores["r2"] == pytest.approx(r2_score(y_true.reshape(-1, 2), y_pred.reshape(-1, 2)))
    for h in range(3):
        step = y_true[:, h], y_pred[:, h]
        assert scores["by_step"]["mae"][h] == pytest.approx(mean_absolute_error(*step))
        assert scores["by_step"]["r2"][h] == pytest.approx(r2_score(*step))
        scaled = mean_absolute_error(step[0] / scale, step[1] / scale)
        assert scores["by_step"]["mase"][h] == pytest.approx(scaled)
    for t, target in enumerate("ab"):
        one = y_true[..., t].ravel(), y_pred[..., t].ravel()
        found = scores["by_target"][target]
        assert found["rmse"] == pytest.approx(math.sqrt(mean_squared_error(*one)))
        assert found["r2"] == pytest.approx(r2_score(*one))


def test_a_single_target_has_no_by_target(several):
    y_true, y_pred, scale = (values[..., :1] for values in several)
    scores = score(y_true, y_pred, ["mae"], scale=scale, targets=("a",))
    assert set(scores) == {"mae", "by_step"}


def test_undefined_metrics_become_null():
    constant = np.full((5, 2, 1), 0.1)
    scores = score(constant, constant + 1, METRICS, scale=np.zeros((5, 1)), targets=("a",))
    assert scores["r2"] is None
    assert scores["mase"] is None
    assert scores["by_step"]["r2"] == [None, None]
    assert scores["mae"] == pytest.approx(1)
    json.dumps(scores, allow_nan=False)


def test_an_overflow_becomes_null_without_a_warning():
    y_true = np.array([0.0, 1.0]).reshape(2, 1, 1)
    scores = score(y_true, y_true + 1e200, METRICS, scale=np.ones((2, 1)), targets=("a",))
    assert scores["mse"] is None
    assert scores["mae"] == 1e200


def test_an_empty_split_scores_null_everywhere(make_forecasts):
    empty = np.empty((0, 2, 2))
    forecasts = make_forecasts(
        empty,
        empty,
        baselines={"naive": empty},
        quantiles=np.empty((0, 2, 2, 3)),
        levels=(0.1, 0.5, 0.9),
    )
    scores = score_split(forecasts, METRICS, np.ones((1, 2)))
    nothing = dict.fromkeys(METRICS)
    expected = {
        **nothing,
        "by_step": {name: [None, None] for name in METRICS},
        "by_target": {"y0": nothing, "y1": nothing},
    }
    assert scores["naive"] == expected
    assert scores["model"] == {**expected, "pinball": None, "coverage": None}
    assert scaled_scores(forecasts, np.ones(2)) == {"mse": None, "mae": None}


def test_each_window_is_scaled_by_its_own_series(make_forecasts):
    y_true = np.zeros((2, 1, 1))
    forecasts = make_forecasts(
        y_true, y_true + 6, series=np.array([1, 0], dtype=np.int32), baselines={"naive": y_true}
    )
    scores = score_split(forecasts, ["mase"], np.array([[2.0], [3.0]]))
    assert scores["model"]["mase"] == pytest.approx((6 / 3 + 6 / 2) / 2)
    assert scores["naive"]["mase"] == 0


def test_quantiles_add_pinball_and_coverage_of_the_outermost_interval(make_forecasts):
    rng = np.random.default_rng(0)
    y_true, levels = rng.normal(size=(200, 2, 1)), (0.1, 0.5, 0.9)
    quantiles = np.broadcast_to([-1.2816, 0.0, 1.2816], (200, 2, 1, 3))
    forecasts = make_forecasts(y_true, quantiles[..., 1], quantiles=quantiles, levels=levels)
    model = score_split(forecasts, ["mae"], np.ones((1, 1)))["model"]
    losses = [
        mean_pinball_loss(y_true.ravel(), quantiles[..., i].ravel(), alpha=level)
        for i, level in enumerate(levels)
    ]
    assert model["pinball"] == pytest.approx(np.mean(losses))
    assert model["coverage"] == pytest.approx(np.mean(np.abs(y_true) <= 1.2816))


def test_a_single_level_has_no_interval(make_forecasts):
    y_true = np.zeros((3, 1, 1))
    forecasts = make_forecasts(y_true, y_true, quantiles=y_true[..., None] + 1, levels=(0.5,))
    model = score_split(forecasts, ["mae"], np.ones((1, 1)))["model"]
    assert (model["pinball"], model["coverage"]) == (0.5, None)


def test_a_distribution_adds_its_crps_overall_by_step_and_by_target(make_forecasts, several):
    y_true, y_pred, _ = several
    scale = np.exp(np.random.default_rng(1).normal(size=y_true.shape))
    parameters = np.stack([y_pred, scale], axis=-1)
    forecasts = replace(
        make_forecasts(y_true, y_pred, baselines={"naive": y_true}),
        distribution="normal",
        parameters=parameters,
    )
    scores = score_split(forecasts, ["mae"], np.ones((1, y_true.shape[2])))
    # Half the expected distance of two draws less than that of a draw from what came true.
    draws = stats.norm(y_pred, scale).ppf((np.arange(2000).reshape(-1, 1, 1, 1) + 0.5) / 2000)
    expected = np.abs(draws - y_true).mean(axis=0) - scale / np.sqrt(np.pi)
    model = scores["model"]
    assert model["crps"] == pytest.approx(expected.mean(), rel=1e-3)
    np.testing.assert_allclose(model["by_step"]["crps"], expected.mean(axis=(0, 2)), rtol=1e-3)
    found = [values["crps"] for values in model["by_target"].values()]
    np.testing.assert_allclose(found, expected.mean(axis=(0, 1)), rtol=1e-3)
    assert "crps" not in scores["naive"]


def test_the_crps_of_no_window_is_not_defined(make_forecasts):
    empty = np.zeros((0, 2, 1))
    forecasts = replace(
        make_forecasts(empty, empty), distribution="normal", parameters=np.zeros((0, 2, 1, 2))
    )
    model = score_split(forecasts, ["mae"], np.ones((1, 1)))["model"]
    assert model["crps"] is None
    assert model["by_step"]["crps"] == [None, None]


def test_scaled_scores_are_those_of_standardised_values(make_forecasts, several):
    y_true, y_pred, _ = several
    mean, deviation = np.array([3.0, -7.0]), np.array([2.0, 40.0])
    found = scaled_scores(make_forecasts(y_true, y_pred), deviation)
    standardised = [((y - mean) / deviation).ravel() for y in (y_true, y_pred)]
    assert found["mse"] == pytest.approx(mean_squared_error(*standardised))
    assert found["mae"] == pytest.approx(mean_absolute_error(*standardised))


def test_scaled_scores_of_a_constant_column_are_undefined(make_forecasts, several):
    y_true, y_pred, _ = several
    found = scaled_scores(make_forecasts(y_true, y_pred), np.array([0.0, 1.0]))
    assert found == {"mse": None, "mae": None}


class OneAtATime(dict):
    """Forecasts that are made when asked for, and refuse while the one before is still held."""

    def __getitem__(self, name):
        assert self.last is None or self.last() is None
        made = super().__getitem__(name).copy()
        self.last = weakref.ref(made)
        return made

    last = None


def test_the_baselines_are_held_one_at_a_time(make_forecasts):
    y_true = np.ones((4, 2, 1))
    baselines = OneAtATime(naive=y_true, seasonal_naive=y_true + 1, drift=y_true + 2)
    forecasts = make_forecasts(y_true, y_true, baselines=baselines)
    scores = score_split(forecasts, ["mae"], np.ones((1, 1)))
    assert [scores[name]["mae"] for name in baselines] == [0, 1, 2]
