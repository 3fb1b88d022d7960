"""Static covariates: one value a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.data.panel import Column, FloatArray
from lstmcast.data.reading.table import Table
from lstmcast.errors import DataError


@dataclass(frozen=True)
class Static:
    """What is constant in each series.

    Attributes:
        values: float64, `(n_series, n_numbers)`, NaN where missing.
        codes: int32, `(n_series, n_categories)`, -1 where missing.
        levels: For each column of `codes`, the texts.
    """

    values: FloatArray
    codes: NDArray[np.int32]
    levels: tuple[tuple[str, ...], ...]


def static_covariates(
    table: Table, series: NDArray[np.int32], columns: Sequence[Column], *, names: Sequence[str]
) -> Static:
    """The one value that each static covariate has in each series.

    Args:
        table: Rows in file order; a column that it lacks is missing in all series.
        series: Index of the series of each row, int32 `(n_rows,)`.
        columns: Those of the panel; the static ones count.
        names: Ids of the series.

    Raises:
        DataError: If a covariate has two values in a series; names the second.
    """
    static = [column for column in columns if column.role == "static"]
    numbers: list[FloatArray] = []
    codes: list[FloatArray] = []
    levels: list[tuple[str, ...]] = []
    for column in static:
        if column.kind == "number":
            known = number_column(table, column.name)
        else:
            found, texts = category_column(table, column.name)
            known = np.where(found < 0, np.nan, found)
            levels.append(texts)
        _require_one_each(known, series, table, column=column.name, names=names)
        one = np.full(len(names), np.nan)
        held = ~np.isnan(known)
        one[series[held]] = known[held]
        (numbers if column.kind == "number" else codes).append(one)
    coded = stack_columns(codes, len(names))
    return Static(
        stack_columns(numbers, len(names)),
        np.where(np.isnan(coded), -1, coded).astype(np.int32),
        tuple(levels),
    )


def _require_one_each(
    known: FloatArray,
    series: NDArray[np.int32],
    table: Table,
    *,
    column: str,
    names: Sequence[str],
) -> None:
    held = np.flatnonzero(~np.isnan(known))
    firsts = np.zeros(len(names))
    # Assigned backwards, so that the first row of each series is the one that stays.
    firsts[series[held[::-1]]] = known[held[::-1]]
    other = held[known[held] != firsts[series[held]]]
    if not len(other):
        return
    row = int(other[0])
    of_series = f" of series {names[series[row]]!r}" if names[0] else ""
    message = (
        f"a static covariate has one value a series, but an earlier row{of_series} has another. "
        "Name it a past or future covariate if it changes with time."
    )
    # As an object it is a plain number, not one of numpy, in the message.
    value = table.frame[column].astype(object).iloc[row]
    raise DataError(message, column=column, value=value, **table.place(row))


def number_column(table: Table, name: str) -> FloatArray:
    """A column of numbers, float64 `(n_rows,)`; NaN where the table lacks it."""
    if name not in table.frame.columns:
        return np.full(len(table.frame), np.nan)
    return table.frame[name].to_numpy(dtype=np.float64)


def category_column(table: Table, name: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Codes of a column of texts, int32 `(n_rows,)`, -1 where missing; and its levels, sorted."""
    if name not in table.frame.columns:
        return np.full(len(table.frame), -1, dtype=np.int32), ()
    codes, levels = pd.factorize(table.frame[name], sort=True)
    return codes.astype(np.int32), tuple(str(level) for level in levels)


def stack_columns(columns: Sequence[NDArray[Any]], n_rows: int) -> FloatArray:
    """Columns side by side, float64 `(n_rows, n_columns)`, also where there are none."""
    if not columns:
        return np.empty((n_rows, 0))
    return np.column_stack(columns).astype(np.float64)
