"""Statistics of the whole panel, and of each series where asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, Panel


@dataclass(frozen=True)
class Grouping:
    """Which statistics belong to which series.

    The statistics of `n` series with their own ones are arrays with `n + 1` first entries; the
    last is that of the whole panel, and serves every series that has none of its own.

    Attributes:
        series: Ids of the series with their own statistics; empty with `scaling.per: panel`.
    """

    series: tuple[str, ...]

    @property
    def n_groups(self) -> int:
        """Entries of every statistic."""
        return len(self.series) + 1

    def of_series(self, series: Sequence[str]) -> NDArray[np.int64]:
        """Entry that serves each series, int64 `(n_series,)`."""
        known = {name: i for i, name in enumerate(self.series)}
        return np.array([known.get(name, len(self.series)) for name in series], dtype=np.int64)

    def fit(
        self,
        values: FloatArray,
        train: NDArray[np.bool_],
        panel: Panel,
        statistic: Callable[[FloatArray], FloatArray],
    ) -> FloatArray:
        """A statistic of the training rows of each group.

        Args:
            values: float64, `(n_rows, n_columns)`.
            train: Which rows are training rows.
            panel: Which rows are of which series.
            statistic: From `(n, n_columns)` to an array of any one shape; NaN where it is unknown
                for want of values.

        Returns:
            float64, `(n_groups, …)`. What is unknown of a series is that of the whole panel.
        """
        place = {name: i for i, name in enumerate(panel.series)}
        whole = statistic(values[train])
        each = []
        for name in self.series:
            begin, end = panel.offsets[place[name] : place[name] + 2]
            own = statistic(values[begin:end][train[begin:end]])
            each.append(np.where(np.isnan(own), whole, own))
        return np.stack([*each, whole])


def group_by(panel: Panel, train: NDArray[np.bool_], per: str) -> Grouping:
    """`panel`: one group; `series`: one for each series that has training rows."""
    if per == "panel":
        return Grouping(())
    has_rows = np.add.reduceat(train.astype(np.int64), panel.offsets[:-1]) > 0
    return Grouping(tuple(name for name, has in zip(panel.series, has_rows, strict=True) if has))
