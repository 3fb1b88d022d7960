"""The weights of a network as named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from lstmcast.errors import BundleError

if TYPE_CHECKING:
    import keras


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
