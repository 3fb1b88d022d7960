"""An LSTM layer that trains faster where XLA compiles it for a CPU: see `models.fast_loop`.

The derivatives of the gates and the gradients of the weights are computed for all steps at once.
Formulas: Hochreiter & Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers et
al. 2000.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor
from lstmcast.models.fast_loop import FastLoop, before, over_all, put


def _loop(return_sequences: bool) -> Callable[..., tuple[Tensor, Tensor, Tensor]]:
    """The loop over the steps, with its gradient.

    Args:
        return_sequences: Whether the output of each step is wanted; where only the last one is, no
            gradient is added at the others.

    Returns:
        As `FastLoop` says; the states are the hidden one and the memory. Without
        `return_sequences` the outputs are the last one alone, `(1, B, U)`.
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
        n_steps, n = inputs.shape[0], recurrent_kernel.shape[0]
        n_windows = ops.shape(inputs)[1]
        # tanh(x) = 2 sigmoid(2x) - 1, so that one sigmoid gives the gates and the candidate. Keras
        # keeps them in the order input, forget, candidate, output.
        doubled = ops.convert_to_tensor([1.0] * (2 * n) + [2.0] * n + [1.0] * n, "float32")
        projected = (ops.tensordot(inputs, kernel, axes=1) + bias) * doubled
        doubled_kernel = recurrent_kernel * doubled

        def step(
            i: Tensor, hidden: Tensor, memory: Tensor, gates: Tensor, memories: Tensor, out: Tensor
        ) -> tuple[Tensor, ...]:
            gate = ops.sigmoid(projected[i] + hidden @ doubled_kernel)
            enter, forget, candidate, leave = _split(gate)
            memory = forget * memory + enter * (2 * candidate - 1)
            hidden = leave * ops.tanh(memory)
            kept = (put(gates, i, gate), put(memories, i, memory), put(out, i, hidden))
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
            hidden_before = before(first_hidden, outputs)
            memory_before = before(first_memory, memories)
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
                to_gates = put(to_gates, i, to_gate)
                return i - 1, to_gate @ back, to_memory * forget[i], to_gates

            last = ops.convert_to_tensor(n_steps - 1, "int32")
            _, to_hidden, to_memory, to_gates = ops.while_loop(
                lambda i, *_: i >= 0,
                step_back,
                (last, to_hidden, to_memory, ops.zeros_like(gates)),
            )
            return (
                ops.tensordot(to_gates, ops.transpose(kernel), axes=1),
                to_hidden,
                to_memory,
                over_all(inputs, to_gates),
                over_all(hidden_before, to_gates),
                ops.sum(to_gates, axis=(0, 1)),
            )

        return (outputs if return_sequences else hidden[None], hidden, memory), gradient

    return loop  # type: ignore[no-any-return]


def _split(gates: Tensor) -> list[Tensor]:
    """Input gate, forget gate, candidate and output gate, side by side along the last axis."""
    parts: list[Tensor] = ops.split(gates, 4, axis=-1)
    return parts


@keras.saving.register_keras_serializable("lstmcast")
class FastLSTM(FastLoop, keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`: the same weights, and the same results to float rounding."""

    make_loop = staticmethod(_loop)
