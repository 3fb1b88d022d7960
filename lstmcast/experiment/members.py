"""The networks of an experiment in training: one, or the members of an ensemble.

The members are trained one after the other in this process, where only the first is compiled, or
side by side, where an executor runs them; each has the same weights either way, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset
from lstmcast.data.preparation import Preparation
from lstmcast.errors import ConfigError, Problem
from lstmcast.execution.work import Executor
from lstmcast.models.registry import build_network
from lstmcast.models.shapes import Shapes
from lstmcast.runtime.outputs import n_outputs_of
from lstmcast.training.progress import Progress, SilentProgress

if TYPE_CHECKING:
    import keras

    from lstmcast.training.fitting import History


def shapes_of(preparation: Preparation) -> Shapes:
    """The sizes of the network that a preparation and its config ask for."""
    config, schema = preparation.config, preparation.schema
    output, categories = config.output, config.features.categories
    embedded = categories.encoding == "embedding"

    def levels(*roles: Any) -> tuple[int, ...]:
        names = schema.names(kind="category", roles=roles) if embedded else ()
        return tuple(len(preparation.vocabularies[name]) + 1 for name in names)

    static = len(schema.names(kind="number", roles=("static",)))
    if not embedded:
        names = schema.names(kind="category", roles=("static",))
        static += sum(len(preparation.vocabularies[name]) for name in names)
    return Shapes(
        lookback=config.window.lookback,
        horizon=config.window.horizon,
        n_targets=len(schema.targets),
        n_outputs=n_outputs_of(output),
        past=len(schema.targets) + len(preparation.features),
        future=sum(feature.ahead for feature in preparation.features),
        static=static,
        past_levels=levels("past", "future"),
        future_levels=levels("future"),
        static_levels=levels("static"),
        embedding_size=categories.embedding_size,
        head="quantiles" if output.type == "point" else output.type,
    )


def train_members(
    dataset: Dataset,
    progress: Progress,
    *,
    weights: Mapping[str, np.ndarray] | None = None,
    tensorboard: Path | None = None,
) -> tuple[list[keras.Model], tuple[History, ...]]:
    """Train the members in this process.

    Args:
        dataset: What to train on.
        progress: Told of each epoch.
        weights: Where to start from; None for those of the seeds.
        tensorboard: Where TensorBoard logs go, if `training.tensorboard`.

    Returns:
        The trained members, and how each was fitted.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend or the device is not there.
    """
    from lstmcast.training.fitting import fit_members
    from lstmcast.training.weights import load_weights, split_weights

    config = dataset.preparation.config
    members = _initialised(dataset.preparation)
    if weights is not None:
        for member, own in zip(members, split_weights(weights, len(members)), strict=True):
            load_weights(member, own)
    histories = fit_members(
        members,
        dataset.prepared.arrays,
        starts=dataset.fitted_starts,
        config=config,
        progress=progress,
        tensorboard=tensorboard,
    )
    return members, histories


def _initialised(preparation: Preparation) -> list[keras.Model]:
    """The network with its first weights, for each seed."""
    from lstmcast.training.backend import load_keras

    config, shapes = preparation.config, shapes_of(preparation)
    networks = []
    for seed in config.seeds:
        load_keras(config.training, seed=seed)
        networks.append(build_network(config.model, shapes))
    return networks


def train_apart(
    dataset: Dataset, progress: Progress, executor: Executor
) -> tuple[list[keras.Model], tuple[History, ...]]:
    """Train the members side by side.

    Args:
        dataset: What to train on.
        progress: Told of the epochs of a member when it is done.
        executor: What runs them.

    Returns:
        As `train_members`.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend, the device or a worker is not there.
    """
    from lstmcast.training.weights import load_weights

    members = _initialised(dataset.preparation)
    histories: dict[int, History] = {}
    with closing(executor.run(_train_one, dataset, range(len(members)))) as outcomes:
        for outcome in outcomes:
            weights, history = outcome.unwrap()
            load_weights(members[outcome.item], weights)
            plan = replace(history.plan, member=outcome.item, members=len(members))
            histories[outcome.item] = replace(history, plan=plan)
            _tell(histories[outcome.item], progress)
    return members, tuple(histories[member] for member in range(len(members)))


def check_apart(config: Config) -> None:
    """That a config has something to train side by side.

    Raises:
        ConfigError: If there is but one network, or logs are to be written while it is trained.
    """
    if config.training.seeds == 1:
        message = (
            "is 1, and one network is not trained side by side. Set it to the number of an "
            "ensemble's members, or leave out --workers and --ray."
        )
        raise ConfigError([Problem("training.seeds", message)])
    if config.training.tensorboard:
        message = "cannot be written by several processes. Leave out --workers and --ray, or it."
        raise ConfigError([Problem("training.tensorboard", message)])


def _train_one(dataset: Dataset, member: int) -> tuple[dict[str, np.ndarray], History]:
    """Train one member alone, from its own seed."""
    from lstmcast.training.chatter import captured_chatter
    from lstmcast.training.weights import weights_of

    config = dataset.preparation.config
    alone = config.model_copy(
        update={
            "seed": config.seeds[member],
            "training": config.training.model_copy(update={"seeds": 1}),
        }
    )
    own = replace(dataset, preparation=replace(dataset.preparation, config=alone))
    with captured_chatter():
        (network,), (history,) = train_members(own, SilentProgress())
    return weights_of(network), history


def _tell(history: History, progress: Progress) -> None:
    """The epochs of a member that is done."""
    progress.fit_begins(history.plan)
    for row in history.rows:
        progress.epoch_done(row)
    progress.fit_ends()
