"""The distribution that is forecast of each value, to draw sample paths from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.distributions import Distribution
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.outputs import distribution_of, levels_of


@dataclass(frozen=True)
class Predictive:
    """The distribution that is forecast of each value, in network units.

    Attributes:
        levels: Quantile levels, ascending.
        quantiles: float64, `(n_windows, horizon, n_targets, Q)`, at these.
        distribution: Whose parameters are known; None where the quantiles are all.
        parameters: float64, `(n_windows, horizon, n_targets, P)`, of the distribution.
        moved: float64, as `quantiles`: how far a calibration has moved those of the distribution;
            None where there is none.
    """

    levels: FloatArray
    quantiles: FloatArray
    distribution: Distribution | None = None
    parameters: FloatArray | None = None
    moved: FloatArray | None = None

    def values_at(self, probability: FloatArray) -> FloatArray:
        """What it holds at a probability for each value.

        Between the levels of quantiles it is linear; beyond the outermost ones it stays at these. A
        distribution that is calibrated is moved alike: between the levels linearly, beyond them as
        at the outermost.

        Args:
            probability: float64, `(n_windows, horizon, n_targets)`, between 0 and 1.

        Returns:
            float64, of the same shape, in network units.
        """
        inside = np.clip(probability, self.levels[0], self.levels[-1])
        levels = np.broadcast_to(self.levels, self.quantiles.shape)
        if self.distribution is None or self.parameters is None:
            return _interpolated(inside, levels, self.quantiles)
        values = self.distribution.quantile(self.parameters, probability)
        if self.moved is None:
            return values
        return values + _interpolated(inside, levels, self.moved)

    def probability_of(self, values: FloatArray, *, u: FloatArray) -> FloatArray:
        """The probability that was given to values up to those that came true.

        Args:
            values: float64, `(n_windows, horizon, n_targets)`, in network units.
            u: float64, as `values`: uniform numbers, for what lies between two counts.

        Returns:
            float64, as `values`; of quantiles no further out than their outermost levels, of a
            distribution before it was calibrated.
        """
        if self.distribution is not None and self.parameters is not None:
            return self.distribution.transform(self.parameters, values, u)
        inside = np.clip(values, self.quantiles[..., 0], self.quantiles[..., -1])
        levels = np.broadcast_to(self.levels, self.quantiles.shape)
        return _interpolated(inside, self.quantiles, levels)


def predictive_of(
    outputs: Outputs, config: Config, calibration: Calibration | None, own: IntArray
) -> Predictive | None:
    """The distribution that is forecast of some windows; None of a point without a calibration.

    Args:
        outputs: Of the network.
        config: The experiment.
        calibration: Of the run; None for what the network says itself.
        own: int64, `(n_windows,)`, the group of the calibration that serves each window.
    """
    distribution, parameters = distribution_of(config.output), outputs.parameters
    if calibration is None:
        if outputs.quantiles is None:
            return None
        levels = np.array(levels_of(config))
        return Predictive(levels, outputs.quantiles, distribution, parameters)
    levels, quantiles = np.array(calibration.levels), calibration.quantiles(outputs, own)
    if distribution is None or parameters is None:
        return Predictive(levels, quantiles)
    moved = quantiles - distribution.at_levels(parameters, calibration.levels)
    return Predictive(levels, quantiles, distribution, parameters, moved)


def _interpolated(at: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Linear interpolation of `y` over `x`, `x` ascending along its last axis; `at` inside."""
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
