"""Rows after the end of each series: the horizon of a forecast, with what is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import IntArray, Panel
from lstmcast.data.times.grid import future_times
from lstmcast.data.times.zones import TimeArray, spoken_time
from lstmcast.data.windows import Int32Array
from lstmcast.errors import DataError

SHOWN = 3


def extend(panel: Panel, steps: int, *, future: Panel | None = None, known: bool = True) -> Panel:
    """The panel with rows added after the last row of each series.

    Args:
        panel: What is known up to each series' end.
        steps: Rows to add to each series.
        future: Holds the future covariates, in columns as `panel`'s; its rows before a series' end
            and its series that `panel` lacks are not read.
        known: Whether the future covariates must be known; else they are missing as all else is.

    Returns:
        A panel of `n_rows + n_series * steps` rows. In the new ones the future covariates are
        those of `future`, everything else is missing.

    Raises:
        DataError: If a future covariate is missing in a new row; names the first ones.
    """
    offsets = panel.offsets + np.arange(panel.n_series + 1) * steps
    old = np.arange(panel.n_rows) + (offsets - panel.offsets)[panel.series_of_row]
    new = offsets[1:, None] - steps + np.arange(steps)  # [n_series, steps]
    times = np.empty(offsets[-1], dtype="datetime64[us]")
    times[old] = panel.times
    times[new] = _times_after(panel, steps)
    values = np.full((offsets[-1], panel.values.shape[1]), np.nan)
    values[old] = panel.values
    codes = np.full((offsets[-1], panel.codes.shape[1]), -1, dtype=np.int32)
    codes[old] = panel.codes
    origin = panel.origin and panel.origin.spread(old, int(offsets[-1]))
    longer = replace(panel, times=times, values=values, codes=codes, offsets=offsets, origin=origin)
    if not known or not any(column.role == "future" for column in panel.schema.columns):
        return longer
    return _with_future(longer, new, future)


def _times_after(panel: Panel, steps: int) -> TimeArray:
    """The times that follow the last one of each series, datetime64[us] `(n_series, steps)`."""
    schema = panel.schema
    distinct, inverse = np.unique(panel.times[panel.offsets[1:] - 1], return_inverse=True)
    following = [future_times(last, steps, freq=schema.freq, tz=schema.tz) for last in distinct]
    return np.stack(following)[inverse]


def _with_future(panel: Panel, new: IntArray, future: Panel | None) -> Panel:
    """The panel with the future covariates of the new rows filled in."""
    if future is None:
        raise DataError(f"future covariates are needed: {_wanted(panel, new)}. {_ADVICE}")
    rows = _matching_rows(panel, new, future)
    values, codes, levels = panel.values, panel.codes, list(panel.levels)
    for i, name in enumerate(panel.schema.names(kind="number")):
        if panel.schema.column(name).role == "future":
            values[new, i] = np.where(rows >= 0, future.values[rows, i], np.nan)
            missing = np.isnan(values[new, i])
            _check_known(panel, new, missing, name, _place(future, rows, missing))
    for i, name in enumerate(panel.schema.names(kind="category")):
        if panel.schema.column(name).role == "future":
            theirs = np.where(rows >= 0, future.codes[rows, i], -1)
            levels[i], codes[new, i] = join_levels(levels[i], future.levels[i], theirs)
            _check_known(panel, new, theirs < 0, name, _place(future, rows, theirs < 0))
    return replace(panel, values=values, codes=codes, levels=tuple(levels))


_ADVICE = (
    "Give them with --future FILE; `lstmcast predict RUN --template` writes the file to fill in."
)


def _wanted(panel: Panel, new: IntArray) -> str:
    names = [column.name for column in panel.schema.columns if column.role == "future"]
    times = panel.times[new]
    first, last = (spoken_time(end, panel.schema.tz) for end in (times.min(), times.max()))
    return f"{', '.join(names)} from {first} to {last}"


def _matching_rows(panel: Panel, new: IntArray, future: Panel) -> IntArray:
    """Row of `future` for each new row, int64 `(n_series, steps)`; -1 where it has none."""
    where = {name: i for i, name in enumerate(future.series)}
    rows = np.full(new.shape, -1, dtype=np.int64)
    for i, name in enumerate(panel.series):
        if name not in where:
            continue
        begin, end = future.offsets[where[name] : where[name] + 2]
        wanted = panel.times[new[i]]
        found = np.searchsorted(future.times[begin:end], wanted)
        inside = np.minimum(found, end - begin - 1)
        rows[i] = np.where(future.times[begin + inside] == wanted, begin + inside, -1)
    return rows


def _place(future: Panel, rows: IntArray, missing: NDArray[np.bool_]) -> dict[str, Any]:
    """Where the first missing value should be, as keyword arguments of a `DataError`."""
    found = rows[missing]
    row = int(found[0]) if len(found) else -1
    place = future.place(row) if row >= 0 else {}
    return place or {"file": future.file}


def _check_known(
    panel: Panel, new: IntArray, missing: NDArray[np.bool_], column: str, place: dict[str, Any]
) -> None:
    if not missing.any():
        return
    gaps = np.argwhere(missing)
    shown = "; ".join(panel.spoken(int(new[i, j])) for i, j in gaps[:SHOWN])
    more = f" and {len(gaps) - SHOWN} more rows" if len(gaps) > SHOWN else ""
    raise DataError(
        f"the future covariate is needed and missing at {shown}{more}. Needed: "
        f"{_wanted(panel, new)}. {_ADVICE}",
        column=column,
        **place,
    )


def join_levels(
    ours: tuple[str, ...], theirs: tuple[str, ...], codes: Int32Array
) -> tuple[tuple[str, ...], Int32Array]:
    """Codes into another list of levels as codes into ours, which takes the new levels on."""
    joined = (*ours, *(level for level in theirs if level not in ours))
    index = {level: i for i, level in enumerate(joined)}
    translate = np.array([*(index[level] for level in theirs), -1], dtype=np.int32)
    return joined, translate[codes]
