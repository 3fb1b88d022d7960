"""Networks trained side by side, where an executor runs them.

Each has the weights that it would have from `train_members`, to rounding.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset
from lstmcast.data.preparation import Preparation
from lstmcast.errors import ConfigError, Problem
from lstmcast.execution.work import Executor
from lstmcast.experiment.members import Place, Trained, TrainedPart, initialised, train_members
from lstmcast.training.checkpoints import Checkpoints, Kept
from lstmcast.training.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from lstmcast.training.history import History

# Shares of the work for each worker.
_BUNDLES = 4


@dataclass(frozen=True)
class _Network:
    """One of all networks."""

    part: int
    member: int


@dataclass(frozen=True)
class _Share:
    """What one worker trains: a member, on some parts."""

    member: int
    parts: tuple[int, ...]


def train_apart(
    dataset: Dataset,
    progress: Progress,
    executor: Executor,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train the networks side by side.

    Args:
        dataset: What to train on.
        progress: Told of the epochs of a network when it is done.
        executor: What runs them.
        checkpoints: What an interrupted training has kept, and where each network is kept when it
            is done; None keeps nothing.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend, the device or a worker is not there.
    """
    preparation = dataset.preparation
    n_members = preparation.config.training.seeds
    everything = [
        _Network(part, member)
        for part in range(preparation.n_networks)
        for member in range(n_members)
    ]
    done = {} if checkpoints is None else _kept(everything, checkpoints, preparation)
    shares = _shares([each for each in everything if each not in done], executor.n_workers)
    with closing(executor.run(_train_share, dataset, shares)) as outcomes:
        for outcome in outcomes:
            member = outcome.item.member
            for part, alone in zip(outcome.item.parts, outcome.unwrap(), strict=True):
                network = _Network(part, member)
                done[network] = _placed(alone, network, preparation)
                if checkpoints is not None:
                    own = checkpoints.of_fit(everything.index(network))
                    own.finish(Kept(alone.weights[0], alone.histories[0].to_json()))
                _tell(done[network].histories[0], progress)
    parts = []
    for part in range(preparation.n_networks):
        own_parts = [done[_Network(part, member)] for member in range(n_members)]
        weights, histories = zip(
            *((each.weights[0], each.histories[0]) for each in own_parts), strict=True
        )
        parts.append(TrainedPart(weights, histories))
    return Trained(initialised(preparation), tuple(parts))


def _kept(
    networks: list[_Network], checkpoints: Checkpoints, preparation: Preparation
) -> dict[_Network, TrainedPart]:
    """Those that an interrupted training had done."""
    from lstmcast.training.history import History

    found = {}
    for number, network in enumerate(networks):
        kept = checkpoints.of_fit(number).finished()
        if kept is not None:
            alone = TrainedPart((kept.arrays,), (History.from_json(kept.values),))
            found[network] = _placed(alone, network, preparation)
    return found


def _shares(networks: list[_Network], n_workers: int) -> list[_Share]:
    """Parts in bundles, for each worker a few: few compilations, and none waits long at the end."""
    members = sorted({network.member for network in networks})
    shares = []
    for member in members:
        parts = [network.part for network in networks if network.member == member]
        n_bundles = min(len(parts), max(1, _BUNDLES * n_workers // len(members)))
        bundles = np.array_split(np.array(parts), n_bundles)
        shares += [_Share(member, tuple(bundle.tolist())) for bundle in bundles]
    return shares


def _placed(alone: TrainedPart, network: _Network, preparation: Preparation) -> TrainedPart:
    """A network that was trained alone, as one of all."""
    (history,) = alone.histories
    n_members = preparation.config.training.seeds
    plan = replace(history.plan, member=network.member, members=n_members)
    placed = replace(history, plan=Place(network.part, preparation).of(plan))
    return replace(alone, histories=(placed,))


def check_apart(config: Config) -> None:
    """That a config has something to train side by side.

    Raises:
        ConfigError: If there is but one network, or logs are to be written while it is trained.
    """
    if config.training.seeds == 1 and config.model.scope == "panel":
        message = (
            "is 1, and one network is not trained side by side. Set it to the number of an "
            "ensemble's members, train one for each series with model.scope each, or leave out "
            "--workers and --ray."
        )
        raise ConfigError([Problem("training.seeds", message)])
    if config.training.tensorboard:
        message = "cannot be written by several processes. Leave out --workers and --ray, or it."
        raise ConfigError([Problem("training.tensorboard", message)])


def _train_share(dataset: Dataset, share: _Share) -> tuple[TrainedPart, ...]:
    """Train one member alone, from its own seed, on some parts."""
    from lstmcast.training.chatter import captured_chatter

    config = dataset.preparation.config
    alone = config.model_copy(
        update={
            "seed": config.seeds[share.member],
            "training": config.training.model_copy(update={"seeds": 1}),
        }
    )
    own = replace(dataset, preparation=replace(dataset.preparation, config=alone))
    with captured_chatter():
        return train_members(own, SilentProgress(), only=share.parts).parts


def _tell(history: History, progress: Progress) -> None:
    """The epochs of a network that is done."""
    progress.fit_begins(history.plan)
    for row in history.rows:
        progress.epoch_done(row)
    progress.fit_ends()
