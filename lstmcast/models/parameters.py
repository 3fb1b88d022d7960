"""The parameters that the architectures share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lstmcast.config.base import Section

Cell = Literal["lstm", "gru"]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Size = Annotated[int, Field(ge=1)]
WindowNorm = Annotated[
    Literal["none", "last", "mean_std"],
    Field(
        description="Normalise the targets of each window inside the network: subtract the last "
        "value, or standardise by the window's own mean and deviation; undone at the output."
    ),
]


class NetworkParameters(Section):
    """What every architecture can be told."""

    units: list[Size] = Field(
        default=[64], min_length=1, description="Units of each recurrent layer, from the input up."
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
    window_norm: WindowNorm = "none"
    linear_share: Fraction = Field(
        default=0.0,
        description="Share in the forecast of a linear model of each target's own lookback and the "
        "last steps of all targets, ridge regressions fitted on the training windows; it errs "
        "otherwise than a network does, so that 0.3 often helps.",
    )
    scope: Literal["panel", "each"] = Field(
        default="panel",
        description="`panel`: one network for all series; `each`: one for each series of its own.",
    )

    @property
    def recurrent_cell(self) -> Cell:
        """The cell of its recurrent layers."""
        return "lstm"

    def states(self, *, lookback: int, horizon: int, n_targets: int) -> int:
        """Numbers in the states of the recurrent layers over a window, all steps together."""
        return sum(self.units) * (lookback + horizon)


class RecurrentParameters(NetworkParameters):
    """What an architecture can be told whose recurrent layers read every step."""

    bidirectional: bool = Field(
        default=False, description="Read the lookback in both directions (doubles the parameters)."
    )
    layer_norm: bool = Field(
        default=False, description="Layer normalisation after each recurrent layer."
    )

    def states(self, *, lookback: int, horizon: int, n_targets: int) -> int:
        """As above, for both directions."""
        states = super().states(lookback=lookback, horizon=horizon, n_targets=n_targets)
        return states * (2 if self.bidirectional else 1)
