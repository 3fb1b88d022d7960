"""Columns of the user's that hold the target's future: found by lagged correlation.

A column is compared with a target `k` steps ahead of it, over all `k` at which a forecast would
gain from it. Of both is taken away what a constant, a linear trend, the target's last values and
its seasonal value explain by least squares (all known when the column is), and what is left is
correlated: the partial correlation (Fisher 1924, "The distribution of the partial correlation
coefficient"). Only training rows are read. Each series is centred and scaled by itself, and no lag
crosses from one into the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Window
from lstmcast.data.panel import Column, FloatArray, IntArray, Panel
from lstmcast.data.splitting import Splits

# Partial correlations from which on a column is a leak, or a suspicion.
LEAK, SUSPICION = 0.99, 0.9
# The last values of the target that are taken away, beside its seasonal value.
OWN_LAGS = 8
# Rows that are read, spread evenly; and fewer than which say nothing.
MOST_ROWS, FEWEST_ROWS = 4_000, 40
# Rows of which these are taken, where a target is known later.
_CANDIDATES = 4 * MOST_ROWS
# Share of a column's variance below which the target's past explains all of it.
_EXPLAINED = 1e-8
# Largest distance of an affine copy from the column, in its deviations.
_EXACT = 1e-6
# Deviation, beside its mean, up to which a column is constant.
_VARIES = 1e-12


@dataclass(frozen=True)
class Finding:
    """A column beside a target.

    Attributes:
        column: The column.
        role: What it may be used for.
        target: The target.
        state: What it is.
        steps_ahead: How many steps later the target is that it goes with best.
        correlation: The partial correlation at that step; None where the target's own past explains
            one of them, or too few rows are there.
        exact: Whether it is an affine copy of the target.
        values: How many pairs of values were compared.
        text: What was found.
    """

    column: str
    role: str
    target: str
    state: Literal["ok", "suspicion", "leak"]
    steps_ahead: int | None
    correlation: float | None
    exact: bool
    values: int
    text: str


def find_leaking_columns(
    panel: Panel, splits: Splits, window: Window, *, known: Collection[str] = ()
) -> Iterator[Finding]:
    """Look at each number column beside each target.

    Args:
        panel: The data.
        splits: Where training ends.
        window: How far a forecast reaches.
        known: Columns that the user says are known in time; left out.
    """
    rows = splits.rows("train", panel.n_rows)
    schema = panel.schema
    scaled = _scaled(np.where(rows[:, None], panel.values, np.nan), panel)
    series = panel.series_of_row
    for t, target in enumerate(schema.targets):
        held = _held(scaled[:, t], panel)
        for i, name in enumerate(schema.names(kind="number")):
            if i != t and name not in known:
                candidates = _thinned(np.flatnonzero(~np.isnan(scaled[:, i])), _CANDIDATES)
                pair = _Pair(panel, series, scaled[:, i], scaled[:, t], held, candidates)
                yield _finding(pair, schema.column(name), target, window)


def steps_of(column: Column, window: Window) -> range:
    """How many steps after a column's value a target is that it must not tell of.

    A past covariate is read up to the origin (less its delay), a future covariate over the horizon:
    there its value of the last step may tell of the first.
    """
    ahead = window.lead + window.horizon
    if column.role == "future":
        return range(1 - window.horizon, ahead + 1)
    return range(column.delay + 1, column.delay + ahead + 1)


@dataclass(frozen=True)
class _Pair:
    """A column and a target of the training rows, each series scaled by itself.

    Attributes:
        panel: The data.
        series: int32, `(n_rows,)`, the series of each row.
        column: float64, `(n_rows,)`, NaN where missing or outside the training rows.
        target: The same.
        held: The target with the last known value where it is missing; NaN before all.
        candidates: int64, `(n,)`, rows where the column is known; of very many, some.
    """

    panel: Panel
    series: NDArray[np.int32]
    column: FloatArray
    target: FloatArray
    held: FloatArray
    candidates: IntArray

    def rows_with(self, steps: int) -> IntArray:
        """Rows where the column is known, and the target some steps later."""
        is_known = ~np.isnan(self.later(self.target, self.candidates, steps))
        return _thinned(self.candidates[is_known], MOST_ROWS)

    def later(self, values: FloatArray, rows: IntArray, steps: int) -> FloatArray:
        """Values so many steps after some rows of the same series; NaN beyond its ends."""
        series = self.series[rows]
        wanted = rows + steps
        first, end = self.panel.offsets[series], self.panel.offsets[series + 1]
        inside = (wanted >= first) & (wanted < end)
        return np.where(inside, values[np.where(inside, wanted, 0)], np.nan)

    def own_past(self, rows: IntArray, steps: int, *, gap: int) -> FloatArray:
        """A constant, a trend, and the target's own values up to `gap` steps before the later one.

        Returns:
            float64, `(n, 3 + OWN_LAGS)`, NaN where these reach back before the series.
        """
        season = self.panel.schema.season_length
        own = [self.later(self.held, rows, steps - gap - lag) for lag in range(OWN_LAGS)]
        seasonal = self.later(self.held, rows, steps + gap // -season * season)
        # A season is long: where there is none yet, the last value takes its place.
        own.append(np.where(np.isnan(seasonal), own[0], seasonal))
        return np.column_stack([np.ones(len(rows)), rows / self.panel.n_rows, *own])

    def partial_correlation(self, rows: IntArray, steps: int, *, gap: int) -> float | None:
        """Of the column and the later target; None where the target's past explains either."""
        own = self.own_past(rows, steps, gap=gap)
        inside = ~np.isnan(own).any(axis=1)
        rows, own = rows[inside], own[inside]
        if len(rows) < FEWEST_ROWS:
            return None
        both = np.column_stack([self.column[rows], self.later(self.target, rows, steps)])
        left = both - own @ np.linalg.lstsq(own, both, rcond=None)[0]
        spread, whole = left.std(axis=0), both.std(axis=0)
        if (spread**2 <= _EXPLAINED * whole**2).any():
            return None
        return float(np.clip(np.mean(left[:, 0] * left[:, 1]) / (spread[0] * spread[1]), -1, 1))

    def is_copy(self, rows: IntArray, steps: int) -> bool:
        """Whether the later target is an affine function of the column."""
        if len(rows) < FEWEST_ROWS:
            return False
        column, later = self.column[rows], self.later(self.target, rows, steps)
        line = np.column_stack([np.ones(len(rows)), column])
        rest = later - line @ np.linalg.lstsq(line, later, rcond=None)[0]
        return bool(later.std() > _EXACT and np.abs(rest).max() <= _EXACT * later.std())


