"""The weights of a network as named arrays, and back.

Those of an ensemble are its members' together, each name with `member_0/`, `member_1/` … before it,
and where each series has a network of its own, with `series_0/`, `series_1/` … before that; those
of a network alone have their own names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import BundleError

if TYPE_CHECKING:
    import keras

# The values of all variables, in their order.
State: TypeAlias = list[NDArray[Any]]


def state_of(owner: keras.Model | keras.optimizers.Optimizer) -> State:
    """All that a network or an optimizer changes in training, random generators included."""
    import keras

    # Copies: what the backend gives may be its own memory.
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in owner.variables]


def set_state(owner: keras.Model | keras.optimizers.Optimizer, state: State) -> None:
    """Put one of the same form into that state."""
    for variable, values in zip(owner.variables, state, strict=True):
        variable.assign(values)


def weights_of(network: keras.Model) -> dict[str, NDArray[Any]]:
    """The weights by the path of their layer, such as `lstm_0/lstm_cell/kernel`.

    The names depend on the config alone, not on what else the process has built. The states of
    random generators are not among them.

    Returns:
        float32 arrays, also of a network of mixed precision.
    """
    paths = [variable.path for variable in network.weights]
    return dict(zip(paths, network.get_weights(), strict=True))


def load_weights(network: keras.Model, weights: Mapping[str, NDArray[Any]]) -> None:
    """Give a network the weights that `weights_of` took from one like it.

    Raises:
        BundleError: If a weight is missing, unknown, or of another shape; the network is then
            unchanged.
    """
    variables = {variable.path: variable for variable in network.weights}
    problems = [f"{name} is missing" for name in variables if name not in weights]
    problems += [f"{name} is unknown" for name in weights if name not in variables]
    problems += [
        f"{name} has shape {tuple(weights[name].shape)}, not {tuple(variable.shape)}"
        for name, variable in variables.items()
        if name in weights and tuple(weights[name].shape) != tuple(variable.shape)
    ]
    if problems:
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise BundleError(
            f"The weights are not those of this network: {'; '.join(problems[:3])}{more}. "
            "Use the config that they were trained with."
        )
    for name, variable in variables.items():
        variable.assign(weights[name])


def join_weights(
    each: Sequence[Mapping[str, NDArray[Any]]], kind: str = "member"
) -> dict[str, NDArray[Any]]:
    """The weights of several networks together; those of a network alone as they are.

    Args:
        each: The weights of each.
        kind: What the networks are, for the names.
    """
    if len(each) == 1:
        return dict(each[0])
    return {
        f"{kind}_{index}/{name}": values
        for index, weights in enumerate(each)
        for name, values in weights.items()
    }


def split_weights(
    weights: Mapping[str, NDArray[Any]], n: int, kind: str = "member"
) -> list[dict[str, NDArray[Any]]]:
    """The inverse of `join_weights`.

    Raises:
        BundleError: If a weight is of none of the `n` networks.
    """
    if n == 1:
        return [dict(weights)]
    places = {f"{kind}_{index}": index for index in range(n)}
    found: list[dict[str, NDArray[Any]]] = [{} for _ in range(n)]
    for name, values in weights.items():
        owner, _, own_name = name.partition("/")
        if owner not in places:
            raise BundleError(f"The weight {name} is of none of the {n} networks.")
        found[places[owner]][own_name] = values
    return found
