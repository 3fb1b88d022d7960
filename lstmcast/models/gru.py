"""`gru`: the `lstm` architecture with another cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lstmcast.models.lstm import build_stack
from lstmcast.models.parameters import Cell, RecurrentParameters
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Stacked (bidirectional) GRU layers and a direct multi-step head."""

    type: Literal["gru"] = "gru"

    @property
    def recurrent_cell(self) -> Cell:
        """A GRU."""
        return "gru"


def build(parameters: Parameters, shapes: Shapes) -> keras.Model:
    """The network, freshly initialised."""
    return build_stack(parameters, shapes)
