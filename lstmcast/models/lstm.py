"""`lstm`: stacked LSTM layers, the last state read by a direct multi-step head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lstmcast.models.blocks import read_inputs, recurrent_stack
from lstmcast.models.heads import direct_model
from lstmcast.models.parameters import RecurrentParameters
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Stacked (bidirectional) LSTM layers and a direct multi-step head."""

    type: Literal["lstm"] = "lstm"


def build(parameters: Parameters, shapes: Shapes) -> keras.Model:
    """The network, freshly initialised."""
    return build_stack(parameters, shapes)


def build_stack(parameters: RecurrentParameters, shapes: Shapes) -> keras.Model:
    """A stack of layers of any recurrent cell, its last state read by the direct head."""
    cell = parameters.recurrent_cell
    streams = read_inputs(shapes, window_norm=parameters.window_norm)
    context = recurrent_stack(streams.past, parameters, cell=cell)
    return direct_model(context, streams, shapes, name=cell)
