"""Recurrent layers as ONNX, and a step of their cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.errors import ResourceError
from lstmcast.training.export.graph import ACTIVATIONS, Graph, Translation, float32

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lstmcast.models.blocks import Tensor

# Keras keeps an LSTM's gates as input, forget, candidate, output, a GRU's as update, reset,
# candidate; ONNX an LSTM's as input, output, forget, candidate, a GRU's as Keras.
GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}


def _recurrent(
    graph: Graph, layer: Any, sequence: Tensor, initial_state: Any = None, **_: Any
) -> str | list[str]:
    """An LSTM or GRU layer in one direction."""
    if layer.go_backwards:
        raise ResourceError(f"The ONNX export reads no layer backwards alone (`{layer.name}`).")
    return _recurrent_operator(graph, [layer], sequence, initial_state)


def _bidirectional(graph: Graph, layer: Any, sequence: Tensor, **_: Any) -> str | list[str]:
    """A recurrent layer in both directions, side by side."""
    return _recurrent_operator(graph, [layer.forward_layer, layer.backward_layer], sequence, None)


def _recurrent_operator(
    graph: Graph, layers: Sequence[Any], sequence: Tensor, initial_state: Any
) -> str | list[str]:
    """One operator for the directions of a layer.

    `T` steps, `B` windows, `D` directions, `U` units: it reads `(T, B, n)` and gives the states
    `(T, D, B, U)`, and the last ones as `(D, B, U)`.
    """
    first, n_directions = layers[0], len(layers)
    kind = type(first).__name__.removeprefix("Fast")
    n_states = 1 if kind == "GRU" else 2
    weights = [_recurrent_weights(layer, kind) for layer in layers]
    inputs = [
        graph.add("Transpose", graph.name(sequence), perm=[1, 0, 2]),
        *(graph.constant(np.stack(each)) for each in zip(*weights, strict=True)),
    ]
    if initial_state is not None:
        states = initial_state if isinstance(initial_state, list | tuple) else [initial_state]
        first_axis = graph.integers(0)
        inputs.append("")  # all windows are of one length
        inputs += [graph.add("Unsqueeze", graph.name(state), first_axis) for state in states]
    activations = [ACTIVATIONS[first.recurrent_activation.__name__]]
    activations += [ACTIVATIONS[first.activation.__name__]] * n_states
    outputs, *last = graph.add_many(
        kind,
        *inputs,
        n_outputs=1 + n_states,
        hidden_size=first.units,
        direction="bidirectional" if n_directions == 2 else "forward",
        activations=activations * n_directions,
        # `reset_after` of Keras: the reset gate is applied to the product, not before it.
        **({"linear_before_reset": 1} if kind == "GRU" else {}),
    )
    width = n_directions * first.units
    if first.return_sequences:
        aside = graph.add("Transpose", outputs, perm=[2, 0, 1, 3])
        result = graph.add("Reshape", aside, graph.integers(-1, sequence.shape[1], width))
    else:
        aside = graph.add("Transpose", last[0], perm=[1, 0, 2])
        result = graph.add("Reshape", aside, graph.integers(-1, width))
    if not first.return_state:
        return result
    return [
        result,
        *(
            graph.add("Gather", state, graph.constant(np.array(direction)), axis=0)
            for direction in range(n_directions)
            for state in last
        ),
    ]


def _recurrent_weights(layer: Any, kind: str) -> tuple[NDArray[Any], ...]:
    """Kernels `(gates U, n)` and `(gates U, U)`, and both biases `(2 gates U,)`."""
    cell = layer.cell
    gates = list(GATES[kind])

    def by_gate(weight: Any) -> NDArray[Any]:
        values = float32(weight)
        parts = values.reshape(*values.shape[:-1], len(gates), layer.units)[..., gates, :]
        return parts.reshape(values.shape).T

    bias = by_gate(cell.bias)
    # A GRU of Keras has a bias for the inputs and one for the state; an LSTM has one.
    both = bias.T.ravel() if bias.ndim == 2 else np.concatenate([bias, np.zeros_like(bias)])
    return by_gate(cell.kernel), by_gate(cell.recurrent_kernel), both


def _queries(graph: Graph, layer: Any, _x: Tensor, **_: Any) -> str:
    """The same for every window: a constant."""
    return graph.weight(layer(np.zeros((1, 1), np.float32)))


def _parallel_step(
    graph: Graph, layer: Any, inputs: Tensor, hidden: Tensor, memory: Tensor = None, **_: Any
) -> str:
    """One step of a cell, written out as in `ParallelStep.call`."""
    cell = layer.recurrent.cell
    n_gates = 3 if memory is None else 4
    activate = partial(graph.add, ACTIVATIONS[cell.activation.__name__])
    gate = partial(graph.add, ACTIVATIONS[cell.recurrent_activation.__name__])
    biases = float32(cell.bias).reshape(-1, n_gates * cell.units)

    def sums(x: Tensor, weight: Any, bias: NDArray[Any] | None) -> str:
        product = graph.add("MatMul", graph.name(x), graph.weight(weight))
        return product if bias is None else graph.add("Add", product, graph.constant(bias))

    def apart(x: str) -> list[str]:
        return graph.add_many("Split", x, n_outputs=n_gates, axis=-1)

    of_input = sums(inputs, cell.kernel, biases[0])
    if memory is not None:
        of_state = sums(hidden, cell.recurrent_kernel, None)
        enter, forget, candidate, leave = apart(graph.add("Add", of_input, of_state))
        kept = graph.add("Mul", gate(forget), graph.name(memory))
        new = graph.add("Mul", gate(enter), activate(candidate))
        return graph.add("Mul", gate(leave), activate(graph.add("Add", kept, new)))
    of_state = sums(hidden, cell.recurrent_kernel, biases[1])
    update, reset, candidate = apart(of_input)
    update_, reset_, candidate_ = apart(of_state)
    update = gate(graph.add("Add", update, update_))
    reset = gate(graph.add("Add", reset, reset_))
    candidate = activate(graph.add("Add", candidate, graph.add("Mul", reset, candidate_)))
    kept = graph.add("Mul", update, graph.name(hidden))
    share = graph.add("Sub", graph.constant(np.ones(1, np.float32)), update)
    return graph.add("Add", kept, graph.add("Mul", share, candidate))


# By the name of the class: what to call with the graph, the operation and its arguments.
RECURRENT: dict[str, Translation] = {
    "LSTM": _recurrent,
    "FastLSTM": _recurrent,
    "GRU": _recurrent,
    "FastGRU": _recurrent,
    "Bidirectional": _bidirectional,
    "Queries": _queries,
    "ParallelStep": _parallel_step,
}
