"""Forecasts that need no training, on the same windows as the model's.

Each reads only what was observed at or before the origin, in the same series. A step counts from
the origin: with a `lead`, the first target lies `lead + 1` steps after it. Definitions: Hyndman &
Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 5.2.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.config.schema import BaselineName, Window
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.windows import origins, target_rows

_NEVER = -1
# Windows that are forecast at once, so that what is computed on the way stays small.
BLOCK = 16_384


@dataclass(frozen=True)
class _History:
    """What had been observed, as seen from the rows of the panel and from the windows.

    Attributes:
        actual: float64 `(n_rows, T)`, NaN where missing.
        last_seen: int32 `(n_rows, T)` (int64 for more rows than that counts), the row of the last
            value observed at or before a row in its series; `_NEVER` where there is none.
        offsets: int64 `(n_series + 1,)`, where each series begins.
        series: int64 `(W,)`, index of the series of each window.
        origins: int64 `(W,)`, rows of the origins.
        targets: int64 `(W, H)`, rows of the target steps.
        season_length: Steps of a season.
    """

    actual: FloatArray
    last_seen: IntArray
    offsets: IntArray
    series: IntArray
    origins: IntArray
    targets: IntArray
    season_length: int

    def values_at(self, rows: IntArray) -> FloatArray:
        """The values of such rows as `last_seen` gives, `(…, T)`; NaN for `_NEVER`."""
        values = self.actual[rows, np.arange(self.actual.shape[1])]
        return np.where(rows == _NEVER, np.nan, values)


def baseline_forecasts(
    names: Sequence[BaselineName],
    actual: FloatArray,
    *,
    offsets: IntArray,
    starts: IntArray,
    window: Window,
    season_length: int,
) -> dict[str, FloatArray]:
    """Forecast the given windows by simple rules.

    Args:
        names: Which baselines.
        actual: float64 `(n_rows, T)`, the raw targets of all series end to end, NaN where missing.
        offsets: int64 `(n_series + 1,)`, where each series begins.
        starts: int64 `(W,)`, the row of each window's first step.
        window: Its `lookback`, `horizon` and `lead`.
        season_length: Steps of a season.

    Returns:
        For each name float64 `(W, horizon, T)`; NaN where the series had no observed value at or
        before the origin.
    """
    last_seen = _last_seen(actual, offsets)
    shape = (len(starts), window.horizon, actual.shape[1])
    forecasts: dict[str, FloatArray] = {name: np.empty(shape) for name in names}
    for first in range(0, len(starts), BLOCK):
        block = starts[first : first + BLOCK]
        history = _History(
            actual=actual,
            last_seen=last_seen,
            offsets=offsets,
            series=np.searchsorted(offsets, block, side="right") - 1,
            origins=origins(block, window),
            targets=target_rows(block, window),
            season_length=season_length,
        )
        for name in names:
            forecasts[name][first : first + BLOCK] = _BASELINES[name](history)
    return forecasts


def _last_seen(actual: FloatArray, offsets: IntArray) -> IntArray:
    small = len(actual) <= np.iinfo(np.int32).max
    rows = np.arange(len(actual), dtype=np.int32 if small else np.int64)[:, None]
    seen = np.where(np.isnan(actual), _NEVER, rows)
    for begin, end in itertools.pairwise(offsets):
        series = seen[begin:end]
        np.maximum.accumulate(series, axis=0, out=series)
    return seen


def _naive(history: _History) -> FloatArray:
    """The last observed value, at every step."""
    last = history.values_at(history.last_seen[history.origins])
    return np.repeat(last[:, None, :], history.targets.shape[1], axis=1)


def _seasonal_naive(history: _History) -> FloatArray:
    """The value of the last season that was complete at the origin; naive where none was."""
    season, rows = history.season_length, history.targets
    steps_ahead = rows - history.origins[:, None]
    source = rows - season * -(-steps_ahead // season)
    reachable = source >= history.offsets[history.series][:, None]
    seen = history.last_seen[np.where(reachable, source, 0)]
    values = history.values_at(np.where(reachable[..., None], seen, _NEVER))
    return np.where(np.isnan(values), _naive(history), values)


def _drift(history: _History) -> FloatArray:
    """The line through the first and the last observed value, y_T + h·(y_T - y_1) / (T - 1)."""
    last_row = history.last_seen[history.origins]
    first_row = _first_seen(history)
    last, first = history.values_at(last_row), history.values_at(first_row)
    distance = last_row - first_row
    slope = np.where(distance > 0, (last - first) / np.maximum(distance, 1), 0.0)
    steps_ahead = history.targets[..., None] - last_row[:, None, :]
    forecast: FloatArray = last[:, None, :] + slope[:, None, :] * steps_ahead
    return forecast


def _first_seen(history: _History) -> IntArray:
    """Row of the first observed value of each window's series, `(W, T)`; `_NEVER` for none."""
    series, of_window = np.unique(history.series, return_inverse=True)
    first = np.full((len(series), history.actual.shape[1]), _NEVER)
    for i, number in enumerate(series):
        begin, end = history.offsets[number : number + 2]
        observed = ~np.isnan(history.actual[begin:end])
        first[i] = np.where(observed.any(axis=0), begin + observed.argmax(axis=0), _NEVER)
    return first[of_window]


_BASELINES: dict[BaselineName, Callable[[_History], FloatArray]] = {
    "naive": _naive,
    "seasonal_naive": _seasonal_naive,
    "drift": _drift,
}
