"""The forecasts of a split, beside what came true and what the baselines said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray


@dataclass(frozen=True)
class WindowForecasts:
    """Forecasts of one split's windows, in the user's units.

    `W` windows, `H` steps, `T` targets, `Q` quantiles.

    Attributes:
        split: `train`, `validation` or `test`.
        starts: int64 `(W,)`, ascending: the row of the panel at which each window starts.
        series: int32 `(W,)`, index of the series of each window.
        origin_times: datetime64[us] `(W,)`, time of the last observed step.
        times: datetime64[us] `(W, H)`, time of each target step.
        y_true: float64 `(W, H, T)`, what came true.
        y_pred: float64 `(W, H, T)`, the point forecast.
        quantiles: float64 `(W, H, T, Q)`, or None for a point forecast.
        levels: The `Q` levels, ascending; empty for a point forecast.
        baselines: For each baseline by name, its forecast, float64 `(W, H, T)`; it may be computed
            anew each time it is asked for.
        targets: Names of the targets.
        series_names: Id of each series.
    """

    split: str
    starts: IntArray
    series: NDArray[np.int32]
    origin_times: NDArray[np.datetime64]
    times: NDArray[np.datetime64]
    y_true: FloatArray
    y_pred: FloatArray
    quantiles: FloatArray | None
    levels: tuple[float, ...]
    baselines: Mapping[str, FloatArray]
    targets: tuple[str, ...]
    series_names: tuple[str, ...]

    @property
    def n_windows(self) -> int:
        """Number of windows, `W`."""
        return len(self.starts)

    @property
    def errors(self) -> FloatArray:
        """Prediction - actual, float64 `(W, H, T)`; computed at each call."""
        return self.y_pred - self.y_true
