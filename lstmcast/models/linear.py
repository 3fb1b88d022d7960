"""A share of the forecast that is linear in the lookback, beside any architecture.

A linear model of each target errs otherwise than a recurrent network does, so that a weighted mean
of the two is better than either (Bates and Granger 1969, "The combination of forecasts", on such
means; docs/accuracy.md on this one). It reads the target's own lookback and the last steps of all
targets. Its weights are no gradient's: they are fitted in closed form before the network is
(`training.linear`).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor, level_of
from lstmcast.models.parameters import NetworkParameters
from lstmcast.models.shapes import Shapes

# The layer whose kernel is fitted.
LINEAR = "linear"


def steps_of_all(lookback: int, n_targets: int) -> int:
    """How many last steps of all targets each reads: together as many values as its own lookback.

    None where there is but one target, whose own they are.
    """
    return lookback // n_targets if n_targets > 1 else 0


@keras.saving.register_keras_serializable("lstmcast")
class LinearForecast(keras.layers.Layer):  # type: ignore[misc]
    """A linear forecast of each target from what it reads: `[batch, n_targets, horizon]`.

    Args:
        horizon: Steps ahead.
        **kwargs: As for any layer.
    """

    def __init__(self, horizon: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.horizon = horizon

    def build(self, shape: Any) -> None:
        """Make the kernel, `[n_targets, n, horizon]`, zeros until it is fitted."""
        _, n_targets, n = shape
        self.kernel = self.add_weight(
            (n_targets, n, self.horizon), "zeros", name="kernel", trainable=False
        )

    def call(self, read: Tensor) -> Tensor:
        """The forecast from `[batch, n_targets, n]`."""
        by_target = ops.matmul(ops.transpose(read, (1, 0, 2)), self.kernel)
        return ops.transpose(by_target, (1, 0, 2))

    def compute_output_shape(self, shape: Any) -> tuple[int | None, int, int]:
        """As many targets, the horizon for what is read."""
        return (shape[0], shape[1], self.horizon)


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
        shapes: Sizes of its inputs and output, whose head is of numbers: a point, quantiles, or a
            distribution with a centre.
    """
    targets, output = network.input["past"][:, :, : shapes.n_targets], network.output
    level = level_of(targets, parameters.window_norm)
    changes = targets if level is None else targets - level
    forecast = LinearForecast(shapes.horizon, dtype="float32", name=LINEAR)(_read(changes))
    forecast = ops.transpose(forecast, (0, 2, 1))
    if level is not None:
        forecast = forecast + level
    own = output[..., shapes.point]
    after_training = AfterTraining(dtype="float32", name="after_training")
    shift = ops.expand_dims(after_training(parameters.linear_share * (forecast - own)), -1)
    if shapes.head == "quantiles":
        moved = output + shift
    else:
        moved = ops.concatenate([output[..., :1] + shift, output[..., 1:]], axis=-1)
    return keras.Model(network.input, moved, name=network.name)


def _read(changes: Tensor) -> Tensor:
    """What the linear model of each target reads, `[batch, n_targets, lookback + n]`.

    Its own lookback, and after it the last steps of all targets, step by step.
    """
    _, lookback, n_targets = changes.shape
    own, steps = ops.transpose(changes, (0, 2, 1)), steps_of_all(lookback, n_targets)
    if not steps:
        return own
    last = ops.reshape(changes[:, lookback - steps :, :], (-1, 1, steps * n_targets))
    return ops.concatenate([own, ops.repeat(last, n_targets, axis=1)], axis=-1)
