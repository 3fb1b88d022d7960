"""Quantiles that learn as actual values arrive: each step of the horizon with its own delay.

After the actual value of a step is known, the shift of each quantile moves by
`rate · size · (level - [actual <= quantile])`: up where the value lay above, down where it lay
below, so that in the long run a share of `level` lies below whatever the series does (adaptive
conformal inference: Gibbs & Candès 2021, NeurIPS; quantile tracking: Angelopoulos, Candès &
Tibshirani 2023, NeurIPS). The quantile that counts is the one that was given out at the origin,
before what came true between was known; so the moves of a step with a long delay are kept small.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.windows import BoolArray
from lstmcast.evaluation.conformal import MEDIAN, ascending

# What a quantile may move by before it hears of its first move, in sizes of the errors.
MOST_BLIND = 1.0
_EVER = np.datetime64("0001-01-01")

Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Rule:
    """How quantiles learn.

    Attributes:
        levels: The `L` quantile levels, ascending.
        keep_median: As in `conformal.ascending`; the median then learns nothing either.
        moves: float64 `(H, T)`, `rate · size` for each step and target.
        reach: Steps from an origin to its last target.
    """

    levels: tuple[float, ...]
    keep_median: bool
    moves: FloatArray
    reach: int

    def given_out(self, base: FloatArray, shifts: FloatArray) -> FloatArray:
        """Quantiles `(…, L)` of what the forecaster says and the shifts."""
        return ascending(base + shifts, self.levels, keep_median=self.keep_median)

    @property
    def learns(self) -> BoolArray:
        """Whether the quantile of each level moves, bool `(L,)`."""
        return np.asarray(~(self.keep_median & (np.array(self.levels) == MEDIAN)))


@dataclass(frozen=True)
class Track:
    """Where learning stands.

    Attributes:
        time: Up to when actual values were learned from.
        shifts: float64 `(H, T, L)`, those in force.
        times: datetime64[us] `(K,)`, ascending, the last times up to `time`.
        past: float64 `(K, H, T, L)`, the shifts that were in force from each of them on.
    """

    time: np.datetime64
    shifts: FloatArray
    times: Times
    past: FloatArray


@dataclass(frozen=True)
class Stream:
    """Windows in the order of their series, and the times at which something was observed.

    Attributes:
        clock: datetime64[us] `(N,)`, ascending: every time of the data after the track's.
        origins: datetime64[us] `(W,)`.
        targets: datetime64[us] `(W, H)`.
        base: float64 `(W, H, T, L)`, what the forecaster says.
        actual: float64 `(W, H, T)`, NaN where unknown.
    """

    clock: Times
    origins: Times
    targets: Times
    base: FloatArray
    actual: FloatArray


def moves_of(rate: float, size: FloatArray, *, lead: int) -> FloatArray:
    """How far one actual value moves the quantiles of each step.

    Args:
        rate: As a share of the size.
        size: float64 `(H, T)`, of the validation errors.
        lead: Steps between the origin and the first target.
    """
    delay = lead + 1 + np.arange(len(size))
    return np.asarray(np.minimum(rate, MOST_BLIND / delay)[:, None] * size)


def begin(time: np.datetime64, shifts: FloatArray) -> Track:
    """A track that has learned nothing yet: the first shifts hold for all that was before."""
    return Track(time, shifts, np.array([_EVER], dtype="datetime64[us]"), shifts[None])


def follow(track: Track, stream: Stream, rule: Rule) -> tuple[Track, FloatArray]:
    """Learn from what a stream brings, in the order of time.

    Each shift that was in force at a time is a function of what was observed up to it, so learning
    from a stream in two parts is learning from it at once.

    Args:
        track: Where learning stands; only later targets are learned from.
        stream: What came after.
        rule: How.

    Returns:
        Where learning stands then, and the quantiles given out, float64 `(W, H, T, L)`: NaN for an
        origin so long ago that the shifts of its time are not known.
    """
    issued = np.full(stream.base.shape, np.nan)
    before = np.flatnonzero(stream.origins <= track.time)
    place = np.searchsorted(track.times, stream.origins[before], side="right") - 1
    before, place = before[place >= 0], place[place >= 0]
    issued[before] = rule.given_out(stream.base[before], track.past[place])
    plan = _plan(track, stream)
    shifts, past = track.shifts.copy(), deque(track.past, maxlen=rule.reach)
    for due, new in plan.by_time():
        windows, steps = plan.windows[due], plan.steps[due]
        if len(windows):
            shifts += _move(stream, issued, rule, windows=windows, steps=steps)
        if len(new):
            issued[new] = rule.given_out(stream.base[new], shifts)
        past.append(shifts.copy())
    times = np.concatenate([track.times, stream.clock])[-rule.reach :]
    time = stream.clock[-1] if len(stream.clock) else track.time
    return Track(time, shifts, times, np.stack(past)), issued


@dataclass(frozen=True)
class _Plan:
    """What to learn from and what to give out at each time of the clock.

    Attributes:
        windows: int32, windows to learn from, in the order in which their targets become known.
        steps: int32, the step of each.
        learned: `(N + 1,)`, how many of these are due before each time, and in all.
        origins: Windows to give out, in the order of their origins.
        given: `(N + 1,)`, the same of them.
    """

    windows: NDArray[np.int32]
    steps: NDArray[np.int32]
    learned: IntArray
    origins: IntArray
    given: IntArray

    def by_time(self) -> Iterator[tuple[slice, IntArray]]:
        """For each time the places in `windows` that are due, and the windows to give out."""
        for i in range(len(self.learned) - 1):
            yield (
                slice(self.learned[i], self.learned[i + 1]),
                self.origins[self.given[i] : self.given[i + 1]],
            )


def _plan(track: Track, stream: Stream) -> _Plan:
    learnable = (stream.targets > track.time) & ~np.isnan(stream.actual).all(axis=-1)
    # Of all values of all windows, these three are the largest there is: as small as they can be.
    windows, steps = (places.astype(np.int32) for places in np.nonzero(learnable))
    known_at = stream.targets[learnable]
    order = np.argsort(known_at, kind="stable")
    after = np.flatnonzero(stream.origins > track.time)
    after = after[np.argsort(stream.origins[after], kind="stable")]
    return _Plan(
        windows=windows[order],
        steps=steps[order],
        learned=_counts(known_at[order], stream.clock),
        origins=after,
        given=_counts(stream.origins[after], stream.clock),
    )


def _counts(times: Times, clock: Times) -> IntArray:
    """How many ascending times are not after each time of the clock, 0 first."""
    return np.concatenate([[0], np.searchsorted(times, clock, side="right")])


def _move(
    stream: Stream,
    issued: FloatArray,
    rule: Rule,
    *,
    windows: NDArray[np.int32],
    steps: NDArray[np.int32],
) -> FloatArray:
    """How far the shifts move `(H, T, L)`, by the mean over the series that a step is known of."""
    quantiles, actual = issued[windows, steps], stream.actual[windows, steps][..., None]
    known = ~np.isnan(actual) & ~np.isnan(quantiles) & rule.learns
    push = np.where(known, np.array(rule.levels) - (actual <= quantiles), 0.0)
    shape = issued.shape[1:]
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, steps, push)
    np.add.at(count, steps, known)
    return np.asarray(rule.moves[..., None] * total / np.maximum(count, 1))
