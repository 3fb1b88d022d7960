"""New data for a run that is there: history to forecast from, covariates of the horizon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from lstmcast.config.schema import Data
from lstmcast.data.assembling import build_panel
from lstmcast.data.extending import extend
from lstmcast.data.panel import Panel, listing, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import prepare
from lstmcast.data.reading.table import Table, needed_columns, read_table, table_from_frame
from lstmcast.data.short_series import kept_series, left_out, padded
from lstmcast.data.windows import BoolArray
from lstmcast.errors import BundleError, ConfigError, DataError
from lstmcast.runtime.bundle import CONTEXT, Bundle
from lstmcast.runtime.context import context_data, written_times

if TYPE_CHECKING:
    import pandas as pd

    # A frame, or a file as `data.path` takes it: a path, a glob, `-` for standard input.
    Source = pd.DataFrame | str | Path


def history_panel(bundle: Bundle, source: Source | None = None, *, labels: bool = True) -> Panel:
    """What a forecast starts from.

    Args:
        bundle: The run; columns are read as they were in training.
        source: The data; None for the run's own last rows.
        labels: Whether the class of each series is to be there, where that is the target.

    Raises:
        BundleError: If the run's own rows cannot be read.
        DataError: If the data cannot be read.
    """
    data, schema = bundle.config.data, bundle.preparation.schema
    if source is None:
        panel = _padded(_context(bundle), bundle)
        # No message is to send the user into a file of the run, which never changes.
        return replace(panel, origin=None)
    # The end was that of the training data; before the start nothing is to be read, ever.
    data = data.model_copy(update={"end": None})
    with _fixed_settings():
        table = _table(bundle, source, data, labels=labels)
        return _padded(build_panel(table, data, schema=schema), bundle)


@contextmanager
def _fixed_settings() -> Iterator[None]:
    """Where a message names a setting, say that those of a run do not change."""
    try:
        yield
    except DataError as error:
        if "`data." in str(error):
            error.add_note("Settings of a run are fixed: change the file, or train with them.")
        raise


def _context(bundle: Bundle) -> Panel:
    """The last rows that a run keeps."""
    schema, file = bundle.preparation.schema, bundle.path / CONTEXT
    try:
        data = context_data(bundle.config.data, schema)
        return build_panel(_table(bundle, file, data), data, schema=schema)
    except (DataError, ValidationError) as error:
        raise BundleError(
            f"{file}: cannot be read: {error} Train the run again, or give --data."
        ) from error


def _padded(panel: Panel, bundle: Bundle) -> Panel:
    """The panel with its short series padded, where those of training were."""
    if bundle.config.data.short_series != "pad":
        return panel
    return padded(panel, bundle.config.window)


def served_panel(panel: Panel, preparation: Preparation) -> tuple[Panel, list[str]]:
    """The series that there is a network for, and a sentence on the others.

    Raises:
        DataError: If there is no network for any.
    """
    served = preparation.network_of(panel.series) >= 0
    if served.all():
        return panel, []
    names = [name for name, known in zip(panel.series, served, strict=True) if not known]
    why = "no network of its own, for training had no window of it (model.scope each)"
    if not served.any():
        raise DataError(f"{listing(names)}: {why}. Train again with it, or with model.scope panel.")
    return kept_series(panel, served), [f"{listing(names)}: {why}, so left out"]


def forecastable(panel: Panel, preparation: Preparation) -> tuple[Panel, tuple[str, ...]]:
    """The series that are long enough to forecast, and a sentence that names the others.

    Args:
        panel: History; each series ends at its own last row.
        preparation: What was fitted in training.

    Returns:
        The panel as it was where no series is long enough, so that the error is said with the
        arithmetic.
    """
    short = _too_short(panel, preparation)
    if short.all() or not short.any():
        return panel, ()
    text = f"{left_out(panel, short)} left out: a forecast reads {preparation.history} rows"
    return kept_series(panel, ~short), (text,)


def _too_short(panel: Panel, preparation: Preparation) -> BoolArray:
    """Whether each series lacks rows that a forecast reads, bool `(n_series,)`."""
    window, lengths = preparation.config.window, np.diff(panel.offsets)
    short = lengths < preparation.history
    if panel.n_series == 1 or not short.any():
        return np.zeros(panel.n_series, dtype=bool)
    # Some features need no history: only the rows themselves say what is missing.
    doubtful = kept_series(panel, short)
    rows = prepare(doubtful, preparation).observed.inputs
    first = np.maximum(doubtful.offsets[1:] - window.lookback, doubtful.offsets[:-1])
    whole = [rows[a:b].all() for a, b in zip(first, doubtful.offsets[1:], strict=True)]
    short[short] = ~np.array(whole) | (lengths[short] < window.lookback)
    return short


def future_panel(bundle: Bundle, source: Source) -> Panel:
    """The future covariates over the horizon, as a panel of the run's schema.

    Raises:
        ConfigError: If the run has no future covariates.
        DataError: If the data cannot be read, or a column is missing.
    """
    if not bundle.config.data.future_covariates:
        raise ConfigError(
            "the run has no future covariates, so there is nothing to read from --future. Leave it "
            "out."
        )
    data = bundle.config.data.model_copy(update={"start": None, "end": None, "gaps": "fill"})
    with _fixed_settings():
        table = _table(bundle, source, data, ahead=True)
        return build_panel(table, data, schema=bundle.preparation.schema, ahead=True)


def template_frame(panel: Panel, n_rows: int, data: Data) -> pd.DataFrame:
    """The table of future covariates to fill in, which `future_panel` reads.

    Args:
        panel: The history that the forecast starts from.
        n_rows: Rows of each series, from the first after its end on.
        data: The `data` section of the run's config.

    Returns:
        The time as the user's own data have it, the series column if there is one, and an empty
        column for each future covariate that is not a part of the time.
    """
    import pandas as pd

    lengths = np.full(panel.n_series, n_rows, dtype=np.int64)
    ahead = tail(extend(panel, n_rows, known=False), lengths)
    columns: dict[str, object] = written_times(ahead, data)
    if ahead.schema.series is not None:
        columns[ahead.schema.series] = np.array(ahead.series, dtype=object)[ahead.series_of_row]
    future = [column.name for column in ahead.schema.columns if column.role == "future"]
    return pd.DataFrame(columns | {name: "" for name in future if name not in columns})


def _table(
    bundle: Bundle, source: Source, data: Data, *, ahead: bool = False, labels: bool = True
) -> Table:
    schema = bundle.preparation.schema
    columns = needed_columns(data, ahead=ahead, labels=labels)
    if isinstance(source, str | Path):
        return read_table(data, path=source, columns=columns, schema=schema)
    return table_from_frame(source, data, columns=columns, schema=schema)
