"""What a network reads, and what it gives: the only code that knows what its last axis means.

Whatever the type of output, a forecast is quantiles at the levels of the config in network units
first; undoing scaling and transform, which are monotone, makes of them quantiles in the user's
units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import ClassesOutput, Config, Output, PointOutput
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import gather_inputs
from lstmcast.evaluation.distributions import DISTRIBUTIONS, ROUNDING, Distribution
from lstmcast.evaluation.forecasts import ByWindow
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.network import WHICH, Network

# Windows that go through the network at once: enough to keep its products busy, few enough that
# what is gathered for them stays in the processor's cache, whatever the number of windows.
BATCH = 256


@dataclass(frozen=True)
class WindowOutputs:
    """What is forecast of some windows, in the user's units.

    Attributes:
        points: float64, `(n_windows, horizon, n_targets)`.
        quantiles: float64, `(n_windows, horizon, n_targets, Q)`, ascending, at the levels of
            `forecast_levels`; None of a point output that is not calibrated.
        parameters: float64, `(n_windows, horizon, n_targets, P)`, of the distribution; None where
            the output is none, or a transform of the target has bent it into another.
    """

    points: FloatArray
    quantiles: ByWindow | None
    parameters: FloatArray | None


def levels_of(config: Config) -> tuple[float, ...]:
    """Quantile levels of a network; empty for a point."""
    return _levels(config.output)


def forecast_levels(config: Config, calibration: Calibration | None) -> tuple[float, ...]:
    """Quantile levels of a forecast: the network's, or those of its calibration."""
    return levels_of(config) if calibration is None else calibration.shown


def _levels(output: Output) -> tuple[float, ...]:
    return () if isinstance(output, PointOutput | ClassesOutput) else tuple(output.levels)


def distribution_of(output: Output) -> Distribution | None:
    """The distribution that a network gives the parameters of, if it does."""
    return DISTRIBUTIONS.get(output.type)


def n_outputs_of(output: Output) -> int:
    """What a network gives for each target and step."""
    distribution = distribution_of(output)
    if distribution is not None:
        return len(distribution.names)
    return len(_levels(output)) or 1


def paths_of(output: Output) -> int:
    """How many sample paths give the quantiles beyond the horizon; none of classes."""
    return 0 if isinstance(output, ClassesOutput) else output.paths


def has_paths(config: Config, calibration: Calibration | None) -> bool:
    """Whether there is a distribution to draw paths from: all but a point without calibration."""
    return config.output.type != "point" or calibration is not None


def window_inputs(
    prepared: Prepared, preparation: Preparation, starts: IntArray
) -> dict[str, NDArray[Any]]:
    """What a network reads of some windows, by name.

    Args:
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`; of series that there is a network for.
    """
    inputs: dict[str, NDArray[Any]] = {
        **gather_inputs(prepared.arrays, starts, preparation.config.window)
    }
    if preparation.config.model.scope == "each":
        numbers = preparation.network_of(prepared.panel.series)
        inputs[WHICH] = numbers[prepared.arrays.series_of_row[starts]]
    return inputs


def window_outputs(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    calibration: Calibration | None = None,
    said: Outputs | None = None,
) -> WindowOutputs:
    """Forecasts of some windows, gathered and run batch by batch.

    Args:
        network: From inputs to outputs.
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`.
        calibration: Of the run; None for the network's own quantiles.
        said: What the network says of the windows, where it was asked already. Calibrated
            quantiles are then computed from it when they are asked for.
    """
    arrays, config = prepared.arrays, preparation.config
    shown = None if calibration is None else calibration.only_shown()
    lazy = None
    if shown is not None and said is not None:
        groups_of_windows = groups_of(shown, prepared, starts)
        lazy, shown = CalibratedQuantiles(shown, preparation, said, groups_of_windows), None
    levels = () if lazy is not None else forecast_levels(config, calibration)
    shape = (len(starts), config.window.horizon, arrays.n_targets)
    # The point first, then the quantiles.
    units = np.empty((*shape, 1 + len(levels)))
    kept = _stays_a_distribution(config)
    parameters = np.empty((*shape, n_outputs_of(config.output))) if kept else None
    for place, batch, outputs in batch_outputs(network, prepared, preparation, starts, said=said):
        series = arrays.series_of_row[batch]
        groups = prepared.groups[series]
        quantiles = outputs.quantiles if levels else None
        if shown is not None:
            own = shown.grouping.of_series(prepared.panel.series)[series]
            quantiles = shown.quantiles(outputs, own)
        values = outputs.points[..., None]
        if quantiles is not None:
            values = np.concatenate([values, quantiles], axis=-1)
        units[place] = in_units(values, preparation, groups)
        if parameters is not None and outputs.parameters is not None:
            parameters[place] = _parameters_in_units(outputs.parameters, preparation, groups)
    return WindowOutputs(units[..., 0], units[..., 1:] if levels else lazy, parameters)


