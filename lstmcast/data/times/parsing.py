"""Times as they are written become instants.

Without a time zone they are what the file says. With one they are stored in UTC, and the calendar
is read in the zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.config.schema import Data
from lstmcast.data.reading.table import Table
from lstmcast.data.times.formats import fitting_formats
from lstmcast.data.times.zones import TimeArray, check_zone, to_instants
from lstmcast.errors import ConfigError, DataError, Problem

PARTS = ("year", "month", "day", "hour", "minute", "second")
_OFFSET = r"[T ]\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$"
_QUARTER = r"\d{4}-?Q[1-4]"
_EPOCH_UNITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
_N_SHOWN = 5


@dataclass(frozen=True)
class Times:
    """The times of the rows of a table.

    Attributes:
        values: datetime64[us], `(n_rows,)`; in UTC where `tz` is set.
        tz: Time zone in which the calendar is read; None for times without one.
        told: Whether the times tell themselves which instants they are: by an offset, or as Unix
            time.
    """

    values: TimeArray
    tz: str | None
    told: bool = False


@dataclass(frozen=True)
class _Parsed:
    """Times that are not in any zone yet, NaT where unparsable, and whether they are instants."""

    values: TimeArray
    in_utc: bool


def parse_times(table: Table, data: Data) -> Times:
    """Read the time column that a config names, or its parts: `read_times` with its settings."""
    return read_times(table, data.time, form=data.format, tz=data.tz)


def read_times(
    table: Table, time: str | Sequence[str], *, form: str | None = None, tz: str | None = None
) -> Times:
    """Read a time column, or the parts of a time.

    A column is ISO 8601 (`1949-01-31 13:00`, `1949-01`, `1949`, with an offset or without),
    quarters (`2020Q1`), Unix time (told by its number of digits) or what `form` says. Parts are
    matched by name where they are called year, month, day, hour, minute, second, else by this
    order.

    Args:
        table: Holds the columns.
        time: The column, or the columns of the parts.
        form: strptime format of the column.
        tz: Zone of times without an offset.

    Returns:
        One time for each row. Times with an offset or in Unix time are instants; others are read
        in `tz`.

    Raises:
        ConfigError: If `tz` is unknown or `form` is none of strptime's.
        DataError: If a time is missing, cannot be read, or does not exist or is not unique in the
            zone; names the first rows.
    """
    check_zone(tz)
    columns = [time] if isinstance(time, str) else list(time)
    parsed = (
        _parse_column(table, time, form) if isinstance(time, str) else _parse_parts(table, columns)
    )
    if parsed.in_utc:
        return Times(parsed.values, tz or "UTC", told=True)
    if tz is None:
        return Times(parsed.values, None)
    return Times(_localize(parsed.values, table, columns, tz=tz), tz)


def parse_bound(text: str, *, tz: str | None, last: bool = False) -> np.datetime64:
    """A time given in a config (`data.start`, a cut of the split), as panels store times.

    Args:
        text: ISO 8601.
        tz: Zone of a time without an offset.
        last: Of a bare date (or month, or year), the last microsecond instead of the first: it
            covers the whole day.

    Raises:
        ValueError: If it is not a time.
    """
    stripped = text.strip()
    stamp = pd.to_datetime(stripped, format="ISO8601")
    if last:
        stamp = _end_of(stripped, stamp)
    if stamp.tzinfo is not None:
        stamp, tz = stamp.tz_convert("UTC").tz_localize(None), None
    instants: TimeArray = to_instants(np.array([stamp.to_datetime64()], "datetime64[us]"), tz)
    return np.datetime64(instants[0], "us")


def _end_of(text: str, stamp: pd.Timestamp) -> pd.Timestamp:
    """The last microsecond of what a bare date, month or year covers."""
    spans = {
        r"\d{4}": pd.DateOffset(years=1),
        r"\d{4}-\d\d?": pd.DateOffset(months=1),
        r"\d{4}-?\d\d?-?\d\d?": pd.DateOffset(days=1),
    }
    for pattern, span in spans.items():
        if re.fullmatch(pattern, text):
            return stamp + span - pd.Timedelta(1, "us")
    return stamp


def _parse_column(table: Table, name: str, form: str | None) -> _Parsed:
    column = table.frame[name]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        in_utc = isinstance(column.dtype, pd.DatetimeTZDtype)
        naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if in_utc else column
        parsed = _Parsed(naive.to_numpy().astype("datetime64[us]"), in_utc)
        _refuse_unread(parsed, table, [name], "a time is missing here.")
        return parsed
    # The series of a panel share their times: each text is read once.
    codes, distinct = pd.factorize(column)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        message = "a time is missing here. Give the row one, or remove it."
        raise DataError(message, column=name, **table.place(row))
    texts = pd.Series(distinct, dtype="str").str.strip()
    parsed = _parse_texts(texts, form, name)
    spread = _Parsed(parsed.values[codes], parsed.in_utc)
    _refuse_unread(spread, table, [name], _why_unread(texts, parsed.values, form))
    return spread


def _parse_texts(texts: pd.Series, form: str | None, name: str) -> _Parsed:
    if form is not None:
        return _parse_with(texts, form, name)
    if texts.str.fullmatch(_QUARTER).all():
        quarters = pd.PeriodIndex(texts.str.replace("-", ""), freq="Q")
        return _Parsed(quarters.to_timestamp().to_numpy().astype("datetime64[us]"), in_utc=False)
    unit = _epoch_unit(texts, name)
    if unit is not None:
        counts = texts.astype(np.int64).to_numpy()
        return _Parsed(counts.astype(f"datetime64[{unit}]").astype("datetime64[us]"), in_utc=True)
    iso = texts.str.replace(r" ?(UTC|GMT)$", "Z", regex=True)
    aware = iso.str.contains(_OFFSET, regex=True).to_numpy()
    _refuse_mixed(aware, texts, name)
    return _Parsed(_to_datetime(iso, "ISO8601", aware=bool(aware.all())), in_utc=bool(aware.all()))


def _parse_with(texts: pd.Series, form: str, name: str) -> _Parsed:
    aware = "%z" in form or "%Z" in form
    try:
        return _Parsed(_to_datetime(texts, form, aware=aware), in_utc=aware)
    except ValueError as error:
        message = f"{form!r} is no strptime format: {error}"
        raise ConfigError([Problem("data.format", message)]) from None


def _to_datetime(texts: pd.Series, form: str, *, aware: bool) -> TimeArray:
    stamps = pd.DatetimeIndex(pd.to_datetime(texts, format=form, errors="coerce", utc=aware))
    naive = stamps.tz_localize(None) if stamps.tz is not None else stamps
    return naive.to_numpy().astype("datetime64[us]")


def _epoch_unit(texts: pd.Series, name: str) -> str | None:
    """Unit of Unix times, by their number of digits; None where they are none.

    Raises:
        DataError: If they may as well be written as year, month, day and hour.
    """
    lengths = set(texts.str.len())
    units = {_EPOCH_UNITS.get(int(length)) for length in lengths}
    if len(units) != 1 or None in units or not texts.str.fullmatch(r"\d+").all():
        return None
    calendar = fitting_formats(texts) if lengths == {10} else []
    if calendar and texts.str.fullmatch(r"(19|20)\d+").all():
        message = (
            "this may be Unix time in seconds, or year, month, day and hour in one. Set "
            f'`data.format: "{calendar[0]}"` for the latter, or write the times as ISO 8601.'
        )
        raise DataError(message, column=name, value=texts.iloc[0])
    return units.pop()


def _refuse_mixed(aware: NDArray[np.bool_], texts: pd.Series, name: str) -> None:
    if aware.any() and not aware.all():
        message = (
            f"some times carry an offset ({texts[aware.argmax()]!r}) and some do not "
            f"({texts[aware.argmin()]!r}). Write all of them alike."
        )
        raise DataError(message, column=name)


def _why_unread(texts: pd.Series, values: TimeArray, form: str | None) -> str:
    """What to do about times that could not be read."""
    if form is not None:
        return f'a time is not written as `data.format: "{form}"` says.'
    start = "a time is not ISO 8601 (such as 2020-12-31 13:00)."
    if not np.isnat(values).any():
        return start
    fitting = fitting_formats(texts)
    shown = " or ".join(f'`data.format: "{form}"`' for form in fitting[:2])
    if len(fitting) > 1:
        return f"the order of day and month is ambiguous. Set {shown}."
    if fitting:
        return f"{start} Set {shown}, which fits every row."
    return f"{start} Mend the rows, or give `data.format` (strptime)."


def _refuse_unread(parsed: _Parsed, table: Table, columns: list[str], why: str) -> None:
    """Name the first rows whose time could not be read.

    Raises:
        DataError: If there is one.
    """
    bad = np.flatnonzero(np.isnat(parsed.values))
    if not len(bad):
        return
    lines = [
        f"\n  line {table.place(row).get('line', row)}: {_written(table, columns, row)}"
        for row in bad[1:_N_SHOWN]
    ]
    more = f"\n{len(bad):,} rows in all; the next:" + "".join(lines) if lines else ""
    raise DataError(
        why + more,
        column=", ".join(columns),
        value=_written(table, columns, int(bad[0])),
        **table.place(int(bad[0])),
    )


def _written(table: Table, columns: list[str], row: int) -> str:
    """The time of a row as the file has it."""
    values = [table.frame[column].iloc[row] for column in columns]
    return " ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)


def part_names(columns: Sequence[str]) -> list[str]:
    """Which part of a time each column is: by its name, else by the order of `PARTS`."""
    named = [column.strip().lower() for column in columns]
    return named if set(named) <= set(PARTS) else list(PARTS[: len(columns)])


def _parse_parts(table: Table, columns: list[str]) -> _Parsed:
    named = part_names(columns)
    if len(columns) > len(PARTS) or (named[0] != "year" and "year" not in named):
        message = f"the parts of a time are {', '.join(PARTS)}, the year first."
        raise ConfigError([Problem("data.time", message)])
    parts = dict(zip(named, columns, strict=True))
    numbers = {part: table.frame[column] for part, column in parts.items()}
    fields = {"month": 1, "day": 1, **numbers}
    whole = np.logical_and.reduce([(values % 1 == 0).to_numpy() for values in numbers.values()])
    frame = pd.DataFrame(fields, index=table.frame.index)
    stamps = pd.to_datetime(frame.where(pd.Series(whole)), errors="coerce")
    parsed = _Parsed(stamps.to_numpy().astype("datetime64[us]"), in_utc=False)
    _refuse_unread(parsed, table, columns, "these parts make no time.")
    return parsed


def _localize(wall: TimeArray, table: Table, columns: list[str], *, tz: str) -> TimeArray:
    """Instants of times in the zone.

    Raises:
        DataError: If the zone skips one, or has it twice.
    """
    distinct, inverse = np.unique(wall, return_inverse=True)
    index = pd.DatetimeIndex(distinct)
    local = index.tz_localize(tz, ambiguous="NaT", nonexistent="NaT")
    instants = local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    unclear = np.isnat(instants)[inverse]
    if unclear.any():
        row = int(unclear.argmax())
        first = np.ones(1, dtype=bool)
        moved = pd.DatetimeIndex(wall[row : row + 1]).tz_localize(
            tz, ambiguous=first, nonexistent="NaT"
        )
        what = "does not exist" if moved.hasnans else "exists twice"
        message = (
            f"this time {what} in {tz}, where the clock is changed. Write the times with an "
            "offset (2020-10-25T02:30+01:00), or in UTC with `data.tz: UTC`."
        )
        value = _written(table, columns, row)
        column = ", ".join(columns)
        raise DataError(message, column=column, value=value, **table.place(row))
    return instants[inverse]
