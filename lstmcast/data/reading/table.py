"""Files or a frame become a `Table`: the columns that the config names, numbers apart from text.

Nothing is interpreted here but numbers: times stay as they are written, ids are text exactly as in
the file (`7` and `007` differ).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from lstmcast.config.schema import CsvFormat, Data
from lstmcast.data.panel import Origin, Schema
from lstmcast.data.reading.arrow_csv import read_fast
from lstmcast.data.reading.capacity import require_memory
from lstmcast.data.reading.csv_text import read_csv
from lstmcast.data.reading.headers import require_columns
from lstmcast.data.reading.locating import find_sources
from lstmcast.data.reading.numbers import (
    HEADER_AGAIN,
    as_numbers,
    first_text,
    is_number,
    why_infinite,
    why_text,
)
from lstmcast.data.reading.parquet import read_parquet
from lstmcast.data.reading.records import field_at
from lstmcast.data.reading.sources import Source
from lstmcast.errors import ConfigError, DataError, Problem

# Whole numbers below it are exact in float64.
_EXACT = 2.0**53
Use = Literal["time", "part", "id", "number", "text", "auto"]


@dataclass(frozen=True)
class Table:
    """Rows in file order.

    Attributes:
        frame: The columns read, with a plain row number as index: float64 for numbers, `str` for
            text, datetime64 for a time column that the source already held as times.
        origin: File and line of each row. In a Parquet file the line is the row, from 1; in a
            frame it is 0.
    """

    frame: pd.DataFrame
    origin: Origin

    def place(self, row: int) -> dict[str, Any]:
        """`file` and `line` of a row, as far as known, as keyword arguments of a `DataError`."""
        return self.origin.place(row)


def needed_columns(data: Data, *, ahead: bool = False, labels: bool = True) -> list[str]:
    """The columns to read: time, series, targets, covariates.

    Args:
        data: The `data` section of a config.
        ahead: For a file of future covariates: only the time, the series and those covariates.
        labels: Whether the class of each series is to be there, where that is the target.
    """
    series = [] if data.series is None else [data.series]
    future = [covariate.column for covariate in data.future_covariates]
    if ahead:
        return _once([*data.time_columns, *series, *future])
    past = [covariate.column for covariate in data.past_covariates]
    static = [covariate.column for covariate in data.static_covariates]
    targets = data.targets if labels or data.target_type != "label" else []
    return _once([*data.time_columns, *series, *targets, *past, *future, *static])


def read_table(
    data: Data,
    *,
    directory: Path | None = None,
    columns: Sequence[str] | None = None,
    path: str | Path | Sequence[str | Path] | None = None,
    schema: Schema | None = None,
) -> Table:
    """Read the files of a config.

    Args:
        data: The `data` section of a config.
        directory: What `data.path` is relative to; None for the working directory.
        columns: Columns to read instead of `needed_columns(data)`.
        path: Files to read instead of `data.path`, relative to the working directory.
        schema: Of a run: columns are numbers or categories as they were there.

    Returns:
        The rows of all files, one after the other.

    Raises:
        ConfigError: If there is no path, or an unknown encoding.
        DataError: If a file is missing, broken, lacks a column, or holds text or an infinite value
            where a number should be.
        ResourceError: If memory cannot hold the rows, or a Parquet file cannot be read for want of
            pyarrow.
    """
    if path is None and data.path is None:
        raise ConfigError([Problem("data.path", "name the file that holds the series.")])
    sources = find_sources(path, None) if path is not None else find_sources(data.path, directory)  # type: ignore[arg-type]
    wanted = _once(needed_columns(data) if columns is None else columns)
    uses = column_uses(data, schema)
    uses = {column: uses.get(column, "auto") for column in wanted}
    require_memory(sources, len(wanted))
    pieces = [read_source(source, data.csv, uses) for source in sources]
    text = _text_in_some(pieces, uses)
    if text:
        # A column of digits in one file and of words in another: its digits are words too.
        uses = {column: "text" if column in text else use for column, use in uses.items()}
        pieces = [read_source(source, data.csv, uses) for source in sources]
    return _join(pieces, sources)


def table_from_frame(
    frame: pd.DataFrame,
    data: Data,
    *,
    columns: Sequence[str] | None = None,
    schema: Schema | None = None,
) -> Table:
    """The table of a frame in memory.

    Args:
        frame: Holds the columns that the config names; the time may be its index.
        data: The `data` section of a config.
        columns: Columns to take instead of `needed_columns(data)`.
        schema: Of a run: columns are numbers or categories as they were there.

    Returns:
        A table that shares no memory that is written to.

    Raises:
        DataError: If a column is missing, or holds text or an infinite value where a number
            should be.
    """
    wanted = _once(needed_columns(data) if columns is None else columns)
    named = frame.reset_index() if _index_is_column(frame, wanted) else frame
    named = named.set_axis([str(name) for name in named.columns], axis=1)
    source = Source("the frame")
    if not named.columns.is_unique:
        double = str(named.columns[named.columns.duplicated()][0])
        raise DataError("the frame has this column twice. Rename one.", column=double)
    require_columns(list(named.columns), wanted, source)
    if not len(named):
        raise DataError("the frame has no rows.")
    uses = column_uses(data, schema)
    uses = {column: uses.get(column, "auto") for column in wanted}
    origin = Origin((), np.zeros(len(named), np.int32), np.zeros(len(named), np.int64))
    piece = Table(named[wanted].reset_index(drop=True), origin)
    return _typed(piece, uses, source=source, form=data.csv)


def column_uses(data: Data, schema: Schema | None = None) -> dict[str, Use]:
    """What each column that the config names is read as.

    Args:
        data: The `data` section of a config.
        schema: Of a run: settles what `auto` left open.
    """
    uses: dict[str, Use] = {}
    for covariate in (*data.past_covariates, *data.future_covariates, *data.static_covariates):
        words: dict[str, Use] = {"number": "number", "category": "text", "auto": "auto"}
        uses[covariate.column] = words[covariate.type]
    for column in () if schema is None else schema.columns:
        uses[column.name] = "text" if column.kind == "category" else "number"
    kind: Use = "number" if data.target_type == "number" else "text"
    uses.update((target, kind) for target in data.targets)
    one_time = isinstance(data.time, str)
    uses.update((column, "time" if one_time else "part") for column in data.time_columns)
    if data.series is not None:
        uses[data.series] = "id"
    return uses


def _once(columns: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(columns))


def _index_is_column(frame: pd.DataFrame, wanted: Sequence[str]) -> bool:
    return any(name in wanted and name not in frame.columns for name in frame.index.names)


def read_source(source: Source, form: CsvFormat, uses: Mapping[str, Use]) -> Table:
    """Read one file.

    Args:
        source: A CSV or Parquet file.
        form: How a CSV file is written.
        uses: The columns to read, and as what.

    Raises:
        DataError, ResourceError: As `read_table`.
    """
    with source.open():  # says what is wrong with the path
        pass
    fast = None if source.is_parquet else read_fast(source, form, uses)
    if fast is not None:
        frame, lines = fast, np.arange(2, len(fast) + 2)
    elif source.is_parquet:
        frame = read_parquet(source, list(uses))
        lines = np.arange(1, len(frame) + 1)
    else:
        text = [column for column, use in uses.items() if use == "text"]
        ids = [column for column, use in uses.items() if use in ("id", "time")]
        read = read_csv(source, form, columns=list(uses), text=text, ids=ids)
        frame, lines = read.frame, read.lines
    origin = Origin((source.name,), np.zeros(len(frame), np.int32), lines)
    return _typed(Table(frame, origin), uses, source=source, form=form)


def _typed(table: Table, uses: Mapping[str, Use], *, source: Source, form: CsvFormat) -> Table:
    """The table with each column of the type of its use."""
    columns = {
        str(name): _typed_column(table, str(name), use=uses[str(name)], source=source, form=form)
        for name in table.frame.columns
    }
    return Table(pd.DataFrame(columns, copy=False), table.origin)


def _typed_column(
    table: Table, name: str, *, use: Use, source: Source, form: CsvFormat
) -> pd.Series:
    values = table.frame[name]
    if use == "time" and pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values
    if isinstance(values.dtype, pd.PeriodDtype):
        return pd.Series(pd.PeriodIndex(values).to_timestamp())
    if use in ("time", "id", "text"):
        return as_text(values)
    numbers = as_numbers(values, form)
    if numbers is None:
        if use == "auto":
            return as_text(values)
        raise _not_a_number(table, name, form, is_part=use == "part")
    infinite = np.isinf(numbers.to_numpy())
    if infinite.any():
        raise _infinite(table, name, row=int(infinite.argmax()), source=source, form=form)
    return numbers


def as_text(values: pd.Series) -> pd.Series:
    """Values as text, missing ones kept; whole numbers without a decimal point."""
    if pd.api.types.is_float_dtype(values.dtype):
        known = values.dropna()
        if (known.abs() < _EXACT).all() and (known % 1 == 0).all():
            values = values.astype("Int64")
    return values.astype("str")


def _not_a_number(table: Table, name: str, form: CsvFormat, *, is_part: bool) -> DataError:
    row, value = first_text(table.frame[name], form)
    why = why_text(value, form, alone=any(map(is_number, table.frame[name].dropna())))
    if value.strip() == name.strip():
        why = HEADER_AGAIN
    elif is_part:
        why = (
            "this is not a number. The columns of a list in `data.time` are the parts year, month, "
            "day, hour, minute and second. Join a date and a clock time into one column."
        )
    return DataError(why, column=name, value=value, **table.place(row))


def _infinite(table: Table, name: str, *, row: int, source: Source, form: CsvFormat) -> DataError:
    place = table.place(row)
    value: object = table.frame[name].iloc[row]
    if "line" in place and not source.is_parquet:
        value = field_at(source, form, line=place["line"], column=name) or value
    return DataError(why_infinite(value), column=name, value=value, **place)


def _text_in_some(pieces: Sequence[Table], uses: Mapping[str, Use]) -> set[str]:
    """Columns of open use that are text in some files and hold numbers in others."""
    mixed = set()
    for column in (column for column, use in uses.items() if use == "auto"):
        parts = [piece.frame[column] for piece in pieces]
        numeric = [pd.api.types.is_float_dtype(part.dtype) for part in parts]
        held = any(
            number and part.notna().any() for part, number in zip(parts, numeric, strict=True)
        )
        if held and not all(numeric):
            mixed.add(column)
    return mixed


def _join(pieces: Sequence[Table], sources: Sequence[Source]) -> Table:
    """The rows of all files, one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    lengths = [len(piece.frame) for piece in pieces]
    origin = Origin(
        tuple(source.name for source in sources),
        np.repeat(np.arange(len(pieces), dtype=np.int32), lengths),
        np.concatenate([piece.origin.line for piece in pieces]),
    )
    frames = [piece.frame for piece in pieces]
    text = {
        column
        for frame in frames
        for column in frame.columns
        if isinstance(frame[column].dtype, pd.StringDtype)
    }
    alike = [frame.astype(dict.fromkeys(text, "str")) for frame in frames]
    return Table(pd.concat(alike, ignore_index=True), origin)
