"""Columns computed from other columns and from the time.

A derived column inherits the weakest role of its sources: what is made of a future covariate alone
is known ahead, anything that touches the target or a past covariate is not. All look back only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmcast.config.schema import Features, Rolling
from lstmcast.data.cleaning import Rows, shift_rows
from lstmcast.data.panel import FloatArray

# Rows of one rolling block, so that the median's copy of a window view stays small.
BLOCK = 65_536


@dataclass(frozen=True)
class Feature:
    """One column of the network's input.

    Attributes:
        name: Such as `price`, `price.lag24` or `hour.sin`.
        ahead: Whether it is known over the horizon too.
        scaled: Whether the feature scaler applies (not to flags and cyclic features).
    """

    name: str
    ahead: bool
    scaled: bool = True


@dataclass(frozen=True)
class Sources:
    """What derived columns are made of.

    Attributes:
        columns: Cleaned columns by name, float64 `(n_rows,)`, NaN where missing.
        ahead: Names of those known over the horizon.
        rows: Where each row stands.
        reach: Steps after which `time_since` stops counting.
    """

    columns: Mapping[str, FloatArray]
    ahead: frozenset[str]
    rows: Rows
    reach: int


def derived_features(features: Features, sources: Sources) -> Iterator[tuple[Feature, FloatArray]]:
    """The derived columns, in a fixed order.

    Yields:
        The feature and its values, float64 `(n_rows,)`, NaN where its sources do not reach back
        far enough.
    """
    columns, rows = sources.columns, sources.rows

    def feature(label: str, *names: str) -> Feature:
        return Feature(label, ahead=all(name in sources.ahead for name in names))

    for name, steps in features.lags.items():
        for step in steps:
            yield feature(f"{name}.lag{step}", name), shift_rows(columns[name], rows, step)
    for name, rolling in features.rolling.items():
        for statistic in rolling.statistics:
            label = f"{name}.{statistic}{rolling.window}"
            yield feature(label, name), _rolling(columns[name], rolling, statistic, rows)
    for name, steps in features.differences.items():
        for step in steps:
            change = columns[name] - shift_rows(columns[name], rows, step)
            yield feature(f"{name}.diff{step}", name), change
    for first, second in features.interactions:
        yield feature(f"{first}*{second}", first, second), columns[first] * columns[second]
    for name, degree in features.polynomials.items():
        for power in range(2, degree + 1):
            yield feature(f"{name}^{power}", name), columns[name] ** power
    for name in features.time_since:
        yield feature(f"{name}.since", name), _time_since(columns[name], rows, sources.reach)


def warm_up(features: Features, *, reach: int) -> int:
    """Rows of history that the derived columns need before the first row they are asked for."""
    steps = [0]
    steps += [step for steps in features.lags.values() for step in steps]
    steps += [rolling.window - 1 for rolling in features.rolling.values()]
    steps += [step for steps in features.differences.values() for step in steps]
    steps += [reach] * bool(features.time_since)
    return max(steps)


_STATISTICS: dict[str, Callable[..., FloatArray]] = {
    "mean": np.mean,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "median": np.median,
}


def _rolling(values: FloatArray, rolling: Rolling, statistic: str, rows: Rows) -> FloatArray:
    """A statistic of the last `window` rows, the row's own included; NaN where one is missing.

    `std` is the population deviation (divided by `window`).

    Each window is computed on its own: a running sum would carry the rounding of every earlier
    value along, and a forecast from a short history would differ from one from a long history.
    """
    result = np.full(len(values), np.nan)
    if len(values) < rolling.window:
        return result
    windows = sliding_window_view(values, rolling.window)
    function = _STATISTICS[statistic]
    for begin in range(0, len(windows), BLOCK):
        block = windows[begin : begin + BLOCK]
        end = begin + rolling.window - 1
        result[end : end + len(block)] = function(block, axis=1)
    inside = np.arange(len(values)) - rolling.window + 1 >= rows.first
    return np.where(inside, result, np.nan)


def _time_since(values: FloatArray, rows: Rows, reach: int) -> FloatArray:
    """Steps since the column was last above zero, at most `reach`.

    The cap makes the feature independent of how much older history is at hand.
    """
    number = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.nan_to_num(values) > 0, number, -1))
    since = np.where(last >= rows.first, number - last, reach)
    return np.minimum(since, reach).astype(np.float64)


def calendar_features(
    features: Features, times: np.ndarray, tz: str | None
) -> Iterator[tuple[Feature, FloatArray]]:
    """Calendar features in local time: a sine and a cosine of each named period, and the weekend.

    With `calendar_encoding: category` only the weekend, which is a flag; see `calendar_levels`.

    Args:
        features: Which ones.
        times: datetime64, `(n_rows,)`, UTC where `tz` is set.
        tz: Time zone of the calendar.

    Yields:
        The feature and its values, float64 `(n_rows,)` in -1 … 1 (`weekend`: 0 or 1).
    """
    if not features.calendar:
        return
    index = _local_index(times, tz)
    for name in features.calendar:
        if name == "weekend":
            flag = (index.day_of_week.to_numpy() >= 5).astype(np.float64)
            yield Feature("weekend", ahead=True, scaled=False), flag
            continue
        if features.calendar_encoding == "category":
            continue
        phase = 2 * np.pi * _phase(name, index)
        yield Feature(f"{name}.sin", ahead=True, scaled=False), np.sin(phase)
        yield Feature(f"{name}.cos", ahead=True, scaled=False), np.cos(phase)


def calendar_names(features: Features) -> tuple[str, ...]:
    """The calendar features that are categories."""
    if features.calendar_encoding != "category":
        return ()
    return tuple(f"calendar.{name}" for name in features.calendar if name != "weekend")


def calendar_levels(
    features: Features, times: np.ndarray, tz: str | None
) -> Iterator[tuple[str, NDArray[np.int32], tuple[str, ...]]]:
    """Calendar features as categories, in local time.

    Yields:
        The name, the code of each row, int32 `(n_rows,)`, and the texts of all codes.
    """
    names = calendar_names(features)
    if not names:
        return
    index = _local_index(times, tz)
    for name in names:
        values = _PARTS[name.removeprefix("calendar.")](index)
        levels = tuple(str(level) for level in range(int(values.max(initial=0)) + 1))
        yield name, values.astype(np.int32), levels


_PARTS: dict[str, Callable[[pd.DatetimeIndex], NDArray[Any]]] = {
    "minute": lambda index: index.minute.to_numpy(),
    "hour": lambda index: index.hour.to_numpy(),
    "dayofweek": lambda index: index.day_of_week.to_numpy(),
    "dayofmonth": lambda index: index.day.to_numpy(),
    "dayofyear": lambda index: index.day_of_year.to_numpy(),
    "weekofyear": lambda index: index.isocalendar().week.to_numpy(dtype=np.int64),
    "month": lambda index: index.month.to_numpy(),
    "quarter": lambda index: index.quarter.to_numpy(),
}


def _local_index(times: np.ndarray, tz: str | None) -> pd.DatetimeIndex:
    index = pd.DatetimeIndex(times)
    return index if tz is None else index.tz_localize("UTC").tz_convert(tz)


def _phase(name: str, index: pd.DatetimeIndex) -> FloatArray:
    """How far through its period each time is, 0 … 1."""
    hour = index.hour.to_numpy() + index.minute.to_numpy() / 60
    day = index.day.to_numpy() - 1
    month = index.month.to_numpy() - 1
    phases: dict[str, Callable[[], FloatArray]] = {
        "minute": lambda: (index.minute.to_numpy() + index.second.to_numpy() / 60) / 60,
        "hour": lambda: hour / 24,
        "dayofweek": lambda: index.day_of_week.to_numpy() / 7,
        "dayofmonth": lambda: day / index.days_in_month.to_numpy(),
        "dayofyear": lambda: (index.day_of_year.to_numpy() - 1) / (365 + index.is_leap_year),
        "weekofyear": lambda: (index.isocalendar().week.to_numpy(dtype=np.float64) - 1) / 53,
        "month": lambda: month / 12,
        "quarter": lambda: month // 3 / 4,
    }
    return np.asarray(phases[name](), dtype=np.float64)
