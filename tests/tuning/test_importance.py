from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstmcast.tuning.importance import FEWEST_TRIALS, parameter_importance, positions
from lstmcast.tuning.trial import Trial
from tests.tuning.conftest import MakeConfig
from tests.tuning.found import found_of

RATE, UNITS, DROPOUT = "training.learning_rate", "model.units", "model.dropout"
SPACE: dict[str, Any] = {
    RATE: {"min": 1e-4, "max": 1e-2, "log": True},
    UNITS: [[2], [3], [4]],
    DROPOUT: {"min": 0.0, "max": 0.4},
}


def values(n_trials: int) -> list[dict[str, Any]]:
    """The config as it is, and then draws of all three fields."""
    rng = np.random.default_rng(0)
    return [{}] + [
        {
            RATE: float(10 ** rng.uniform(-4, -2)),
            UNITS: [int(rng.integers(2, 5))],
            DROPOUT: float(rng.uniform(0, 0.4)),
        }
        for _ in range(n_trials - 1)
    ]


def test_values_lie_where_they_are_in_the_list_or_the_range(make_config: MakeConfig) -> None:
    changes = [
        {},
        {RATE: 1e-4, UNITS: [2], DROPOUT: 0.1},
        {RATE: 1e-3, UNITS: [4], DROPOUT: 0.4},
        {RATE: 1e-2, UNITS: [3], DROPOUT: 0.0},
    ]
    found = found_of(make_config(space=SPACE), changes, [1, 2, 3, 4])
    by_path = {d.path: positions(found, d, [0, 1, 2, 3]) for d in found.space.dimensions}
    # The config itself has a rate of 0.001, [3] units and a dropout of 0.1.
    np.testing.assert_allclose(by_path[RATE], [0.5, 0.0, 0.5, 1.0], atol=1e-12)
    assert by_path[UNITS].tolist() == [0.5, 0.0, 1.0, 0.5]
    np.testing.assert_allclose(by_path[DROPOUT], [0.25, 0.25, 1.0, 0.0], atol=1e-12)
    (rate,) = [d for d in found.space.dimensions if d.path == RATE]
    np.testing.assert_allclose(positions(found, rate, [3, 1]), [1.0, 0.0], atol=1e-12)


def test_a_field_that_did_not_count_lies_below(make_config: MakeConfig) -> None:
    momentum = {"min": 0.5, "max": 0.9, "when": {"training.optimizer": "sgd"}}
    space = {"training.optimizer": ["adam", "sgd"], "training.momentum": momentum}
    changes = [
        {},
        {"training.optimizer": "adam"},
        {"training.optimizer": "sgd", "training.momentum": 0.7},
    ]
    found = found_of(make_config(space=space), changes, [1, 2, 3])
    optimizer, momentum_of = found.space.dimensions
    assert positions(found, optimizer, [0, 1, 2]).tolist() == [0, 0, 1]
    assert positions(found, momentum_of, [1, 2]).tolist() == [-0.1, pytest.approx(0.5)]


def test_the_configs_own_value_lies_at_the_edge_or_below_where_it_is_outside(
    make_config: MakeConfig,
) -> None:
    space = {RATE: {"min": 1e-2, "max": 1e-1}, UNITS: [[8], [9]]}
    found = found_of(make_config(space=space), [{}, {RATE: 0.055, UNITS: [9]}], [1, 2])
    rate, units = found.space.dimensions
    assert positions(found, rate, [0, 1]).tolist() == [0, pytest.approx(0.5)]
    assert positions(found, units, [0, 1]).tolist() == [-0.1, 1]


def test_what_the_objective_follows_matters_most(make_config: MakeConfig) -> None:
    changes = values(24)
    scores = [2.0, *(10 * each[DROPOUT] for each in changes[1:])]
    found = found_of(make_config(space=SPACE), changes, scores)
    importance = parameter_importance(found)
    assert importance[0].path == DROPOUT
    assert importance[0].share > 0.8
    assert {each.path for each in importance} == set(SPACE)
    assert sum(each.share for each in importance) == pytest.approx(1, abs=2e-4)
    shares = [each.share for each in importance]
    assert shares == sorted(shares, reverse=True)
    assert parameter_importance(found) == importance


def test_trials_without_a_score_do_not_count(make_config: MakeConfig) -> None:
    changes, scores = values(FEWEST_TRIALS), [float(n) for n in range(FEWEST_TRIALS)]
    config = make_config(space=SPACE)
    assert parameter_importance(found_of(config, changes, scores))
    failed: list[Trial | float] = [*scores[:-1], Trial(FEWEST_TRIALS - 1, "failed", error="odd")]
    assert parameter_importance(found_of(config, changes, failed)) == ()
    more = found_of(config, values(FEWEST_TRIALS + 1), [*failed, 9.0])
    fewer = [c for n, c in enumerate(values(FEWEST_TRIALS + 1)) if n != FEWEST_TRIALS - 1]
    whole = found_of(config, fewer, [*scores[:-1], 9.0])
    assert parameter_importance(more) == parameter_importance(whole)


def test_where_all_trials_are_alike_nothing_matters(make_config: MakeConfig) -> None:
    found = found_of(make_config(space=SPACE), values(12), [1.5] * 12)
    assert parameter_importance(found) == ()
