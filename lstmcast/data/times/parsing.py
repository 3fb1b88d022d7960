"""Times as they are written become instants.

Without a time zone they are what the file says. With one they are stored in UTC, and the calendar
is read in the zone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lstmcast.config.schema import Data
from lstmcast.data.reading.names import printable
from lstmcast.data.reading.table import Table
from lstmcast.data.times.texts import Parsed, read_texts
from lstmcast.data.times.unread import MISSING, why_unread
from lstmcast.data.times.zones import TimeArray, check_zone, to_instants
from lstmcast.errors import ConfigError, DataError, Problem

PARTS = ("year", "month", "day", "hour", "minute", "second")
_N_SHOWN = 5


@dataclass(frozen=True)
class Times:
    """The times of the rows of a table.

    Attributes:
        values: datetime64[us], `(n_rows,)`; in UTC where `tz` is set.
        tz: Time zone in which the calendar is read; None for times without one.
        notes: What the user should know.
        told: Whether the times tell themselves which instants they are: by an offset, or as Unix
            time.
    """

    values: TimeArray
    tz: str | None
    notes: tuple[str, ...] = ()
    told: bool = False


def parse_times(table: Table, data: Data) -> Times:
    """Read the time column that a config names, or its parts: `read_times` with its settings."""
    return read_times(table, data.time, form=data.format, tz=data.tz)


def read_times(
    table: Table, time: str | Sequence[str], *, form: str | None = None, tz: str | None = None
) -> Times:
    """Read a time column, or the parts of a time.

    A column is ISO 8601 (`1949-01-31 13:00`, `1949-01`, `1949`, with an offset or without; weeks,
    `2020-W01`), quarters (`2020Q1`), Unix time (told by its number of digits) or what `form` says.
    Parts are matched by name where they are called year, month, day, hour, minute, second, else by
    this order.

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
        notes = () if tz else _of_offsets(parsed.offsets)
        return Times(parsed.values, tz or "UTC", notes, told=True)
    if tz is None:
        return Times(parsed.values, None)
    return Times(_localize(parsed.values, table, columns, tz=tz), tz)


def _of_offsets(offsets: Sequence[str]) -> tuple[str, ...]:
    """A sentence on offsets that change, where no zone says which clock they follow."""
    if len(offsets) < 2:
        return ()
    shown = ", ".join(offsets[:3]) + (", …" if len(offsets) > 3 else "")
    return (
        f"the times have several offsets ({shown}), so days and hours are those of UTC: set "
        "data.tz to the zone whose clock they follow.",
    )


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
    if stamp.tzinfo is not None:
        stamp, tz = stamp.tz_convert("UTC").tz_localize(None), None
    bound = np.array([stamp.to_datetime64()], dtype="datetime64[us]")
    instants = to_instants(_end_of(stripped, bound) if last else bound, tz)
    return np.datetime64(instants[0], "us")


def _end_of(text: str, start: TimeArray) -> TimeArray:
    """The last microsecond of what a bare date, month or year covers, from its start."""
    for pattern, unit in ((r"\d{4}", "Y"), (r"\d{4}-\d\d?", "M"), (r"\d{4}-?\d\d?-?\d\d?", "D")):
        if re.fullmatch(pattern, text):
            following: TimeArray = (start.astype(f"datetime64[{unit}]") + 1).astype(start.dtype)
            return following - np.timedelta64(1, "us")
    return start


def _parse_column(table: Table, name: str, form: str | None) -> Parsed:
    column = table.frame[name]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        in_utc = isinstance(column.dtype, pd.DatetimeTZDtype)
        naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if in_utc else column
        parsed = Parsed(naive.to_numpy().astype("datetime64[us]"), in_utc)
        _refuse_unread(parsed, table, [name], MISSING)
        return parsed
    # The series of a panel share their times: each text is read once.
    codes, distinct = pd.factorize(column)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise DataError(MISSING, column=name, **table.place(row))
    texts = pd.Series(distinct, dtype="str").str.strip()
    parsed = read_texts(texts, form)
    if parsed.problem is not None:
        number, message = parsed.problem
        row = int((codes == number).argmax())
        value = _written(table, [name], row)
        raise DataError(message, column=name, value=value, **table.place(row))
    spread = replace(parsed, values=parsed.values[codes])
    _refuse_unread(spread, table, [name], why_unread(texts, parsed, form=form, column=name.strip()))
    return spread


def _refuse_unread(parsed: Parsed, table: Table, columns: list[str], why: str) -> None:
    """Name the first rows whose time could not be read.

    Raises:
        DataError: If there is one.
    """
    bad = np.flatnonzero(np.isnat(parsed.values))
    if not len(bad):
        return
    lines = [
        f"\n  line {table.place(row).get('line', row)}: {printable(_written(table, columns, row))}"
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


def _parse_parts(table: Table, columns: list[str]) -> Parsed:
    named = part_names(columns)
    if len(columns) > len(PARTS) or (named[0] != "year" and "year" not in named):
        message = f"the parts of a time are {', '.join(PARTS)}, the year first."
        raise ConfigError([Problem("data.time", message)])
    parts = dict(zip(named, columns, strict=True))
    numbers = {part: table.frame[column] for part, column in parts.items()}
    fields = {"month": 1, "day": 1, **numbers}
    whole = np.logical_and.reduce([(values % 1 == 0).to_numpy() for values in numbers.values()])
    frame = pd.DataFrame(fields, index=table.frame.index)
    in_calendar = numbers["year"].between(1, 9999).to_numpy()
    stamps = pd.to_datetime(frame.where(pd.Series(whole & in_calendar)), errors="coerce")
    parsed = Parsed(stamps.to_numpy().astype("datetime64[us]"), in_utc=False)
    bad = int(np.isnat(parsed.values).argmax())
    empty = [column for column in columns if np.isnan(table.frame[column].iloc[bad])]
    why = "a part of the time is missing. Fill it in, or remove the row."
    _refuse_unread(parsed, table, columns, why if empty else "these parts make no time. Mend them.")
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
            "offset (2020-10-25T02:30+01:00), or in UTC with `data.tz: UTC`; leave `data.tz` out "
            "where the steps are whole days."
        )
        value = _written(table, columns, row)
        column = ", ".join(columns)
        raise DataError(message, column=column, value=value, **table.place(row))
    return instants[inverse]
