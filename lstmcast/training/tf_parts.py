"""Steps on TensorFlow: each batch in parts, which are computed side by side.

XLA runs the loop over a window's steps on one core. Here one compiled function gives the gradients
of a part of a batch, and TensorFlow calls it for all parts at once, each on a core. What comes of
them is added up and applied once a batch. The results are those of the whole batch to float
rounding, but for what is random, which each part draws for itself.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from lstmcast.training.gathering import GatheringModel
from lstmcast.training.losses import Tensor


class DividedModel(GatheringModel):
    """A `GatheringModel` on TensorFlow whose batches are divided.

    Of what is not trained nothing but the states of generators may change in a step of the network.

    Args:
        n_parts: Into how many parts; divides the windows of a batch.
    """

    def __init__(self, *args: Any, n_parts: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._n_parts = n_parts
        self._part, self._update, self._tested = (
            tf.function(function, jit_compile=True, autograph=False)
            for function in (self._gradients, self._apply, super().test_step)
        )

    def compile(self, **options: Any) -> None:
        """As Keras', but what is around the parts is not compiled: XLA would order them."""
        super().compile(**{**options, "jit_compile": False})

    def train_step(self, data: Any) -> dict[str, Tensor]:
        """A gradient step on the windows at the positions of a batch, int32 `[batch]`."""
        positions, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        n_windows = ops.sum(ops.cast(positions >= 0, "float32"))
        # Read once and given to all parts: a part that reads a variable by itself waits.
        weights = [variable.value for variable in self.trainable_variables]
        others = [variable.value for variable in self.non_trainable_variables]
        gradients, outputs, seeds = zip(
            *(
                self._part(part, n_windows, weights, self._seeded(others, number))
                for number, part in enumerate(tf.split(positions, self._n_parts))
            ),
            strict=True,
        )
        # The first part has drawn as the whole batch would have.
        for place, seed in zip(self._seed_places, seeds[0], strict=True):
            self.non_trainable_variables[place].assign(seed)
        logs: dict[str, Tensor] = self._update(gradients, outputs)
        return logs

    def test_step(self, data: Any) -> dict[str, Tensor]:
        """As Keras', compiled."""
        logs: dict[str, Tensor] = self._tested(data)
        return logs

    @property
    def _seed_places(self) -> list[int]:
        """Where the states of random generators are among the variables that are not trained."""
        known = {id(each) for each in (*self.non_trainable_weights, *self.metrics_variables)}
        variables = enumerate(self.non_trainable_variables)
        return [place for place, variable in variables if id(variable) not in known]

    def _seeded(self, others: list[Tensor], number: int) -> list[Tensor]:
        """The variables that are not trained, for a part: its generators far from the others'."""
        places = self._seed_places
        return [
            value + ops.cast(number * (2**31 // self._n_parts), value.dtype)
            if place in places
            else value
            for place, value in enumerate(others)
        ]

    def _gradients(
        self, positions: Tensor, n_windows: Tensor, weights: list[Tensor], others: list[Tensor]
    ) -> tuple[list[Tensor], dict[str, Tensor], list[Tensor]]:
        """What a part adds to the gradients, its losses, and the states of its generators."""
        with tf.GradientTape() as tape:
            tape.watch(weights)
            outputs, after, penalties = self.stateless_call(
                weights, others, positions, training=True, return_losses=True
            )
            own = ops.sum(outputs["loss"] * outputs["weight"]) / n_windows
            loss = own + sum(penalties) / self._n_parts
        return tape.gradient(loss, weights), outputs, [after[place] for place in self._seed_places]

    def _apply(
        self, gradients: tuple[list[Tensor], ...], outputs: tuple[dict[str, Tensor], ...]
    ) -> dict[str, Tensor]:
        """Add up the parts' gradients, and go a step along them."""
        added = [_added(parts) for parts in zip(*gradients, strict=True)]
        self.optimizer.apply_gradients(zip(added, self.trainable_variables, strict=True))
        losses = {key: ops.concatenate([part[key] for part in outputs]) for key in outputs[0]}
        return self.compute_metrics(None, None, losses)


def _added(parts: tuple[Tensor, ...]) -> Tensor:
    """The gradient of a weight, of those of the parts; an embedding's are slices, as of a batch."""
    if not isinstance(parts[0], tf.IndexedSlices):
        return tf.add_n(parts)
    values, indices = ([getattr(part, name) for part in parts] for name in ("values", "indices"))
    return tf.IndexedSlices(tf.concat(values, 0), tf.concat(indices, 0), parts[0].dense_shape)
