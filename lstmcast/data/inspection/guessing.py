"""Which columns of an unknown table hold what.

The rules, in order:

- **Time**: columns called year, month, day, hour …, else the first column that reads as times,
  those with a telling name (date, time, ds …) first. A column of whole numbers only by its name.
- **Series**: where times repeat, the column with the fewest different values that makes them
  unique, text before numbers.
- **Target**: a column called target, y, value, sales …, else the last one of numbers.
- **Past covariates**: the other columns of numbers, and texts of few different values. What is
  known ahead nobody can tell from the file. What is constant in each series is static.
- **Left out**: row numbers, constants, texts of many different values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstmcast.data.panel import Origin
from lstmcast.data.reading.sources import Source
from lstmcast.data.reading.table import Table, as_text
from lstmcast.data.times.formats import fitting_formats
from lstmcast.data.times.parsing import PARTS, read_times
from lstmcast.errors import ConfigError, DataError

_TIME_NAMES = (
    *("datetime", "timestamp", "date", "time", "ds"),
    *("period", "month", "week", "day", "year"),
)
_TARGET_NAMES = ("target", "y", "value", "values", "sales", "demand", "load", "pm2.5", "pm25")
_MOST_LEVELS = 50


@dataclass(frozen=True)
class TimeFound:
    """The time columns found, their format, and the instants."""

    columns: tuple[str, ...]
    format: str | None
    values: pd.Series


@dataclass(frozen=True)
class Roles:
    """What the columns beside time and series are for."""

    target: str
    past: tuple[str, ...]
    static: tuple[str, ...]
    left_out: Mapping[str, str]


def find_time(frame: pd.DataFrame, notes: list[str], source: Source) -> TimeFound:
    """The time column, or its parts.

    Args:
        frame: All columns of a file.
        notes: Where a doubt about the format is added.
        source: The file, for messages.

    Raises:
        DataError: If no column reads as times.
    """
    by_name = {str(name).strip().lower(): str(name) for name in frame.columns}
    parts = [by_name[part] for part in PARTS if part in by_name]
    if "year" in by_name and "month" in by_name:
        found = _as_times(frame, tuple(parts), None)
        if found is not None:
            return found
    for name in _time_candidates(frame):
        found = _as_times(frame, (name,), None)
        if found is not None:
            return found
        found = _with_format(frame, name, notes)
        if found is not None:
            return found
    message = "no column reads as times. Name it in `data.time` and its format in `data.format`."
    raise DataError(message, file=source.name)


def _with_format(frame: pd.DataFrame, name: str, notes: list[str]) -> TimeFound | None:
    """A column read with the known format that fits it; of several, one that leaves few gaps."""
    formats = fitting_formats(as_text(frame[name].dropna()))
    readings = [_as_times(frame, (name,), form) for form in formats]
    found = [reading for reading in readings if reading is not None]
    if not found:
        return None
    steps = [_n_steps(reading.values) for reading in found]
    # Months as days, or the reverse, have about as many; a wrong reading of days has 30 times more.
    taken = next(each for each, n in zip(found, steps, strict=True) if n <= 2 * min(steps))
    if len(found) > 1:
        fitting = " and ".join(str(reading.format) for reading in found)
        notes.append(
            f"the times of {name!r} fit {fitting}: {taken.format} was taken. Change data.format "
            "if that is wrong."
        )
    return taken


def _n_steps(times: pd.Series) -> float:
    """How often the smallest step goes into the time from first to last."""
    distinct = times.drop_duplicates().sort_values()
    steps = distinct.diff().dropna()
    return float((distinct.iloc[-1] - distinct.iloc[0]) / steps.min()) if len(steps) else 0.0


def _time_candidates(frame: pd.DataFrame) -> list[str]:
    """Columns that may hold the time: texts, and whole numbers of a telling name."""

    def is_candidate(name: str) -> bool:
        values = frame[name]
        if not pd.api.types.is_float_dtype(values.dtype):
            return True
        telling = any(word in name.lower() for word in _TIME_NAMES)
        return telling and bool((values.dropna() % 1 == 0).all())

    def rank(name: str) -> tuple[int, bool, bool]:
        plain = name.strip().lower()
        exact = _TIME_NAMES.index(plain) if plain in _TIME_NAMES else len(_TIME_NAMES)
        is_number = pd.api.types.is_float_dtype(frame[name].dtype)
        return exact, is_number, not any(word in plain for word in _TIME_NAMES)

    return sorted((str(name) for name in frame.columns if is_candidate(str(name))), key=rank)


def _as_times(frame: pd.DataFrame, columns: tuple[str, ...], form: str | None) -> TimeFound | None:
    """The columns read as times; None where they are none."""
    one = len(columns) == 1
    if not one and not all(pd.api.types.is_float_dtype(frame[name].dtype) for name in columns):
        return None
    values = {name: as_text(frame[name]) if one else frame[name] for name in columns}
    origin = Origin((), np.zeros(len(frame), np.int32), np.zeros(len(frame), np.int64))
    table = Table(pd.DataFrame(values), origin)
    try:
        times = read_times(table, columns[0] if one else columns, form=form)
    except (DataError, ConfigError):
        return None
    return TimeFound(columns, form, pd.Series(times.values))


def find_series(frame: pd.DataFrame, time: TimeFound, notes: list[str]) -> str | None:
    """The id column, where times repeat; what to do where there is none is added to `notes`."""
    if not time.values.duplicated().any():
        return None
    candidates = []
    for name in (str(name) for name in frame.columns if name not in time.columns):
        values = frame[name]
        is_text = isinstance(values.dtype, pd.StringDtype)
        if values.isna().any() or not (is_text or (values % 1 == 0).all()):
            continue
        pairs = pd.DataFrame({"id": values, "time": time.values})
        if not pairs.duplicated().any():
            candidates.append((not is_text, values.nunique(), name))
    # As many ids as rows: a row number, or a measurement that never repeats.
    useful = [each for each in candidates if each[1] <= len(frame) / 2]
    if useful:
        return min(useful)[2]
    notes.append(
        "times repeat, and no column tells several series apart. If two columns do together, join "
        "them into one; else choose data.duplicates."
    )
    return None


def find_roles(
    frame: pd.DataFrame, time: TimeFound, *, series: str | None, source: Source
) -> Roles:
    """What the columns beside time and series are for.

    Raises:
        DataError: If no column of numbers is left to forecast.
    """
    rest = [str(name) for name in frame.columns if name not in (*time.columns, series)]
    left_out = {name: why for name in rest if (why := _why_useless(name, frame[name]))}
    useful = [name for name in rest if name not in left_out]
    numbers = [name for name in useful if pd.api.types.is_float_dtype(frame[name].dtype)]
    if not numbers:
        message = "no column of numbers is left to forecast, beside times, ids and constants."
        raise DataError(message, file=source.name)
    constant = _constant_in_series(frame, series, useful)
    moving = [name for name in numbers if name not in constant] or numbers
    by_name = {name.strip().lower(): name for name in moving}
    target = next((by_name[name] for name in _TARGET_NAMES if name in by_name), moving[-1])
    return Roles(
        target=target,
        past=tuple(name for name in useful if name != target and name not in constant),
        static=tuple(name for name in useful if name != target and name in constant),
        left_out=left_out,
    )


def _why_useless(name: str, values: pd.Series) -> str | None:
    """Why a column is of no use as target or covariate; None where it may be of some."""
    n_levels = values.nunique()
    if n_levels <= 1:
        return "constant" if n_levels else "empty"
    if isinstance(values.dtype, pd.StringDtype):
        return f"text of {n_levels:,} different values" if n_levels > _MOST_LEVELS else None
    counted = len(values) > 2 and values.iloc[0] in (0, 1) and (values.diff().iloc[1:] == 1).all()
    return "a row number" if counted and name.lower() not in _TARGET_NAMES else None


def _constant_in_series(
    frame: pd.DataFrame, series: str | None, names: Sequence[str]
) -> frozenset[str]:
    if series is None or not names:
        return frozenset()
    n_levels = frame.groupby(series)[list(names)].nunique().max()
    return frozenset(str(name) for name in names if n_levels[name] <= 1)
