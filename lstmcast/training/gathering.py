"""The thin model around a network that gathers its batches in the graph.

Windows are never copied out: the prepared rows stay on the device as weights that are not trained,
and a batch is a few int32 positions. So an epoch runs without Python between its steps, and memory
is O(rows + windows).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lstmcast.config.schema import Window
from lstmcast.data.classes import direction_of
from lstmcast.data.windows import Int32Array, Starts, WindowArrays
from lstmcast.training.augmentation import Augmenter, SeriesDropout
from lstmcast.training.losses import Tensor, WindowLoss

# Stands in a batch where there is no window left to fill it.
PADDING = -1


def epoch_order(n_windows: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch takes the windows: a pure function of seed and epoch.

    Args:
        n_windows: How many there are.
        seed: The seed of the run.
        epoch: Counted from 0.

    Returns:
        A permutation of `0 … n_windows - 1`, int64.
    """
    return np.random.default_rng([seed, epoch]).permutation(n_windows)


def batch_positions(n_windows: int, batch_size: int, *, first: int = 0) -> Int32Array:
    """Positions `first … first + n_windows - 1`, filled up to whole batches with `PADDING`.

    The last batch has the shape of the others, so that it is not compiled a second time; what fills
    it has no weight in the loss.
    """
    positions = np.arange(first, first + n_windows, dtype=np.int32)
    return np.pad(positions, (0, -n_windows % batch_size), constant_values=PADDING)


def as_batches(positions: Int32Array, batch_size: int) -> Any:
    """Positions of whole batches as Keras' `fit` takes them: on TensorFlow, a plain dataset.

    Keras would make one there whose many stages tune themselves in threads beside the training; to
    end an epoch of it takes up to seconds.

    Args:
        positions: int32 `[n_batches * batch_size]`.
        batch_size: Windows of a batch.

    Returns:
        On TensorFlow a `tf.data.Dataset` of int32 `[batch_size]`, elsewhere the positions.
    """
    if keras.backend.backend() != "tensorflow":
        return positions
    import tensorflow as tf

    plain = tf.data.Options()
    plain.autotune.enabled = False
    batches = tf.data.Dataset.from_tensor_slices(positions.reshape(-1, batch_size))
    return batches.with_options(plain)


