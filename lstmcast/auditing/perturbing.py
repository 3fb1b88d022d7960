"""Panels whose values after a cut are others: other numbers, holes, outliers and categories."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import Column, FloatArray, IntArray, Panel
from lstmcast.data.splitting import Splits
from lstmcast.data.windows import BoolArray

# A category that no data hold.
NEW_LEVEL = "lstmcast audit"
_EVERY_OUTLIER, _EVERY_HOLE = 7, 11
_OUTLIER = 10.0


@dataclass(frozen=True)
class Region:
    """Which rows of each series are changed.

    Attributes:
        first: int64, `(n_series,)`, row of the panel from which on.
        last: int64, `(n_series,)`, row before which; None for the end of each series.
        floor: int64, `(n_series,)`, rows before it are not changed, though a column that comes in
            late has values before `first` that were not out by then; None for `first`.
        known_ahead: How many rows more of the future covariates stay as they are; None where these
            are changed like the others.
        keeps_future: Whether future covariates stay as they are altogether.
    """

    first: IntArray
    last: IntArray | None = None
    floor: IntArray | None = None
    known_ahead: int | None = None
    keeps_future: bool = False

    def rows(self, panel: Panel, column: Column) -> BoolArray:
        """Which rows of a column are changed, bool `(n_rows,)`."""
        first = self.first
        if column.role == "future" and self.keeps_future:
            return np.zeros(panel.n_rows, dtype=bool)
        if column.role == "future" and self.known_ahead is not None:
            first = first + self.known_ahead
        elif column.delay and self.floor is not None:
            first = np.maximum(first - column.delay, np.minimum(self.floor, first))
        number, series = np.arange(panel.n_rows), panel.series_of_row
        changed = number >= first[series]
        return changed if self.last is None else changed & (number < self.last[series])


def first_after(panel: Panel, times: np.ndarray) -> IntArray:
    """Row of each series at which a time falls, or the row after its last, int64 `(n_series,)`.

    Args:
        panel: Any panel.
        times: datetime64[us], `(n_series,)`.
    """
    before = (panel.times < times[panel.series_of_row]).astype(np.int64)
    return np.asarray(panel.offsets[:-1] + np.add.reduceat(before, panel.offsets[:-1]))


def after_cut(panel: Panel, splits: Splits, cut: int) -> Region:
    """The rows after training (`cut` 0) or validation (1).

    Values of a late column that were not out at the cut count as later ones, but for training rows:
    statistics are fitted on these.
    """
    trained, first = (first_after(panel, splits.cuts[:, each]) for each in (0, cut))
    return Region(first=first, floor=trained)


def perturbed(
    panel: Panel, region: Region, *, gentle: bool = False, new_level: bool = True, seed: int = 0
) -> Panel:
    """The panel with other values in a region.

    They are drawn from the column's own and moved up, so that they stay in the domain of any
    transform, and whole where the column is; some are ten times as large, some are missing, and
    categories are of any level or of one that there was not.

    Args:
        panel: Any panel.
        region: What is changed.
        gentle: No holes and no outliers.
        new_level: Categories may be of a level that there was not.
        seed: Of the values that are drawn.
    """
    rng = np.random.default_rng(seed)
    values, codes = panel.values.copy(), panel.codes.copy()
    levels = tuple((*each, *[NEW_LEVEL] * new_level) for each in panel.levels)
    schema = panel.schema
    for i, name in enumerate(schema.names(kind="number")):
        rows = region.rows(panel, schema.column(name))
        values[rows, i] = _other_numbers(panel.values[:, i], rows, rng, gentle=gentle)
    for i, name in enumerate(schema.names(kind="category")):
        rows = region.rows(panel, schema.column(name))
        codes[rows, i] = _other_codes(codes[rows, i], len(levels[i]), rng, gentle=gentle)
    return replace(panel, values=values, codes=codes, levels=levels)


def _other_numbers(
    column: FloatArray, rows: BoolArray, rng: np.random.Generator, *, gentle: bool
) -> FloatArray:
    known, n_changed = column[~np.isnan(column)], int(rows.sum())
    if not len(known) or not n_changed:
        return column[rows]
    whole = bool((known == np.floor(known)).all())
    spread = float(known.std()) or max(1.0, abs(float(known[0])))
    step = rng.integers(1, 4, n_changed) if whole else spread * (0.1 + rng.random(n_changed))
    drawn = rng.choice(known, n_changed) + step
    drawn = np.where(drawn == column[rows], drawn + (1.0 if whole else spread), drawn)
    if not gentle:
        large = (np.arange(n_changed) % _EVERY_OUTLIER == 0) & (drawn > 0)
        drawn = np.where(large, drawn * _OUTLIER, drawn)
        drawn[_EVERY_HOLE - 1 :: _EVERY_HOLE] = np.nan
    return np.asarray(drawn)


def _other_codes(
    codes: NDArray[np.int32], n_levels: int, rng: np.random.Generator, *, gentle: bool
) -> NDArray[np.int32]:
    # A level some places after its own, so that each is another.
    others = (np.maximum(codes, 0) + rng.integers(1, max(2, n_levels), len(codes))) % n_levels
    if not gentle:
        others[_EVERY_HOLE - 1 :: _EVERY_HOLE] = -1
    return others.astype(np.int32)
