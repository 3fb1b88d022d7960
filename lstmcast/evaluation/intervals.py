"""How well quantiles and the intervals between them hold: coverage, width, and proper scores.

Windows are taken block by block, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.forecasts import ByWindow

# Quantiles that are scored at once: few enough to stay in the processor's cache.
BLOCK = 1 << 18
# Levels at which a whole distribution is looked at, beside those that are asked for.
GRID = tuple(round(0.05 * i, 2) for i in range(1, 20))


def pinball_losses(y_true: FloatArray, quantiles: FloatArray, levels: FloatArray) -> FloatArray:
    """Pinball loss max(τ·(y - q), (τ - 1)·(y - q)), as `metrics.pinball`, value by value.

    Args:
        y_true: `(…)`.
        quantiles: `(…, L)`.
        levels: `(L,)`.

    Returns:
        `(…, L)`.
    """
    excess = y_true[..., None] - quantiles
    return np.asarray(np.maximum(levels * excess, (levels - 1) * excess))


def crps_weights(levels: Sequence[float]) -> FloatArray:
    """What each level's pinball loss counts in the CRPS.

    The continuous ranked probability score is twice the integral of the pinball loss over the
    levels (Gneiting & Ranjan 2011, JBES 29(3)); here by the trapezoid rule, with no loss at the
    levels 0 and 1.

    Args:
        levels: Ascending, between 0 and 1.

    Returns:
        float64 `(L,)`.
    """
    ends = np.concatenate([[0.0], levels, [1.0]])
    return np.asarray(ends[2:] - ends[:-2])


def crps(y_true: FloatArray, quantiles: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Continuous ranked probability score of quantiles, value by value.

    Args:
        y_true: `(…)`.
        quantiles: `(…, L)`.
        levels: The `L` levels, ascending; the denser, the closer to that of a distribution.
    """
    losses = pinball_losses(y_true, quantiles, np.asarray(levels))
    return np.asarray(losses @ crps_weights(levels))


def interval_score(
    y_true: FloatArray, lower: FloatArray, upper: FloatArray, share: float
) -> FloatArray:
    """Winkler's score of central intervals, value by value; smaller is better.

    The width, and 2 / (1 - share) times what an actual value lies outside (Winkler 1972, JASA 67;
    Gneiting & Raftery 2007, JASA 102, equation 43).
    """
    outside = np.maximum(lower - y_true, 0) + np.maximum(y_true - upper, 0)
    return np.asarray(upper - lower + 2 / (1 - share) * outside)


@dataclass
class _Sums:
    """Sums over windows and targets, by step."""

    count: int
    losses: FloatArray  # [H, L]
    shares: FloatArray  # [H, L + 1], how many fell between two quantiles
    covered: FloatArray  # [H, C]
    width: FloatArray  # [H, C]
    score: FloatArray  # [H, C]


@dataclass(frozen=True)
class Intervals:
    """What is looked at: quantile levels, and the central intervals among them.

    Attributes:
        levels: The `L` quantile levels, ascending.
        shares: What each of `C` intervals is to hold.
        ends: For each the places of its quantiles among the levels.
    """

    levels: tuple[float, ...]
    shares: tuple[float, ...] = field(init=False)
    ends: tuple[tuple[int, int], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find the pairs of levels that lie alike around the median."""
        place = {round(level, 9): i for i, level in enumerate(self.levels)}
        pairs = [
            (round(1 - 2 * level, 9), i, place[round(1 - level, 9)])
            for level, i in place.items()
            if level < 0.5 and round(1 - level, 9) in place
        ][::-1]
        object.__setattr__(self, "shares", tuple(share for share, _, _ in pairs))
        object.__setattr__(self, "ends", tuple((low, high) for _, low, high in pairs))


def score_intervals(
    y_true: ByWindow, quantiles: ByWindow, levels: Sequence[float], *, n_windows: int
) -> dict[str, Any]:
    """How well quantiles hold.

    Args:
        y_true: `(W, H, T)`, taken by window.
        quantiles: `(W, H, T, L)`, taken by window.
        levels: The `L` levels, ascending.
        n_windows: `W`, one or more.

    Returns:
        JSON values: `pinball` (mean over the levels), `crps`, `levels` with `below`, the share of
        the actual values at or below the quantile of each, `intervals`: for each central one its
        `level`, `coverage`, mean `width` and `score`, and these three `by_step`; `by_step` with
        `crps`.
    """
    looked_at = Intervals(tuple(levels))
    sums = _summed(y_true, quantiles, looked_at, n_windows)
    n_steps = sums.losses.shape[0]
    n_each = sums.count / n_steps
    crps_by_step = sums.losses @ crps_weights(levels) / n_each
    below = np.cumsum(sums.shares.sum(axis=0))[:-1] / sums.count
    return {
        "pinball": float(sums.losses.mean() / n_each),
        "crps": float(crps_by_step.mean()),
        "levels": list(levels),
        "below": below.tolist(),
        "intervals": [
            {
                "level": share,
                **{name: float(v[:, i].sum() / sums.count) for name, v in _by_name(sums)},
                "by_step": {name: (v[:, i] / n_each).tolist() for name, v in _by_name(sums)},
            }
            for i, share in enumerate(looked_at.shares)
        ],
        "by_step": {"crps": crps_by_step.tolist()},
    }


def _by_name(sums: _Sums) -> list[tuple[str, FloatArray]]:
    return [("coverage", sums.covered), ("width", sums.width), ("score", sums.score)]


def _summed(y_true: ByWindow, quantiles: ByWindow, looked_at: Intervals, n_windows: int) -> _Sums:
    of_window = max(1, y_true[:1].size * len(looked_at.levels))
    at_once = max(1, BLOCK // of_window)
    parts = []
    for first in range(0, n_windows, at_once):
        block = slice(first, first + at_once)
        parts.append(_of_block(y_true[block], quantiles[block], looked_at))
    return _Sums(
        sum(part.count for part in parts),
        *(
            np.sum([getattr(part, name) for part in parts], axis=0)
            for name in ("losses", "shares", "covered", "width", "score")
        ),
    )


def _of_block(y: FloatArray, quantiles: FloatArray, looked_at: Intervals) -> _Sums:
    def by_step(values: NDArray[Any]) -> FloatArray:
        return np.asarray(values.sum(axis=(0, 2)))  # over windows and targets

    n_steps, n_each = y.shape[1], y.shape[0] * y.shape[2]
    losses = np.empty((n_steps, len(looked_at.levels)))
    # How many lie above each quantile, which ascend: all above none, and none above the last.
    above = np.zeros((n_steps, len(looked_at.levels) + 2))
    above[:, 0] = n_each
    for i, level in enumerate(looked_at.levels):
        excess = y - quantiles[..., i]
        losses[:, i] = level * by_step(excess) - by_step(np.minimum(excess, 0.0))
        above[:, i + 1] = by_step(excess > 0)
    intervals = []
    for share, (low, high) in zip(looked_at.shares, looked_at.ends, strict=True):
        lower, upper = quantiles[..., low], quantiles[..., high]
        inside = (lower <= y) & (y <= upper)
        score = interval_score(y, lower, upper, share)
        intervals.append([by_step(inside), by_step(upper - lower), by_step(score)])
    # [C, 3, H], also where there is no interval
    found = np.array(intervals, dtype=np.float64).reshape(-1, 3, n_steps)
    covered, width, score = found.transpose(1, 2, 0)
    return _Sums(y.size, losses, above[:, :-1] - above[:, 1:], covered, width, score)
