"""Keras' side of checkpoints: what a fit changes, taken and put back.

Keras' own `BackupAndRestore` knows nothing of the counters of other callbacks, nor of the best
weights so far, and writes in place.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import keras

from lstmcast.interrupts import is_asked
from lstmcast.training.callbacks import Before, Recorder
from lstmcast.training.checkpoints import FitCheckpoints, Kept
from lstmcast.training.progress import EpochRow
from lstmcast.training.weights import State, set_state, state_of

# What changes in a callback of Keras while it follows a fit.
_COUNTERS: dict[str, tuple[str, ...]] = {
    "EarlyStopping": ("wait", "best", "best_epoch"),
    "BestSoFar": ("wait", "best", "best_epoch"),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
    "SwapEMAWeights": ("_ema_weights_in_model",),
}
_BEST = "best_weights"
# The owner of the mean loss of the running epoch.
METRICS = "metrics"


class Checkpointer(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps where a fit stands after its epochs, or where it is to end, and takes it up from there.

    Must come after the other callbacks: it reads the others after they have done their part of an
    epoch, and sets them after they have begun anew.

    Args:
        checkpoints: Of the fit.
        owners: Whose variables the fit changes, by name: each with `variables`. Those of `METRICS`
            it begins anew with each epoch.
        callbacks: The others.
        recorder: Which of them keeps the history.

    Attributes:
        goes_on: Whether this fit was but the rest of an epoch, and others follow: a fit begins with
            a whole epoch. Where it stands is then kept.
    """

    def __init__(
        self,
        checkpoints: FitCheckpoints,
        owners: Mapping[str, Any],
        callbacks: Sequence[keras.callbacks.Callback],
        recorder: Recorder,
    ) -> None:
        super().__init__()
        self._checkpoints, self._owners, self._recorder = checkpoints, owners, recorder
        self._callbacks = {type(callback).__name__: callback for callback in callbacks}
        # Of a subclass where nothing stops early.
        self._keeper = next(
            each for each in callbacks if isinstance(each, keras.callbacks.EarlyStopping)
        )
        self.goes_on = False
        self._kept = checkpoints.latest()
        self._began = time.perf_counter()

    @property
    def epochs_done(self) -> int:
        """Epochs that an interrupted fit had done."""
        return 0 if self._kept is None else len(self._kept.values["rows"])

    @property
    def batches_done(self) -> int:
        """Batches that it had done of the next epoch."""
        return 0 if self._kept is None else int(self._kept.values["batches"])

    @property
    def seconds(self) -> float:
        """Wall time of the fit, that of what was interrupted with it."""
        before = 0.0 if self._kept is None else float(self._kept.values["seconds"])
        return before + time.perf_counter() - self._began

    def restore(self) -> None:
        """Put the variables and the history where the interrupted fit left them."""
        if self._kept is None:
            return
        for name, owner in self._owners.items():
            set_state(owner, _numbered(self._kept, name))
        self._recorder.go_on(
            [EpochRow(**row) for row in self._kept.values["rows"]],
            Before(self.batches_done, self._kept.values["epoch_seconds"]),
        )

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Put the other callbacks where they were."""
        if self._kept is None:
            return
        for name, counters in self._kept.values["callbacks"].items():
            for counter, value in counters.items():
                setattr(self._callbacks[name], counter, value)
        best = _numbered(self._kept, _BEST)
        if best:
            self._keeper.best_weights = best

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Put the mean loss of a half-done epoch back, which Keras has just set to nothing."""
        if self._kept is not None and epoch == self.epochs_done and self.batches_done:
            set_state(self._owners[METRICS], _numbered(self._kept, METRICS))

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keep where the fit stands where it is to end before the epoch does."""
        if is_asked() and batch + 1 < self.params["steps"]:
            epoch = len(self._recorder.rows)
            before = self.batches_done if epoch == self.epochs_done else 0
            self._keep(epoch, batches=before + batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Keep where the fit stands, unless it ends here."""
        if self.model.stop_training:
            return
        self.goes_on = self.batches_done > 0 and epoch + 1 < self.params["epochs"]
        if self._checkpoints.due() or is_asked() or self.goes_on:
            self._keep(epoch + 1, batches=0)
        if self.goes_on:
            self.model.stop_training = True

    def _keep(self, epochs: int, *, batches: int) -> None:
        """Keep what stands after so many epochs, and batches of the next."""
        _ = self.model  # Asking for it has JAX' state put into the variables.
        arrays = {
            f"{name}/{i}": values
            for name, owner in self._owners.items()
            for i, values in enumerate(state_of(owner))
        }
        best = self._keeper.best_weights or []
        arrays |= {f"{_BEST}/{i}": values for i, values in enumerate(best)}
        values = {
            "rows": [asdict(row) for row in self._recorder.rows],
            "batches": batches,
            "seconds": self.seconds,
            "epoch_seconds": self._recorder.seconds if batches else 0.0,
            "callbacks": {
                name: {counter: _plain(getattr(callback, counter)) for counter in _COUNTERS[name]}
                for name, callback in self._callbacks.items()
                if name in _COUNTERS
            },
        }
        self._checkpoints.keep(epochs, Kept(arrays, values))


def _plain(value: Any) -> Any:
    """As a JSON value; what is not finite is None, as Keras has it before the first epoch."""
    if value is None or isinstance(value, bool | int):
        return value
    return float(value) if math.isfinite(value) else None


def _numbered(kept: Kept, name: str) -> State:
    """The arrays of an owner, in order."""
    prefix = f"{name}/"
    places = [int(key.removeprefix(prefix)) for key in kept.arrays if key.startswith(prefix)]
    return [kept.arrays[f"{prefix}{place}"] for place in sorted(places)]
