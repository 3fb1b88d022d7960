"""The callbacks of a fit: Keras' own where there is one, and what it does not have."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from lstmcast.config.schema import Config, Training
from lstmcast.errors import ResourceError
from lstmcast.interrupts import end_if_asked
from lstmcast.training.optimizers import learning_rate_at
from lstmcast.training.progress import EpochRow, Plan, Progress


class Shuffle(keras.callbacks.Callback):  # type: ignore[misc]
    """Puts the training windows of a `GatheringModel` into the order of each epoch."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Refresh the order."""
        self.model.shuffle(seed=self._seed, epoch=epoch)


class Ender(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the fit where the process is to end; the last callback, when all is kept."""

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Between two batches; after the last one the epoch is ended first."""
        if batch + 1 < self.params["steps"]:
            end_if_asked()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """After the epoch."""
        end_if_asked()


@dataclass(frozen=True)
class Before:
    """What an interrupted fit had done of the running epoch.

    Attributes:
        batches: How many.
        seconds: In how long.
    """

    batches: int = 0
    seconds: float = 0.0


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the history, tells the progress, and ends a fit that has diverged.

    Args:
        progress: Told of each epoch.
        plan: Of the fit.

    Attributes:
        rows: The history.
        diverged: What the user should know where a loss was no longer finite; None else.
    """

    def __init__(self, progress: Progress, plan: Plan) -> None:
        super().__init__()
        self.rows: list[EpochRow] = []
        self.diverged: str | None = None
        self._progress, self._plan = progress, plan
        self._before = Before()
        self._learning_rate = math.nan
        self._began = math.nan

    def go_on(self, rows: Sequence[EpochRow], before: Before) -> None:
        """Take up the history of an interrupted fit."""
        self.rows, self._before = list(rows), before

    @property
    def seconds(self) -> float:
        """Wall time of the running epoch so far."""
        return self._before.seconds + time.perf_counter() - self._began

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the learning rate that the epoch runs with."""
        self._began = time.perf_counter()
        rate = np.float32(keras.ops.convert_to_tensor(self.model.optimizer.learning_rate))
        # By its shortest decimals: 0.001, not 0.0010000000474974513.
        self._learning_rate = float(str(rate))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Tell how many batches are done; called once an execution, not once a batch."""
        # The last execution of an epoch may be cut short, and Keras counts it whole.
        done = min(batch + 1, self.params["steps"])
        self._progress.batches_done(self._before.batches + done)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add a row; of an epoch that diverged none, and no other epoch follows."""
        values = logs or {}
        row = EpochRow(
            epoch=epoch + 1,
            loss=float(values["loss"]),
            val_loss=float(values["val_loss"]) if "val_loss" in values else None,
            learning_rate=self._learning_rate,
            seconds=self.seconds,
        )
        self._before = Before()
        self.diverged = _divergence(row, self._plan)
        if self.diverged is not None:
            self.model.stop_training = True
            return
        self.rows.append(row)
        self._progress.epoch_done(row)


def _divergence(row: EpochRow, plan: Plan) -> str | None:
    """What the user should know of a loss that is not finite."""
    whose = f" of the network of seed {plan.seed}" if plan.members > 1 else ""
    for name, value in (("training", row.loss), ("validation", row.val_loss)):
        if value is not None and not math.isfinite(value):
            return (
                f"the {name} loss{whose} became {value} in epoch {row.epoch}, at a learning rate "
                f"of {row.learning_rate:g}. Lower training.learning_rate (to "
                f"{row.learning_rate / 10:g}, say), or clip gradients (training.clipnorm)."
            )
    return None


class BestSoFar(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Keeps the best weights for a fit that diverges; any other keeps those of its last epoch.

    Args:
        recorder: Knows whether it has.
        monitor: What tells how good an epoch is.
    """

    def __init__(self, recorder: Recorder, monitor: str) -> None:
        super().__init__(
            monitor=monitor, mode="min", patience=sys.maxsize, restore_best_weights=True
        )
        self._recorder = recorder

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Put them back, if they are needed."""
        if self._recorder.diverged is not None:
            super().on_train_end(logs)


def make_callbacks(
    config: Config, recorder: Recorder, *, validated: bool, tensorboard: Path | None = None
) -> list[keras.callbacks.Callback]:
    """The callbacks of a fit, in the order in which they must run.

    Args:
        config: Its `seed` and `training`.
        recorder: Comes before what changes the learning rate at the end of an epoch.
        validated: Whether there are validation windows; without them nothing stops early, and
            the learning rate is not reduced.
        tensorboard: Where to write TensorBoard logs, if `training.tensorboard`.

    Raises:
        ResourceError: If TensorBoard logs are asked for and cannot be written.
    """
    training = config.training
    callbacks = [Shuffle(config.seed)]
    if training.schedule != "none":
        callbacks.append(
            keras.callbacks.LearningRateScheduler(
                lambda epoch, _: learning_rate_at(training, epoch)
            )
        )
    if training.weight_average is not None:
        # Before what keeps the best weights: those are averages too.
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    callbacks.append(recorder)
    stops_early = validated and training.early_stopping is not None
    if not stops_early:
        callbacks.append(BestSoFar(recorder, "val_loss" if validated else "loss"))
    if validated:
        callbacks += _of_validation(training)
    if training.tensorboard and tensorboard is not None:
        callbacks.append(_tensorboard(tensorboard))
    return callbacks


def _of_validation(training: Training) -> list[keras.callbacks.Callback]:
    """What watches the validation loss."""
    callbacks: list[Any] = []
    if training.early_stopping is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss",
                mode="min",
                patience=training.early_stopping.patience,
                min_delta=training.early_stopping.min_delta,
                restore_best_weights=True,
            )
        )
    if training.reduce_lr is not None and training.schedule == "none":
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor="val_loss",
                mode="min",
                factor=training.reduce_lr.factor,
                patience=training.reduce_lr.patience,
                min_lr=training.reduce_lr.min_lr,
            )
        )
    return callbacks


def _tensorboard(directory: Path) -> keras.callbacks.Callback:
    try:
        return keras.callbacks.TensorBoard(str(directory), write_graph=False)
    except ImportError as error:
        raise ResourceError(
            f"training.tensorboard needs the package {error.name}, which is not installed. "
            "Install it, or set training.tensorboard to false."
        ) from error


def best_epoch(callbacks: list[keras.callbacks.Callback], recorder: Recorder) -> int:
    """The epoch (from 1) whose weights the network has after a fit."""
    for callback in callbacks:
        if isinstance(callback, BestSoFar) and recorder.diverged is None:
            return len(recorder.rows)
        if isinstance(callback, keras.callbacks.EarlyStopping):
            return int(callback.best_epoch) + 1
    return len(recorder.rows)
