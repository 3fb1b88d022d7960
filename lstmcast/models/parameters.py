"""The parameters that the recurrent architectures share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lstmcast.config.base import Section

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Size = Annotated[int, Field(ge=1)]


class RecurrentParameters(Section):
    """What every recurrent architecture can be told."""

    units: list[Size] = Field(
        default=[64], min_length=1, description="Units of each recurrent layer, from the input up."
    )
    bidirectional: bool = Field(
        default=False, description="Read the lookback in both directions (doubles the parameters)."
    )
    layer_norm: bool = Field(
        default=False, description="Layer normalisation after each recurrent layer."
    )
    dropout: Fraction = Field(
        default=0.1, description="Dropout after each recurrent layer, in training only."
    )
    recurrent_dropout: Fraction = Field(
        default=0.0, description="Dropout of the recurrent state; loses the fast cuDNN kernel."
    )
    l2: float = Field(
        default=0.0, ge=0.0, description="L2 penalty on the recurrent layers' kernels."
    )
    activation: Literal["tanh", "relu", "elu", "softsign", "sigmoid"] = Field(
        default="tanh",
        description="Activation of the cell; anything but tanh loses the fast cuDNN kernel.",
    )
    window_norm: Literal["none", "last", "mean_std"] = Field(
        default="none",
        description="Normalise the targets of each window inside the network: subtract the last "
        "value, or standardise by the window's own mean and deviation; undone at the output.",
    )
