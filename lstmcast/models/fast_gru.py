"""A GRU layer that trains faster where XLA compiles it for a CPU: see `models.fast_loop`.

Of each step the loop back needs the gradient of its output alone; what that is to the gates and to
the weights is computed for all steps at once. Formulas: Cho et al. 2014, "Learning phrase
representations using RNN encoder-decoder", with the reset gate applied after the product, as in
cuDNN and as Keras has it by default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor
from lstmcast.models.fast_loop import FastLoop, before, over_all, put


def _loop(return_sequences: bool) -> Callable[..., tuple[Tensor, Tensor]]:
    """The loop over the steps, with its gradient.

    Args:
        return_sequences: Whether the output of each step is wanted; where only the last one is, no
            gradient is added at the others.

    Returns:
        As `FastLoop` says. Without `return_sequences` the outputs are the last one alone,
        `(1, B, U)`.
    """

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def loop(
        inputs: Tensor, first_hidden: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor
    ) -> Any:
        n_steps, n = inputs.shape[0], recurrent_kernel.shape[0]
        n_windows = ops.shape(inputs)[1]
        # Keras keeps them in the order update, reset, candidate.
        projected = ops.tensordot(inputs, kernel, axes=1) + bias[0]
        recurrent_bias = bias[1]

        def step(
            i: Tensor, hidden: Tensor, gates: Tensor, shown: Tensor, candidates: Tensor, out: Tensor
        ) -> tuple[Tensor, ...]:
            of_input, of_state = projected[i], hidden @ recurrent_kernel + recurrent_bias
            gate = ops.sigmoid(of_input[:, : 2 * n] + of_state[:, : 2 * n])
            update, reset = gate[:, :n], gate[:, n:]
            show = of_state[:, 2 * n :]
            candidate = ops.tanh(of_input[:, 2 * n :] + reset * show)
            hidden = update * hidden + (1 - update) * candidate
            kept = (put(gates, i, gate), put(shown, i, show), put(candidates, i, candidate))
            return i + 1, hidden, *kept, put(out, i, hidden)

        _, hidden, gates, shown, candidates, outputs = ops.while_loop(
            lambda i, *_: i < n_steps,
            step,
            (
                ops.convert_to_tensor(0, "int32"),
                first_hidden,
                ops.zeros((n_steps, n_windows, 2 * n)),
                *(ops.zeros((n_steps, n_windows, n)) for _ in range(3)),
            ),
        )

        def gradient(*upstream: Any) -> tuple[Tensor, ...]:
            # JAX gives one tuple, TensorFlow its parts.
            upstream = upstream[0] if len(upstream) == 1 else upstream
            above, to_hidden = upstream
            if not return_sequences:
                to_hidden = to_hidden + above[0]
            hidden_before = before(first_hidden, outputs)
            update, reset = gates[..., :n], gates[..., n:]
            per_candidate = (1 - update) * (1 - candidates * candidates)
            # What a change of the output is to each gate's sum, on the side of the state.
            per_gate = ops.concatenate(
                [
                    (hidden_before - candidates) * update * (1 - update),
                    per_candidate * shown * reset * (1 - reset),
                    per_candidate * reset,
                ],
                axis=-1,
            )
            back = ops.transpose(recurrent_kernel)

            def step_back(i: Tensor, to_hidden: Tensor, to_outputs: Tensor) -> tuple[Tensor, ...]:
                if return_sequences:
                    to_hidden = to_hidden + above[i]
                to_gate = ops.concatenate([to_hidden] * 3, axis=1) * per_gate[i]
                to_outputs = put(to_outputs, i, to_hidden)
                return i - 1, to_hidden * update[i] + to_gate @ back, to_outputs

            last = ops.convert_to_tensor(n_steps - 1, "int32")
            _, to_hidden, to_outputs = ops.while_loop(
                lambda i, *_: i >= 0, step_back, (last, to_hidden, ops.zeros_like(outputs))
            )
            to_state = ops.concatenate([to_outputs] * 3, axis=-1) * per_gate
            to_candidate = to_outputs * per_candidate
            to_input = ops.concatenate([to_state[..., : 2 * n], to_candidate], axis=-1)
            return (
                ops.tensordot(to_input, ops.transpose(kernel), axes=1),
                to_hidden,
                over_all(inputs, to_input),
                over_all(hidden_before, to_state),
                ops.stack([ops.sum(each, axis=(0, 1)) for each in (to_input, to_state)]),
            )

        return (outputs if return_sequences else hidden[None], hidden), gradient

    return loop  # type: ignore[no-any-return]


@keras.saving.register_keras_serializable("lstmcast")
class FastGRU(FastLoop, keras.layers.GRU):  # type: ignore[misc]
    """`keras.layers.GRU`: the same weights, and the same results to float rounding."""

    make_loop = staticmethod(_loop)

    def is_plain(self) -> bool:
        """As of every cell, with the reset gate after the product."""
        return super().is_plain() and bool(self.reset_after)
