"""Rolling origins: the test period in parts, each with the training rows before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Backtest, Config
from lstmcast.data.panel import IntArray, Panel, head
from lstmcast.data.splitting import Splits, split_panel
from lstmcast.errors import TooShortError

Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Fold:
    """One part of the test period, and the rows that its network may be trained on.

    Attributes:
        number: From 1, in order of time.
        splits: Of the whole panel. The test rows are those of all targets of the part's windows:
            the part, and `horizon - 1` rows after it.
    """

    number: int
    splits: Splits


@dataclass(frozen=True)
class FoldData:
    """The rows of a panel up to the last one that a fold may know.

    Attributes:
        panel: These rows; a series that begins later is not in it.
        splits: The fold's, counted in this panel.
        series: int64, `(n_series,)`, the index in the whole panel of each series.
        shift: int64, `(n_series,)`, what is added to a row of each series for its row in the whole
            panel.
    """

    panel: Panel
    splits: Splits
    series: IntArray
    shift: IntArray

    def in_whole(self, rows: IntArray) -> IntArray:
        """Rows of this panel, counted in the whole one."""
        return rows + self.shift[self.panel.series_of_row[rows]]


def make_folds(panel: Panel, config: Config) -> tuple[Fold, ...]:
    """Cut the test period into the parts of a backtest.

    A window of the test period belongs to the part that holds its first target, so each belongs to
    exactly one. What is cut into parts of equal length are the rows that can be a first target: the
    test period without its last `horizon - 1` rows. With `split.per: panel` these are distinct
    times of the panel, with `per: series` each series' own rows.

    The validation rows of a part are those right before it, as many as the config's validation
    split has; the training rows are all before these or, of a sliding window, as many as the first
    part has. Those of the first part are the config's own.

    Args:
        panel: The whole data.
        config: Its `backtest`, `split` and `window`.

    Raises:
        ConfigError, DataError: As `split_panel`.
        TooShortError: If there are fewer first targets than parts.
    """
    base = split_panel(panel, config.split)
    clocks = _clocks(panel, config, base)
    parts = np.stack([clock.parts(_n_parts(clocks, config), config.backtest) for clock in clocks])
    return tuple(
        _fold(panel, config, base, _Part(number, clocks, parts[:, number - 1 : number + 1]))
        for number in range(1, parts.shape[1])
    )


def fold_data(panel: Panel, fold: Fold) -> FoldData:
    """What a fold may know of a panel: nothing after the last target of its windows."""
    n_rows = fold.splits.bounds[:, 3] - panel.offsets[:-1]
    series = np.flatnonzero(n_rows > 0)
    cut = head(panel, n_rows)
    shift = panel.offsets[series] - cut.offsets[:-1]
    splits = Splits(
        bounds=fold.splits.bounds[series] - shift[:, None], cuts=fold.splits.cuts[series]
    )
    return FoldData(panel=cut, splits=splits, series=series, shift=shift)


@dataclass(frozen=True)
class _Clock:
    """The rows, or distinct times, that a split counts.

    Attributes:
        times: datetime64[us], ascending.
        train: How many of them come before validation.
        test: How many come before the test.
        end: How many come before its end.
        first_targets: How many can be the first target of a test window.
    """

    times: Times
    train: int
    test: int
    end: int
    first_targets: int

    def parts(self, n_parts: int, backtest: Backtest) -> IntArray:
        """Where each part begins, and the last ends, int64 `(n_parts + 1,)`."""
        number = np.arange(n_parts)
        if backtest.every is None:
            offsets = self.first_targets * number // n_parts
        else:
            offsets = np.minimum(backtest.every * number, self.first_targets)
        return np.append(self.test + offsets, self.end)

    def time(self, index: int) -> np.datetime64:
        """The time at an index; beyond the last, one after all."""
        time: np.datetime64 = self.times[min(index, len(self.times) - 1)]
        return time if index < len(self.times) else time + np.timedelta64(1, "us")


@dataclass(frozen=True)
class _Part:
    """A part: its number, and its first and next index on each clock, `(n_clocks, 2)`."""

    number: int
    clocks: tuple[_Clock, ...]
    indices: IntArray


def _clocks(panel: Panel, config: Config, base: Splits) -> tuple[_Clock, ...]:
    """One for the panel, or one for each series."""
    if config.split.per == "panel" or config.split.kind == "times":
        each = [panel.times if panel.n_series == 1 else np.unique(panel.times)]
    else:
        each = np.split(panel.times, panel.offsets[1:-1])
    clocks = []
    for times, cuts in zip(each, base.cuts, strict=False):
        train, test, end = (int(i) for i in np.searchsorted(times, cuts))
        first_targets = max(0, end - test - config.window.horizon + 1)
        clocks.append(_Clock(times, train, test, end, first_targets))
    return tuple(clocks)


def _n_parts(clocks: tuple[_Clock, ...], config: Config) -> int:
    """How many parts there are.

    Raises:
        TooShortError: If no series has a first target for each.
    """
    backtest, horizon = config.backtest, config.window.horizon
    longest = max(clocks, key=lambda clock: clock.first_targets)
    wanted = backtest.folds if backtest.every is None else 1
    if longest.first_targets < wanted:
        rows = longest.end - longest.test
        raise TooShortError(
            f"the test period has {rows} rows; {rows} - window.horizon {horizon} + 1 = "
            f"{longest.first_targets} of them can be the first target of a window, and a backtest "
            f"of {wanted} parts needs {wanted}. Lower backtest.folds, shorten the horizon, or "
            "enlarge split.test."
        )
    return wanted if backtest.every is None else -(-longest.first_targets // backtest.every)


def _fold(panel: Panel, config: Config, base: Splits, part: _Part) -> Fold:
    cuts = np.array(
        list(_cut_times(part, sliding=config.backtest.window == "sliding")), dtype="datetime64[us]"
    )
    if len(cuts) < panel.n_series:
        cuts = np.tile(cuts, (panel.n_series, 1))
    before = panel.times[:, None] < cuts[panel.series_of_row]
    starts = panel.offsets[:-1, None]
    rows = starts + np.add.reduceat(before.astype(np.int64), panel.offsets[:-1], axis=0)
    begins, ends = rows[:, 2], np.minimum(rows[:, 3] + config.window.horizon - 1, base.bounds[:, 3])
    # A series without a row in the part has no window there.
    bounds = np.column_stack([rows[:, :3], np.where(rows[:, 3] > begins, ends, begins)])
    inside = bounds[:, 3] < base.bounds[:, 3]
    last = panel.times[np.minimum(bounds[:, 3], panel.n_rows - 1)]
    known = np.column_stack([cuts[:, 1:3], np.where(inside, last, base.cuts[:, 2])])
    return Fold(number=part.number, splits=Splits(bounds=bounds, cuts=known))


def _cut_times(part: _Part, *, sliding: bool) -> Iterator[list[np.datetime64]]:
    """On each clock: when training, validation and the part begin, and the next part does."""
    for clock, (begin, following) in zip(part.clocks, part.indices, strict=True):
        validation = begin - (clock.test - clock.train)
        train = validation - clock.train if sliding else 0
        yield [clock.time(index) for index in (train, validation, begin, following)]
