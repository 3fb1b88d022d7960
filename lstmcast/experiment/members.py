"""The networks of an experiment in training: one, the members of an ensemble, those of each series.

A part is what one network, or ensemble, is trained on: the windows of the whole panel, or with
`model.scope: each` those of one series. The networks are trained one after the other in this
process, where they are compiled as seldom as possible, or side by side (`apart`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.data.dataset import Dataset
from lstmcast.data.preparation import Preparation
from lstmcast.data.windows import Starts
from lstmcast.experiment.versions import Versions
from lstmcast.models.registry import build_network
from lstmcast.runtime.network_shapes import shapes_of
from lstmcast.training.checkpoints import Checkpoints, FitCheckpoints
from lstmcast.training.linear import fit_linear
from lstmcast.training.progress import Plan, Progress
from lstmcast.training.weights import (
    join_weights,
    load_weights,
    set_state,
    split_weights,
    state_of,
    weights_of,
)

if TYPE_CHECKING:
    import keras

    from lstmcast.training.history import History

# What the networks of parts are called in the names of weights.
SERIES = "series"


@dataclass(frozen=True)
class TrainedPart:
    """The members that were trained on a part.

    Attributes:
        weights: Of each member, by name.
        histories: How each was fitted.
    """

    weights: tuple[Mapping[str, np.ndarray], ...]
    histories: tuple[History, ...]


@dataclass(frozen=True)
class Trained:
    """All networks of an experiment, trained.

    Attributes:
        members: The Keras networks that take the weights: one, or one for each member.
        parts: What was trained on each part.
    """

    members: Sequence[keras.Model]
    parts: tuple[TrainedPart, ...]

    @property
    def histories(self) -> tuple[History, ...]:
        """How each network was fitted, those of a part together."""
        return tuple(history for part in self.parts for history in part.histories)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Of all networks, as `split_versions` reads them."""
        return join_weights([join_weights(part.weights) for part in self.parts], SERIES)

    @property
    def versions(self) -> Versions:
        """The networks that forecast, one for each part."""
        return Versions(self.members, [part.weights for part in self.parts])


def split_versions(
    weights: Mapping[str, np.ndarray], preparation: Preparation
) -> list[list[dict[str, np.ndarray]]]:
    """The weights of each part, of each member.

    Raises:
        BundleError: If there are others.
    """
    n_members = preparation.config.training.seeds
    parts = split_weights(weights, preparation.n_networks, SERIES)
    return [split_weights(part, n_members) for part in parts]


def train_members(
    dataset: Dataset,
    progress: Progress,
    *,
    weights: Mapping[str, np.ndarray] | None = None,
    tensorboard: Path | None = None,
    only: Sequence[int] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train the networks in this process.

    Args:
        dataset: What to train on.
        progress: Told of each epoch.
        weights: Where to start from; None for those of the seeds.
        tensorboard: Where TensorBoard logs go, if `training.tensorboard`.
        only: Numbers of the parts to train on; None for all.
        checkpoints: What an interrupted training has kept, and where this one keeps how far it is;
            None keeps nothing.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend or the device is not there.
    """
    from lstmcast.training.fitting import Fitter

    preparation, parts = dataset.preparation, parts_of(dataset)
    members = initialised(preparation)
    given = None if weights is None else split_versions(weights, preparation)
    first = [state_of(member) for member in members]
    room = max(len(starts.train) + len(starts.validation) for starts in parts)
    fitter = Fitter(members, dataset.prepared.arrays, preparation.config, room=room)
    trained = []
    for number in range(len(parts)) if only is None else only:
        for index, (member, state) in enumerate(zip(members, first, strict=True)):
            set_state(member, state)
            if given is not None:
                load_weights(member, given[number][index])
        fit_linear(members, dataset.prepared.arrays, parts[number].train, preparation.config)
        place = Place(number, preparation)
        logs = tensorboard and place.logs(tensorboard)
        histories = fitter.fit(
            parts[number],
            _Placed(progress, place),
            logs,
            checkpoints=None if checkpoints is None else place.checkpoints(checkpoints),
        )
        trained.append(
            TrainedPart(
                weights=tuple(weights_of(member) for member in members),
                histories=tuple(replace(h, plan=place.of(h.plan)) for h in histories),
            )
        )
    return Trained(members, tuple(trained))


def parts_of(dataset: Dataset) -> list[Starts]:
    """The windows that each network, or ensemble, is fitted on."""
    starts, panel, preparation = dataset.fitted_starts, dataset.panel, dataset.preparation
    if preparation.config.model.scope == "panel":
        return [starts]
    number = preparation.network_of(panel.series)[panel.series_of_row]
    return [
        Starts(
            train=starts.train[number[starts.train] == part],
            validation=starts.validation[number[starts.validation] == part],
        )
        for part in range(preparation.n_networks)
    ]


@dataclass(frozen=True)
class Place:
    """Where the networks of a part stand among all."""

    part: int
    preparation: Preparation

    def of(self, plan: Plan) -> Plan:
        """The plan of a fit, with the place of its network among all."""
        if self.preparation.config.model.scope == "panel":
            return plan
        n_members, n_parts = self.preparation.config.training.seeds, self.preparation.n_networks
        return replace(
            plan,
            member=self.part * n_members + plan.member,
            members=n_parts * n_members,
            series=self.preparation.trained[self.part],
        )

    def checkpoints(self, all_: Checkpoints) -> list[FitCheckpoints]:
        """Those of the part's networks."""
        n_members = self.preparation.config.training.seeds
        return [all_.of_fit(self.part * n_members + member) for member in range(n_members)]

    def logs(self, tensorboard: Path) -> Path:
        """Where TensorBoard logs of the part go."""
        each = self.preparation.n_networks > 1
        return tensorboard / f"{SERIES}_{self.part}" if each else tensorboard


class _Placed:
    """Tells a progress of the fits of one part among those of all."""

    def __init__(self, progress: Progress, place: Place) -> None:
        self._progress, self._place = progress, place
        self.batches_done = progress.batches_done
        self.epoch_done = progress.epoch_done
        self.fit_ends = progress.fit_ends

    def fit_begins(self, plan: Plan) -> None:
        """Before the first epoch."""
        self._progress.fit_begins(self._place.of(plan))


def initialised(preparation: Preparation) -> list[keras.Model]:
    """The network with its first weights, for each seed."""
    from lstmcast.training.backend import load_keras

    config, shapes = preparation.config, shapes_of(preparation)
    networks = []
    for seed in config.seeds:
        load_keras(config.training, seed=seed)
        networks.append(build_network(config.model, shapes))
    return networks
