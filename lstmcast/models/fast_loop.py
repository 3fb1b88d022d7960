"""What recurrent layers share that train faster where XLA compiles them for a CPU.

Differentiating Keras' loop over the steps makes small products for the gradients of the weights at
each of them, and computes the gates again. The layers here have a loop of their own, whose gradient
is written out: what the steps do not have to wait for is computed for all of them at once, and the
loop is left with one product a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

from lstmcast.models.blocks import Tensor

_enabled: ContextVar[bool] = ContextVar("fast_loops", default=False)


@contextmanager
def fast_loops(enabled: bool = True) -> Iterator[None]:
    """Layers that are traced inside run their fast loop, where they can.

    It pays only under XLA on a CPU: without XLA each step would copy what the steps before kept,
    and a GPU has a kernel of its own for the whole layer.
    """
    token = _enabled.set(enabled)
    try:
        yield
    finally:
        _enabled.reset(token)


class FastLoop:
    """Put in front of one of Keras' recurrent layers: the same weights and results, another loop.

    A class that has it gives `make_loop`, a function of `return_sequences`. `T` steps, `B` windows,
    `P` inputs, `U` units: what it returns takes the inputs `(T, B, P)`, the first states `(B, U)`
    and the cell's `kernel`, `recurrent_kernel` and `bias`. It gives the outputs `(T, B, U)`, of
    which the last alone counts without `return_sequences`, and the last states.
    """

    make_loop: Callable[[bool], Callable[..., tuple[Tensor, ...]]]

    def inner_loop(
        self: Any,
        sequences: Tensor,
        initial_state: list[Tensor],
        mask: Tensor,
        training: bool = False,
    ) -> Any:
        """Outputs and states as the parent gives them, by the fast loop where that is possible."""
        if not (_enabled.get() and self.is_plain() and mask is None):
            return super().inner_loop(  # type: ignore[misc]
                sequences, initial_state, mask, training=training
            )
        steps = ops.transpose(sequences, (1, 0, 2))
        cell = self.cell
        outputs, *states = self.make_loop(self.return_sequences)(
            ops.flip(steps, axis=0) if self.go_backwards else steps,
            *initial_state,
            # Their values: TensorFlow wants a gradient written out for a variable otherwise.
            *(ops.copy(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)),
        )
        return states[0], ops.transpose(outputs, (1, 0, 2)), states

    def is_plain(self: Any) -> bool:
        """Whether it is the cell that the fast loop computes, in its precision."""
        return (
            self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and not self.recurrent_dropout
            and not self.dropout
            and self.use_bias
            and self.compute_dtype == "float32"
        )


def put(kept: Tensor, i: Tensor, values: Tensor) -> Tensor:
    """`kept` with the values `(B, …)` of step `i`."""
    return ops.slice_update(kept, (i, 0, 0), values[None])


def before(first: Tensor, states: Tensor) -> Tensor:
    """The state before each step, of the first state `(B, U)` and those after them `(T, B, U)`."""
    return ops.concatenate([first[None], states[:-1]], axis=0)


def over_all(values: Tensor, gradients: Tensor) -> Tensor:
    """The gradient `(M, N)` of a matrix, of what it multiplied `(T, B, M)` and of what came of it.

    Steps and windows stay apart: made one axis, they could not be divided among devices by windows.
    """
    return ops.tensordot(values, gradients, axes=((0, 1), (0, 1)))
