from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lstmcast.evaluation.seeds import (
    SeedSpread,
    seed_noise,
    spread_of_members,
    spread_of_runs,
)

FIRST, SECOND = [1.0, 1.2, 0.9, 1.1], [1.5, 1.3, 1.6]


def spread_of(values, *, start=0):
    return spread_of_runs({start + i: value for i, value in enumerate(values)})


def noise_of(losses, spreads, *, fixed=(False, False)):
    return seed_noise(losses, spreads, fixed=fixed, level=0.05)


def test_one_run_has_no_spread():
    assert spread_of_runs({7: 1.0}) is None
    assert noise_of((1.0, 2.0), (None, None)) is None


def test_different_seeds_are_two_samples_of_unequal_variance():
    found = noise_of((np.mean(FIRST), np.mean(SECOND)), (spread_of(FIRST), spread_of(SECOND)))
    expected = stats.ttest_ind(FIRST, SECOND, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval()))
    assert found.paired is None


def test_the_same_seeds_are_paired():
    first, second = FIRST[:3], SECOND
    found = noise_of((np.mean(first), np.mean(second)), (spread_of(first), spread_of(second)))
    assert found.p == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert found.paired.n == 3


def test_a_baseline_has_no_seed():
    found = noise_of((np.mean(FIRST), 1.3), (spread_of(FIRST), None), fixed=(False, True))
    assert found.p == pytest.approx(stats.ttest_1samp(FIRST, 1.3).pvalue)
    assert not found.borrowed


def test_a_single_run_is_taken_to_vary_as_the_other_model_does():
    found = noise_of((1.3, np.mean(FIRST)), (None, spread_of(FIRST)))
    error = np.std(FIRST, ddof=1) * np.sqrt(1 + 1 / 4)
    expected = 2 * stats.t.sf(abs(1.3 - np.mean(FIRST)) / error, 3)
    assert found.borrowed
    assert found.p == pytest.approx(expected)


@pytest.mark.parametrize(("other", "p"), [(1.0, 1.0), (2.0, 0.0)])
def test_seeds_that_all_come_to_the_same_leave_no_doubt(other, p):
    found = noise_of((1.0, other), (spread_of([1.0, 1.0]), None), fixed=(False, True))
    assert found.p == p


def test_the_members_of_an_ensemble_give_their_relative_deviation():
    members = {
        "metrics": {
            "test": {
                "mae": {"mean": 2.0, "deviation": 0.1, "values": [1.9, 2.0, 2.1]},
                "mse": {"mean": None, "deviation": None, "values": [None, 1.0]},
            }
        }
    }
    assert spread_of_members(members, "mae", 1.0) == SeedSpread(0.05, 3, {})
    assert spread_of_members(members, "mse", 1.0) is None
    assert spread_of_members(members, "pinball", 1.0) is None
