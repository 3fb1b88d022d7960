"""A network that is compiled for training once, and fitted from any state on any windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.windows import Starts, WindowArrays
from lstmcast.errors import DivergedError
from lstmcast.training.backend import sees_gpu
from lstmcast.training.checkpoints import FitCheckpoints
from lstmcast.training.history import History
from lstmcast.training.kernels import Kernel, kernel_of, steps_per_execution
from lstmcast.training.losses import window_loss
from lstmcast.training.memory import fit_memory
from lstmcast.training.optimizers import make_optimizer
from lstmcast.training.progress import Plan, Progress
from lstmcast.training.weights import State, set_state, state_of, weights_of

if TYPE_CHECKING:
    import keras

    from lstmcast.training.callbacks import Recorder
    from lstmcast.training.gathering import GatheringModel
    from lstmcast.training.resuming import Checkpointer


@dataclass(frozen=True)
class Form:
    """What a network is compiled for.

    Attributes:
        batch_size: Windows of a batch.
        kernel: What the recurrent layers run on.
        steps: Batches of one execution.
    """

    batch_size: int
    kernel: Kernel
    steps: int


def form_of(config: Config, starts: Starts) -> Form:
    """What a network is to be compiled for, to be fitted on these windows."""
    batch_size = min(config.training.batch_size, len(starts.train))
    n_batches = -(-len(starts.train) // batch_size)
    kernel = kernel_of(config, has_gpu=sees_gpu(config.training), n_batches=n_batches)
    return Form(batch_size, kernel, steps_per_execution(config, n_batches))


class Bench:
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
        form: Form,
        *,
        room: int,
    ) -> None:
        # These define subclasses of Keras' classes, so that importing them imports Keras.
        from lstmcast.training.augmentation import Augmenter, SeriesDropout
        from lstmcast.training.resuming import METRICS

        self._config, self._starts, self._form = config, starts, form
        self._memory = fit_memory(config, arrays, starts, parts=form.kernel.parts)
        how = config.training.augmentation
        self._augmenter = Augmenter(how, seed=config.seed) if how.changes else None
        features = config.features
        hides = features.series_embedding and features.series_dropout > 0
        self._series_dropout = (
            SeriesDropout(features.series_dropout, seed=config.seed) if hides else None
        )
        self._model = _model_of(config, form)(
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
            METRICS: SimpleNamespace(variables=self._model.metrics_variables),
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
        checkpoints: FitCheckpoints | None = None,
    ) -> History:
        """Fit from a state of the network; what came before leaves no trace.

        With checkpoints, from the last of them on.
        """
        set_state(self._model.network, state)
        set_state(self._model.optimizer, self._optimizer)
        for random in (self._augmenter, self._series_dropout):
            if random is not None:
                random.restart(plan.seed)
        session = self._session(plan, progress, tensorboard, checkpoints)
        progress.fit_begins(session.plan)
        try:
            self._run(session)
            # What is left of an epoch is fitted by itself: all further epochs are whole.
            while session.goes_on:
                session = self._session(plan, progress, tensorboard, checkpoints)
                self._run(session)
        finally:
            progress.fit_ends()
        return session.history(self._model.network)

    def _session(
        self,
        plan: Plan,
        progress: Progress,
        tensorboard: Path | None,
        checkpoints: FitCheckpoints | None,
    ) -> _Session:
        """What follows the network from where it stands, or from the last checkpoint."""
        from lstmcast.training.callbacks import Ender, Recorder, make_callbacks
        from lstmcast.training.resuming import Checkpointer

        config = self._config.model_copy(update={"seed": plan.seed})
        recorder = Recorder(progress, plan)
        validated = len(self._starts.validation) > 0
        callbacks = make_callbacks(config, recorder, validated=validated, tensorboard=tensorboard)
        checkpointer = None
        if checkpoints is not None:
            checkpointer = Checkpointer(checkpoints, self._owners, callbacks, recorder)
            checkpointer.restore()
            callbacks.append(checkpointer)
            done, batches = checkpointer.epochs_done, checkpointer.batches_done
            plan = replace(plan, done=done, done_batches=batches)
        return _Session(plan, recorder, [*callbacks, Ender()], checkpointer)

    def _run(self, session: _Session) -> None:
        """Fit the epochs that are left, or the rest of one that is half done."""
        from lstmcast.models.fast_loop import fast_loops
        from lstmcast.training.gathering import as_batches, batch_positions

        batch_size = self._form.batch_size
        n_train, n_validation = len(self._starts.train), len(self._starts.validation)
        done = session.plan.done_batches * batch_size
        with fast_loops(session.plan.kernel.name == "fast"):
            self._model.fit(
                as_batches(batch_positions(n_train, batch_size)[done:], batch_size),
                batch_size=batch_size,
                epochs=session.plan.epochs,
                initial_epoch=session.plan.done,
                shuffle=False,
                validation_data=as_batches(
                    batch_positions(n_validation, batch_size, first=n_train), batch_size
                )
                if n_validation
                else None,
                validation_batch_size=batch_size,
                callbacks=session.callbacks,
                verbose=0,
            )


def _model_of(config: Config, form: Form) -> Callable[..., GatheringModel]:
    """What makes the model that gathers its batches.

    Compiled for a CPU, a looped one on JAX, and one whose batches are divided on TensorFlow.
    """
    from lstmcast.training.gathering import GatheringModel

    n_parts = form.kernel.parts
    if config.training.backend == "jax" and form.kernel.jit and not sees_gpu(config.training):
        from lstmcast.training.jax_loop import LoopedModel

        return partial(LoopedModel, n_parts=n_parts)
    if n_parts > 1:
        from lstmcast.training.tf_parts import DividedModel

        return partial(DividedModel, n_parts=n_parts)
    return GatheringModel


@dataclass(frozen=True)
class _Session:
    """A call of Keras' `fit`, and what follows it."""

    plan: Plan
    recorder: Recorder
    callbacks: list[keras.callbacks.Callback]
    checkpointer: Checkpointer | None
    began: float = field(default_factory=time.perf_counter)

    @property
    def goes_on(self) -> bool:
        """Whether the call was but the rest of an epoch."""
        return self.checkpointer is not None and self.checkpointer.goes_on

    def history(self, network: keras.Model) -> History:
        """How the fit went, whose network this is.

        Raises:
            DivergedError: If there are no weights to keep.
        """
        from lstmcast.training.callbacks import best_epoch

        rows, diverged = tuple(self.recorder.rows), self.recorder.diverged
        if diverged is not None and not rows:
            raise DivergedError(diverged)
        _check_weights(network, self.recorder)
        ended: Literal["early", "epochs"] = "early" if len(rows) < self.plan.epochs else "epochs"
        return History(
            rows=rows,
            best_epoch=best_epoch(self.callbacks, self.recorder),
            stopped="diverged" if diverged else ended,
            seconds=(
                self.checkpointer.seconds if self.checkpointer else time.perf_counter() - self.began
            ),
            plan=self.plan,
            diverged=diverged,
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
            f"{last.learning_rate / 10:g}, say), or clip gradients (training.clipnorm)."
        )
