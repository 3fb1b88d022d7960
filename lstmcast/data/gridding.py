"""Rows in file order become rows in order of series and time, each once, without gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Data
from lstmcast.data.panel import FloatArray, IntArray, Origin
from lstmcast.data.times.frequency import IrregularError, infer_frequency, offset_of
from lstmcast.data.times.grid import Grid
from lstmcast.data.times.zones import TimeArray, is_clock_change, spoken_time
from lstmcast.errors import DataError

Int32Array = NDArray[np.int32]


@dataclass(frozen=True)
class Rows:
    """The rows of all series.

    Attributes:
        times: datetime64[us], `(n_rows,)`.
        series: int32, `(n_rows,)`, index into `names`.
        names: Id of each series.
        values: float64, `(n_rows, n_numbers)`.
        codes: int32, `(n_rows, n_categories)`, -1 where missing.
        n_targets: Columns of `values` that are targets; they come first.
        origin: Where each row came from.
    """

    times: TimeArray
    series: Int32Array
    names: tuple[str, ...]
    values: FloatArray
    codes: Int32Array
    n_targets: int
    origin: Origin

    @property
    def offsets(self) -> IntArray:
        """Where each series begins, int64 `(n_series + 1,)`; for rows in order."""
        counts = np.bincount(self.series, minlength=len(self.names))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def take(self, rows: NDArray[Any]) -> Rows:
        """Some rows, by number or by flag."""
        return replace(
            self,
            times=self.times[rows],
            series=self.series[rows],
            values=self.values[rows],
            codes=self.codes[rows],
            origin=self.origin.take(rows),
        )

    def place(self, row: int) -> dict[str, Any]:
        """`file` and `line` of a row, as far as known, as keyword arguments of a `DataError`."""
        return self.origin.place(row)

    def spoken(self, row: int, tz: str | None) -> str:
        """Time and series of a row, for a message."""
        time = spoken_time(self.times[row], tz)
        return f"{time} of series {self.names[self.series[row]]!r}" if self.names[0] else time


def in_order(rows: Rows) -> tuple[Rows, bool]:
    """Rows by series and time, and whether a series had to be sorted.

    Series that alternate in the file are no disorder. Rows of one time stay in file order.
    """
    between_series = np.diff(rows.series)
    onwards = np.diff(rows.times) >= np.timedelta64(0, "us")
    if ((between_series > 0) | ((between_series == 0) & onwards)).all():
        return rows, False
    order = np.lexsort((rows.times, rows.series))
    by_series = np.argsort(rows.series, kind="stable")
    disordered = bool((order != by_series).any())
    return rows.take(order), disordered


def without_duplicates(rows: Rows, data: Data, *, tz: str | None) -> tuple[Rows, int]:
    """Each time of a series once, and how many rows that took away.

    Args:
        rows: In order.
        data: `duplicates` says what to do; `mean` and `sum` apply to numbers, leave missing values
            out, and take the last category.
        tz: Time zone, for messages.

    Raises:
        DataError: If there is a duplicate and the config does not say what to do.
    """
    same = (np.diff(rows.times) == np.timedelta64(0, "us")) & (np.diff(rows.series) == 0)
    n_extra = int(same.sum())
    if not n_extra:
        return rows, 0
    if data.duplicates == "error":
        raise _duplicate(rows, int(same.argmax()), data, n_extra=n_extra, tz=tz)
    is_first = np.concatenate([[True], ~same])
    is_last = np.concatenate([~same, [True]])
    if data.duplicates in ("first", "last"):
        return rows.take(is_first if data.duplicates == "first" else is_last), n_extra
    starts = np.flatnonzero(is_first)
    known = np.isfinite(rows.values)
    totals = np.add.reduceat(np.where(known, rows.values, 0.0), starts)
    counts = np.add.reduceat(known.astype(np.float64), starts)
    divisor = counts if data.duplicates == "mean" else np.ones_like(counts)
    values = np.full_like(totals, np.nan)
    np.divide(totals, divisor, out=values, where=counts > 0)
    return replace(rows.take(is_last), values=values), n_extra


def _duplicate(rows: Rows, row: int, data: Data, *, n_extra: int, tz: str | None) -> DataError:
    other = rows.place(row + 1)
    where = f" It stands again on line {other['line']}" if "line" in other else " It stands again"
    if other.get("file") != rows.place(row).get("file"):
        where += f" of {other['file']}"
    hint = ""
    if not rows.names[0]:
        hint = " If the file holds several series, name their id column in `data.series`."
    if tz is None and is_clock_change(rows.times[row]):
        hint = " If the clocks were put back then, write the times with an offset, or in UTC."
    message = (
        f"the time {rows.spoken(row, tz)} is there more than once.{where} (repeated rows in all: "
        f"{n_extra:,}). Set `data.duplicates` to first, last, mean or sum.{hint}"
    )
    return DataError(message, column=time_names(data), **rows.place(row))


def without_empty_series(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Series that have a target somewhere, and the ids of those left out; for rows in order."""
    found = np.unique(rows.series[_observed(rows)])
    if len(found) == len(rows.names):
        return rows, ()
    left_out = tuple(np.delete(np.array(rows.names), found).tolist())
    number = np.full(len(rows.names), -1, dtype=np.int32)
    number[found] = np.arange(len(found))
    kept = rows.take(number[rows.series] >= 0)
    names = tuple(rows.names[i] for i in found)
    return replace(kept, series=number[kept.series], names=names), left_out