def _thinned(rows: IntArray, most: int) -> IntArray:
    """So many of some rows, spread evenly."""
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)])


def _scaled(values: FloatArray, panel: Panel) -> FloatArray:
    """Each series of each column centred, and divided by its deviation; NaN where it has none."""
    scaled = np.full_like(values, np.nan)
    for begin, end in zip(panel.offsets[:-1], panel.offsets[1:], strict=True):
        own = values[begin:end]
        for i in np.flatnonzero((~np.isnan(own)).sum(axis=0) > 1):
            centre, spread = np.nanmean(own[:, i]), np.nanstd(own[:, i])
            if spread > _VARIES * max(1.0, abs(float(centre))):
                scaled[begin:end, i] = (own[:, i] - centre) / spread
    return scaled


def _held(values: FloatArray, panel: Panel) -> FloatArray:
    """The last known value of the same series at each row, NaN before the first."""
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(panel.n_rows)))
    inside = last >= panel.offsets[panel.series_of_row]
    return np.where(inside, values[np.where(inside, last, 0)], np.nan)


def _finding(pair: _Pair, column: Column, target: str, window: Window) -> Finding:
    best: tuple[float, int] | None = None
    n_values = 0
    for steps in steps_of(column, window):
        rows = pair.rows_with(steps)
        n_values += len(rows)
        gap = 1 if column.role == "future" else steps - column.delay
        found = pair.partial_correlation(rows, steps, gap=gap)
        if found is not None and (best is None or abs(found) > abs(best[0])):
            best = (found, steps)
    steps = 0 if best is None else best[1]
    correlation = None if best is None else best[0]
    exact = pair.is_copy(pair.rows_with(steps), steps)
    return Finding(
        column=column.name,
        role=column.role,
        target=target,
        state=_state(correlation, repeats=exact and best is None),
        steps_ahead=None if best is None else steps,
        correlation=correlation,
        exact=exact,
        values=n_values,
        text=_text(column, target, correlation, steps, exact=exact),
    )


def _state(correlation: float | None, *, repeats: bool) -> Literal["ok", "suspicion", "leak"]:
    if correlation is not None and abs(correlation) >= LEAK:
        return "leak"
    if repeats or (correlation is not None and abs(correlation) >= SUSPICION):
        return "suspicion"
    return "ok"


def _text(
    column: Column, target: str, correlation: float | None, steps: int, *, exact: bool
) -> str:
    """What was found, and what to do about it."""
    if correlation is None:
        if exact:
            return (
                f"{column.name} is an affine copy of {target} of the same time: it adds nothing, "
                "and leaks if it is not out when the target is. Remove it"
            )
        return f"{column.name} and {target}: nothing beyond what the target's own past says"
    when = "of the same time"
    if steps:
        many = "step" if abs(steps) == 1 else "steps"
        when = f"{abs(steps)} {many} {'later' if steps > 0 else 'earlier'}"
    how = "is an affine copy of" if exact else "goes with"
    text = f"{column.name} {how} {target} {when} (partial correlation {correlation:.4f})"
    if abs(correlation) < SUSPICION:
        return text
    return f"{text}. Remove it, or say that it is known by then with --known {column.name}"
