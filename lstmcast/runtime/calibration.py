"""Calibrated quantiles of a run: how far its network was off on validation windows.

All that is added is in network units, after the transform and the scaling of the targets, so that
series of different sizes can share what was learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Config
from lstmcast.data.grouping import Grouping
from lstmcast.data.panel import FloatArray
from lstmcast.data.preparation import finite_or_null
from lstmcast.evaluation.conformal import (
    MEDIAN,
    ascending,
    base_of,
    conformal_shift,
    windows_needed,
)
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.intervals import GRID

# Times the fewest windows that a level takes which a series must have to go by its own errors:
# consecutive windows say much the same.
ENOUGH = 10
# Series with errors of their own at most: of very many the file would grow without end.
MOST_SERIES = 100


@dataclass(frozen=True)
class Outputs:
    """What a network said of some windows, in network units.

    Attributes:
        points: float64 `(W, H, T)`.
        quantiles: float64 `(W, H, T, Q)`, at the network's own levels; None for a point.
        parameters: float64 `(W, H, T, P)`, of its distribution; None where it gives none.
    """

    points: FloatArray
    quantiles: FloatArray | None
    parameters: FloatArray | None = None

    def take(self, windows: slice | NDArray[np.int64]) -> Outputs:
        """Those of some of the windows."""
        quantiles, parameters = self.quantiles, self.parameters
        return Outputs(
            self.points[windows],
            None if quantiles is None else quantiles[windows],
            None if parameters is None else parameters[windows],
        )


@dataclass(frozen=True)
class Calibration:
    """What is added to what a network says, for each quantile level.

    `G` groups: the series that go by errors of their own, and all series together.

    Attributes:
        grouping: Which series those are.
        network_levels: The network's own quantile levels; empty for a point.
        shown: The levels of a forecast, ascending.
        levels: All `L` levels, ascending; those shown, and more to judge the whole distribution by.
        shifts: float64 `(G, H, T, L)`.
        size: float64 `(G, H, T)`, mean absolute error of the validation windows.
        n_windows: int64 `(G,)`, validation windows of each.
        baselines: For each baseline by name, float64 `(G, H, T, L)`, what is added to its forecast,
            in units of each series' MASE scale.
    """

    grouping: Grouping
    network_levels: tuple[float, ...]
    shown: tuple[float, ...]
    levels: tuple[float, ...]
    shifts: FloatArray
    size: FloatArray
    n_windows: NDArray[np.int64]
    baselines: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def keep_median(self) -> bool:
        """Whether the network has a median, which is its point forecast and never shifted."""
        return MEDIAN in self.network_levels

    def only_shown(self) -> Calibration:
        """The same of the shown levels alone."""
        return replace(self, levels=self.shown, shifts=self.shifts[..., self.places])

    @property
    def places(self) -> list[int]:
        """Where the shown levels stand among all."""
        return [self.levels.index(level) for level in self.shown]

    def base(self, outputs: Outputs) -> FloatArray:
        """What the network says nearest to each level, float64 `(W, H, T, L)`; to be read only."""
        nearest = [_base(outputs, level, self.network_levels) for level in self.levels]
        if not self.network_levels:  # the point for every level, which takes no room to say again
            return np.broadcast_to(nearest[0][..., None], (*nearest[0].shape, len(nearest)))
        return np.stack(nearest, axis=-1)

    def quantiles(self, outputs: Outputs, groups: NDArray[np.int64]) -> FloatArray:
        """Calibrated quantiles in network units.

        Args:
            outputs: Of some windows.
            groups: int64 `(W,)`, the group of each window's series.

        Returns:
            float64 `(W, H, T, L)`, ascending along the last axis.
        """
        values = self.base(outputs) + self.shifts[groups]
        return ascending(values, self.levels, keep_median=self.keep_median)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "series": list(self.grouping.series),
            "network_levels": list(self.network_levels),
            "shown": list(self.shown),
            "levels": list(self.levels),
            "windows": self.n_windows.tolist(),
            "shifts": self.shifts.tolist(),
            "size": self.size.tolist(),
            "baselines": {name: finite_or_null(own) for name, own in self.baselines.items()},
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Calibration:
        """The inverse of `to_json`.

        Raises:
            KeyError, TypeError, ValueError: If the values are not what `to_json` writes.
        """
        calibration = cls(
            grouping=Grouping(tuple(values["series"])),
            network_levels=tuple(map(float, values["network_levels"])),
            shown=tuple(map(float, values["shown"])),
            levels=tuple(map(float, values["levels"])),
            shifts=np.array(values["shifts"], dtype=np.float64),
            size=np.array(values["size"], dtype=np.float64),
            n_windows=np.array(values["windows"], dtype=np.int64),
            baselines={
                name: np.array(own, dtype=np.float64) for name, own in values["baselines"].items()
            },
        )
        shape = calibration.shifts.shape
        alike = all(own.shape == shape for own in calibration.baselines.values())
        whole = alike and shape[::3] == (calibration.grouping.n_groups, len(calibration.levels))
        if not whole or calibration.size.shape != shape[:3]:
            raise ValueError("the arrays of the calibration do not fit each other")
        return calibration


@dataclass(frozen=True)
class Residuals:
    """The windows of the validation split, as the network saw them.

    Attributes:
        outputs: What the network outputs.
        actual: float64 `(W, H, T)`, what came true, in network units.
        series: `(W,)`, index of the series of each window.
        names: Id of each series.
    """

    outputs: Outputs
    actual: FloatArray
    series: NDArray[np.integer]
    names: tuple[str, ...]


def shown_levels(config: Config, network_levels: tuple[float, ...]) -> tuple[float, ...]:
    """Quantile levels of a calibrated forecast: the network's own and the ends of the intervals."""
    return tuple(sorted({*network_levels, *config.calibration.quantiles}))


