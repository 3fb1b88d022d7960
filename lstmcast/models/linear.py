"""A share of the forecast that is linear in the lookback, beside any architecture.

A linear model of each target's own lookback errs otherwise than a recurrent network does, so that a
weighted mean of the two is better than either (Bates and Granger 1969, "The combination of
forecasts", on such means; docs/accuracy.md on this one). Its weights are no gradient's: they are
fitted in closed form before the network is (`training.linear`).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor, level_of
from lstmcast.models.parameters import NetworkParameters
from lstmcast.models.shapes import DISTRIBUTIONS, Shapes

# The layer whose kernel is fitted.
LINEAR = "linear"


@keras.saving.register_keras_serializable("lstmcast")
class LinearForecast(keras.layers.Layer):  # type: ignore[misc]
    """A linear forecast of each target from its own lookback: `[batch, horizon, n_targets]`.

    Args:
        horizon: Steps ahead.
        **kwargs: As for any layer.
    """

    def __init__(self, horizon: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.horizon = horizon

    def build(self, shape: Any) -> None:
        """Make the kernel, `[n_targets, lookback, horizon]`, zeros until it is fitted."""
        _, lookback, n_targets = shape
        self.kernel = self.add_weight(
            (n_targets, lookback, self.horizon), "zeros", name="kernel", trainable=False
        )

    def call(self, targets: Tensor) -> Tensor:
        """The forecast from `[batch, lookback, n_targets]`."""
        by_target = ops.matmul(ops.transpose(targets, (2, 0, 1)), self.kernel)
        return ops.transpose(by_target, (1, 2, 0))

    def compute_output_shape(self, shape: Any) -> tuple[int | None, int, int]:
        """As many targets, the horizon for the lookback."""
        return (shape[0], self.horizon, shape[2])


@keras.saving.register_keras_serializable("lstmcast")
class AfterTraining(keras.layers.Layer):  # type: ignore[misc]
    """What it is called on, and zeros in training: the opposite of dropout."""

    def call(self, values: Tensor, training: bool | None = None) -> Tensor:
        """The same, or zeros."""
        return ops.zeros_like(values) if training else values


def with_linear(network: keras.Model, parameters: NetworkParameters, shapes: Shapes) -> keras.Model:
    """The network whose forecast is a weighted mean of its own and of a linear one.

    In training it gives its own alone: trained through the mean, it would learn to undo it. The
    other outputs move with the point forecast: all quantiles by as much, so that they still
    ascend, and of a distribution the centre.

    Args:
        network: What an architecture built.
        parameters: Its `linear_share` and `window_norm`, which tells what is subtracted from the
            lookback before it is read, and added to the linear forecast.
        shapes: Sizes of its inputs and output.
    """
    targets, output = network.input["past"][:, :, : shapes.n_targets], network.output
    level = level_of(targets, parameters.window_norm)
    changes = targets if level is None else targets - level
    forecast = LinearForecast(shapes.horizon, dtype="float32", name=LINEAR)(changes)
    if level is not None:
        forecast = forecast + level
    own = output[..., shapes.point]
    shift = AfterTraining(dtype="float32")(parameters.linear_share * (forecast - own))
    shift = ops.expand_dims(shift, -1)
    if shapes.head in DISTRIBUTIONS:
        moved = ops.concatenate([output[..., :1] + shift, output[..., 1:]], axis=-1)
    else:
        moved = output + shift
    return keras.Model(network.input, moved, name=network.name)
