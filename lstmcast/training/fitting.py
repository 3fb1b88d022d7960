"""Fitting a network on windows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.windows import Starts, WindowArrays
from lstmcast.errors import DivergedError
from lstmcast.training.backend import sees_gpu
from lstmcast.training.checkpoints import FitCheckpoints, Kept
from lstmcast.training.kernels import Kernel, kernel_of, steps_per_execution
from lstmcast.training.losses import window_loss
from lstmcast.training.memory import fit_memory
from lstmcast.training.optimizers import make_optimizer
from lstmcast.training.progress import EpochRow, Plan, Progress
from lstmcast.training.weights import State, load_weights, set_state, state_of, weights_of

if TYPE_CHECKING:
    import keras

    from lstmcast.training.callbacks import Recorder


@dataclass(frozen=True)
class History:
    """How a fit went.

    Attributes:
        rows: One for each epoch.
        best_epoch: From 1, the epoch whose weights the network has now: the one of the lowest
            validation loss where early stopping is on or the fit diverged, else the last.
        stopped: Whether early stopping ended it, the epochs ran out, or it diverged.
        seconds: Wall time of the whole fit; that of the first member holds the compilation.
        plan: What was to be done, and on which kernel.
        diverged: Where, and what the user can do; None of a fit that did not.
    """

    rows: tuple[EpochRow, ...]
    best_epoch: int
    stopped: Literal["early", "epochs", "diverged"]
    seconds: float
    plan: Plan
    diverged: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> History:
        """The inverse of `to_json`."""
        plan, kernel = values["plan"], values["plan"]["kernel"]
        kernel = Kernel(**{**kernel, "reasons": tuple(kernel["reasons"])})
        rows = tuple(EpochRow(**row) for row in values["rows"])
        return cls(**{**values, "rows": rows, "plan": Plan(**{**plan, "kernel": kernel})})


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
        self._benches: dict[_Form, _Bench] = {}

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
            else:
                history = bench.fit(state, plan, progress, logs, own)
            histories.append(history)
            trained.append(state_of(networks[0]))
            if own is not None and not done:
                own.finish(Kept(weights_of(networks[0]), history.to_json()))
        for network, state in zip(networks, trained, strict=True):
            set_state(network, state)
        return tuple(histories)

    def _bench(self, starts: Starts) -> _Bench:
        """The compiled network that takes these windows."""
        form = _form_of(self._config, starts)
        if form in self._benches:
            self._benches[form].take(starts)
        else:
            self._benches[form] = _Bench(
                self._networks[0], self._arrays, starts, self._config, form, room=self._room
            )
        return self._benches[form]


@dataclass(frozen=True)
class _Form:
    """What a network is compiled for.

    Attributes:
        batch_size: Windows of a batch.
        kernel: What the recurrent layers run on.
        steps: Batches of one execution.
    """

    batch_size: int
    kernel: Kernel
    steps: int


def _form_of(config: Config, starts: Starts) -> _Form:
    batch_size = min(config.training.batch_size, len(starts.train))
    n_batches = -(-len(starts.train) // batch_size)
    kernel = kernel_of(config, has_gpu=sees_gpu(config.training), n_batches=n_batches)
    return _Form(batch_size, kernel, steps_per_execution(config, n_batches))


class _Bench:
    """A network compiled for training, which takes any weights and windows and is fitted from them.

    Args:
        network: The network.
        arrays: The prepared rows.
        starts: The first windows.
        config: As in `Fitter`.
        form: What it is compiled for.
        room: As in `Fitter`.
    """

    def __init__(
        self,
        network: keras.Model,
        arrays: WindowArrays,
        starts: Starts,
        config: Config,
        form: _Form,
        *,
        room: int,
    ) -> None:
        # These define subclasses of Keras' classes, so that importing them imports Keras.
        from lstmcast.training.augmentation import Augmenter, SeriesDropout
        from lstmcast.training.gathering import GatheringModel

        self._config, self._starts, self._form = config, starts, form
        self._memory = fit_memory(config, arrays, starts)
        how = config.training.augmentation
        self._augmenter = Augmenter(how, seed=config.seed) if how.changes else None
        features = config.features
        hides = features.series_embedding and features.series_dropout > 0
        self._series_dropout = (
            SeriesDropout(features.series_dropout, seed=config.seed) if hides else None
        )
        self._model = GatheringModel(
            network,
            arrays,
            starts=starts,
            window=config.window,
            loss=window_loss(
                config, class_weights=arrays.classes.weights if arrays.classes else ()
            ),
            room=room,
            augmenter=self._augmenter,
            series_dropout=self._series_dropout,
        )
        self._model.compile(
            optimizer=make_optimizer(config.training),
            steps_per_execution=form.steps,
            jit_compile=form.kernel.jit,
        )
        # What Keras would do at the first step: so that its state at the start is known.
        self._model.optimizer.build(self._model.trainable_variables)
        self._optimizer = state_of(self._model.optimizer)
        random = (self._augmenter, self._series_dropout)
        self._owners: dict[str, Any] = {
            "network": self._model.network,
            "optimizer": self._model.optimizer,
            "random": SimpleNamespace(variables=[own.seeds.state for own in random if own]),
        }

    @property
    def plan(self) -> Plan:
        """What a fit on the windows as they are now does."""
        n_batches = -(-len(self._starts.train) // self._form.batch_size)
        epochs, seed = self._config.training.epochs, self._config.seed
        return Plan(epochs, n_batches, self._form.kernel, self._memory, seed)

    def take(self, starts: Starts) -> None:
        """Go on with other windows."""
        self._starts = starts
        self._model.take(starts)

    def fit(
        self,
        state: State,
        plan: Plan,
        progress: Progress,
        tensorboard: Path | None,
        checkpoints: FitCheckpoints | None,
    ) -> History:
        """Fit from a state of the network; what came before leaves no trace.

        With checkpoints, from the last of them on.
        """
        from lstmcast.models.fast_lstm import fast_lstm
        from lstmcast.training.callbacks import Recorder, best_epoch, make_callbacks
        from lstmcast.training.gathering import batch_positions
        from lstmcast.training.resuming import Checkpointer

        began = time.perf_counter()
        set_state(self._model.network, state)
        set_state(self._model.optimizer, self._optimizer)
        for random in (self._augmenter, self._series_dropout):
            if random is not None:
                random.restart(plan.seed)
        config = self._config.model_copy(update={"seed": plan.seed})
        recorder = Recorder(progress, plan)
        n_train, n_validation = len(self._starts.train), len(self._starts.validation)
        callbacks = make_callbacks(
            config, recorder, validated=n_validation > 0, tensorboard=tensorboard
        )
        validation = batch_positions(n_validation, self._form.batch_size, first=n_train)
        checkpointer = None
        if checkpoints is not None:
            checkpointer = Checkpointer(checkpoints, self._owners, callbacks, recorder)
            checkpointer.restore()
            callbacks.append(checkpointer)
            plan = replace(plan, done=checkpointer.epochs_done)
        progress.fit_begins(plan)
        try:
            with fast_lstm(plan.kernel.name == "fast"):
                self._model.fit(
                    batch_positions(n_train, self._form.batch_size),
                    batch_size=self._form.batch_size,
                    epochs=plan.epochs,
                    initial_epoch=plan.done,
                    shuffle=False,
                    validation_data=validation if n_validation else None,
                    validation_batch_size=self._form.batch_size,
                    callbacks=callbacks,
                    verbose=0,
                )
        finally:
            progress.fit_ends()
        if recorder.diverged is not None and not recorder.rows:
            raise DivergedError(recorder.diverged)
        _check_weights(self._model.network, recorder)
        ended: Literal["early", "epochs"] = (
            "early" if len(recorder.rows) < plan.epochs else "epochs"
        )
        return History(
            rows=tuple(recorder.rows),
            best_epoch=best_epoch(callbacks, recorder),
            stopped="diverged" if recorder.diverged else ended,
            seconds=checkpointer.seconds if checkpointer else time.perf_counter() - began,
            plan=plan,
            diverged=recorder.diverged,
        )


def _check_weights(network: keras.Model, recorder: Recorder) -> None:
    """That there is no weight which is not finite.

    Raises:
        DivergedError: If there is; the loss of the last update is the one before it.
    """
    if not all(np.isfinite(weights).all() for weights in weights_of(network).values()):
        last = recorder.rows[-1]
        raise DivergedError(
            f"a weight became infinite or NaN in epoch {last.epoch}, at a learning rate of "
            f"{last.learning_rate:g}. Lower training.learning_rate (to "
            f"{last.learning_rate / 10:g}, say) or training.clipnorm."
        )
