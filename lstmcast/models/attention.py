"""`attention`: LSTM layers whose states over time are weighed by additive attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from lstmcast.models.blocks import Tensor, join, read_inputs, recurrent_stack
from lstmcast.models.ensemble import members_of
from lstmcast.models.heads import direct_model
from lstmcast.models.parameters import RecurrentParameters, Size
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS_LAYER = "attention_weights"


class Parameters(RecurrentParameters):
    """LSTM layers with attention over time, whose weights can be read out."""

    type: Literal["attention"] = "attention"
    attention_units: Size = Field(
        default=32, description="Width of the layer that scores each step of the lookback."
    )


def build(parameters: Parameters, shapes: Shapes) -> keras.Model:
    """The network, freshly initialised."""
    streams = read_inputs(shapes, window_norm=parameters.window_norm)
    states = recurrent_stack(streams.past, parameters, cell="lstm", return_sequences=True)
    context = _attended(states, parameters.attention_units)
    return direct_model(context, streams, shapes, name="attention")


def _attended(states: Tensor, units: int) -> Tensor:
    """The states weighed by additive attention, beside the last one, which asks the question.

    `weight = softmax(v · tanh(W state + U last))` over the steps (Bahdanau et al., 2015, "Neural
    machine translation by jointly learning to align and translate").

    Args:
        states: `[batch, steps, n]`.
        units: Width of the layer that scores.

    Returns:
        `[batch, 2 n]`.
    """
    from keras import layers, ops

    last = states[:, -1, :]
    keys = layers.Dense(units, name="attention_keys")(states)
    query = layers.Dense(units, use_bias=False, name="attention_query")(last)
    scores = layers.Dense(1, use_bias=False, name="attention_scores")(
        ops.tanh(keys + ops.expand_dims(query, 1))
    )
    weights = layers.Softmax(axis=1, dtype="float32", name=WEIGHTS_LAYER)(scores)
    return join([ops.sum(weights * states, axis=1), last])


def attention_weights(
    network: keras.Model, batch: Mapping[str, NDArray[Any]]
) -> NDArray[np.float32]:
    """How much each step of the lookback counts.

    Args:
        network: A network that `build` made, or an ensemble of them.
        batch: Its inputs by name.

    Returns:
        float32, `(batch, lookback)`, each row adding up to 1; of an ensemble the mean over its
        members.
    """
    import keras
    from keras import ops

    found = []
    for member in members_of(network):
        reader = keras.Model(member.input, member.get_layer(WEIGHTS_LAYER).output)
        found.append(reader(dict(batch), training=False)[:, :, 0])
    weights: NDArray[np.float32] = ops.convert_to_numpy(ops.mean(ops.stack(found), axis=0))
    return weights
