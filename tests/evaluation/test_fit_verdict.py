from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from lstmcast.evaluation.fit_verdict import (
    FitVerdict,
    diverged_verdict,
    fit_verdict,
    shared_verdict,
)


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


def test_a_fit_that_diverged_is_told_with_the_epoch_that_was_kept():
    verdict = diverged_verdict(3, 2)
    assert (verdict.kind, verdict.epoch) == ("diverged", 2)
    assert "diverged after epoch 3; these are the weights of epoch 2" in verdict.text
