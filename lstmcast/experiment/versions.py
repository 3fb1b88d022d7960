"""One Keras network, or ensemble, with the weights of several: those of each series in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lstmcast.models.ensemble import join_members
from lstmcast.runtime.network import WHICH, by_network
from lstmcast.training.weights import load_weights

if TYPE_CHECKING:
    import keras

# Of each member of an ensemble, by name; one for a network alone.
MemberWeights: TypeAlias = Sequence[Mapping[str, np.ndarray]]


class Versions:
    """A network that takes the weights of one version at a time.

    Args:
        members: The members of an ensemble, or one network.
        weights: Those of each version.
    """

    def __init__(self, members: Sequence[keras.Model], weights: Sequence[MemberWeights]) -> None:
        self._members, self._weights = members, weights
        self._network = join_members(members)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._weights)

    def __getitem__(self, number: int) -> keras.Model:
        """The network with the weights of a version; until the next is taken.

        Raises:
            BundleError: If the weights are not those of this network.
        """
        for member, weights in zip(self._members, self._weights[number], strict=True):
            load_weights(member, weights)
        return self._network

    def __iter__(self) -> Iterator[keras.Model]:
        """The network with the weights of each version in turn."""
        return map(self.__getitem__, range(len(self)))

    def of_member(self, member: int) -> Versions:
        """The versions of one member alone."""
        return Versions([self._members[member]], [[each[member]] for each in self._weights])


class KerasVersions:
    """The versions of a network, each for the windows that ask for it.

    Args:
        versions: The network with the weights of each.
    """

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """As `Network`; the input `WHICH` tells the version of each window."""
        return by_network(self._run, inputs)

    def _run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        from lstmcast.training.inference import KerasNetwork

        network = KerasNetwork(self._versions[int(inputs[WHICH])])
        return network({name: values for name, values in inputs.items() if name != WHICH})
