"""The classes that were forecast of a split, beside what came true and the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.forecasts import ByWindow


@dataclass(frozen=True)
class Guess:
    """The classes that a baseline names.

    Attributes:
        classes: int64 `(W, H)`, numbers of the classes.
        probabilities: float64 `(W, H, C)`; None where the baseline is sure without knowing.
    """

    classes: IntArray
    probabilities: FloatArray | None = None


@dataclass(frozen=True)
class ClassForecasts:
    """Forecasts of the classes of one split's windows. `W` windows, `H` steps, `C` classes.

    Attributes:
        split: `train`, `validation` or `test`.
        starts: int64 `(W,)`, ascending: the row of the panel at which each window starts.
        series: int32 `(W,)`, index of the series of each window.
        origin_times: datetime64[us] `(W,)`, time of the last observed step.
        times: datetime64[us] `(W, H)`, time of each target step, taken by window.
        y_true: int64 `(W, H)`, the class that came true.
        probabilities: float64 `(W, H, C)`, which add up to 1.
        baselines: For each baseline by name what it says.
        target: Name of the target.
        classes: Names of the classes.
        series_names: Id of each series.
    """

    split: str
    starts: IntArray
    series: NDArray[np.int32]
    origin_times: NDArray[np.datetime64]
    times: ByWindow
    y_true: IntArray
    probabilities: FloatArray
    baselines: Mapping[str, Guess]
    target: str
    classes: tuple[str, ...]
    series_names: tuple[str, ...]

    @property
    def n_windows(self) -> int:
        """Number of windows, `W`."""
        return len(self.starts)

    @property
    def horizon(self) -> int:
        """Target steps of a window, `H`."""
        return int(self.y_true.shape[1])

    @property
    def y_pred(self) -> IntArray:
        """The most probable class, int64 `(W, H)`; the first of several alike."""
        return np.asarray(self.probabilities.argmax(axis=-1), dtype=np.int64)