@dataclass(frozen=True)
class Groups:
    """Whose numbers serve each window, int64 `(W,)`.

    Attributes:
        calibration: By the groups of the calibration.
        preparation: By those of the scaling.
    """

    calibration: NDArray[np.int64]
    preparation: NDArray[np.int64]


def groups_of(calibration: Calibration, prepared: Prepared, starts: IntArray) -> Groups:
    """Whose numbers serve the windows of a panel."""
    series = prepared.arrays.series_of_row[starts]
    own = calibration.grouping.of_series(prepared.panel.series)
    return Groups(calibration=own[series], preparation=prepared.groups[series])


@dataclass(frozen=True)
class CalibratedQuantiles:
    """Quantiles at the levels of a calibration, in the user's units, computed when asked for.

    Those of all windows at once would be many times as large as what the network says.
    """

    calibration: Calibration
    preparation: Preparation
    outputs: Outputs
    groups: Groups

    def __getitem__(self, windows: slice | IntArray, /) -> FloatArray:
        """Those of some windows, float64 `(w, H, T, L)`."""
        some = self.outputs.take(windows)
        values = self.calibration.quantiles(some, self.groups.calibration[windows])
        return in_units(values, self.preparation, self.groups.preparation[windows])


def in_units(values: FloatArray, preparation: Preparation, groups: IntArray) -> FloatArray:
    """Forecasts in the user's units: of counts, whole numbers from 0 on.

    What calibration adds to a quantile of counts may be any number. As much lies below a number as
    below the next smaller count.

    Args:
        values: float64, `(W, …, T, Q)`, in network units.
        preparation: What was fitted.
        groups: int64 `(W,)`, as `Prepared.groups` has them for each series.
    """
    units = preparation.to_units(values, groups)
    if preparation.config.output.type != "negative_binomial":
        return units
    return np.maximum(np.floor(units + ROUNDING), 0.0)


def batch_outputs(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    said: Outputs | None = None,
) -> Iterator[tuple[slice, IntArray, Outputs]]:
    """What a network says of some windows, in network units; it is not asked what it has said.

    Yields:
        Which of the windows, their starts, and what it says of them.
    """
    for first in range(0, len(starts), BATCH):
        place = slice(first, first + BATCH)
        own = said and said.take(place)
        yield (
            place,
            starts[place],
            own or raw_outputs(network, prepared, preparation, starts[place]),
        )


def all_outputs(
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray
) -> Outputs:
    """What a network says of some windows, in network units, all at once."""
    config = preparation.config
    shape = (len(starts), config.window.horizon, prepared.arrays.n_targets)
    levels, distribution = levels_of(config), distribution_of(config.output)
    points = np.empty(shape)
    quantiles = np.empty((*shape, len(levels))) if levels else None
    parameters = np.empty((*shape, len(distribution.names))) if distribution else None
    for place, _, outputs in batch_outputs(network, prepared, preparation, starts):
        points[place] = outputs.points
        if quantiles is not None:
            quantiles[place] = outputs.quantiles
        if parameters is not None:
            parameters[place] = outputs.parameters
    return Outputs(points, quantiles, parameters)


def raw_outputs(
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray
) -> Outputs:
    """What a network says of a batch of windows, in network units."""
    output = preparation.config.output
    raw = network(window_inputs(prepared, preparation, starts)).astype(np.float64)
    at_levels, levels = network_quantiles(raw, output), _levels(output)
    is_distribution = distribution_of(output) is not None
    if not levels:
        return Outputs(at_levels[..., 0], None)
    points = at_levels[..., levels.index(0.5)]
    return Outputs(points, at_levels, raw if is_distribution else None)


def network_quantiles(outputs: FloatArray, output: Output) -> FloatArray:
    """Quantiles at the levels of the config, in network units.

    Args:
        outputs: Of the network, float64 `(n_windows, horizon, n_targets, n_outputs)`.
        output: What they are.

    Returns:
        float64, `(n_windows, horizon, n_targets, Q)`, ascending; a point as it is.
    """
    distribution = distribution_of(output)
    if distribution is None:
        return outputs
    return distribution.at_levels(outputs, _levels(output))


def _stays_a_distribution(config: Config) -> bool:
    """Whether what is a distribution in network units is one of the same kind in the user's."""
    known = distribution_of(config.output) is not None
    return known and config.scaling.target_transform == "none"


def _parameters_in_units(
    outputs: FloatArray, preparation: Preparation, groups: IntArray
) -> FloatArray:
    """Parameters of distributions in the user's units."""
    distribution = distribution_of(preparation.config.output)
    if distribution is None:
        return outputs
    scaler = preparation.target_scaler
    centre, scale = scaler.centre[groups][:, None, :], scaler.scale[groups][:, None, :]
    return distribution.rescaled(outputs, centre, scale)
