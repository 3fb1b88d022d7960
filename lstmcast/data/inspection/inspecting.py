"""A look at an unknown file: what a config for it would say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.config.checks import check_config
from lstmcast.config.schema import Config, Covariate, CsvFormat, Data, PastCovariate
from lstmcast.data.assembling import build_panel
from lstmcast.data.inspection.guessing import Roles, TimeFound, find_roles, find_series, find_time
from lstmcast.data.inspection.sniffing import sniff_format, words_for_missing
from lstmcast.data.panel import Panel
from lstmcast.data.reading.headers import read_header
from lstmcast.data.reading.locating import find_sources
from lstmcast.data.reading.parquet import parquet_columns
from lstmcast.data.reading.sources import Source
from lstmcast.data.reading.table import read_source, read_table
from lstmcast.errors import ConfigError


@dataclass(frozen=True)
class Inspection:
    """What a config for a file would say.

    Attributes:
        file: The file, as it was named.
        csv: How it is written.
        time: Time column, or its parts.
        format: strptime format of the time column, where it is not ISO 8601.
        series: Id column of a panel.
        target: Column to forecast.
        past_covariates: Columns that may help, numbers and categories.
        static_covariates: Columns that are constant in each series.
        categories: Those of the covariates that hold text.
        left_out: Columns that are of no use, and why.
        freq: pandas frequency.
        season_length: Steps of a season.
        n_rows: Rows of the panel, those inserted included.
        n_series: Number of series.
        shortest: Rows of the shortest series.
        n_inserted: Rows that the file lacks (`data.gaps: fill` inserts them).
        n_duplicates: Rows that repeat a time of their series.
        missing: For each column used, its missing values in the rows of the file that are used;
            only columns that have some.
        first: First time of the panel.
        last: Last time of the panel.
        notes: What the user should know or decide.
    """

    file: str
    csv: CsvFormat
    time: tuple[str, ...]
    format: str | None
    series: str | None
    target: str
    past_covariates: tuple[str, ...]
    static_covariates: tuple[str, ...]
    categories: tuple[str, ...]
    left_out: Mapping[str, str]
    freq: str
    season_length: int
    n_rows: int
    n_series: int
    shortest: int
    n_inserted: int
    n_duplicates: int
    missing: Mapping[str, int]
    first: np.datetime64
    last: np.datetime64
    notes: tuple[str, ...]

    @property
    def needs_filling(self) -> bool:
        """Whether the panel has missing values, in the file or in the rows inserted."""
        return bool(self.missing) or self.n_inserted > 0


def inspect_file(path: str | Path) -> Inspection:
    """Look at a file and guess what a config for it would say.

    Args:
        path: A CSV file with a header (also gzipped), or a Parquet file.

    Raises:
        DataError: If it cannot be read, no column holds times or numbers, or the times are
            irregular.
        ConfigError: If no config can name its columns as they are.
    """
    source = find_sources(path, None)[0]
    form = CsvFormat() if source.is_parquet else sniff_format(source)
    frame, form = _read_all(source, form)
    notes: list[str] = []
    time = find_time(frame, notes, source)
    series = find_series(frame, time, notes)
    roles = find_roles(frame, time, series=series, source=source)
    data = _data(str(path), form, time, series=series, roles=roles)
    _refuse_unusable(data, source)
    panel = build_panel(read_table(data), data)
    return _described(
        panel,
        data,
        roles=roles,
        n_duplicates=_n_duplicates(frame, time, series),
        notes=(*notes, *panel.warnings),
    )


def _described(
    panel: Panel, data: Data, *, roles: Roles, n_duplicates: int, notes: tuple[str, ...]
) -> Inspection:
    schema, inserted = panel.schema, _is_inserted(panel)
    return Inspection(
        file=str(data.path),
        csv=data.csv,
        time=schema.time,
        format=data.format,
        series=schema.series,
        target=roles.target,
        past_covariates=roles.past,
        static_covariates=roles.static,
        categories=schema.names(kind="category", roles=("past", "static")),
        left_out=roles.left_out,
        freq=schema.freq,
        season_length=schema.season_length,
        n_rows=panel.n_rows,
        n_series=panel.n_series,
        shortest=int(np.diff(panel.offsets).min()),
        n_inserted=int(inserted.sum()),
        n_duplicates=n_duplicates,
        missing=_missing(panel, inserted),
        first=panel.times.min(),
        last=panel.times.max(),
        notes=notes,
    )


def _read_all(source: Source, form: CsvFormat) -> tuple[pd.DataFrame, CsvFormat]:
    """All named columns, and the format with the words for missing values that were found."""
    names = _column_names(source, form)
    frame = read_source(source, form, dict.fromkeys(names, "auto")).frame
    texts = [name for name in names if isinstance(frame[name].dtype, pd.StringDtype)]
    words = {word for name in texts for word in words_for_missing(frame[name])}
    if not words:
        return frame, form
    form = form.model_copy(update={"na": [*form.na, *sorted(words)]})
    return read_source(source, form, dict.fromkeys(names, "auto")).frame, form


def _column_names(source: Source, form: CsvFormat) -> list[str]:
    if source.is_parquet:
        return parquet_columns(source)
    # A column without a name is the row number that pandas writes.
    return [name for name in read_header(source, form) if name.strip()]


def _n_duplicates(frame: pd.DataFrame, time: TimeFound, series: str | None) -> int:
    keys = {"time": time.values}
    if series is not None:
        keys["series"] = frame[series]
    return int(pd.DataFrame(keys).duplicated().sum())


def _data(path: str, form: CsvFormat, time: TimeFound, *, series: str | None, roles: Roles) -> Data:
    """The config with which the file reads without an error."""
    return Data(
        path=path,
        csv=form,
        time=time.columns[0] if len(time.columns) == 1 else list(time.columns),
        format=time.format,
        series=series,
        target=roles.target,
        past_covariates=[PastCovariate(column=name) for name in roles.past],
        static_covariates=[Covariate(column=name) for name in roles.static],
        gaps="fill",
        duplicates="last",
    )


def _refuse_unusable(data: Data, source: Source) -> None:
    problems = check_config(Config(data=data))
    if problems:
        raise ConfigError(problems, file=source.name)


def _is_inserted(panel: Panel) -> NDArray[np.bool_]:
    """Which rows stand in no file; none, where their lines are not known."""
    if panel.origin is None or not panel.origin.line.any():
        return np.zeros(panel.n_rows, dtype=bool)
    return np.asarray(panel.origin.line == 0)


def _missing(panel: Panel, inserted: NDArray[np.bool_]) -> dict[str, int]:
    """Missing values of each column that has some, in the rows of the file."""
    schema = panel.schema
    numbers = np.isnan(panel.values[~inserted]).sum(axis=0)
    codes = (panel.codes[~inserted] < 0).sum(axis=0)
    counts = {
        **dict(zip(schema.names(kind="number"), numbers.tolist(), strict=True)),
        **dict(zip(schema.names(kind="category"), codes.tolist(), strict=True)),
    }
    return {name: count for name, count in counts.items() if count}
