"""Missing values and outliers, without looking ahead.

Every function works on all series at once and never carries a value from one series into the next.
All but `interpolate` are causal: a row's result depends on that row and earlier ones alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Missing, Outliers
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.errors import DataError

# Makes the median absolute deviation estimate the standard deviation of a normal distribution
# (Hampel 1974, Rousseeuw & Croux 1993).
MAD_TO_DEVIATION = 1.4826
Scalar = TypeVar("Scalar", bound=np.generic)
# Strategies that leave what is missing as it is.
FILLS_NOTHING = ("error", "drop", "mask")
THRESHOLDS = {"iqr": 1.5, "hampel": 3.0}


@dataclass(frozen=True)
class Rows:
    """Where each row stands, for functions that look back.

    Attributes:
        first: int64, `(n_rows,)`: first row of the row's series.
        side: int64, `(n_rows,)`: how many cuts lie before the row.
        season_length: Steps of a season.
    """

    first: IntArray
    side: IntArray
    season_length: int

    @property
    def number(self) -> IntArray:
        """The row's own number, int64 `(n_rows, 1)`."""
        return np.arange(len(self.first))[:, None]


def check_complete(panel: Panel) -> None:
    """Refuse missing values, as `missing.strategy: error` asks.

    A column that comes in late may lack its last values: nothing reads them.

    Raises:
        DataError: Naming the first missing value, and how many there are in each column.
    """
    names = (*panel.schema.names(kind="number"), *panel.schema.names(kind="category"))
    delays = [panel.schema.column(name).delay for name in names]
    to_come = np.repeat(panel.offsets[1:], np.diff(panel.offsets)) - np.arange(panel.n_rows)
    missing = np.concatenate([np.isnan(panel.values), panel.codes < 0], axis=1)
    missing &= to_come[:, None] > delays
    if not missing.any():
        return
    row = int(np.argmax(missing.any(axis=1)))
    by_name = dict(zip(names, missing.sum(axis=0), strict=True))
    counts = ", ".join(f"{name} {count:,}" for name, count in by_name.items() if count)
    raise DataError(
        f"missing value at {panel.spoken(row)} (missing in all: {counts}). Set "
        "data.missing.strategy to ffill, seasonal, interpolate, mean, zero, mask or drop.",
        column=names[int(np.argmax(missing[row]))],
        **panel.place(row),
    )


def shift_rows(values: NDArray[Scalar], rows: Rows, steps: int) -> NDArray[Scalar]:
    """Each row's value `steps` rows earlier in its series; NaN (codes: -1) where there is none.

    Args:
        values: `(n_rows,)`, float or int codes.
        rows: Where each row stands.
        steps: Zero or more.
    """
    missing = np.nan if np.issubdtype(values.dtype, np.floating) else -1
    source = np.arange(len(values)) - steps
    inside = source >= rows.first
    return np.where(inside, values[np.where(inside, source, 0)], missing).astype(values.dtype)


# A bound beyond all numbers is none.
@np.errstate(over="ignore")
def outlier_bounds(values: FloatArray, settings: Outliers) -> FloatArray:
    """Bounds beyond which a value is an outlier.

    `iqr`: the quartiles, 1.5 interquartile ranges out (Tukey 1977). `hampel`: the median, 3 scaled
    median absolute deviations either way. A column without spread, such as a rare flag, is left
    alone: its every event would be an outlier.

    Args:
        values: float64, `(n_training_rows, n_columns)`, NaN where missing.
        settings: The method and its threshold.

    Returns:
        float64, `(2, n_columns)`, lower and upper; infinite where nothing is an outlier.
    """
    n_columns = values.shape[1]
    unbounded = np.stack([np.full(n_columns, -np.inf), np.full(n_columns, np.inf)])
    columns = np.flatnonzero(~np.isnan(values).all(axis=0)) if len(values) else np.array([], int)
    if settings.method == "none" or not len(columns):
        return unbounded
    threshold = settings.threshold or THRESHOLDS[settings.method]
    known = values[:, columns]
    if settings.method == "iqr":
        low, high = np.nanquantile(known, [0.25, 0.75], axis=0)
        spread = high - low
    else:
        low = high = np.nanmedian(known, axis=0)
        spread = MAD_TO_DEVIATION * np.nanmedian(np.abs(known - low), axis=0)
    bounds = np.stack([low - threshold * spread, high + threshold * spread])
    unbounded[:, columns] = np.where(spread > 0, bounds, unbounded[:, columns])
    return unbounded


def treat_outliers(values: FloatArray, bounds: FloatArray, settings: Outliers) -> FloatArray:
    """Clip outliers to the bounds, or mask them as missing.

    Args:
        values: float64, `(n_rows, n_columns)`.
        bounds: float64, `(n_rows, 2, n_columns)` or `(1, 2, n_columns)`.
        settings: What to do.
    """
    if settings.method == "none":
        return values
    low, high = bounds[:, 0], bounds[:, 1]
    if settings.action == "clip":
        return np.clip(values, low, high)
    return np.where((values < low) | (values > high), np.nan, values)


