"""Intervals of a fitted experiment, from its validation windows."""

from __future__ import annotations

from lstmcast.data.dataset import Dataset
from lstmcast.runtime.adapting import actual_in_network_units
from lstmcast.runtime.calibration import (
    Calibration,
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


def calibrate(dataset: Dataset, network: Network) -> tuple[Calibration | None, tuple[str, ...]]:
    """Learn from the validation windows, and from nothing else, how far the forecasts are off.

    Args:
        dataset: The splits.
        network: What forecasts.

    Returns:
        The calibration, None where the config has none or there are no validation windows; and what
        the user should know of it.
    """
    preparation, prepared = dataset.preparation, dataset.prepared
    starts = dataset.starts["validation"]
    if preparation.config.calibration.method == "none":
        return None, ()
    if not len(starts):
        return None, (_UNOBSERVED,) if len(dataset.fitted_starts.validation) else ()
    outputs = all_outputs(network, prepared, preparation, starts)
    series = prepared.arrays.series_of_row[starts]
    residuals = Residuals(
        outputs=outputs,
        actual=actual_in_network_units(prepared, preparation, starts),
        series=series,
        names=dataset.panel.series,
    )
    config = preparation.config
    calibration, warnings = fit_calibration(residuals, config, levels_of(config))
    points = preparation.to_units(outputs.points, prepared.groups[series])
    validation = beside_actuals(
        Said(starts=starts, points=points, quantiles=None, levels=()),
        Observed(dataset.panel, prepared.actual),
        config,
        split="validation",
    )
    scale = training_scales(prepared, dataset.splits).mase_of(dataset.panel)
    return baseline_shifts(calibration, validation, scale), warnings
