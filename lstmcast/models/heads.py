"""From what the recurrent part found to the output `[batch, horizon, n_targets, n_outputs]`.

The last axis is a point where `n_outputs` is 1, else ascending quantiles, which cannot cross: the
first is free and each of the others adds a softplus, which is never negative, to the one before.
Undoing a window's normalisation multiplies by a positive scale and adds a level, so they still
cannot. The output is float32 whatever the precision of the layers before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.models.blocks import Streams, Tensor, join
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras

# Width of the context of one step, and of the layer that joins it with that step's covariates.
STEP_WIDTH = 32


def direct_model(context: Tensor, streams: Streams, shapes: Shapes, *, name: str) -> keras.Model:
    """The network whose every step is read directly from one context.

    Without future covariates this is one linear layer. With them each step gets a context of its
    own, joined with the covariates of that step and of no other.

    Args:
        context: `[batch, n]`, what the lookback came to.
        streams: The inputs, the future covariates and the window's level and scale.
        shapes: Sizes of the output.
        name: Name of the network.
    """
    from keras import layers

    if streams.future is None:
        size = shapes.horizon * shapes.n_targets * shapes.n_outputs
        flat = layers.Dense(size, dtype="float32", name="output")(context)
        return finished_model(flat, streams, shapes, name=name)
    wide = layers.Dense(shapes.horizon * STEP_WIDTH, name="step_context")(context)
    steps = layers.Reshape((shapes.horizon, STEP_WIDTH), name="steps")(wide)
    joined = join([steps, streams.future])
    hidden = layers.Dense(STEP_WIDTH, activation="relu", name="hidden")(joined)
    # The output sees the joined step past the hidden layer too: what is linear stays linear.
    return stepwise_model(join([joined, hidden]), streams, shapes, name=name)


def stepwise_model(steps: Tensor, streams: Streams, shapes: Shapes, *, name: str) -> keras.Model:
    """The network whose outputs are read from one vector for each step, `[batch, horizon, n]`."""
    from keras import layers

    size = shapes.n_targets * shapes.n_outputs
    outputs = layers.Dense(size, dtype="float32", name="output")(steps)
    return finished_model(outputs, streams, shapes, name=name)


def finished_model(outputs: Tensor, streams: Streams, shapes: Shapes, *, name: str) -> keras.Model:
    """The network whose raw outputs, in any shape, are to be turned into forecasts."""
    import keras

    outputs = keras.ops.reshape(outputs, (-1, *shapes.output))
    if shapes.n_outputs > 1:
        outputs = _ascending(outputs, shapes.n_outputs)
    if streams.scale is not None:
        outputs = outputs * keras.ops.expand_dims(streams.scale, -1)
    if streams.level is not None:
        outputs = outputs + keras.ops.expand_dims(streams.level, -1)
    return keras.Model(streams.inputs, outputs, name=name)


def _ascending(raw: Tensor, n_outputs: int) -> Tensor:
    """Ascending along the last axis.

    Added one after the other and not by `cumsum`, which may add in another order for each of them
    and so let two cross by a rounding error.
    """
    from keras import ops

    quantiles = [raw[..., 0]]
    for index in range(1, n_outputs):
        quantiles.append(quantiles[-1] + ops.softplus(raw[..., index]))
    return ops.stack(quantiles, axis=-1)
