"""`seq2seq`: an LSTM encoder reads the lookback, an LSTM decoder the horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lstmcast.models.blocks import (
    Tensor,
    after_layer,
    cell_layer,
    join,
    read_inputs,
    recurrent_layer,
    repeat,
)
from lstmcast.models.heads import stepwise_model
from lstmcast.models.parameters import RecurrentParameters
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Encoder-decoder; the decoder reads the future covariates step by step."""

    type: Literal["seq2seq"] = "seq2seq"


def build(parameters: Parameters, shapes: Shapes) -> keras.Model:
    """The network, freshly initialised.

    The decoder reads, at each step of the horizon, what the encoder came to and the future
    covariates of that step; its layers begin in the last states of the encoder's.
    """
    streams = read_inputs(shapes, window_norm=parameters.window_norm)
    context, states = _encoded(streams.past, parameters)
    steps = join([repeat(context, shapes.horizon), streams.future])
    decoded = _decoded(steps, states, parameters)
    return stepwise_model(decoded, streams, shapes, name="seq2seq")


def _encoded(sequence: Tensor, parameters: Parameters) -> tuple[Tensor, list[list[Tensor]]]:
    """The top layer's output `[batch, n]`, and each layer's hidden and cell state."""
    states: list[list[Tensor]] = []
    top = len(parameters.units) - 1
    for index in range(top + 1):
        layer = recurrent_layer(parameters, index, return_sequences=index < top, return_state=True)
        sequence, *last = layer(sequence)
        # Both directions give a hidden and a cell state each: hidden beside hidden, cell beside
        # cell.
        states.append([join(list(last[0::2])), join(list(last[1::2]))])
        sequence = after_layer(sequence, parameters, name=f"encoder_{index}")
    return sequence, states


def _decoded(steps: Tensor, states: list[list[Tensor]], parameters: Parameters) -> Tensor:
    """The decoder's output at each step, `[batch, horizon, n]`."""
    for index, initial in enumerate(states):
        layer = cell_layer(
            parameters,
            initial[0].shape[-1],
            name=f"decoder_{index}",
            cell="lstm",
            return_sequences=True,
        )
        steps = layer(steps, initial_state=initial)
        steps = after_layer(steps, parameters, name=f"decoder_{index}")
    return steps
