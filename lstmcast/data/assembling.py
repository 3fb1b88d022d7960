"""A table becomes a panel: roles, order, one grid.

Series are ordered by their id as text, so that a panel does not depend on the order of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstmcast.config.schema import Data
from lstmcast.data.gaps import without_gaps
from lstmcast.data.gridding import (
    Int32Array,
    Rows,
    frequency_of,
    in_order,
    on_grid,
    trimmed,
    without_duplicates,
    without_empty_series,
)
from lstmcast.data.kinds import columns_of
from lstmcast.data.panel import Column, FloatArray, Panel, Schema
from lstmcast.data.reading.names import did_you_mean
from lstmcast.data.reading.table import Table
from lstmcast.data.static import (
    Static,
    category_column,
    number_column,
    stack_columns,
    static_covariates,
)
from lstmcast.data.times.frequency import season_length_of, steps_of_delay
from lstmcast.data.times.grid import Grid
from lstmcast.data.times.parsing import Times, parse_bound, parse_times
from lstmcast.data.times.plausible import implausible_years
from lstmcast.data.times.zones import TimeArray, spoken_time
from lstmcast.errors import ConfigError, DataError, Problem

_N_SHOWN = 3


def build_panel(
    table: Table, data: Data, *, schema: Schema | None = None, ahead: bool = False
) -> Panel:
    """Put the rows of a table on the grid of their frequency, series by series.

    Args:
        table: What was read.
        data: The `data` section of a config.
        schema: Of a run, for data that are read later: kinds, frequency, season and time zone
            follow it.
        ahead: The table holds future covariates: targets and past covariates need not be there
            (they are then NaN), and no row is trimmed.

    Returns:
        Series by id; in each, rows from the first to the last that has a target, on every step.
        Missing values stay NaN.

    Raises:
        ConfigError: If `start`, `end`, `tz`, `freq` or a delay cannot be read.
        DataError: If times cannot be read, stand twice, leave gaps or are off the grid; if a column
            is missing, all its targets are, or a static covariate changes within a series.
    """
    declared = data.tz
    if schema is not None:
        data = data.model_copy(update={"freq": schema.freq, "tz": schema.tz})
    times = parse_times(table, data)
    _require_same_zone(table, times, schema, data)
    table, stamps = _between(table, times, data)
    doubts = (*times.notes, *implausible_years(stamps))
    columns = columns_of(table, data) if schema is None else schema.columns
    _require(table, columns, ahead=ahead, labels=schema is None)
    raw = _collect(table, stamps, data, columns)
    if schema is None:
        _require_values(raw, columns)
    rows, notes = _settled(raw.rows, data, tz=times.tz, trim=not ahead)
    notes += doubts
    freq = frequency_of(rows, data, tz=times.tz)
    expected = "the run's frequency" if schema is not None else "the frequency"
    grid = Grid.over(rows.times, rows.offsets, freq=freq, tz=times.tz)
    steps = on_grid(rows, grid, data, expected=expected)
    rows, n_filled = without_gaps(rows, steps, grid, data)
    if schema is not None and schema.tz not in (None, declared) and not times.told:
        notes.append(f"the times tell no time zone, and are read in that of the run, {schema.tz}")
    if n_filled:
        notes.append(f"inserted {_rows(n_filled)} without values where the data have gaps")
    if schema is None:
        schema = _schema(data, columns, freq=freq, tz=times.tz)
    return _panel(rows, raw, schema, tuple(notes))


@dataclass(frozen=True)
class _Raw:
    """What a table holds, still in file order.

    Attributes:
        rows: The rows, with the ids of all series.
        levels: For each column of `rows.codes`, the texts.
        static: The static covariates of `rows.names`.
    """

    rows: Rows
    levels: tuple[tuple[str, ...], ...]
    static: Static


def _require(table: Table, columns: Sequence[Column], *, ahead: bool, labels: bool) -> None:
    """See that the table has every column that it must have; labels only where they are asked."""
    names = [str(name) for name in table.frame.columns]
    label = columns[0].name if columns[0].kind == "label" else None
    for column in columns:
        if column.name == label and not labels:
            continue
        if column.name not in names and (column.role == "future" or not ahead):
            message = (
                f"there is no column {column.name!r}.{did_you_mean(column.name, names)} "
                f"It has: {', '.join(map(repr, names))}."
            )
            raise DataError(message, file=next(iter(table.origin.files), None))


def _require_same_zone(table: Table, times: Times, schema: Schema | None, data: Data) -> None:
    if schema is None or schema.tz is not None or times.tz is None:
        return
    name = data.time_columns[0]
    message = (
        "the times carry an offset, or are Unix time, but the run was trained on times without a "
        "time zone. Write them as in its data."
    )
    value = str(table.frame[name].iloc[0])
    raise DataError(message, column=name, value=value, **table.place(0))


def _between(table: Table, times: Times, data: Data) -> tuple[Table, TimeArray]:
    """The rows from `data.start` to `data.end`, and their times."""
    keep = np.ones(len(times.values), dtype=bool)
    if data.start is not None:
        keep &= times.values >= _bound(data.start, "start", times.tz)
    if data.end is not None:
        keep &= times.values <= _bound(data.end, "end", times.tz)
    if keep.all():
        return table, times.values
    if not keep.any():
        ends = (times.values.min(), times.values.max())
        first, last = (spoken_time(end, times.tz) for end in ends)
        message = (
            f"no row is between `data.start` and `data.end`: the data are from {first} to {last}. "
            "Move them, or leave them out."
        )
        raise DataError(message, file=table.place(0).get("file"))
    kept = Table(table.frame[keep].reset_index(drop=True), table.origin.take(keep))
    return kept, times.values[keep]


def _bound(text: str, field: str, tz: str | None) -> np.datetime64:
    try:
        return parse_bound(text, tz=tz, last=field == "end")
    except ValueError:
        message = f"{text!r} is no time. Write it as 2020-12-31 or 2020-12-31 13:00."
        raise ConfigError([Problem(f"data.{field}", message)]) from None


def _collect(table: Table, times: TimeArray, data: Data, columns: Sequence[Column]) -> _Raw:
    """The rows as arrays, in file order."""
    series, names = _series(table, data)
    moving = [column for column in columns if column.role != "static"]
    coded = [category_column(table, c.name) for c in moving if c.kind == "category"]
    numbers = [_numbers(table, c) for c in moving if c.kind == "number" or c.role == "target"]
    codes = stack_columns([codes for codes, _ in coded], len(times)).astype(np.int32)
    values = stack_columns(numbers, len(times))
    static = static_covariates(table, series, columns, names=names)
    rows = Rows(times, series, names, values, codes, len(data.targets), table.origin)
    return _Raw(rows, tuple(levels for _, levels in coded), static)


def _numbers(table: Table, column: Column) -> FloatArray:
    """A column as numbers, float64 `(n_rows,)`: the codes of a category, zeros of a label."""
    if column.kind == "number":
        return number_column(table, column.name)
    if column.kind == "label":
        return np.zeros(len(table.frame))
    codes, _ = category_column(table, column.name)
    return np.where(codes < 0, np.nan, codes)


def _series(table: Table, data: Data) -> tuple[Int32Array, tuple[str, ...]]:
    """Index of the series of each row, and the ids."""
    if data.series is None:
        return np.zeros(len(table.frame), dtype=np.int32), ("",)
    ids = table.frame[data.series]
    if ids.isna().any():
        row = int(ids.isna().to_numpy().argmax())
        message = "the id of the series is missing. Give the row one, or remove it."
        raise DataError(message, column=data.series, **table.place(row))
    return category_column(table, data.series)


def _settled(rows: Rows, data: Data, *, tz: str | None, trim: bool) -> tuple[Rows, list[str]]:
    """Rows in order, each time once, trimmed to where there are targets; and what was done."""
    notes = []
    rows, disordered = in_order(rows)
    if disordered:
        notes.append("sorted the rows by time, which the file does not")
    rows, n_extra = without_duplicates(rows, data, tz=tz)
    if n_extra:
        notes.append(f"merged {_rows(n_extra)} of repeated times (duplicates: {data.duplicates})")
    if not trim:
        return rows, notes
    _require_targets(rows, data)
    rows, empty = without_empty_series(rows)
    if empty:
        more = ", …" if len(empty) > _N_SHOWN else ""
        shown = ", ".join(empty[:_N_SHOWN])
        notes.append(f"left out {len(empty)} series without any target: {shown}{more}")
    if data.missing.strategy == "zero":  # a missing target is a zero there, not an end
        return rows, notes
    n_before = len(rows.times)
    rows = trimmed(rows)
    if len(rows.times) < n_before:
        n_out = n_before - len(rows.times)
        notes.append(f"left out {_rows(n_out)} at the start or end of a series without any target")
    return rows, notes


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _require_targets(rows: Rows, data: Data) -> None:
    for i, target in enumerate(data.targets):
        if np.isnan(rows.values[:, i]).all():
            raise _empty_column(target, "target", rows)


def _require_values(raw: _Raw, columns: Sequence[Column]) -> None:
    """Refuse covariates without a single value: the network would have nothing to read."""
    moving = [column for column in columns if column.role != "static"]
    numbers = [column for column in moving if column.kind == "number" or column.role == "target"]
    coded = [column for column in moving if column.kind == "category"]
    empty = np.concatenate(
        [np.isnan(raw.rows.values).all(axis=0), (raw.rows.codes < 0).all(axis=0)]
    )
    for column, is_empty in zip((*numbers, *coded), empty, strict=True):
        if is_empty and column.role != "target":
            raise _empty_column(column.name, "covariate", raw.rows)


def _empty_column(name: str, what: str, rows: Rows) -> DataError:
    advice = "Name another column" if what == "target" else "Leave it out of the config"
    message = (
        f"every value of the {what} is missing. {advice}, or see whether `data.csv.na`, "
        "`data.start` and `data.end` leave any."
    )
    return DataError(message, column=name, file=next(iter(rows.origin.files), None))


def _schema(data: Data, columns: Sequence[Column], *, freq: str, tz: str | None) -> Schema:
    delays = {
        covariate.column: _delay(covariate.available_after, freq, place=i)
        for i, covariate in enumerate(data.past_covariates)
        if covariate.available_after is not None
    }
    return Schema(
        time=tuple(data.time_columns),
        series=data.series,
        columns=tuple(replace(column, delay=delays.get(column.name, 0)) for column in columns),
        freq=freq,
        season_length=data.season_length or season_length_of(freq),
        tz=tz,
    )


def _delay(text: str, freq: str, *, place: int) -> int:
    """The steps of a delay; an error names the covariate."""
    try:
        return steps_of_delay(text, freq)
    except ConfigError as error:
        path = f"data.past_covariates.{place}.available_after"
        raise ConfigError([replace(each, path=path) for each in error.problems]) from None


def _panel(rows: Rows, raw: _Raw, schema: Schema, notes: tuple[str, ...]) -> Panel:
    kept = np.flatnonzero(np.isin(raw.rows.names, rows.names))
    return Panel(
        schema=schema,
        times=rows.times,
        values=rows.values,
        codes=rows.codes,
        levels=raw.levels,
        static_values=raw.static.values[kept],
        static_codes=raw.static.codes[kept],
        static_levels=raw.static.levels,
        offsets=rows.offsets,
        series=rows.names,
        origin=rows.origin if rows.origin.files else None,
        warnings=notes,
    )
