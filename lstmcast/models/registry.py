"""The architectures by name. A new one is its file and a line in each of the two lists here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from lstmcast.models import attention, cnn_lstm, gru, lstm, segment, seq2seq
from lstmcast.models.parameters import NetworkParameters
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras

AnyParameters = Annotated[
    lstm.Parameters
    | gru.Parameters
    | attention.Parameters
    | cnn_lstm.Parameters
    | seq2seq.Parameters
    | segment.Parameters,
    Field(discriminator="type"),
]
ARCHITECTURES: dict[str, type[NetworkParameters]] = {
    "lstm": lstm.Parameters,
    "gru": gru.Parameters,
    "attention": attention.Parameters,
    "cnn_lstm": cnn_lstm.Parameters,
    "seq2seq": seq2seq.Parameters,
    "segment": segment.Parameters,
}


def build_network(parameters: NetworkParameters, shapes: Shapes) -> keras.Model:
    """The network of an architecture, its weights freshly initialised.

    Args:
        parameters: The `model` section of a config; its class names the architecture.
        shapes: Sizes of the inputs and the output.

    Returns:
        A `keras.Model` with the inputs and the output that `Shapes` describes.
    """
    module = importlib.import_module(type(parameters).__module__)
    network: keras.Model = module.build(parameters, shapes)
    if not parameters.linear_share:
        return network
    # A module of layers, which imports Keras.
    from lstmcast.models.linear import with_linear

    return with_linear(network, parameters, shapes)