class GatheringModel(keras.Model):  # type: ignore[misc]
    """Gathers the inputs of a network and its targets, and gives the loss of each window.

    Its input is int32 `[batch]`, positions in `order`: first the training windows, in the order of
    the running epoch, then the validation windows. Its weights are those of the network alone, as
    far as `get_weights` and `set_weights` are concerned.

    Args:
        network: The network to train.
        arrays: The prepared rows.
        starts: The windows.
        window: Their shape.
        loss: The loss of each window.
        room: The most windows that `take` will ever give; None for those of `starts`.
        augmenter: What changes the training windows; None leaves them as they are.
        series_dropout: What hides the series of some of them; None hides none.
    """

    def __init__(
        self,
        network: keras.Model,
        arrays: WindowArrays,
        *,
        starts: Starts,
        window: Window,
        loss: WindowLoss,
        room: int | None = None,
        augmenter: Augmenter | None = None,
        series_dropout: SeriesDropout | None = None,
    ) -> None:
        super().__init__(name="gathering", dtype=network.dtype_policy)
        self.network = network
        self._starts, self._window, self._loss = starts, window, loss
        self._n_targets = arrays.n_targets
        self._augmenter, self._series_dropout = augmenter, series_dropout
        # Keras tracks the state of a random generator that is an attribute of the model.
        self._seeds = [each.seeds for each in (augmenter, series_dropout) if each is not None]
        self._window_loss = keras.metrics.Mean(name="loss")
        # The targets are among the past columns, which most networks read, too.
        names = dict.fromkeys([*network.input, "past"])
        self._arrays = {name: self._resident(name, getattr(arrays, name)) for name in names}
        if "static" in network.input or "static_codes" in network.input:
            self._series_of_row = self._resident("series_of_row", arrays.series_of_row)
        self._classes = arrays.classes
        if arrays.classes is not None:
            self._arrays["classes"] = self._resident("classes", arrays.classes.values)
        self._masked = arrays.observed is not None
        if arrays.observed is not None:
            self._arrays["observed"] = self._resident("observed", arrays.observed)
        self._room = room or len(starts.train) + len(starts.validation)
        self._order = self._resident("order", self._ordered(starts.train))
        self.built = True

    def _resident(self, name: str, values: NDArray[Any]) -> Any:
        """Numbers that stay on the device: a weight that is neither trained nor rounded."""
        # "int" is what the backend keeps on an accelerator: TensorFlow leaves int32 on the host.
        dtype = "float32" if values.dtype.kind == "f" else "int"
        return self.add_weight(
            shape=values.shape,
            # Assigned to zeros, they would lie in memory twice, and TensorFlow keeps the room.
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype),
            dtype=dtype,
            trainable=False,
            autocast=False,
            name=name,
        )

    def take(self, starts: Starts) -> None:
        """Go on with other windows."""
        self._starts = starts

    def shuffle(self, *, seed: int, epoch: int) -> None:
        """Put the training windows into the order of an epoch (from 0)."""
        order = epoch_order(len(self._starts.train), seed=seed, epoch=epoch)
        self._order.assign(self._ordered(self._starts.train[order]))

    def _ordered(self, train: NDArray[np.int64]) -> NDArray[np.int64]:
        """The training windows in this order and those to validate on, filled up to the room."""
        windows = np.concatenate([train, self._starts.validation])
        return np.pad(windows, (0, self._room - len(windows)))

    def call(self, positions: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        """The loss of each window, `[batch]`, and its weight: 0 where it only fills the batch."""
        starts = ops.take(self._order, ops.maximum(positions, 0))
        ahead = self._rows(starts, self._window.lookback + self._window.lead, self._window.horizon)
        inputs = self._inputs(starts, ahead)
        true = self._true(starts, ahead)
        if training and self._series_dropout is not None:
            inputs["static_codes"] = self._series_dropout(inputs["static_codes"])
        if training and self._augmenter is not None:
            inputs["past"], true = self._augmenter(inputs["past"], true)
        predicted = self.network(inputs, training=training)
        weight = ops.cast(positions >= 0, "float32")
        return {"loss": self._window_losses(true, predicted, ahead), "weight": weight}

    def _true(self, starts: Tensor, ahead: Tensor) -> Tensor:
        """What came true, `[batch, horizon, n_targets]`: targets in network units, or classes."""
        if self._classes is None:
            return ops.take(self._arrays["past"], ahead, axis=0)[..., : self._n_targets]
        true = ops.take(self._arrays["classes"], ahead, axis=0)
        if self._classes.threshold is None:
            return true
        origin = self._rows(starts, self._window.lookback - 1, 1)
        change = true - ops.take(self._arrays["classes"], origin, axis=0)
        told_by = direction_of(change, self._classes.threshold)
        return sum(ops.cast(each, "float32") for each in told_by)

    def _window_losses(self, true: Tensor, predicted: Tensor, ahead: Tensor) -> Tensor:
        """The loss of each window, over its observed targets alone where some are missing."""
        observed = ops.take(self._arrays["observed"], ahead, axis=0) if self._masked else None
        return self._loss(true, predicted, observed)

    def _inputs(self, starts: Tensor, ahead: Tensor) -> dict[str, Tensor]:
        """What the network reads, gathered."""
        behind = self._rows(starts, 0, self._window.lookback)

        def rows(name: str) -> Tensor:
            if name.startswith("static"):
                return ops.take(self._series_of_row, starts)
            return ahead if name.startswith("future") else behind

        return {
            name: ops.take(self._arrays[name], rows(name), axis=0) for name in self.network.input
        }

    @staticmethod
    def _rows(starts: Tensor, first: int, length: int) -> Tensor:
        """Rows `start + first … start + first + length - 1`, `[batch, length]`."""
        steps = ops.arange(first, first + length, dtype=starts.dtype)
        return ops.expand_dims(starts, 1) + steps

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The weighted mean of the windows' losses, with the penalties of the network."""
        loss = ops.sum(y_pred["loss"] * y_pred["weight"]) / ops.sum(y_pred["weight"])
        return sum(self.losses, loss)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The mean loss over the windows alone; Keras' own would count padding and penalties."""
        return [self._window_loss]

    def compute_metrics(
        self, x: Tensor, y: Tensor, y_pred: Tensor, sample_weight: Tensor = None
    ) -> dict[str, Tensor]:
        """Take a batch into the mean loss over the windows of the epoch."""
        self._window_loss.update_state(y_pred["loss"], sample_weight=y_pred["weight"])
        return {"loss": self._window_loss.result()}

    def get_weights(self) -> list[NDArray[Any]]:
        """Those of the network: what early stopping keeps, without a copy of the data."""
        weights: list[NDArray[Any]] = self.network.get_weights()
        return weights

    def set_weights(self, weights: list[NDArray[Any]]) -> None:
        """Those of the network."""
        self.network.set_weights(weights)
