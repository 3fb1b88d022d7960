"""The last rows of each series, kept with a run so that it can forecast without data."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.config.schema import Covariate, CsvFormat, Data, PastCovariate
from lstmcast.data.cleaned import rows_of, treat
from lstmcast.data.cleaning import filled_from
from lstmcast.data.panel import IntArray, Panel, Schema, head, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.times.parsing import part_names

TIME = "time"


def context_rows(panel: Panel, preparation: Preparation) -> IntArray:
    """How many of a series' last rows a forecast may read.

    What the network and the features read, back to the first row that fills one of these, so that
    every gap is filled as it would be from the whole series; and back to a row with a target,
    because reading leaves out what comes before the first one.

    Returns:
        int64, `(n_series,)`, at most each series' length.
    """
    number, ends = np.arange(panel.n_rows), panel.offsets[1:]
    read = number >= np.repeat(ends - preparation.history, np.diff(panel.offsets))
    rows = rows_of(panel, preparation.cuts)
    source = filled_from(treat(panel, preparation), rows, preparation.config.data.missing)
    first = np.minimum.reduceat(np.where(read, source, panel.n_rows), panel.offsets[:-1])
    has_target = ~np.isnan(panel.targets).all(axis=1)
    last_target = np.maximum.accumulate(np.where(has_target, number, -1))
    first = np.maximum(last_target[first], panel.offsets[:-1])
    return np.asarray(ends - first, dtype=np.int64)


def rows_after(panel: Panel, preparation: Preparation, seen: IntArray, *, reach: int) -> Panel:
    """The rows after some, and what the forecasts of them read.

    Args:
        panel: The rows.
        preparation: What was fitted.
        seen: int64 `(n_series,)`, rows of each series that are not to be forecast.
        reach: From an origin to the last step that is forecast of it.
    """
    # The first origin whose last step is not among those seen.
    before = np.maximum(seen - reach, 1)
    read = context_rows(head(panel, before), preparation)
    return tail(panel, np.diff(panel.offsets) - before + read)


def read_by_block(panel: Panel, preparation: Preparation, *, begin: int, n_steps: int) -> Panel:
    """What the forecast of one block of many reads: its rows, and those before it.

    So the time that each block takes does not grow with their number.

    Args:
        panel: History, and after it the rows that are forecast, those before the block filled in.
        preparation: What was fitted.
        begin: First step of the block, from 0.
        n_steps: How many are forecast of each series.

    Returns:
        Rows up to the end of the block. History is kept whole while the block reads of it: what
        fills its gaps may lie further back.
    """
    horizon, lengths = preparation.config.window.horizon, np.diff(panel.offsets)
    until = head(panel, lengths - n_steps + begin + horizon)
    if begin < preparation.history:
        return until
    return tail(until, np.full(panel.n_series, preparation.history + horizon))


def context_frame(panel: Panel) -> pd.DataFrame:
    """A panel as a table in the user's columns: time, series, targets and covariates."""
    schema, rows = panel.schema, panel.series_of_row
    times = np.char.add(np.datetime_as_string(panel.times), "Z" if schema.tz else "")
    columns: dict[str, object] = {time_column(schema): times}
    if schema.series is not None:
        columns[schema.series] = np.array(panel.series, dtype=object)[rows]
    for i, name in enumerate(schema.names(kind="number")):
        columns[name] = panel.values[:, i]
    for i, name in enumerate(schema.names(kind="category")):
        columns[name] = np.array([*panel.levels[i], None], dtype=object)[panel.codes[:, i]]
    for i, name in enumerate(schema.names(kind="number", roles=("static",))):
        columns[name] = panel.static_values[rows, i]
    for i, name in enumerate(schema.names(kind="category", roles=("static",))):
        levels = np.array([*panel.static_levels[i], None], dtype=object)
        columns[name] = levels[panel.static_codes[rows, i]]
    return pd.DataFrame(columns)


def context_data(data: Data, schema: Schema) -> Data:
    """The `data` section that reads back what `context_frame` gives."""
    covariates: dict[str, list[Covariate]] = {"past": [], "future": [], "static": []}
    for column in schema.columns:
        if column.name not in schema.targets and column.kind != "label":
            kind = PastCovariate if column.role == "past" else Covariate
            covariates[column.role].append(kind(column=column.name, type=column.kind))
    return Data.model_validate(
        {
            "time": time_column(schema),
            "series": schema.series,
            "target": list(schema.targets),
            "target_type": schema.column(schema.targets[0]).kind,
            "past_covariates": covariates["past"],
            "future_covariates": covariates["future"],
            "static_covariates": covariates["static"],
            "freq": schema.freq,
            "season_length": schema.season_length,
            "tz": schema.tz,
            "csv": CsvFormat(na=[""]),
            "gaps": "fill",
            "missing": data.missing,
        }
    )


def written_times(panel: Panel, data: Data) -> dict[str, object]:
    """The times of a panel's rows as a config reads them: its column, in its format, or parts."""
    clock = local_times(panel.times, panel.schema.tz)
    if len(data.time_columns) > 1:
        parts = zip(data.time_columns, part_names(data.time_columns), strict=True)
        return {column: getattr(clock, part) for column, part in parts}
    texts = clock.strftime(data.format) if data.format else [t.isoformat() for t in clock]
    return {data.time_columns[0]: texts}


def local_times(times: NDArray[np.datetime64], tz: str | None) -> pd.DatetimeIndex:
    """Times as a pandas index, in their zone where there is one; of any shape, flattened."""
    index = pd.DatetimeIndex(times.ravel())
    return index if tz is None else index.tz_localize("UTC").tz_convert(tz)


def time_column(schema: Schema) -> str:
    """Name of the time in tables that lstmcast writes: its own, or `time` where it has parts."""
    if len(schema.time) == 1:
        return schema.time[0]
    name = TIME
    while name == schema.series or any(column.name == name for column in schema.columns):
        name += "_"
    return name
