"""What a network reads, and what it gives: the only code that knows what its last axis means.

Whatever the type of output, a forecast is quantiles at the levels of the config in network units
first; undoing scaling and transform, which are monotone, makes of them quantiles in the user's
units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import ClassesOutput, Config, Output, PointOutput
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import gather_inputs
from lstmcast.evaluation.distributions import DISTRIBUTIONS, Distribution
from lstmcast.runtime.network import WHICH, Network

# Windows that go through the network at once: enough to keep its products busy, few enough that
# what is gathered for them stays in the processor's cache, whatever the number of windows.
BATCH = 256


@dataclass(frozen=True)
class WindowOutputs:
    """What a network said of some windows, in the user's units.

    Attributes:
        quantiles: float64, `(n_windows, horizon, n_targets, Q)`, ascending; of a point output the
            point alone.
        parameters: float64, `(n_windows, horizon, n_targets, P)`, of the distribution; None where
            the output is none, or a transform of the target has bent it into another.
    """

    quantiles: FloatArray
    parameters: FloatArray | None


def levels_of(config: Config) -> tuple[float, ...]:
    """Quantile levels of a forecast; empty for a point."""
    return _levels(config.output)


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
    """How many sample paths give the quantiles beyond the horizon; none for a point."""
    return 0 if isinstance(output, PointOutput | ClassesOutput) else output.paths


def split_outputs(
    quantiles: FloatArray, levels: tuple[float, ...]
) -> tuple[FloatArray, FloatArray | None]:
    """Point forecast `(…)` and quantiles `(…, Q)` of `WindowOutputs.quantiles`."""
    if not levels:
        return quantiles[..., 0], None
    return quantiles[..., levels.index(0.5)], quantiles


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
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray
) -> WindowOutputs:
    """Forecasts of some windows, gathered and run batch by batch.

    Args:
        network: From inputs to outputs.
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`.
    """
    arrays, config = prepared.arrays, preparation.config
    shape = (len(starts), config.window.horizon, arrays.n_targets)
    quantiles = np.empty((*shape, max(1, len(levels_of(config)))))
    kept = _stays_a_distribution(config)
    parameters = np.empty((*shape, n_outputs_of(config.output))) if kept else None
    for first in range(0, len(starts), BATCH):
        batch = starts[first : first + BATCH]
        outputs = network(window_inputs(prepared, preparation, batch)).astype(np.float64)
        groups = prepared.groups[arrays.series_of_row[batch]]
        at_levels = network_quantiles(outputs, config.output)
        quantiles[first : first + BATCH] = preparation.to_units(at_levels, groups)
        if parameters is not None:
            parameters[first : first + BATCH] = _in_units(outputs, preparation, groups)
    return WindowOutputs(quantiles, parameters)


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


def values_at(outputs: FloatArray, probability: FloatArray, output: Output) -> FloatArray:
    """What a forecast holds at a probability for each value: the inverse of `probability_of`.

    Between the levels of quantiles it is linear; beyond the outermost ones it stays at these.

    Args:
        outputs: Of the network, float64 `(n_windows, horizon, n_targets, n_outputs)`.
        probability: float64, `(n_windows, horizon, n_targets)`, between 0 and 1.
        output: What the outputs are.

    Returns:
        float64, `(n_windows, horizon, n_targets)`, in network units.
    """
    distribution = distribution_of(output)
    if distribution is not None:
        return distribution.quantile(outputs, probability)
    levels = np.array(_levels(output))
    inside = np.clip(probability, levels[0], levels[-1])
    return _interpolated(inside, np.broadcast_to(levels, outputs.shape), outputs)


def probability_of(
    outputs: FloatArray, values: FloatArray, output: Output, *, u: FloatArray
) -> FloatArray:
    """The probability that a forecast gave to values up to those that came true.

    Args:
        outputs: Of the network, float64 `(n_windows, horizon, n_targets, n_outputs)`.
        values: float64, `(n_windows, horizon, n_targets)`, in network units.
        output: What the outputs are.
        u: float64, as `values`: uniform numbers, for what lies between two counts.

    Returns:
        float64, as `values`; of quantiles no further out than their outermost levels.
    """
    distribution = distribution_of(output)
    if distribution is not None:
        return distribution.transform(outputs, values, u)
    levels = np.array(_levels(output))
    inside = np.clip(values, outputs[..., 0], outputs[..., -1])
    return _interpolated(inside, outputs, np.broadcast_to(levels, outputs.shape))


def _interpolated(at: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Linear interpolation of `y` over `x`, both ascending along their last axis; `at` inside."""
    if x.shape[-1] == 1:
        return y[..., 0]
    upper = np.clip((x <= at[..., None]).sum(axis=-1), 1, x.shape[-1] - 1)[..., None]
    x0, x1, y0, y1 = (
        np.take_along_axis(values, index, axis=-1)[..., 0]
        for values in (x, y)
        for index in (upper - 1, upper)
    )
    width = x1 - x0
    share = np.divide(at - x0, width, out=np.zeros_like(at), where=width > 0)
    return y0 + share * (y1 - y0)


def _stays_a_distribution(config: Config) -> bool:
    """Whether what is a distribution in network units is one of the same kind in the user's."""
    known = distribution_of(config.output) is not None
    return known and config.scaling.target_transform == "none"


def _in_units(outputs: FloatArray, preparation: Preparation, groups: IntArray) -> FloatArray:
    """Parameters of distributions in the user's units."""
    distribution = distribution_of(preparation.config.output)
    if distribution is None:
        return outputs
    scaler = preparation.target_scaler
    centre, scale = scaler.centre[groups][:, None, :], scaler.scale[groups][:, None, :]
    return distribution.rescaled(outputs, centre, scale)
