"""`lstm`: stacked LSTM layers, the last state read by a direct multi-step head."""

from __future__ import annotations

from typing import Literal

from lstmcast.models.parameters import RecurrentParameters


class Parameters(RecurrentParameters):
    """Stacked (bidirectional) LSTM layers and a direct multi-step head."""

    type: Literal["lstm"] = "lstm"
