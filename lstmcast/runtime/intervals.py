"""How well the calibrated intervals of a run hold on windows that came after the calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.evaluation.forecasts import ByWindow, WindowForecasts
from lstmcast.evaluation.interval_verdict import interval_verdict
from lstmcast.evaluation.intervals import score_intervals
from lstmcast.evaluation.scoring import BLOCK
from lstmcast.runtime.adapting import (
    Learned,
    actual_in_network_units,
    follow_windows,
    nothing_learned,
)
from lstmcast.runtime.calibration import Calibration, Outputs, usable_scale
from lstmcast.runtime.outputs import CalibratedQuantiles, Groups, groups_of, in_units

# Values that learning goes through, each at every level: steps and targets of windows.
FOLLOWED_VALUES = 2_000_000


@dataclass(frozen=True)
class Measured:
    """What was measured of intervals.

    Attributes:
        metrics: JSON values: `windows` of the calibration, `rate`, `static` and `adaptive` as
            `evaluation.intervals.score_intervals` gives them (`adaptive` is None where nothing
            learns), and `difference`: how the errors differ from those of the calibration.
        crps: Of the model and of each baseline with conformal intervals of its own.
        learned: What the intervals have learned at the end; None where nothing learns.
    """

    metrics: dict[str, Any]
    crps: dict[str, float]
    learned: Learned | None


def measure_intervals(
    calibration: Calibration,
    prepared: Prepared,
    preparation: Preparation,
    outputs: Outputs,
    *,
    forecasts: WindowForecasts,
    mase_scale: FloatArray,
) -> Measured:
    """Measure the intervals of some windows, as calibrated and as they learn on the way.

    Args:
        calibration: Of the run.
        prepared: The rows.
        preparation: What was fitted.
        outputs: What the network says of the windows.
        forecasts: Of the windows, one or more, in the user's units.
        mase_scale: float64 `(n_series, T)`.
    """
    starts = forecasts.starts
    groups = groups_of(calibration, prepared, starts)
    static = _scores(
        forecasts,
        CalibratedQuantiles(calibration, preparation, outputs, groups),
        calibration.levels,
    )
    metrics = {
        "windows": int(calibration.n_windows[-1]),
        "asked": list(preparation.config.calibration.levels),
        "rate": None,
        "static": static,
        "adaptive": None,
        "difference": {
            "size": _error_size(calibration, prepared, preparation, outputs, starts=starts),
            "gap": _gap(static),
        },
    }
    crps = {
        "model": static["crps"],
        **_crps_of_baselines(calibration, forecasts, groups, mase_scale),
    }
    adaptive = preparation.config.calibration.adaptive
    if adaptive is None:
        return Measured(metrics, crps, None)
    last = _last_windows(forecasts, outputs)
    learned, issued = follow_windows(
        nothing_learned(calibration, preparation),
        calibration,
        prepared,
        preparation,
        windows=(starts[last], outputs.take(last)),
    )
    given_out = _GivenOut(issued, preparation, groups.preparation[last])
    metrics["rate"] = adaptive.rate
    metrics["adaptive"] = {
        "windows": len(last),
        **score_intervals(
            forecasts.y_true[last], given_out, calibration.shown, n_windows=len(last)
        ),
    }
    return Measured(metrics, crps, learned)


def _last_windows(forecasts: WindowForecasts, outputs: Outputs) -> IntArray:
    """The windows that the intervals learn from: all, or of very many those of the last origins."""
    most = max(1, FOLLOWED_VALUES // outputs.points[:1].size)
    if forecasts.n_windows <= most:
        return np.arange(forecasts.n_windows)
    return np.sort(np.argsort(forecasts.origin_times, kind="stable")[-most:])


def _scores(
    forecasts: WindowForecasts, quantiles: ByWindow, levels: tuple[float, ...]
) -> dict[str, Any]:
    return score_intervals(forecasts.y_true, quantiles, levels, n_windows=forecasts.n_windows)


def _crps_of_baselines(
    calibration: Calibration, forecasts: WindowForecasts, groups: Groups, mase_scale: FloatArray
) -> dict[str, float]:
    """The CRPS of each baseline with conformal quantiles of its own."""
    scale = usable_scale(mase_scale)[forecasts.series]
    found = {}
    for name, shifts in calibration.baselines.items():
        if name in forecasts.baselines:
            own = _OfBaseline(forecasts.baselines[name], shifts, scale, groups.calibration)
            found[name] = float(_scores(forecasts, own, calibration.levels)["crps"])
    return found


@dataclass(frozen=True)
class _GivenOut:
    """Quantiles in network units, in the user's when asked for."""

    quantiles: FloatArray
    preparation: Preparation
    groups: NDArray[np.int64]

    def __getitem__(self, windows: slice | IntArray, /) -> FloatArray:
        """Those of some windows, float64 `(w, H, T, L)`."""
        return in_units(self.quantiles[windows], self.preparation, self.groups[windows])


@dataclass(frozen=True)
class _OfBaseline:
    """A baseline with conformal quantiles around it, computed when asked for."""

    forecast: ByWindow
    shifts: FloatArray
    scale: FloatArray
    groups: NDArray[np.int64]

    def __getitem__(self, windows: slice | IntArray, /) -> FloatArray:
        """Those of some windows, float64 `(w, H, T, L)`."""
        shifts = self.shifts[self.groups[windows]] * self.scale[windows][:, None, :, None]
        return np.asarray(self.forecast[windows][..., None] + shifts)


def _error_size(
    calibration: Calibration,
    prepared: Prepared,
    preparation: Preparation,
    outputs: Outputs,
    *,
    starts: IntArray,
) -> float | None:
    """The mean absolute error of some windows, as a multiple of that of the calibration."""
    total = 0.0
    for first in range(0, len(starts), BLOCK):
        block = slice(first, first + BLOCK)
        actual = actual_in_network_units(prepared, preparation, starts[block])
        total += float(np.abs(actual - outputs.points[block]).sum())
    groups = groups_of(calibration, prepared, starts).calibration
    expected = float(calibration.size.sum(axis=(1, 2))[groups].sum())
    return total / expected if expected > 0 else None


def _gap(scores: dict[str, Any]) -> float:
    """How far windows are from being exchangeable with those of the calibration.

    The largest difference of the share below a quantile from its level, 0 for windows that are: a
    Kolmogorov-Smirnov distance taken at the levels.
    """
    return float(np.abs(np.array(scores["below"]) - np.array(scores["levels"])).max())


def add_intervals(metrics: dict[str, Any], measured: Measured) -> None:
    """Put what was measured of intervals into what `metrics.json` holds."""
    metrics["intervals"] = measured.metrics
    for name, value in measured.crps.items():
        # That of a distribution is there in closed form.
        metrics["metrics"]["test"][name].setdefault("crps", value)


def interval_verdicts(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on intervals under its name; nothing where none were measured."""
    if "intervals" not in metrics:
        return {}
    verdict = interval_verdict(metrics["intervals"])
    return {"intervals": {"text": verdict.text, "coverage": list(verdict.coverage)}}
