"""`cnn_lstm`: causal convolutions in front of the LSTM layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from lstmcast.models.blocks import Tensor, read_inputs, recurrent_stack
from lstmcast.models.heads import direct_model
from lstmcast.models.parameters import RecurrentParameters, Size
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """A convolutional front that shortens the lookback, then LSTM layers."""

    type: Literal["cnn_lstm"] = "cnn_lstm"
    filters: list[Size] = Field(
        default=[32], min_length=1, description="Filters of each convolution, from the input up."
    )
    kernel_size: Size = Field(default=5, description="Steps that a convolution sees at once.")
    pool: Size = Field(
        default=2, description="Steps that max-pooling joins after each convolution; 1 is none."
    )


def build(parameters: Parameters, shapes: Shapes) -> keras.Model:
    """The network, freshly initialised."""
    streams = read_inputs(shapes, window_norm=parameters.window_norm)
    context = recurrent_stack(_convolved(streams.past, parameters), parameters, cell="lstm")
    return direct_model(context, streams, shapes, name="cnn_lstm")


def _convolved(sequence: Tensor, parameters: Parameters) -> Tensor:
    """The sequence after the convolutions, `pool` times shorter (rounded up) after each."""
    from keras import layers

    for index, filters in enumerate(parameters.filters):
        convolution = layers.Conv1D(
            filters,
            parameters.kernel_size,
            padding="causal",
            activation="relu",
            name=f"convolution_{index}",
        )
        sequence = convolution(sequence)
        if parameters.pool > 1:
            # "same": a lookback that is shorter than the pool leaves one step, not none.
            pool = layers.MaxPooling1D(parameters.pool, padding="same", name=f"pool_{index}")
            sequence = pool(sequence)
    return sequence
