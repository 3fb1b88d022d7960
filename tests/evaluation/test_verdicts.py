from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from lstmcast.evaluation.verdicts import (
    FitVerdict,
    baseline_verdict,
    fit_verdict,
    shared_verdict,
)


def scores(**errors):
    """`scores(model=(mase, rmse), …)`."""
    return {name: {"mase": mase, "rmse": rmse} for name, (mase, rmse) in errors.items()}


def test_a_model_that_wins_is_compared_with_the_best_baseline():
    verdict = baseline_verdict(
        scores(model=(0.8, 4.0), naive=(1.5, 9.0), seasonal_naive=(1.0, 5.0))
    )
    assert verdict.text == (
        "On the test split the model beats the best baseline, seasonal naive, by 20.0 % "
        "(MASE 0.8000 against 1.000)."
    )
    assert (verdict.beats, verdict.best_baseline, verdict.metric) == (
        True,
        "seasonal_naive",
        "mase",
    )
    assert verdict.skill == pytest.approx(0.2)


def test_a_model_that_loses_is_told_so():
    verdict = baseline_verdict(scores(model=(1.041, 6.0), naive=(2.0, 9.0), drift=(1.0, 5.0)))
    assert verdict.beats is False
    assert verdict.skill == pytest.approx(-0.041)
    assert verdict.text.startswith(
        "On the test split the model is worse than drift by 4.1 % (MASE 1.041 against 1.000): "
        "use that"
    )


def test_rmse_is_named_where_it_disagrees():
    verdict = baseline_verdict(scores(model=(0.9, 6.0), naive=(1.0, 7.0), drift=(1.2, 5.0)))
    assert verdict.beats
    assert verdict.text.endswith(
        "RMSE disagrees: there the model is no better than drift (6.000 against 5.000)."
    )


def test_large_errors_are_written_out():
    verdict = baseline_verdict(
        {"model": {"mae": 12_345.6}, "naive": {"mae": 46_292.4}, "drift": {"mae": 999_999.0}}
    )
    assert verdict.text.endswith("(MAE 12,346 against 46,292).")


def test_a_tie_is_no_victory():
    verdict = baseline_verdict(scores(model=(1.0, 5.0), naive=(1.0, 5.0)))
    assert verdict.beats is False
    assert "only equals the best baseline, naive" in verdict.text


def test_a_tiny_margin_is_not_printed_as_zero():
    assert (
        "by less than 0.1 %" in baseline_verdict(scores(model=(0.9999, 4.0), naive=(1.0, 5.0))).text
    )


def test_without_mase_the_next_metric_decides():
    verdict = baseline_verdict(
        {"model": {"mase": None, "mae": 3.0}, "naive": {"mase": None, "mae": 2.0}}
    )
    assert (verdict.metric, verdict.beats) == ("mae", False)


def test_a_perfect_baseline_leaves_no_percentage():
    verdict = baseline_verdict({"model": {"mae": 3.0}, "naive": {"mae": 0.0}})
    assert (verdict.beats, verdict.skill) == (False, None)
    assert "%" not in verdict.text


@pytest.mark.parametrize(
    ("found", "match"),
    [
        ({"model": {"mae": 1.0}}, "evaluation.baselines"),
        ({"model": {"mae": None}, "naive": {"mae": None}}, "needs windows"),
        ({"model": {"r2": 0.9}, "naive": {"r2": 0.8}}, "evaluation.metrics"),
    ],
)
def test_nothing_to_compare_is_said_and_mended(found, match):
    verdict = baseline_verdict(found)
    assert verdict.beats is None
    assert match in verdict.text


@dataclass(frozen=True)
class Row:
    epoch: int
    loss: float
    val_loss: float | None


def curve(loss, val_loss):
    return [Row(i + 1, a, b) for i, (a, b) in enumerate(zip(loss, val_loss, strict=True))]


