"""`gru`: the `lstm` architecture with another cell."""

from __future__ import annotations

from typing import Literal

from lstmcast.models.parameters import RecurrentParameters


class Parameters(RecurrentParameters):
    """Stacked (bidirectional) GRU layers and a direct multi-step head."""

    type: Literal["gru"] = "gru"
