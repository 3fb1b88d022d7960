"""Writing several segments at once: what tells them apart, and one step of a cell for each."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor


@keras.saving.register_keras_serializable("lstmcast")
class Queries(keras.layers.Layer):  # type: ignore[misc]
    """A learned vector for each target and segment: half of it for the place, half for the target.

    With one target, all of it is for the place. It is the same for every window: `[1, n_targets,
    n_segments, width]`, whatever it is called on. Several targets start from normal vectors of
    deviation 1, as in the published code of SegRNN, and so are told apart from the first step on;
    one target starts from 0.05, since there more is no gain on average (docs/accuracy.md).

    Args:
        n_targets: Targets.
        n_segments: Segments of the horizon.
        width: Size of each vector.
        **kwargs: As for any layer.
    """

    def __init__(self, n_targets: int, n_segments: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape = (1, n_targets, n_segments, width)

    def build(self, _: Any) -> None:
        """Make the vectors."""
        _, n_targets, n_segments, width = self.shape
        of_target = width // 2 if n_targets > 1 else 0
        deviation = 1.0 if of_target else 0.05

        def vectors(name: str, n: int, size: int) -> Any:
            start = keras.initializers.RandomNormal(stddev=deviation)
            return self.add_weight((n, size), start, name=name)

        self.place = vectors("place", n_segments, width - of_target)
        self.target = vectors("target", n_targets, of_target) if of_target else None

    def call(self, _: Tensor) -> Tensor:
        """The vectors; only the backend reads what it is called on."""
        _, n_targets, n_segments, _ = self.shape
        place = ops.broadcast_to(self.place[None], (n_targets, *self.place.shape))
        if self.target is None:
            return place[None]
        target = ops.broadcast_to(
            self.target[:, None], (n_targets, n_segments, self.target.shape[-1])
        )
        return ops.concatenate([place, target], axis=-1)[None]

    def compute_output_shape(self, _: Any) -> tuple[int, ...]:
        """Its own, whatever the input's."""
        return self.shape


@keras.saving.register_keras_serializable("lstmcast")
class ParallelStep(keras.layers.Layer):  # type: ignore[misc]
    """One step of a recurrent layer's cell from one state, for several inputs at once.

    What the state adds to the gates is computed once, and what the inputs add once for all windows
    where they are the same.

    Args:
        recurrent: The LSTM or GRU layer, whose weights it uses.
        **kwargs: As for any layer.
    """

    def __init__(self, recurrent: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.recurrent = recurrent

    def call(self, inputs: Tensor, hidden: Tensor, memory: Tensor | None = None) -> Tensor:
        """The next hidden state for each input.

        Args:
            inputs: `[batch or 1, n_targets, n, width]`.
            hidden: The hidden state, `[batch, n_targets, 1, units]`.
            memory: The memory of an LSTM, of the same shape.

        Returns:
            `[batch, n_targets, n, units]`.
        """
        cell = self.recurrent.cell
        if memory is None:
            return self._gru(cell, inputs, hidden)
        gates = ops.matmul(inputs, cell.kernel) + cell.bias
        gates = gates + ops.matmul(hidden, cell.recurrent_kernel)
        enter, forget, candidate, leave = ops.split(gates, 4, axis=-1)
        sigmoid, activation = cell.recurrent_activation, cell.activation
        memory = sigmoid(forget) * memory + sigmoid(enter) * activation(candidate)
        return sigmoid(leave) * activation(memory)

    @staticmethod
    def _gru(cell: Any, inputs: Tensor, hidden: Tensor) -> Tensor:
        of_input = ops.matmul(inputs, cell.kernel) + cell.bias[0]
        of_state = ops.matmul(hidden, cell.recurrent_kernel) + cell.bias[1]
        update, reset, candidate = ops.split(of_input, 3, axis=-1)
        update_, reset_, candidate_ = ops.split(of_state, 3, axis=-1)
        sigmoid = cell.recurrent_activation
        update = sigmoid(update + update_)
        candidate = cell.activation(candidate + sigmoid(reset + reset_) * candidate_)
        return update * hidden + (1 - update) * candidate

    def compute_output_shape(
        self, inputs_shape: Any, hidden_shape: Any, memory_shape: Any = None
    ) -> Any:
        """That of the inputs, with a batch and the units of the layer."""
        return (hidden_shape[0], *inputs_shape[1:3], hidden_shape[-1])
