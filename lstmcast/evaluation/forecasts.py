"""The forecasts of a split, beside what came true and what the baselines said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray


class ByWindow(Protocol):
    """Values `(W, H, …)` that are taken by window: an array, or what is gathered when asked for."""

    def __getitem__(self, windows: slice | IntArray, /) -> NDArray[Any]:
        """The values of some windows, `(w, H, …)`; of all with `[:]`."""


@dataclass(frozen=True)
class StepsAhead:
    """The rows that are the target steps of each window, gathered when asked for.

    Windows overlap, so that all of them at once take `horizon` times the memory of the rows.

    Attributes:
        values: `(n_rows, …)`, of all series end to end.
        first: int64 `(W,)`, the row of each window's first target step.
        horizon: Target steps of a window, `H`.
    """

    values: NDArray[Any]
    first: IntArray
    horizon: int

    def __getitem__(self, windows: slice | IntArray, /) -> NDArray[Any]:
        """The values of some windows, `(w, H, …)`."""
        first = self.first[windows]
        taken = np.empty((len(first), self.horizon, *self.values.shape[1:]), self.values.dtype)
        # All at once, the row numbers would take as much again.
        if len(first) < self.horizon:
            for i, row in enumerate(first):
                taken[i] = self.values[row : row + self.horizon]
        else:
            for step in range(self.horizon):
                taken[:, step] = self.values[first + step]
        return taken


@dataclass(frozen=True)
class WindowForecasts:
    """Forecasts of one split's windows, in the user's units.

    `W` windows, `H` steps, `T` targets, `Q` quantiles.

    Attributes:
        split: `train`, `validation` or `test`.
        starts: int64 `(W,)`, ascending: the row of the panel at which each window starts.
        series: int32 `(W,)`, index of the series of each window.
        origin_times: datetime64[us] `(W,)`, time of the last observed step.
        times: datetime64[us] `(W, H)`, time of each target step, taken by window.
        y_true: float64 `(W, H, T)`, what came true, taken by window.
        y_pred: float64 `(W, H, T)`, the point forecast.
        quantiles: float64 `(W, H, T, Q)`, taken by window, or None for a point forecast.
        levels: The `Q` levels, ascending; empty for a point forecast.
        baselines: For each baseline by name, its forecast, float64 `(W, H, T)`, taken by window.
        targets: Names of the targets.
        series_names: Id of each series.
        distribution: Name of the distribution that was forecast (`distributions.DISTRIBUTIONS`);
            None where it is not known.
        parameters: Its parameters, float64 `(W, H, T, P)`, or None.
    """

    split: str
    starts: IntArray
    series: NDArray[np.int32]
    origin_times: NDArray[np.datetime64]
    times: ByWindow
    y_true: ByWindow
    y_pred: FloatArray
    quantiles: ByWindow | None
    levels: tuple[float, ...]
    baselines: Mapping[str, ByWindow]
    targets: tuple[str, ...]
    series_names: tuple[str, ...]
    distribution: str | None = None
    parameters: FloatArray | None = None

    @property
    def n_windows(self) -> int:
        """Number of windows, `W`."""
        return len(self.starts)

    @property
    def horizon(self) -> int:
        """Target steps of a window, `H`."""
        return int(self.y_pred.shape[1])
