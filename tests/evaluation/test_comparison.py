from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.comparison import (
    Difference,
    PairDifference,
    corrected,
    decide,
    difference_of,
    overlaps_of,
)
from lstmcast.evaluation.seeds import SeedNoise
from lstmcast.evaluation.significance import MeanTest
from tests.evaluation.test_significance import autoregressive

AHEAD = np.arange(1, 13)


def losses(rng, *, scale=1.0, n=500):
    return (scale * autoregressive(n, phi=0.6, rng=rng, series=12)) ** 2


def made(size, p, *, steps=((0.0, 1.0),)):
    """A pair of these differences, and p values that are corrected already."""

    def one(size, p):
        return Difference(1 + size, 1.0, None, MeanTest(0.0, 1, p), None, p_holm=p)

    return PairDifference(one(size, p), tuple(one(*each) for each in steps))


def test_the_difference_is_that_of_the_mean_losses():
    rng = np.random.default_rng(0)
    first, second = losses(rng), losses(rng)
    found = difference_of(first, second, AHEAD)
    assert found.whole.size == pytest.approx(first.mean() - second.mean())
    assert found.whole.test.freedom == found.steps[11].test.freedom
    assert [step.first for step in found.steps] == pytest.approx(first.mean(axis=0))
    assert [step.textbook.lags for step in found.steps] == list(range(12))
    assert found.whole.interval[0] < found.whole.size < found.whole.interval[1]


def test_holm_counts_the_pairs_and_the_steps_of_all_pairs():
    rng = np.random.default_rng(1)
    pairs = [difference_of(losses(rng), losses(rng), AHEAD) for _ in range(3)]
    found = corrected(pairs)
    whole = [pair.whole.test.p for pair in pairs]
    assert min(pair.whole.p_holm for pair in found) == pytest.approx(min(1, 3 * min(whole)))
    steps = [step.test.p for pair in pairs for step in pair.steps]
    least = min(step.p_holm for pair in found for step in pair.steps)
    assert least == pytest.approx(min(1, 36 * min(steps)))


def test_a_better_forecast_is_called_that_with_the_steps_where_it_is():
    rng = np.random.default_rng(2)
    second = losses(rng)
    first = second * np.linspace(0.3, 1, 12)
    (pair,) = corrected([difference_of(first, second, AHEAD)])
    found = decide(pair, level=0.05)
    assert found.outcome == "better"
    assert found.first_at == tuple(range(11))
    assert found.second_at == ()


def test_the_same_forecast_is_called_the_same():
    one = losses(np.random.default_rng(3))
    (pair,) = corrected([difference_of(one, one, AHEAD)])
    assert decide(pair, level=0.05).outcome == "same"


def test_a_difference_that_seeds_explain_is_not_claimed():
    pair = made(-0.1, 0.01)
    assert decide(pair, level=0.05).outcome == "better"
    doubtful = SeedNoise(-0.1, (-0.4, 0.2), 0.4)
    assert decide(pair, level=0.05, noise=doubtful).outcome == "seed_noise"
    certain = SeedNoise(-0.1, (-0.11, -0.09), 0.001)
    assert decide(pair, level=0.05, noise=certain).outcome == "better"


def test_single_steps_count_less_where_the_whole_horizon_is_not_decided():
    steps = ((-0.1, 0.009), (-0.1, 0.02), (0.1, 0.005))
    undecided = decide(made(-0.1, 0.3, steps=steps), level=0.05)
    assert undecided.outcome == "undecided"
    assert (undecided.first_at, undecided.second_at) == ((0,), (2,))
    decided = decide(made(0.1, 0.03, steps=steps), level=0.05)
    assert decided.outcome == "worse"
    assert (decided.first_at, decided.second_at) == ((0, 1), (2,))


@pytest.mark.parametrize(("spacing", "expected"), [(1, [1, 2, 3, 4]), (3, [1, 1, 1, 2])])
def test_origins_further_apart_overlap_less(spacing, expected):
    assert overlaps_of(np.arange(1, 5), spacing).tolist() == expected


def test_equal_forecasts_are_rarely_called_different():
    # 200 pairs; the binomial deviation is 1.5 points. `benchmarks/significance.py` draws 1,000.
    rng = np.random.default_rng(4)
    called = 0
    for _ in range(200):
        (pair,) = corrected([difference_of(losses(rng), losses(rng), AHEAD)])
        found = decide(pair, level=0.05)
        called += found.outcome != "undecided" or bool(found.first_at or found.second_at)
    assert 0.015 <= called / 200 <= 0.095
