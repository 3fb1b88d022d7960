"""An LSTM layer that trains faster where XLA compiles it for a CPU.

Differentiating the loop over the steps makes one small product for the gradient of the weights at
each of them, and computes the gates again. Here the backward pass is written out: what the steps do
not have to wait for (the derivatives of the gates, the gradients of the weights) is computed for
all of them at once, and the loop is left with one product a step. Formulas: Hochreiter &
Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers et al. 2000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor

_enabled: ContextVar[bool] = ContextVar("fast_lstm", default=False)


@contextmanager
def fast_lstm(enabled: bool = True) -> Iterator[None]:
    """Layers that are traced inside run the fast loop, where they can.

    It pays only under XLA on a CPU: without XLA each step would copy what the steps before kept,
    and a GPU has a kernel of its own for the whole layer.
    """
    token = _enabled.set(enabled)
    try:
        yield
    finally:
        _enabled.reset(token)


@keras.saving.register_keras_serializable("lstmcast")
class FastLSTM(keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`: the same weights, and the same results to float rounding."""

    def inner_loop(
        self, sequences: Tensor, initial_state: list[Tensor], mask: Tensor, training: bool = False
    ) -> Any:
        """Outputs and states as the parent gives them, by the fast loop where that is possible."""
        if not (_enabled.get() and self._is_plain() and mask is None):
            return super().inner_loop(sequences, initial_state, mask, training=training)
        steps = ops.transpose(sequences, (1, 0, 2))
        cell = self.cell
        outputs, hidden, memory = _loop(self.return_sequences)(
            ops.flip(steps, axis=0) if self.go_backwards else steps,
            *initial_state,
            # Their values: TensorFlow wants a gradient written out for a variable otherwise.
            *(ops.copy(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)),
        )
        return hidden, ops.transpose(outputs, (1, 0, 2)), [hidden, memory]

    def _is_plain(self) -> bool:
        """Whether it is the cell that the fast loop computes, in its precision."""
        return (
            self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and not self.recurrent_dropout
            and not self.dropout
            and self.use_bias
            and self.compute_dtype == "float32"
        )


def _loop(return_sequences: bool) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """The loop over the steps, with its gradient.

    `T` steps, `B` windows, `P` inputs, `U` units.

    Args:
        return_sequences: Whether the output of each step is wanted; where only the last one is, no
            gradient is added at the others.

    Returns:
        A function of the inputs `(T, B, P)`, the first hidden state and memory `(B, U)`, and the
        cell's `kernel`, `recurrent_kernel` and `bias`. It gives the outputs `(T, B, U)`, or the
        last one alone, `(1, B, U)`, and the last hidden state and memory.
    """

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def loop(
        inputs: Tensor,
        first_hidden: Tensor,
        first_memory: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor,
    ) -> Any:
        n_steps, _, n_inputs = inputs.shape
        n = recurrent_kernel.shape[0]
        n_windows = ops.shape(inputs)[1]
        # tanh(x) = 2 sigmoid(2x) - 1, so that one sigmoid gives the gates and the candidate. Keras
        # keeps them in the order input, forget, candidate, output.
        doubled = ops.convert_to_tensor([1.0] * (2 * n) + [2.0] * n + [1.0] * n, "float32")
        projected = ops.reshape(inputs, (-1, n_inputs)) @ kernel + bias
        projected = ops.reshape(projected * doubled, (n_steps, n_windows, 4 * n))
        doubled_kernel = recurrent_kernel * doubled

        def step(
            i: Tensor, hidden: Tensor, memory: Tensor, gates: Tensor, memories: Tensor, out: Tensor
        ) -> tuple[Tensor, ...]:
            gate = ops.sigmoid(projected[i] + hidden @ doubled_kernel)
            enter, forget, candidate, leave = _split(gate)
            memory = forget * memory + enter * (2 * candidate - 1)
            hidden = leave * ops.tanh(memory)
            kept = (_put(gates, i, gate), _put(memories, i, memory), _put(out, i, hidden))
            return i + 1, hidden, memory, *kept

        _, hidden, memory, gates, memories, outputs = ops.while_loop(
            lambda i, *_: i < n_steps,
            step,
            (
                ops.convert_to_tensor(0, "int32"),
                first_hidden,
                first_memory,
                ops.zeros((n_steps, n_windows, 4 * n)),
                ops.zeros((n_steps, n_windows, n)),
                ops.zeros((n_steps, n_windows, n)),
            ),
        )

        def gradient(*upstream: Any) -> tuple[Tensor, ...]:
            # JAX gives one tuple, TensorFlow its parts.
            upstream = upstream[0] if len(upstream) == 1 else upstream
            above, to_hidden, to_memory = upstream
            if not return_sequences:
                to_hidden = to_hidden + above[0]
            hidden_before = ops.concatenate([first_hidden[None], outputs[:-1]], axis=0)
            memory_before = ops.concatenate([first_memory[None], memories[:-1]], axis=0)
            enter, forget, candidate, leave = _split(gates)
            candidate, shown = 2 * candidate - 1, ops.tanh(memories)
            # What a change of the memory (of the hidden state, for the last) is to each gate's sum.
            per_gate = ops.concatenate(
                [
                    candidate * enter * (1 - enter),
                    memory_before * forget * (1 - forget),
                    enter * (1 - candidate * candidate),
                    shown * leave * (1 - leave),
                ],
                axis=-1,
            )
            per_memory = leave * (1 - shown * shown)
            back = ops.transpose(recurrent_kernel)

            def step_back(
                i: Tensor, to_hidden: Tensor, to_memory: Tensor, to_gates: Tensor
            ) -> tuple[Tensor, ...]:
                if return_sequences:
                    to_hidden = to_hidden + above[i]
                to_memory = to_memory + to_hidden * per_memory[i]
                parts = [to_memory, to_memory, to_memory, to_hidden]
                to_gate = ops.concatenate(parts, axis=1) * per_gate[i]
                to_gates = _put(to_gates, i, to_gate)
                return i - 1, to_gate @ back, to_memory * forget[i], to_gates

            last = ops.convert_to_tensor(n_steps - 1, "int32")
            _, to_hidden, to_memory, to_gates = ops.while_loop(
                lambda i, *_: i >= 0,
                step_back,
                (last, to_hidden, to_memory, ops.zeros_like(gates)),
            )
            flat = ops.reshape(to_gates, (-1, 4 * n))
            return (
                ops.reshape(flat @ ops.transpose(kernel), ops.shape(inputs)),
                to_hidden,
                to_memory,
                ops.transpose(ops.reshape(inputs, (-1, n_inputs))) @ flat,
                ops.transpose(ops.reshape(hidden_before, (-1, n))) @ flat,
                ops.sum(flat, axis=0),
            )

        return (outputs if return_sequences else hidden[None], hidden, memory), gradient

    return loop  # type: ignore[no-any-return]


def _split(gates: Tensor) -> list[Tensor]:
    """Input gate, forget gate, candidate and output gate, side by side along the last axis."""
    parts: list[Tensor] = ops.split(gates, 4, axis=-1)
    return parts


def _put(kept: Tensor, i: Tensor, values: Tensor) -> Tensor:
    """`kept` with the values `(B, …)` of step `i`."""
    return ops.slice_update(kept, (i, 0, 0), values[None])
