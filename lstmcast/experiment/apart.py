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
from lstmcast.errors import ConfigError, Problem
from lstmcast.execution.work import Executor
from lstmcast.experiment.members import Place, Trained, TrainedPart, initialised, train_members
from lstmcast.training.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from lstmcast.training.fitting import History

# Shares of the work for each worker.
_BUNDLES = 4


@dataclass(frozen=True)
class _Share:
    """What one worker trains: a member, on some parts."""

    member: int
    parts: tuple[int, ...]


def train_apart(dataset: Dataset, progress: Progress, executor: Executor) -> Trained:
    """Train the networks side by side.

    Args:
        dataset: What to train on.
        progress: Told of the epochs of a network when it is done.
        executor: What runs them.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend, the device or a worker is not there.
    """
    preparation = dataset.preparation
    n_members = preparation.config.training.seeds
    done: dict[tuple[int, int], TrainedPart] = {}
    shares = _shares(preparation.n_networks, n_members, executor.n_workers)
    with closing(executor.run(_train_share, dataset, shares)) as outcomes:
        for outcome in outcomes:
            member = outcome.item.member
            for part, alone in zip(outcome.item.parts, outcome.unwrap(), strict=True):
                placed = _placed(alone, member, Place(part, preparation))
                done[part, member] = placed
                _tell(placed.histories[0], progress)
    parts = []
    for part in range(preparation.n_networks):
        own = [done[part, member] for member in range(n_members)]
        weights, histories = zip(*((e.weights[0], e.histories[0]) for e in own), strict=True)
        parts.append(TrainedPart(weights, histories))
    return Trained(initialised(preparation), tuple(parts))


def _shares(n_parts: int, n_members: int, n_workers: int) -> list[_Share]:
    """Parts in bundles, for each worker a few: few compilations, and none waits long at the end."""
    n_bundles = min(n_parts, max(1, _BUNDLES * n_workers // n_members))
    bundles = np.array_split(np.arange(n_parts), n_bundles)
    return [
        _Share(member, tuple(bundle.tolist())) for bundle in bundles for member in range(n_members)
    ]


def _placed(alone: TrainedPart, member: int, place: Place) -> TrainedPart:
    """A member that was trained alone, as one of all."""
    (history,) = alone.histories
    n_members = place.preparation.config.training.seeds
    plan = place.of(replace(history.plan, member=member, members=n_members))
    return replace(alone, histories=(replace(history, plan=plan),))


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
