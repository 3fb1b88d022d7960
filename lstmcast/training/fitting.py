"""Fitting a network on windows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lstmcast.config.schema import Config
from lstmcast.data.windows import Starts, WindowArrays
from lstmcast.training.backend import sees_gpu
from lstmcast.training.kernels import kernel_of, steps_per_execution
from lstmcast.training.losses import window_loss
from lstmcast.training.memory import fit_memory
from lstmcast.training.optimizers import make_optimizer
from lstmcast.training.progress import EpochRow, Plan, Progress

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class History:
    """How a fit went.

    Attributes:
        rows: One for each epoch.
        best_epoch: From 1, the epoch whose weights the network has now: the one of the lowest
            validation loss where early stopping is on, else the last.
        stopped: Whether early stopping ended it, or the epochs ran out.
        seconds: Wall time of the whole fit, compilation included.
        plan: What was to be done, and on which kernel.
    """

    rows: tuple[EpochRow, ...]
    best_epoch: int
    stopped: Literal["early", "epochs"]
    seconds: float
    plan: Plan


def fit_network(
    network: keras.Model,
    arrays: WindowArrays,
    *,
    starts: Starts,
    config: Config,
    progress: Progress,
    tensorboard: Path | None = None,
) -> History:
    """Train a network in place.

    Early stopping, its best weights and `reduce_lr` need validation windows; without any they are
    left out, and the weights of the last epoch stay.

    Args:
        network: What `build_network` made; its precision is that of the fit.
        arrays: The prepared rows.
        starts: The windows.
        config: Its `seed`, `window`, `output` and `training`.
        progress: Follows the fit.
        tensorboard: Where TensorBoard logs go, if `training.tensorboard`.

    Raises:
        DivergedError: If the loss is no longer finite.
        ResourceError: If TensorBoard logs are asked for and cannot be written.
    """
    # These define subclasses of Keras' classes, so that importing them imports Keras.
    from lstmcast.models.fast_lstm import fast_lstm
    from lstmcast.training.augmentation import Augmenter
    from lstmcast.training.callbacks import Recorder, best_epoch, make_callbacks
    from lstmcast.training.gathering import GatheringModel, batch_positions

    training = config.training
    began = time.perf_counter()
    n_train, n_validation = len(starts.train), len(starts.validation)
    batch_size = min(training.batch_size, n_train)
    n_batches = -(-n_train // batch_size)
    kernel = kernel_of(config, has_gpu=sees_gpu(training), n_batches=n_batches)
    plan = Plan(training.epochs, n_batches, kernel, fit_memory(config, arrays, starts))
    augmented = training.augmentation.changes
    model = GatheringModel(
        network,
        arrays,
        starts=starts,
        window=config.window,
        loss=window_loss(config),
        augmenter=Augmenter(training.augmentation, seed=config.seed) if augmented else None,
    )
    model.compile(
        optimizer=make_optimizer(training),
        steps_per_execution=steps_per_execution(config, n_batches),
        jit_compile=kernel.jit,
    )
    recorder = Recorder(progress)
    callbacks = make_callbacks(
        config, recorder, validated=n_validation > 0, tensorboard=tensorboard
    )
    validation = batch_positions(n_validation, batch_size, first=n_train)
    progress.fit_begins(plan)
    try:
        with fast_lstm(kernel.name == "fast"):
            model.fit(
                batch_positions(n_train, batch_size),
                batch_size=batch_size,
                epochs=training.epochs,
                shuffle=False,
                validation_data=validation if n_validation else None,
                validation_batch_size=batch_size,
                callbacks=callbacks,
                verbose=0,
            )
    finally:
        progress.fit_ends()
    return History(
        rows=tuple(recorder.rows),
        best_epoch=best_epoch(callbacks) or len(recorder.rows),
        stopped="early" if len(recorder.rows) < training.epochs else "epochs",
        seconds=time.perf_counter() - began,
        plan=plan,
    )