def trimmed(rows: Rows) -> Rows:
    """Each series from its first to its last row that has any target; none may be empty."""
    held = np.flatnonzero(_observed(rows))
    series = rows.series[held]
    numbers = np.arange(len(rows.names))
    first = held[np.searchsorted(series, numbers, side="left")]
    last = held[np.searchsorted(series, numbers, side="right") - 1]
    row = np.arange(len(rows.times))
    keep = (row >= first[rows.series]) & (row <= last[rows.series])
    return rows if keep.all() else rows.take(keep)


def _observed(rows: Rows) -> NDArray[np.bool_]:
    """Whether a row has any target."""
    return np.asarray(np.isfinite(rows.values[:, : rows.n_targets]).any(axis=1))


def frequency_of(rows: Rows, data: Data, *, tz: str | None) -> str:
    """The frequency of rows in order: the one given, spelled as pandas does, or inferred.

    Raises:
        ConfigError: If the one given is none.
        DataError: If none can be inferred.
    """
    if data.freq is not None:
        return str(offset_of(data.freq).freqstr)
    try:
        return infer_frequency(rows.times, rows.offsets, tz=tz)
    except IrregularError as error:
        told = error.told
        if tz == "UTC" and data.tz is None:
            told += " Times with an offset are read in UTC: for days of a zone, set `data.tz`."
        raise DataError(told, column=time_names(data), **rows.place(error.row)) from None


def time_names(data: Data) -> str:
    """The time column, or its parts, as a message names them."""
    return ", ".join(data.time_columns)


def on_grid(rows: Rows, grid: Grid, data: Data, *, expected: str) -> IntArray:
    """The step of each row in its series.

    Args:
        rows: In order, without duplicates.
        grid: The frequency.
        data: The `data` section of a config.
        expected: Where the frequency comes from, for messages.

    Returns:
        int64, `(n_rows,)`, from 0 in each series.

    Raises:
        DataError: If a row is off the grid (names the first), or the data step differently.
    """
    steps, hit = grid.steps(rows.times, rows.series)
    if not hit.all():
        row = int(hit.argmin())
        message = (
            f"the time {rows.spoken(row, grid.tz)} is not a step of {expected} {grid.freq!r} from "
            f"the first row of its series.{would_fit(rows, grid)}"
        )
        raise DataError(message, column=time_names(data), **rows.place(row))
    sizes = np.diff(steps)[np.diff(rows.series) == 0]
    # Of rows with gaps, some are still next to each other; two alone may well have one between.
    if len(sizes) > 1 and np.gcd.reduce(sizes) > 1:
        message = f"no two rows are {expected} {grid.freq!r} apart.{would_fit(rows, grid)}"
        raise DataError(message, column=time_names(data), **rows.place(0))
    return steps


def would_fit(rows: Rows, grid: Grid) -> str:
    """A sentence with the frequency that the rows have, where they have one."""
    try:
        freq = infer_frequency(rows.times, rows.offsets, tz=grid.tz)
    except DataError:
        return " Mend the time, or choose a frequency that fits."
    return f" The rows step by {freq!r}." if freq != grid.freq else " Mend the time."
