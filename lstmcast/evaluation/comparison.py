"""Two forecasts on the same windows: how far apart their losses are, and whether that is sure.

What a comparison claims is decided here. The question of the whole horizon comes first, by the test
of the loss averaged over its steps, corrected for the number of pairs. The steps come second, each
corrected for the number of steps and pairs; they count at the full level where the whole horizon is
decided, and else at a fifth of it, so that asking twice does not raise the share of false alarms
above 1.2 times the level (as in the fallback procedure of Wiens 2003, Pharmaceutical Statistics
2(3), with a fifth of the level set aside for the second question).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.seeds import SeedNoise
from lstmcast.evaluation.significance import (
    DieboldMariano,
    MeanTest,
    bootstrap_interval,
    diebold_mariano,
    holm,
    mean_test,
)

Outcome = Literal["better", "worse", "undecided", "seed_noise", "same"]
# Part of the level at which single steps count where the whole horizon is not decided.
STEPS_SHARE = 0.2


@dataclass(frozen=True)
class Difference:
    """The loss of one forecast less that of another, at one step or over all of them.

    Attributes:
        first: Mean loss of the one.
        second: Of the other.
        interval: Of the mean difference, by the bootstrap; None with too few origins.
        test: Whether the mean difference is zero; None where nothing can be tested.
        textbook: The same as textbooks test it, for comparison with other tools; nothing here
            follows from it.
        p_holm: The p value of `test`, corrected for all that is tested beside it.
    """

    first: float
    second: float
    interval: tuple[float, float] | None
    test: MeanTest | None
    textbook: DieboldMariano | None
    p_holm: float | None = None

    @property
    def size(self) -> float:
        """Negative where the first is better."""
        return self.first - self.second

    def sure(self, level: float) -> bool:
        """Whether the losses differ by more than chance, at this level."""
        return self.p_holm is not None and self.p_holm <= level


@dataclass(frozen=True)
class PairDifference:
    """Two forecasts under one loss.

    Attributes:
        whole: Averaged over the steps.
        steps: At each step.
    """

    whole: Difference
    steps: tuple[Difference, ...]


@dataclass(frozen=True)
class Decision:
    """What a pair's differences come to.

    Attributes:
        outcome: Of the first against the second, over the whole horizon.
        first_at: Indices of the steps at which the first is surely better.
        second_at: At which the second is.
    """

    outcome: Outcome
    first_at: tuple[int, ...]
    second_at: tuple[int, ...]


def difference_of(
    first: FloatArray, second: FloatArray, overlaps: IntArray, *, level: float = 0.05
) -> PairDifference:
    """Compare the losses of two forecasts.

    Args:
        first: float64 `(n_origins, H)`, losses by origin, in the order of time, and step.
        second: The same of the other forecast.
        overlaps: int64 `(H,)`, how many origins in a row have targets in common at each step:
            its distance from the origin where origins follow each other step by step.
        level: One less the coverage of the intervals.

    Returns:
        The differences, not yet corrected for their number: see `corrected`.
    """

    def compare(one: FloatArray, other: FloatArray, overlap: int) -> Difference:
        differences = one - other
        return Difference(
            float(one.mean()),
            float(other.mean()),
            bootstrap_interval(differences, overlap, level=level),
            mean_test(differences, overlap),
            diebold_mariano(differences, overlap),
        )

    return PairDifference(
        compare(first.mean(axis=1), second.mean(axis=1), int(overlaps.max())),
        tuple(
            compare(first[:, step], second[:, step], int(overlap))
            for step, overlap in enumerate(overlaps)
        ),
    )


def corrected(pairs: Sequence[PairDifference]) -> list[PairDifference]:
    """The same with p values for the number of tests: Holm over pairs, and over steps and pairs."""
    whole = iter(_with_holm([pair.whole for pair in pairs]))
    steps = iter(_with_holm([step for pair in pairs for step in pair.steps]))
    return [PairDifference(next(whole), tuple(next(steps) for _ in pair.steps)) for pair in pairs]


def _with_holm(differences: Sequence[Difference]) -> list[Difference]:
    p_values = holm([each.test.p if each.test else None for each in differences])
    return [replace(each, p_holm=p) for each, p in zip(differences, p_values, strict=True)]


def decide(pair: PairDifference, *, level: float, noise: SeedNoise | None = None) -> Decision:
    """What can be claimed of a pair.

    Args:
        pair: From `corrected`.
        level: Share of pairs, equal in truth, that may be called different.
        noise: How far other seeds alone would move the difference; None where that is not known,
            or not asked for. A difference that it explains is not claimed.
    """
    if _same(pair):
        return Decision("same", (), ())
    decided = pair.whole.sure(level)
    share = level if decided else STEPS_SHARE * level
    sure = [(i, step.size) for i, step in enumerate(pair.steps) if step.sure(share)]
    first_at = tuple(i for i, size in sure if size < 0)
    second_at = tuple(i for i, size in sure if size > 0)
    if not decided:
        return Decision("undecided", first_at, second_at)
    if noise is not None and not noise.p <= level:
        return Decision("seed_noise", first_at, second_at)
    return Decision("better" if pair.whole.size < 0 else "worse", first_at, second_at)


def _same(pair: PairDifference) -> bool:
    return all(math.isclose(step.first, step.second, rel_tol=1e-12) for step in pair.steps) and (
        pair.whole.test is None
    )


def overlaps_of(ahead: IntArray, spacing: int) -> IntArray:
    """How many origins in a row have targets in common at each step, int64 `(H,)`.

    Args:
        ahead: int64 `(H,)`, distance of each step from its origin.
        spacing: Smallest distance of two origins.
    """
    return np.maximum(1, -(-ahead // spacing))
