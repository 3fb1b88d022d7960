"""The last rows of each series, kept with a run so that it can forecast without data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lstmcast.config.schema import Covariate, CsvFormat, Data, PastCovariate
from lstmcast.data.panel import IntArray, Panel, Schema
from lstmcast.data.preparation import Preparation

TIME = "time"


def context_rows(panel: Panel, preparation: Preparation) -> IntArray:
    """How many of a series' last rows a forecast may read.

    What the network and the features read, two seasons more for filling, and then back to a row
    where nothing is missing, so that every gap after it can be filled as it would be from the
    whole series.

    Returns:
        int64, `(n_series,)`, at most each series' length.
    """
    reads = preparation.history + 2 * preparation.schema.season_length
    lengths = np.diff(panel.offsets)
    complete = ~np.isnan(panel.values).any(axis=1)
    last = np.maximum.accumulate(np.where(complete, np.arange(panel.n_rows), -1))
    wanted = np.maximum(panel.offsets[1:] - reads, panel.offsets[:-1])
    first = np.maximum(last[wanted], panel.offsets[:-1])
    return np.asarray(lengths - (first - panel.offsets[:-1]), dtype=np.int64)


def context_frame(panel: Panel) -> pd.DataFrame:
    """A panel as a table in the user's columns: time, series, targets and covariates."""
    schema, rows = panel.schema, panel.series_of_row
    zone = "Z" if schema.tz else ""
    times = np.char.add(np.datetime_as_string(panel.times), zone)
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
        if column.role != "target":
            kind = PastCovariate if column.role == "past" else Covariate
            covariates[column.role].append(kind(column=column.name, type=column.kind))
    return Data.model_validate(
        {
            "time": time_column(schema),
            "series": schema.series,
            "target": list(schema.targets),
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


def time_column(schema: Schema) -> str:
    """Name of the time in tables that lstmcast writes: its own, or `time` where it has parts."""
    if len(schema.time) == 1:
        return schema.time[0]
    name = TIME
    while name == schema.series or any(column.name == name for column in schema.columns):
        name += "_"
    return name