def noise(n, seed, size=0.02):
    return 1 + size * np.random.default_rng(seed).normal(size=n)


EPOCHS = np.arange(1, 61)


@pytest.mark.parametrize("seed", range(8))
def test_a_falling_curve_is_still_improving(seed):
    losses = 1 / EPOCHS
    verdict = fit_verdict(curve(losses, losses * noise(60, seed)), stopped_early=False)
    assert verdict.kind == "improving"
    assert "`training.epochs`" in verdict.text
    assert "epoch 60" in verdict.text


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [0.0, 0.02, 0.05])
def test_a_flat_curve_has_levelled_off(seed, size):
    losses = 0.2 + np.exp(-EPOCHS / 4)
    history = curve(losses, losses * noise(60, seed, size))
    verdict = fit_verdict(history, stopped_early=False)
    assert verdict.kind == "levelled_off"
    assert 8 <= verdict.epoch <= 20


@pytest.mark.parametrize("seed", range(8))
def test_a_rising_validation_loss_is_overfitting_since_its_low(seed):
    validation = 0.5 + np.abs(EPOCHS - 20) / 40
    verdict = fit_verdict(curve(1 / EPOCHS, validation * noise(60, seed)), stopped_early=True)
    assert verdict.kind == "overfitting"
    assert 15 <= verdict.epoch <= 25
    assert "`model.dropout`" in verdict.text


@pytest.mark.parametrize("n_epochs", [5, 8, 20])
def test_a_short_steep_curve_is_still_improving(n_epochs):
    losses = np.linspace(3, 1, n_epochs)
    assert fit_verdict(curve(losses, losses), stopped_early=False).kind == "improving"


def test_early_stopping_means_that_it_no_longer_improved():
    losses = 1 / EPOCHS
    assert fit_verdict(curve(losses, losses), stopped_early=True).kind == "levelled_off"


def test_one_bad_last_epoch_is_no_overfitting():
    losses = 0.2 + np.exp(-EPOCHS / 4)
    validation = losses.copy()
    validation[-1] = 5
    assert fit_verdict(curve(losses, validation), stopped_early=False).kind == "levelled_off"


def test_both_losses_rising_is_no_overfitting():
    losses = 0.5 + np.abs(EPOCHS - 20) / 40
    assert fit_verdict(curve(losses, losses), stopped_early=True).kind == "levelled_off"


def test_a_loss_that_never_fell_points_at_the_learning_rate():
    verdict = fit_verdict(curve(np.ones(20), np.ones(20)), stopped_early=True)
    assert verdict.kind == "levelled_off"
    assert "`training.learning_rate`" in verdict.text


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_without_validation_the_fit_is_not_judged(missing):
    verdict = fit_verdict([Row(1, 1.0, missing), Row(2, 0.5, missing)], stopped_early=False)
    assert verdict.kind == "no_validation"
    assert "`split.validation`" in verdict.text


def test_a_few_epochs_are_too_short_to_judge():
    verdict = fit_verdict(curve([3, 2], [3, 2]), stopped_early=False)
    assert (verdict.kind, verdict.epoch) == ("too_short", None)


def test_the_verdict_on_an_ensemble_is_the_one_that_most_members_share():
    improving = FitVerdict("It improves.", "improving")
    overfitting = [FitVerdict(f"It overfits since {e}.", "overfitting", e) for e in (7, 9)]
    shared = shared_verdict([improving, *overfitting])
    assert (shared.kind, shared.epoch) == ("overfitting", 7)
    assert shared.text == (
        "It overfits since 7. So it is for 2 of the 3 networks; the epoch is that of the first of "
        "them."
    )
    assert shared_verdict([improving, improving]).text == (
        "It improves. So it is for all 2 networks."
    )


def test_the_verdict_on_a_network_alone_is_its_own():
    verdict = FitVerdict("It improves.", "improving")
    assert shared_verdict([verdict]) == verdict
