"""Split-conformal quantiles: a forecast shifted by what it was off on windows held back.

For each quantile level the shift is an empirical quantile of `actual - base`, where the base is
what the forecaster says itself: its quantile of that level, or the nearest one it has. From a point
forecast this is split conformal prediction (Vovk, Gammerman & Shafer 2005; Lei et al. 2018, JASA
113), from quantiles its conformalised form with both ends apart (Romano, Patterson & Candès 2019,
NeurIPS). Where windows are exchangeable, a share of at least `level` of the actual values then lies
below the quantile; consecutive windows of a series are so only as far as nothing changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lstmcast.data.panel import FloatArray

MEDIAN = 0.5
# What rounding may add to (n + 1)·level where that is a whole number.
_ROUNDING = 1e-9


def base_of(level: float, given: Sequence[float]) -> int | None:
    """Which of the given quantile levels a calibrated one starts from.

    Args:
        level: Of the calibrated quantile.
        given: Levels that the forecaster has, ascending.

    Returns:
        Index of that level, else of the nearest one on the same side of the median or at it; None
        where there is none, so that the point forecast serves.
    """
    same_side = [i for i, tau in enumerate(given) if (tau - MEDIAN) * (level - MEDIAN) >= 0]
    return min(same_side, key=lambda i: abs(given[i] - level), default=None)


def windows_needed(level: float) -> int:
    """Fewest residuals of which one is the conformal quantile of a level."""
    return math.ceil(1 / min(level, 1 - level) - 1 - _ROUNDING)


def conformal_shift(ordered: FloatArray, level: float) -> FloatArray:
    """The conformal quantile of residuals.

    The `ceil((n + 1)·level)`-th smallest of `n`, mirrored below the median; the outermost one where
    that lies beyond (see `windows_needed`). For the median it is the plain one.

    Args:
        ordered: float64 `(n, …)`, `actual - base`, ascending along the first axis, none missing.
        level: Of the quantile.

    Returns:
        float64 `(…)`.
    """
    n = len(ordered)
    if level == MEDIAN:
        return np.asarray((ordered[(n - 1) // 2] + ordered[n // 2]) / 2)
    rank = math.ceil((n + 1) * max(level, 1 - level) - _ROUNDING)
    place = min(rank, n) - 1
    return np.asarray(ordered[place if level > MEDIAN else n - 1 - place])


def ascending(values: FloatArray, levels: Sequence[float], *, keep_median: bool) -> FloatArray:
    """Quantiles in order, as rearranging brings them (Chernozhukov et al. 2010, Econometrica 78).

    Args:
        values: float64 `(…, L)`.
        levels: The `L` levels, ascending.
        keep_median: Leave the median where it is, and the others on their side of it.
    """
    if not keep_median or MEDIAN not in levels:
        return np.sort(values, axis=-1)
    middle = list(levels).index(MEDIAN)
    median = values[..., middle : middle + 1]
    lower = np.sort(np.minimum(values[..., :middle], median), axis=-1)
    upper = np.sort(np.maximum(values[..., middle + 1 :], median), axis=-1)
    return np.concatenate([lower, median, upper], axis=-1)
