"""An ensemble: networks of one form, trained from different seeds, read as one network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def join_members(members: Sequence[keras.Model]) -> keras.Model:
    """One network that gives the median of its members' outputs.

    Of quantiles, it is the median of each level over the members: as ascending as theirs. Of a
    distribution, it is the median of each parameter: as valid as theirs. Of classes, it is the
    median of each logarithm; whoever reads them makes their probabilities add up to 1 again.

    Args:
        members: Networks that `build_network` made of the same parameters and shapes.

    Returns:
        A functional network on new inputs of the same names, which shares the members' weights;
        where there is only one member, that one itself.
    """
    import keras

    first, *others = members
    if not others:
        return first
    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in first.input.items()
    }
    outputs = [
        # Under a name of its own: all have that of their architecture.
        keras.Model(member.input, member.output, name=f"member_{index}")(inputs)
        for index, member in enumerate(members)
    ]
    median = keras.ops.median(keras.ops.stack(outputs, axis=-1), axis=-1)
    return keras.Model(inputs, median, name=first.name)


def members_of(network: keras.Model) -> list[keras.Model]:
    """The members that `join_members` joined; a network that is none of its works alone."""
    import keras

    return [layer for layer in network.layers if isinstance(layer, keras.Model)] or [network]
