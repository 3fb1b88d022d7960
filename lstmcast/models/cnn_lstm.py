"""`cnn_lstm`: causal convolutions in front of the LSTM layers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lstmcast.models.parameters import RecurrentParameters, Size


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