def fit_calibration(
    residuals: Residuals, config: Config, network_levels: tuple[float, ...]
) -> tuple[Calibration, tuple[str, ...]]:
    """Learn from the errors on validation windows how far to shift each quantile.

    Args:
        residuals: One window or more.
        config: The experiment.
        network_levels: The network's own quantile levels; empty for a point.

    Returns:
        The calibration, and what the user should know of it.
    """
    shown = shown_levels(config, network_levels)
    levels = tuple(sorted({*shown, *GRID}))
    grouping = _grouping(residuals, config, shown)
    of_window = grouping.of_series(residuals.names)[residuals.series]
    everything = np.arange(len(of_window))
    members = [np.flatnonzero(of_window == i) for i in range(len(grouping.series))]
    shifts, sizes, counts = [], [], []
    for windows in [*members, everything]:
        shifts.append(_shifts(residuals, windows, levels, network_levels))
        errors = residuals.actual[windows] - residuals.outputs.points[windows]
        sizes.append(np.abs(errors).mean(axis=0))
        counts.append(len(windows))
    calibration = Calibration(
        grouping=grouping,
        network_levels=network_levels,
        shown=shown,
        levels=levels,
        shifts=np.stack(shifts),
        size=np.stack(sizes),
        n_windows=np.array(counts, dtype=np.int64),
    )
    return calibration, _too_few(calibration)


def baseline_shifts(
    calibration: Calibration, validation: WindowForecasts, scale: FloatArray
) -> Calibration:
    """The calibration with what is to be added to the baselines' forecasts, learned alike.

    Args:
        calibration: Of the network, by the same windows.
        validation: The baselines' forecasts, and what came true.
        scale: float64 `(n_series, T)`, the MASE scale of each series.
    """
    of_window = calibration.grouping.of_series(validation.series_names)[validation.series]
    members = [np.flatnonzero(of_window == i) for i in range(len(calibration.grouping.series))]
    unit = usable_scale(scale)[validation.series][:, None, :]
    shifts = {}
    for name, forecast in validation.baselines.items():
        residuals = (validation.y_true[:] - forecast[:]) / unit
        shifts[name] = np.stack(
            [
                _conformal(residuals[windows], calibration.levels)
                for windows in [*members, slice(None)]
            ]
        )
    return replace(calibration, baselines=shifts)


def usable_scale(scale: FloatArray) -> FloatArray:
    """A MASE scale to divide by: 1 in place of 0 and of what is not known."""
    return np.where(scale > 0, scale, 1.0)


def _conformal(residuals: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Conformal quantiles of residuals `(n, H, T)`, float64 `(H, T, L)`."""
    ordered = np.sort(residuals, axis=0)
    return np.stack([conformal_shift(ordered, level) for level in levels], axis=-1)


def _grouping(residuals: Residuals, config: Config, shown: tuple[float, ...]) -> Grouping:
    """The series that go by errors of their own; none for a panel of one."""
    per, names = config.calibration.per, residuals.names
    if per == "panel" or len(names) == 1:
        return Grouping(())
    counts = np.bincount(residuals.series, minlength=len(names))
    if per == "series":
        return Grouping(tuple(name for name, n in zip(names, counts, strict=True) if n))
    needed = ENOUGH * max(map(windows_needed, shown))
    if len(names) > MOST_SERIES:
        return Grouping(())
    return Grouping(tuple(name for name, n in zip(names, counts, strict=True) if n >= needed))


def _base(outputs: Outputs, level: float, network_levels: tuple[float, ...]) -> FloatArray:
    place = base_of(level, network_levels)
    if place is None or outputs.quantiles is None:
        return outputs.points
    return np.asarray(outputs.quantiles[..., place])


def _shifts(
    residuals: Residuals,
    windows: NDArray[np.int64],
    levels: tuple[float, ...],
    network_levels: tuple[float, ...],
) -> FloatArray:
    """The shift of each level by some windows, `(H, T, L)`."""
    ordered: dict[int | None, FloatArray] = {}
    shifts = []
    for level in levels:
        place = base_of(level, network_levels)
        if place not in ordered:
            base = _base(residuals.outputs, level, network_levels)
            ordered[place] = np.sort(residuals.actual[windows] - base[windows], axis=0)
        if level == MEDIAN and MEDIAN in network_levels:
            shifts.append(np.zeros_like(ordered[place][0]))
        else:
            shifts.append(conformal_shift(ordered[place], level))
    return np.stack(shifts, axis=-1)


def _too_few(calibration: Calibration) -> tuple[str, ...]:
    """Says which intervals cannot be told from so few windows."""
    fewest = int(calibration.n_windows.min())
    level = max(calibration.shown)
    needed = max(map(windows_needed, calibration.shown))
    if fewest >= needed:
        return ()
    alone = len(calibration.n_windows) == 1
    whose, fix = ("", "") if alone else (" of a series", ", or set calibration.per to panel")
    return (
        f"the outermost interval is only as wide as the largest error of the {fewest} validation "
        f"windows{whose}: the quantile {level:g} takes 1 / (1 - {level:g}) - 1 = {needed}. Enlarge "
        f"split.validation, lower calibration.levels{fix}.",
    )
