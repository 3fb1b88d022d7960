"""Intervals of a fitted experiment, from its validation windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.data.dataset import Dataset
from lstmcast.data.panel import IntArray
from lstmcast.runtime.adapting import actual_in_network_units
from lstmcast.runtime.calibration import (
    Calibration,
    Outputs,
    Residuals,
    baseline_shifts,
    fit_calibration,
)
from lstmcast.runtime.evaluating import Observed, Said, beside_actuals, training_scales
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import all_outputs, levels_of

_UNOBSERVED = (
    "no window of the validation split has all its targets, so intervals are not calibrated: "
    "shorten window.horizon."
)


# Values that intervals are calibrated on, steps and targets of windows; of more windows an even
# sample stands for all.
CALIBRATION_VALUES = 2_000_000


@dataclass(frozen=True)
class Calibrated:
    """What was learned from the validation windows.

    Attributes:
        calibration: None where the config has none or there are no validation windows.
        notes: What the user should know.
        said: What the network says of all validation windows; None where it was asked of none, or
            of a sample.
    """

    calibration: Calibration | None = None
    notes: tuple[str, ...] = ()
    said: Outputs | None = None


def calibrate(dataset: Dataset, network: Network) -> Calibrated:
    """Learn from the validation windows, and from nothing else, how far the forecasts are off.

    Args:
        dataset: The splits.
        network: What forecasts.
    """
    preparation, prepared = dataset.preparation, dataset.prepared
    config, every = preparation.config, dataset.starts["validation"]
    if config.calibration.method == "none":
        return Calibrated()
    if not len(every):
        return Calibrated(notes=(_UNOBSERVED,) if len(dataset.fitted_starts.validation) else ())
    starts = _sample(every, config.window.horizon * prepared.arrays.n_targets)
    outputs = all_outputs(network, prepared, preparation, starts)
    series = prepared.arrays.series_of_row[starts]
    residuals = Residuals(
        outputs=outputs,
        actual=actual_in_network_units(prepared, preparation, starts),
        series=series,
        names=dataset.panel.series,
    )
    calibration, notes = fit_calibration(residuals, config, levels_of(config))
    points = preparation.to_units(outputs.points, prepared.groups[series])
    validation = beside_actuals(
        Said(starts=starts, points=points, quantiles=None, levels=()),
        Observed(dataset.panel, prepared.actual),
        config,
        split="validation",
    )
    scale = training_scales(prepared, dataset.splits).mase_of(dataset.panel)
    calibration = baseline_shifts(calibration, validation, scale)
    return Calibrated(calibration, notes, outputs if len(starts) == len(every) else None)


def _sample(starts: IntArray, n_each: int) -> IntArray:
    """All windows, or an even sample of very many."""
    most = max(1, CALIBRATION_VALUES // n_each)
    if len(starts) <= most:
        return starts
    return starts[np.linspace(0, len(starts) - 1, most).astype(np.int64)]
