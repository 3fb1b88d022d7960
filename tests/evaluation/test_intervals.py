import numpy as np
import pytest
from scipy.stats import norm

from lstmcast.evaluation import intervals
from lstmcast.evaluation.intervals import (
    GRID,
    Intervals,
    crps,
    interval_score,
    pinball_losses,
    score_intervals,
)


def test_the_crps_of_a_dense_grid_is_that_of_the_distribution():
    levels = np.linspace(0.001, 0.999, 999)
    y = np.linspace(-3, 3, 7)
    # Closed form for a normal distribution (Gneiting & Raftery 2007, equation 21).
    closed = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
    quantiles = np.broadcast_to(norm.ppf(levels), (7, 999))
    assert crps(y, quantiles, levels) == pytest.approx(closed, abs=2e-3)
    coarse = np.array([0.025, *GRID, 0.975])
    found = crps(y, np.broadcast_to(norm.ppf(coarse), (7, len(coarse))), coarse)
    assert found[1:-1] == pytest.approx(closed[1:-1], rel=0.04)


def test_the_crps_is_twice_the_integral_of_the_pinball_loss():
    rng = np.random.default_rng(0)
    levels = np.array([0.1, 0.3, 0.6, 0.9])
    y, quantiles = rng.normal(size=5), np.sort(rng.normal(size=(5, 4)), axis=1)
    losses = np.pad(pinball_losses(y, quantiles, levels), ((0, 0), (1, 1)))
    expected = 2 * np.trapezoid(losses, np.array([0, *levels, 1]), axis=1)
    assert crps(y, quantiles, levels) == pytest.approx(expected)


def test_the_interval_score_adds_what_lies_outside():
    y = np.array([0.0, -2.0, 5.0])
    assert interval_score(y, np.full(3, -1.0), np.full(3, 1.0), 0.8).tolist() == pytest.approx(
        [2, 2 + 10 * 1, 2 + 10 * 4]
    )


def test_the_interval_score_is_a_sum_of_two_pinball_losses():
    rng = np.random.default_rng(1)
    y, lower = rng.normal(size=50), rng.normal(size=50) - 1
    upper = lower + rng.random(50) * 3
    losses = pinball_losses(y, np.stack([lower, upper], axis=-1), np.array([0.1, 0.9]))
    assert interval_score(y, lower, upper, 0.8) == pytest.approx(2 / 0.2 * losses.sum(axis=-1))


def test_intervals_are_the_pairs_of_levels_around_the_median():
    found = Intervals((0.025, 0.1, 0.5, 0.9, 0.95))
    assert found.shares == (0.8,)
    assert found.ends == ((1, 3),)


@pytest.mark.parametrize("block", [7, 1000])
def test_scores_are_those_of_a_plain_loop(monkeypatch, block):
    monkeypatch.setattr(intervals, "BLOCK", block)
    rng = np.random.default_rng(2)
    levels = (0.1, 0.25, 0.5, 0.75, 0.9)
    y = rng.normal(size=(30, 3, 2))
    quantiles = np.sort(rng.normal(size=(30, 3, 2, 5)), axis=-1)
    found = score_intervals(y, quantiles, levels, n_windows=30)
    wide = found["intervals"][1]
    assert [each["level"] for each in found["intervals"]] == [0.5, 0.8]
    inside = (quantiles[..., 0] <= y) & (y <= quantiles[..., 4])
    assert wide["coverage"] == pytest.approx(inside.mean())
    assert wide["by_step"]["coverage"] == pytest.approx(inside.mean(axis=(0, 2)))
    width = quantiles[..., 4] - quantiles[..., 0]
    assert wide["width"] == pytest.approx(width.mean())
    assert wide["by_step"]["width"] == pytest.approx(width.mean(axis=(0, 2)))
    score = interval_score(y, quantiles[..., 0], quantiles[..., 4], 0.8)
    assert wide["score"] == pytest.approx(score.mean())
    assert found["below"] == pytest.approx((y[..., None] <= quantiles).mean(axis=(0, 1, 2)))
    assert found["crps"] == pytest.approx(crps(y, quantiles, levels).mean())
    by_step = crps(y, quantiles, levels).mean(axis=(0, 2))
    assert found["by_step"]["crps"] == pytest.approx(by_step)
    losses = pinball_losses(y, quantiles, np.array(levels))
    assert found["pinball"] == pytest.approx(losses.mean())


def test_a_single_level_has_no_interval():
    found = score_intervals(np.zeros((2, 1, 1)), np.ones((2, 1, 1, 1)), (0.5,), n_windows=2)
    assert found["intervals"] == []
    assert found["below"] == [1.0]