def fill_missing(
    values: FloatArray, rows: Rows, settings: Missing, *, means: FloatArray
) -> FloatArray:
    """Fill missing values by the strategy; what it cannot fill stays NaN.

    `seasonal` takes the value one season earlier (or more, until one is there) and `interpolate`
    a straight line between its neighbours; where these are not to be had, both fall back on the
    last value (`ffill`). `interpolate` bridges only points of the same series on the same side of
    every cut, so that nothing crosses from validation or test into training.

    Args:
        values: float64, `(n_rows, n_columns)`, NaN where missing.
        rows: Where each row stands.
        settings: The strategy, and how many missing values in a row it may fill.
        means: float64, `(n_rows | 1, n_columns)`, the training means, for `mean`.
    """
    missing = np.isnan(values)
    if settings.strategy in FILLS_NOTHING or not missing.any():
        return values
    last = _last_known(~missing, rows)
    if settings.strategy == "zero":
        filled = np.zeros_like(values)
    elif settings.strategy == "mean":
        filled = np.broadcast_to(means, values.shape)
    elif settings.strategy == "seasonal":
        filled = _at(values, _seasonal_source(~missing, rows, last))
    else:
        filled = _at(values, last)
        if settings.strategy == "interpolate":
            bridged = _bridge(values, last, rows)
            filled = np.where(np.isnan(bridged), filled, bridged)
    if settings.limit is not None:
        run = rows.number - np.where(last >= 0, last, rows.first[:, None] - 1)
        missing &= run <= settings.limit
    return np.where(missing, filled, values)


def filled_from(values: FloatArray, rows: Rows, settings: Missing) -> IntArray:
    """The first row that `fill_missing` reads for each row, looking back.

    Args:
        values: float64, `(n_rows, n_columns)`, NaN where missing.
        rows: Where each row stands.
        settings: The strategy.

    Returns:
        int64, `(n_rows,)`: the row itself where nothing is missing; the first row of its series
        where a column has no value up to it.
    """
    constant = settings.strategy in ("zero", "mean") and settings.limit is None
    if constant or settings.strategy in FILLS_NOTHING:
        return np.arange(len(values))
    known = ~np.isnan(values)
    last = _last_known(known, rows)
    source = _seasonal_source(known, rows, last) if settings.strategy == "seasonal" else last
    read = np.where(last >= 0, np.minimum(last, source), rows.first[:, None])
    return np.asarray(read.min(axis=1), dtype=np.int64)


def _last_known(known: NDArray[np.bool_], rows: Rows) -> IntArray:
    """Row of the last known value up to each row, in its own series; -1 where there is none."""
    last = np.maximum.accumulate(np.where(known, rows.number, -1), axis=0)
    return np.where(last >= rows.first[:, None], last, -1)


def _next_known(known: NDArray[np.bool_], rows: Rows) -> IntArray:
    """Row of the next known value from each row on, of whichever series; n_rows where none is."""
    n_rows = len(known)
    ahead = np.where(known, rows.number, n_rows)[::-1]
    return np.minimum.accumulate(ahead, axis=0)[::-1]


def _at(values: FloatArray, row: IntArray) -> FloatArray:
    """`values[row]`, column by column; NaN where the row is -1."""
    taken = np.take_along_axis(values, np.maximum(row, 0), axis=0)
    return np.where(row >= 0, taken, np.nan)


def _bridge(values: FloatArray, last: IntArray, rows: Rows) -> FloatArray:
    n_rows = len(values)
    following = _next_known(~np.isnan(values), rows)
    inner = np.minimum(following, n_rows - 1)
    whole = (last >= 0) & (following < n_rows) & (rows.first[inner] == rows.first[:, None])
    whole &= rows.side[np.maximum(last, 0)] == rows.side[inner]
    before, after = _at(values, last), _at(values, inner)
    share = (rows.number - last) / np.maximum(following - last, 1)
    return np.where(whole, before + share * (after - before), np.nan)


def _seasonal_source(known: NDArray[np.bool_], rows: Rows, last: IntArray) -> IntArray:
    """Row of the last known value whole seasons before each row; `last` where there is none.

    With the rows of each series in order of their place in the season, it is the last known one.
    """
    number = np.arange(len(known))
    place = (number - rows.first) % rows.season_length
    order = np.lexsort((place, rows.first))  # stable: each place stays in order of time
    begins = np.diff(rows.first[order], prepend=-1) != 0
    begins |= np.diff(place[order], prepend=-1) != 0
    reordered = replace(rows, first=np.maximum.accumulate(np.where(begins, number, 0)))
    found = _last_known(known[order], reordered)
    source = np.empty_like(found)
    source[order] = np.where(found >= 0, order[found], -1)
    return np.where(source >= 0, source, last)
