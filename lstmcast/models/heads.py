"""From what the recurrent part found to the output `[batch, horizon, n_targets, n_outputs]`.

The last axis is a point where `n_outputs` is 1, else ascending quantiles, which cannot cross: the
first is free and each of the others adds a softplus, which is never negative, to the one before.
Undoing a window's normalisation multiplies by a positive scale and adds a level, so they still
cannot. Of a distribution it is the parameters, valid whatever the weights; undoing moves and scales
its centre and scales its scale. Of classes it is the logarithm of the probability of each. The
output is float32 whatever the precision of the layers before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lstmcast.models.blocks import Streams, Tensor, join
from lstmcast.models.shapes import Head, Shapes

if TYPE_CHECKING:
    import keras

# Width of the context of one step, and of the layer that joins it with that step's covariates.
STEP_WIDTH = 32
# Least scale and dispersion of a distribution: the logarithm of either is part of its loss.
LEAST_SCALE = 1e-4
LEAST_DISPERSION = 1e-3
# Degrees of freedom: below, there is no variance; above, it is a normal distribution.
DF = (2.01, 1000.0)
# The logarithm of a mean count, beyond which it would overflow soon.
LARGEST_LOG_MEAN = 30.0


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
    outputs = HEADS[shapes.head](outputs, streams)
    return keras.Model(streams.inputs, outputs, name=name)


def _undone(values: Tensor, scale: Tensor | None, level: Tensor | None) -> Tensor:
    """Values of a normalised window in the units of its targets."""
    if scale is not None:
        values = values * scale
    return values if level is None else values + level


def _wider(tensor: Tensor | None) -> Tensor | None:
    from keras import ops

    return None if tensor is None else ops.expand_dims(tensor, -1)


def _quantiles(raw: Tensor, streams: Streams) -> Tensor:
    """A point, or quantiles that ascend."""
    outputs = _ascending(raw) if raw.shape[-1] > 1 else raw
    return _undone(outputs, _wider(streams.scale), _wider(streams.level))


def _ascending(raw: Tensor) -> Tensor:
    """Ascending along the last axis.

    Added one after the other and not by `cumsum`, which may add in another order for each of them
    and so let two cross by a rounding error.
    """
    from keras import ops

    quantiles = [raw[..., 0]]
    for index in range(1, raw.shape[-1]):
        quantiles.append(quantiles[-1] + ops.softplus(raw[..., index]))
    return ops.stack(quantiles, axis=-1)


def _normal(raw: Tensor, streams: Streams) -> Tensor:
    """Mean and deviation."""
    from keras import ops

    return ops.stack(_centre_and_scale(raw, streams), axis=-1)


def _student_t(raw: Tensor, streams: Streams) -> Tensor:
    """Centre, scale and degrees of freedom."""
    from keras import ops

    least, largest = DF
    df = ops.minimum(ops.softplus(raw[..., 2]) + least, largest)
    return ops.stack([*_centre_and_scale(raw, streams), df], axis=-1)


def _centre_and_scale(raw: Tensor, streams: Streams) -> list[Tensor]:
    from keras import ops

    scale = ops.softplus(raw[..., 1]) + LEAST_SCALE
    centre = _undone(raw[..., 0], streams.scale, streams.level)
    return [centre, _undone(scale, streams.scale, None)]


def _negative_binomial(raw: Tensor, streams: Streams) -> Tensor:
    """Mean and dispersion.

    The mean by its logarithm, as in regressions of counts: from 1 to 1,000 is as far as to 0.001.
    """
    from keras import ops

    log_mean = _undone(raw[..., 0], None, streams.level)
    log_mean = ops.maximum(ops.minimum(log_mean, LARGEST_LOG_MEAN), -LARGEST_LOG_MEAN)
    dispersion = ops.softplus(raw[..., 1]) + LEAST_DISPERSION
    return ops.stack([ops.exp(log_mean), dispersion], axis=-1)


def _classes(raw: Tensor, _streams: Streams) -> Tensor:
    """Logarithms of probabilities that add up to 1."""
    from keras import ops

    return ops.log_softmax(raw, axis=-1)


# By `Shapes.head`: from the raw outputs `[batch, horizon, n_targets, n_outputs]` to the output.
HEADS: dict[Head, Callable[[Tensor, Streams], Tensor]] = {
    "quantiles": _quantiles,
    "normal": _normal,
    "student_t": _student_t,
    "negative_binomial": _negative_binomial,
    "classes": _classes,
}
