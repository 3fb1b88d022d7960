"""Rows that the data lack on their grid: named, or inserted without values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstmcast.config.schema import Data
from lstmcast.data.gridding import Rows, time_names, would_fit
from lstmcast.data.panel import IntArray
from lstmcast.data.times.grid import Grid
from lstmcast.data.times.zones import is_clock_change
from lstmcast.errors import DataError

_N_SHOWN = 3
# Filling may not make a grid that is beyond both.
_LARGE_GRID = 1_000_000
_MOST_GROWTH = 20
# Beside a gap of so many times all rows, and of nearly all that is missing, a time is wrong.
_FAR_GAP, _FAR_SHARE = 20, 0.9


def without_gaps(rows: Rows, steps: IntArray, grid: Grid, data: Data) -> tuple[Rows, int]:
    """Rows on every step between the first and the last of each series, and how many are new.

    Args:
        rows: In order.
        steps: Step of each row in its series.
        grid: The frequency.
        data: `gaps` says whether to fill.

    Raises:
        DataError: If there are gaps that the config does not say to fill (names the first), or
            filling them would make a far larger table.
    """
    # The first row of a series follows a step of -1 by definition.
    begins = np.concatenate([[True], np.diff(rows.series) != 0])
    missing = np.concatenate([[0], np.diff(steps) - 1])
    missing[begins] = 0
    n_new = int(missing.sum())
    if not n_new:
        return rows, 0
    n_rows = len(rows.times)
    far = missing.max() > _FAR_GAP * n_rows and missing.max() > _FAR_SHARE * n_new
    if far and (data.gaps == "error" or n_rows + n_new > max(_LARGE_GRID, _MOST_GROWTH * n_rows)):
        raise _far_away(rows, missing, grid, data)
    if data.gaps == "error":
        raise _gap(rows, missing, grid, data)
    if n_rows + n_new > max(_LARGE_GRID, _MOST_GROWTH * n_rows):
        message = (
            f"filling the gaps of {n_rows:,} rows would make {n_rows + n_new:,} of them, with a "
            f"frequency of {grid.freq!r}: {_first_gaps(rows, missing, grid, largest=True)}. Mend "
            "the times, or set a coarser `data.freq`."
        )
        raise DataError(message, column=time_names(data), **rows.place(int(missing.argmax())))
    return _filled(rows, steps, missing, grid), n_new


def _filled(rows: Rows, steps: IntArray, missing: IntArray, grid: Grid) -> Rows:
    """The rows with new ones, without values, before each that has some missing before it."""
    n_rows = len(rows.times) + int(missing.sum())
    target = np.arange(len(rows.times)) + np.cumsum(missing)
    is_new = np.ones(n_rows, dtype=bool)
    is_new[target] = False
    source = np.cumsum(~is_new)
    # A new row belongs to the series of the next row that the file holds.
    source = np.where(is_new, source, source - 1)
    grown = rows.take(source)
    ahead = target[source] - np.arange(n_rows)
    times = grown.times.copy()
    times[is_new] = grid.times((steps[source] - ahead)[is_new], grown.series[is_new])
    return replace(
        grown,
        times=times,
        values=np.where(is_new[:, None], np.nan, grown.values),
        codes=np.where(is_new[:, None], np.int32(-1), grown.codes),
        origin=replace(grown.origin, line=np.where(is_new, 0, grown.origin.line)),
    )


def _far_away(rows: Rows, missing: IntArray, grid: Grid, data: Data) -> DataError:
    """The error of a time that is so far from the others that it must be wrong."""
    row = int(missing.argmax())
    start, end = rows.offsets[rows.series[row]], rows.offsets[rows.series[row] + 1]
    # The smaller side of the gap is the wrong one.
    row = row if end - row <= row - start else row - 1
    message = (
        f"the time {rows.spoken(row, grid.tz)} is {missing.max() + 1:,} steps of {grid.freq!r} "
        "from the nearest other. Is it mistyped, or does it stand for a missing time? Mend the "
        "row, or remove it."
    )
    if data.gaps == "error":
        message += " If nothing was recorded between, set `data.gaps: fill`."
    return DataError(message, column=time_names(data), **rows.place(row))


def _gap(rows: Rows, missing: IntArray, grid: Grid, data: Data) -> DataError:
    n_gaps = int((missing > 0).sum())
    row = int((missing > 0).argmax())
    if 2 * n_gaps > len(missing):  # no gaps in the rows, but rows of another frequency
        message = f"most rows are not {grid.freq!r} apart.{would_fit(rows, grid)}"
        return DataError(message, column=time_names(data), **rows.place(row))
    message = (
        f"{_counted(int(missing.sum()))} missing in {n_gaps:,} gap{'s' if n_gaps > 1 else ''} of a "
        f"frequency of {grid.freq!r}: {_first_gaps(rows, missing, grid)}. Set `data.gaps: fill` to "
        "insert them without values, and `data.missing.strategy` for what stands in for these."
    )
    before, after = rows.times[row - 1], rows.times[row]
    hour = np.timedelta64(1, "h")
    if grid.tz is None and after - before <= 2 * hour and is_clock_change(before + hour):
        message += (
            " If the clocks were put forward then, write the times with an offset, or in UTC."
        )
    return DataError(message, column=time_names(data), **rows.place(row))


def _counted(n_rows: int) -> str:
    return "1 row is" if n_rows == 1 else f"{n_rows:,} rows are"


def _first_gaps(rows: Rows, missing: IntArray, grid: Grid, *, largest: bool = False) -> str:
    found = np.flatnonzero(missing)
    shown = found[np.argsort(-missing[found], kind="stable")] if largest else found
    texts = [f"{missing[row]:,} after {rows.spoken(row - 1, grid.tz)}" for row in shown[:_N_SHOWN]]
    return "; ".join(texts) + ("; …" if len(found) > _N_SHOWN else "")
