"""Fitting a network on windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstmcast.config.schema import Config
from lstmcast.data.windows import Starts, WindowArrays
from lstmcast.interrupts import waiting
from lstmcast.training.bench import Bench, Form, form_of
from lstmcast.training.checkpoints import FitCheckpoints, Kept
from lstmcast.training.history import History
from lstmcast.training.progress import Progress
from lstmcast.training.weights import load_weights, set_state, state_of, weights_of

if TYPE_CHECKING:
    import keras


def fit_network(
    network: keras.Model,
    arrays: WindowArrays,
    *,
    starts: Starts,
    config: Config,
    progress: Progress,
    tensorboard: Path | None = None,
) -> History:
    """Train a network in place; `fit_members` with one member."""
    (history,) = fit_members(
        [network], arrays, starts=starts, config=config, progress=progress, tensorboard=tensorboard
    )
    return history


def fit_members(
    networks: Sequence[keras.Model],
    arrays: WindowArrays,
    *,
    starts: Starts,
    config: Config,
    progress: Progress,
    tensorboard: Path | None = None,
) -> tuple[History, ...]:
    """Train the members of an ensemble in place; `Fitter.fit` on one set of windows."""
    room = len(starts.train) + len(starts.validation)
    return Fitter(networks, arrays, config, room=room).fit(starts, progress, tensorboard)


class Fitter:
    """Fits networks of one form on windows of the same rows, compiled as seldom as possible.

    The weights of the others take the place of the first network's in turn, and other windows that
    of the first ones: only where these make batches of another size it is compiled again.

    Args:
        networks: What `build_network` made, the same but for the weights; their precision is that
            of the fit.
        arrays: The prepared rows.
        config: Its `seed`, `window`, `output` and `training`. Network `k` is fitted from the seed
            `config.seed + k`.
        room: The most windows of one fit, those to validate on included.
    """

    def __init__(
        self, networks: Sequence[keras.Model], arrays: WindowArrays, config: Config, *, room: int
    ) -> None:
        self._networks, self._arrays, self._config, self._room = networks, arrays, config, room
        self._benches: dict[Form, Bench] = {}

    def fit(
        self,
        starts: Starts,
        progress: Progress,
        tensorboard: Path | None = None,
        *,
        checkpoints: Sequence[FitCheckpoints] | None = None,
    ) -> tuple[History, ...]:
        """Train the networks in place, each as it would be trained alone.

        Early stopping, its best weights and `reduce_lr` need validation windows; without any they
        are left out, and the weights of the last epoch stay.

        Args:
            starts: The windows.
            progress: Follows each fit.
            tensorboard: Where TensorBoard logs go, if `training.tensorboard`; those of several
                networks go into directories below it.
            checkpoints: Of each network; a fit that has ended is not done again, and one that was
                interrupted goes on. None keeps nothing.

        Returns:
            How each fit went.

        Raises:
            DivergedError: If the loss is not finite in the first epoch, or a weight is not; in a
                later epoch the best weights so far stay, and the history says so.
            ResourceError: If TensorBoard logs are asked for and cannot be written.
        """
        networks = self._networks
        bench = self._bench(starts)
        fresh, trained, histories = [state_of(network) for network in networks], [], []
        for member, state in enumerate(fresh):
            seed = self._config.seed + member
            plan = replace(bench.plan, seed=seed, member=member, members=len(networks))
            logs = tensorboard
            if tensorboard is not None and len(networks) > 1:
                logs = tensorboard / f"member_{member}"
            own = checkpoints[member] if checkpoints is not None else None
            done = own and own.finished()
            if done:
                load_weights(networks[0], done.arrays)
                # Where it stood among others may have been another place.
                history = replace(History.from_json(done.values), plan=plan)
            elif own is None:
                history = bench.fit(state, plan, progress, logs)
            else:
                with waiting():
                    history = bench.fit(state, plan, progress, logs, own)
                    own.finish(Kept(weights_of(networks[0]), history.to_json()))
            histories.append(history)
            trained.append(state_of(networks[0]))
        for network, state in zip(networks, trained, strict=True):
            set_state(network, state)
        return tuple(histories)

    def _bench(self, starts: Starts) -> Bench:
        """The compiled network that takes these windows."""
        form = form_of(self._config, starts)
        if form in self._benches:
            self._benches[form].take(starts)
        else:
            self._benches[form] = Bench(
                self._networks[0], self._arrays, starts, self._config, form, room=self._room
            )
        return self._benches[form]
