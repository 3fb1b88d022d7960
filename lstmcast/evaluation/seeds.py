"""How much of a difference another random seed would have brought, too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.evaluation.significance import PairedTests, paired_tests


@dataclass(frozen=True)
class SeedSpread:
    """How the loss of a model varies with the seed of its training.

    Attributes:
        deviation: Of the loss of one network, a sample's.
        n: Networks that the model's loss averages over.
        by_seed: The loss by seed where the networks are runs of their own; empty for the members
            of an ensemble.
    """

    deviation: float
    n: int
    by_seed: Mapping[int, float]


@dataclass(frozen=True)
class SeedNoise:
    """A difference of mean losses, against what other seeds alone would make of it.

    Attributes:
        difference: Loss of the first less that of the second.
        interval: Of the difference over seeds, from Student's t.
        p: Of a difference as large where the models are equal; 1 where there is nothing to test.
        paired: The tests by pairs of the same seed, where both models have the same seeds.
        borrowed: A model was trained from one seed, and is taken to vary as the other does.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    paired: PairedTests | None = None
    borrowed: bool = False


def spread_of_runs(losses: Mapping[int, float]) -> SeedSpread | None:
    """The spread of runs that differ by their seed; None with fewer than two.

    Args:
        losses: Mean loss of each run by its seed.
    """
    if len(losses) < 2:
        return None
    return SeedSpread(float(np.std(list(losses.values()), ddof=1)), len(losses), dict(losses))


def spread_of_members(members: Mapping[str, Any], metric: str, loss: float) -> SeedSpread | None:
    """The spread of an ensemble, from what its members came to alone.

    The forecast is the median of the members', and its loss is taken to vary as their mean does.

    Args:
        members: What `metrics.json` holds of them.
        metric: The metric that goes with the loss.
        loss: Of the ensemble, which the members' relative deviation is applied to: theirs was
            measured on all test windows, in units of the target.

    Returns:
        None where the metric was not measured.
    """
    found = members["metrics"]["test"].get(metric)
    if found is None or not found["mean"] or found["deviation"] is None:
        return None
    return SeedSpread(loss * found["deviation"] / found["mean"], len(found["values"]), {})


def seed_noise(
    losses: tuple[float, float],
    spreads: tuple[SeedSpread | None, SeedSpread | None],
    *,
    fixed: tuple[bool, bool],
    level: float,
) -> SeedNoise | None:
    """Set a difference against the spread over seeds.

    By pairs where both models were trained from the same seeds as runs of their own; else as two
    samples of unequal variance (Welch 1947, Biometrika 34(1/2)).

    Args:
        losses: Mean loss of the two models.
        spreads: Of each; None where it is not known.
        fixed: Whether each has no seed, such as a baseline.
        level: One less the coverage of the interval.

    Returns:
        None where neither spread is known.
    """
    first, second = spreads
    if first is None and second is None:
        return None
    if first and second and first.by_seed and first.by_seed.keys() == second.by_seed.keys():
        return _paired(first, second, level)
    sides = [spread for spread in spreads if spread is not None]
    variances = [spread.deviation**2 / spread.n for spread in sides]
    borrowed = len(sides) == 1 and fixed[spreads.index(None)] is False
    if borrowed:
        variances[0] += sides[0].deviation ** 2
    freedom = sum(variances) ** 2 / max(
        sum(v**2 / (spread.n - 1) for v, spread in zip(variances, sides, strict=True)),
        np.finfo(float).tiny,
    )
    return _by_t(losses[0] - losses[1], sum(variances), freedom, level=level, borrowed=borrowed)


def _paired(first: SeedSpread, second: SeedSpread, level: float) -> SeedNoise:
    seeds = sorted(first.by_seed)
    found = paired_tests(
        [first.by_seed[seed] for seed in seeds],
        [second.by_seed[seed] for seed in seeds],
        level=level,
    )
    if found.p_t is None or found.interval is None:
        return _by_t(found.difference, 0.0, 1.0, level=level, borrowed=False)
    return SeedNoise(found.difference, found.interval, found.p_t, paired=found)


def _by_t(
    difference: float, variance: float, freedom: float, *, level: float, borrowed: bool
) -> SeedNoise:
    """The difference against Student's t; a variance of zero leaves nothing to doubt."""
    from scipy import stats

    if variance <= 0:
        sure = 0.0 if difference else 1.0
        return SeedNoise(difference, (difference, difference), sure, borrowed=borrowed)
    error = math.sqrt(variance)
    half = float(stats.t.ppf(1 - level / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(difference) / error, freedom))
    return SeedNoise(difference, (difference - half, difference + half), p, borrowed=borrowed)
