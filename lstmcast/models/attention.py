"""`attention`: LSTM layers whose states over time are weighed by additive attention."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lstmcast.models.parameters import RecurrentParameters, Size


class Parameters(RecurrentParameters):
    """LSTM layers with attention over time, whose weights can be read out."""

    type: Literal["attention"] = "attention"
    attention_units: Size = Field(
        default=32, description="Width of the layer that scores each step of the lookback."
    )
