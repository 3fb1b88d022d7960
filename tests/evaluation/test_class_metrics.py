"""Metrics of classes, beside scikit-learn's and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as theirs

from lstmcast.config.class_defaults import CLASS_METRICS
from lstmcast.evaluation.class_metrics import calibration_error, reliability, score_classes
from lstmcast.evaluation.class_verdict import class_verdict
from lstmcast.evaluation.classes import ClassForecasts, Guess

NAMES = ("a", "b", "c")


def forecasts_of(true: np.ndarray, probabilities: np.ndarray, **baselines: Guess) -> ClassForecasts:
    n = len(true)
    times = np.zeros(true.shape, dtype="datetime64[us]")
    return ClassForecasts(
        split="test",
        starts=np.arange(n),
        series=np.zeros(n, dtype=np.int32),
        origin_times=times[:, 0],
        times=times,
        y_true=true,
        probabilities=probabilities,
        baselines=baselines,
        target="y",
        classes=NAMES,
        series_names=("",),
    )


@pytest.fixture
def forecasts() -> ClassForecasts:
    rng = np.random.default_rng(3)
    true = rng.integers(0, 3, size=(40, 2))
    probabilities = rng.dirichlet(np.ones(3), size=(40, 2))
    return forecasts_of(true, probabilities, last=Guess(np.zeros((40, 2), dtype=np.int64)))


def test_the_metrics_are_those_of_scikit_learn(forecasts):
    found = score_classes(forecasts, CLASS_METRICS)["model"]
    true, named = forecasts.y_true.ravel(), forecasts.y_pred.ravel()
    macro = {"average": "macro", "zero_division": 0}
    expected = {
        "accuracy": theirs.accuracy_score(true, named),
        "balanced_accuracy": theirs.balanced_accuracy_score(true, named),
        "precision": theirs.precision_score(true, named, **macro),
        "recall": theirs.recall_score(true, named, **macro),
        "f1": theirs.f1_score(true, named, **macro),
        "log_loss": theirs.log_loss(true, forecasts.probabilities.reshape(-1, 3)),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert np.array(found["confusion"]).sum() == 80
    assert found["by_class"]["b"]["support"] == (true == 1).sum()
    assert found["by_step"]["accuracy"][1] == theirs.accuracy_score(
        forecasts.y_true[:, 1], forecasts.y_pred[:, 1]
    )


def test_a_baseline_without_probabilities_has_no_log_loss(forecasts):
    found = score_classes(forecasts, CLASS_METRICS)["last"]
    assert found["log_loss"] is None and found["calibration_error"] is None
    assert found["accuracy"] == np.mean(forecasts.y_true == 0)


def test_a_class_that_never_came_spoils_nothing():
    true = np.array([[0], [0], [1]])
    sure = np.eye(3)[[0, 2, 1]][:, None, :]
    found = score_classes(forecasts_of(true, sure), CLASS_METRICS)["model"]
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 1) / 2)
    assert found["recall"] == pytest.approx((0.5 + 1 + 0) / 3)


def test_without_windows_nothing_is_measured():
    none = forecasts_of(np.empty((0, 2), dtype=np.int64), np.empty((0, 2, 3)))
    found = score_classes(none, CLASS_METRICS)["model"]
    assert all(found[name] is None for name in CLASS_METRICS)
    assert class_verdict({"model": found, "last": found}).beats is None


def test_the_calibration_error_is_the_mean_gap_by_bin():
    # Three in the bin of 0.6 to 0.7, two of them right; one in that of 0.9, wrong.
    probabilities = np.array([[0.65, 0.35]] * 3 + [[0.95, 0.05]])
    true = np.array([0, 0, 1, 1])
    expected = (3 * abs(2 / 3 - 0.65) + 1 * 0.95) / 4
    assert calibration_error(true, probabilities) == pytest.approx(expected)
    assert reliability(true, probabilities).counts.tolist() == [0, 0, 0, 0, 0, 0, 3, 0, 0, 1]


@pytest.mark.parametrize(
    ("model", "others", "beats", "match"),
    [
        (0.8, {"majority": 0.5, "last": 0.7}, True, r"beats .* the last class .*50.0 % of the maj"),
        (0.5, {"majority": 0.5, "last": 0.2}, False, "only equals the best baseline, the majority"),
        (0.4, {"majority": 0.5}, False, "is worse than the majority class"),
        (0.4, {}, None, "No baseline was computed"),
    ],
)
def test_the_verdict_says_whether_the_model_is_worth_having(model, others, beats, match):
    scores = {"model": {"accuracy": model}}
    scores |= {name: {"accuracy": value} for name, value in others.items()}
    verdict = class_verdict(scores)
    assert verdict.beats is beats
    from re import search

    assert search(match, verdict.text)


def test_the_verdict_tells_where_the_probabilities_disagree():
    scores = {
        "model": {"accuracy": 0.8, "log_loss": 0.9},
        "majority": {"accuracy": 0.6, "log_loss": 0.7},
    }
    assert "log loss disagrees: by its probabilities the model is no better than the majority" in (
        class_verdict(scores).text
    )
