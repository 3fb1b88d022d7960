"""Writing a network as ONNX, operator by operator.

A Keras network is a graph of operations on symbolic tensors. Each of them has a translation here,
so nothing is traced: it takes no particular backend, a recurrent layer of any cell becomes the one
operator that ONNX has for it, and the whole takes some hundredths of a second. What only training
uses (dropout, penalties, reduced precision) is left out. Operators: the ONNX specification, opset
17.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.errors import ResourceError

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from lstmcast.models.blocks import Tensor

OUTPUT_NAME = "forecast"
OPSET, IR_VERSION = 17, 8

# Keras' activations by the name of ONNX' operator, which its recurrent operators know it by too.
ACTIVATIONS = {
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "Relu",
    "elu": "Elu",
    "softsign": "Softsign",
}
# Keras keeps an LSTM's gates as input, forget, candidate, output, a GRU's as update, reset,
# candidate; ONNX an LSTM's as input, output, forget, candidate, a GRU's as Keras.
GATES = {"LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}


def write_onnx(network: keras.Model, path: Path) -> None:
    """Write a network.

    The inputs have the names of `Shapes`, the output is `forecast`; the batch axis is dynamic.

    Args:
        network: A functional network that `build_network` or `join_members` made.
        path: The file to write.

    Raises:
        ResourceError: If onnx is not installed, or an operation of the network has no translation.
    """
    try:
        import onnx
    except ImportError as error:
        raise ResourceError(
            "The ONNX export needs onnx, not installed here (pip install onnx)."
        ) from error
    model = _Graph(network).to_model()
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


class _Graph:
    """The ONNX graph of a network.

    Args:
        network: The network.

    Raises:
        ResourceError: If an operation has no translation.
    """

    def __init__(self, network: keras.Model) -> None:
        self._network = network
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names: dict[int, str] = {}
        self.walk(network, {name: name for name in network.input})

    def walk(self, network: keras.Model, inputs: Mapping[str, str]) -> str:
        """Translate the operations of a network, and give its output a name.

        Args:
            network: The network, or one inside it.
            inputs: What each of its inputs is called in the graph.
        """
        self._names |= {id(tensor): inputs[name] for name, tensor in network.input.items()}
        by_depth = network._nodes_by_depth
        for depth in sorted(by_depth, reverse=True):
            for node in by_depth[depth]:
                if not node.is_input:
                    self._translate(node)
        return self._names[id(network.output)]

    def _translate(self, node: Any) -> None:
        kind = type(node.operation).__name__
        if kind not in TRANSLATIONS:
            raise ResourceError(
                f"The ONNX export has no counterpart of {kind} (`{node.operation.name}`)."
            )
        arguments = node.arguments
        names = TRANSLATIONS[kind](self, node.operation, *arguments.args, **arguments.kwargs)
        outputs = [names] if isinstance(names, str) else names
        self._names |= {
            id(tensor): name for tensor, name in zip(node.outputs, outputs, strict=True)
        }

    def name(self, value: Any) -> str:
        """The name of a tensor of the network, or of a constant that an operation was given."""
        if id(value) in self._names:
            return self._names[id(value)]
        return self.constant(np.asarray(value, dtype=np.float32))

    def constant(self, values: NDArray[Any]) -> str:
        """The name of an array that the graph keeps."""
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def integers(self, *values: int) -> str:
        """The name of a list of whole numbers, such as axes."""
        return self.constant(np.array(values, dtype=np.int64))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator with one output, and give that its name."""
        return self.add_many(operator, *inputs, n_outputs=1, **attributes)[0]

    def add_many(self, operator: str, *inputs: str, n_outputs: int, **attributes: Any) -> list[str]:
        """Add an operator, and give its outputs their names."""
        from onnx import helper

        stem = f"{operator.lower()}_{len(self._nodes)}"
        outputs = [f"{stem}_{index}" for index in range(n_outputs)]
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=stem, **attributes))
        return outputs

    def to_model(self) -> Any:
        """As an `onnx.ModelProto`."""
        from onnx import TensorProto, helper

        types = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32}

        def described(name: str, tensor: Tensor) -> Any:
            shape = ["batch", *tensor.shape[1:]]
            return helper.make_tensor_value_info(name, types[tensor.dtype], shape)

        output = self._network.output
        self._nodes.append(helper.make_node("Identity", [self.name(output)], [OUTPUT_NAME]))
        graph = helper.make_graph(
            self._nodes,
            self._network.name,
            [described(name, tensor) for name, tensor in self._network.input.items()],
            [described(OUTPUT_NAME, output)],
            initializer=self._constants,
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


# --- Recurrent layers --------------------------------------------------------------------------


def _recurrent(
    graph: _Graph, layer: Any, sequence: Tensor, initial_state: Any = None, **_: Any
) -> str | list[str]:
    """An LSTM or GRU layer in one direction."""
    if layer.go_backwards:
        raise ResourceError(f"The ONNX export reads no layer backwards alone (`{layer.name}`).")
    return _recurrent_operator(graph, [layer], sequence, initial_state)


def _bidirectional(graph: _Graph, layer: Any, sequence: Tensor, **_: Any) -> str | list[str]:
    """A recurrent layer in both directions, side by side."""
    return _recurrent_operator(graph, [layer.forward_layer, layer.backward_layer], sequence, None)


def _recurrent_operator(
    graph: _Graph, layers: Sequence[Any], sequence: Tensor, initial_state: Any
) -> str | list[str]:
    """One operator for the directions of a layer.

    `T` steps, `B` windows, `D` directions, `U` units: it reads `(T, B, n)` and gives the states
    `(T, D, B, U)`, and the last ones as `(D, B, U)`.
    """
    first, n_directions = layers[0], len(layers)
    kind = "GRU" if type(first).__name__ == "GRU" else "LSTM"
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
        values = _numpy(weight)
        parts = values.reshape(*values.shape[:-1], len(gates), layer.units)[..., gates, :]
        return parts.reshape(values.shape).T

    bias = by_gate(cell.bias)
    # A GRU of Keras has a bias for the inputs and one for the state; an LSTM has one.
    both = bias.T.ravel() if bias.ndim == 2 else np.concatenate([bias, np.zeros_like(bias)])
    return by_gate(cell.kernel), by_gate(cell.recurrent_kernel), both


def _queries(graph: _Graph, layer: Any, _x: Tensor, **_: Any) -> str:
    """The same for every window: a constant."""
    return graph.constant(_numpy(layer(np.zeros((1, 1), np.float32))))


def _parallel_step(
    graph: _Graph, layer: Any, inputs: Tensor, hidden: Tensor, memory: Tensor = None, **_: Any
) -> str:
    """One step of a cell, written out as in `ParallelStep.call`."""
    cell = layer.recurrent.cell
    n_gates = 3 if memory is None else 4
    activate = partial(graph.add, ACTIVATIONS[cell.activation.__name__])
    gate = partial(graph.add, ACTIVATIONS[cell.recurrent_activation.__name__])
    biases = _numpy(cell.bias).reshape(-1, n_gates * cell.units)

    def sums(x: Tensor, weight: Any, bias: NDArray[Any] | None) -> str:
        product = graph.add("MatMul", graph.name(x), graph.constant(_numpy(weight)))
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


# --- Other layers ------------------------------------------------------------------------------


def _dense(graph: _Graph, layer: Any, x: Tensor, **_: Any) -> str:
    product = graph.add("MatMul", graph.name(x), graph.constant(_numpy(layer.kernel)))
    if layer.use_bias:
        product = graph.add("Add", product, graph.constant(_numpy(layer.bias)))
    return _activated(graph, layer, product)


def _convolution(graph: _Graph, layer: Any, x: Tensor, **_: Any) -> str:
    kernel = _numpy(layer.kernel).transpose(2, 1, 0)
    if layer.padding != "causal":
        raise ResourceError(f"The ONNX export knows causal convolutions only (`{layer.name}`).")
    by_channel = graph.add("Transpose", graph.name(x), perm=[0, 2, 1])
    convolved = graph.add(
        "Conv",
        by_channel,
        graph.constant(kernel),
        graph.constant(_numpy(layer.bias)),
        dilations=list(layer.dilation_rate),
        strides=list(layer.strides),
        pads=[(layer.kernel_size[0] - 1) * layer.dilation_rate[0], 0],
    )
    return _activated(graph, layer, graph.add("Transpose", convolved, perm=[0, 2, 1]))


def _max_pooling(graph: _Graph, layer: Any, x: Tensor, **_: Any) -> str:
    pooled = graph.add(
        "MaxPool",
        graph.add("Transpose", graph.name(x), perm=[0, 2, 1]),
        kernel_shape=list(layer.pool_size),
        strides=list(layer.strides),
        auto_pad={"same": "SAME_UPPER", "valid": "VALID"}[layer.padding],
    )
    return graph.add("Transpose", pooled, perm=[0, 2, 1])


def _layer_norm(graph: _Graph, layer: Any, x: Tensor, **_: Any) -> str:
    return graph.add(
        "LayerNormalization",
        graph.name(x),
        graph.constant(_numpy(layer.gamma)),
        graph.constant(_numpy(layer.beta)),
        axis=-1,
        epsilon=layer.epsilon,
    )


def _embedding(graph: _Graph, layer: Any, ids: Tensor, **_: Any) -> str:
    return graph.add("Gather", graph.constant(_numpy(layer.embeddings)), graph.name(ids), axis=0)


def _nested(graph: _Graph, network: keras.Model, inputs: Mapping[str, Tensor], **_: Any) -> str:
    """A network inside another: a member of an ensemble."""
    return graph.walk(network, {name: graph.name(tensor) for name, tensor in inputs.items()})


def _softmax(graph: _Graph, layer: Any, x: Tensor, **_: Any) -> str:
    return graph.add("Softmax", graph.name(x), axis=layer.axis)


def _same(graph: _Graph, _layer: Any, x: Tensor, **_: Any) -> str:
    return graph.name(x)


def _activated(graph: _Graph, layer: Any, x: str) -> str:
    name = layer.activation.__name__
    return x if name == "linear" else graph.add(ACTIVATIONS[name], x)


# --- `keras.ops` -------------------------------------------------------------------------------


def _elementwise(operator: str) -> Callable[..., str]:
    """An operator of one or two inputs, which broadcast alike in both."""

    def translate(graph: _Graph, _operation: Any, *inputs: Any) -> str:
        return graph.add(operator, *(graph.name(value) for value in inputs))

    return translate


def _reduction(operator: str) -> Callable[..., str]:
    def translate(graph: _Graph, operation: Any, x: Tensor) -> str:
        return _reduced(graph, operator, graph.name(x), operation)

    return translate


def _reduced(graph: _Graph, operator: str, x: str, operation: Any) -> str:
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    keep = int(operation.keepdims)
    if operator == "ReduceSum":  # its axes became an input before those of the others
        return graph.add(operator, x, graph.integers(*axes), keepdims=keep)
    return graph.add(operator, x, axes=list(axes), keepdims=keep)


def _deviation(graph: _Graph, operation: Any, x: Tensor) -> str:
    """The population deviation."""
    name = graph.name(x)
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    centred = graph.add("Sub", name, graph.add("ReduceMean", name, axes=list(axes), keepdims=1))
    squared = graph.add("Mul", centred, centred)
    return graph.add("Sqrt", _reduced(graph, "ReduceMean", squared, operation))


def _median(graph: _Graph, operation: Any, x: Tensor) -> str:
    """The middle value along an axis, or the mean of the middle two.

    They are the last of the larger half: cheaper to find than the order of all.
    """
    (axis,) = operation.axis
    n = x.shape[axis]
    half, n_middle = n // 2 + 1, 2 - n % 2
    largest, _ = graph.add_many("TopK", graph.name(x), graph.integers(half), n_outputs=2, axis=axis)
    bounds = (graph.integers(at) for at in (half - n_middle, half, axis))
    middle = graph.add("Slice", largest, *bounds)
    return graph.add("ReduceMean", middle, axes=[axis], keepdims=int(operation.keepdims))


def _concatenate(graph: _Graph, operation: Any, parts: Sequence[Tensor]) -> str:
    return graph.add("Concat", *(graph.name(part) for part in parts), axis=operation.axis)


def _stack(graph: _Graph, operation: Any, parts: Sequence[Tensor]) -> str:
    axis = graph.integers(operation.axis)
    wider = [graph.add("Unsqueeze", graph.name(part), axis) for part in parts]
    return graph.add("Concat", *wider, axis=operation.axis)


def _expand_dims(graph: _Graph, operation: Any, x: Tensor) -> str:
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    return graph.add("Unsqueeze", graph.name(x), graph.integers(*axes))


def _repeat(graph: _Graph, operation: Any, x: Tensor) -> str:
    if x.shape[operation.axis] != 1:
        raise ResourceError("The ONNX export repeats along an axis of size 1 only.")
    times = [1] * len(x.shape)
    times[operation.axis] = operation.repeats
    return graph.add("Tile", graph.name(x), graph.integers(*times))


def _zeros_like(graph: _Graph, _operation: Any, x: Tensor) -> str:
    from onnx import numpy_helper

    value = numpy_helper.from_array(np.zeros(1, np.float32))
    return graph.add("ConstantOfShape", graph.add("Shape", graph.name(x)), value=value)


def _reshape(graph: _Graph, operation: Any, x: Tensor) -> str:
    shape = operation.output.shape
    return graph.add(
        "Reshape", graph.name(x), graph.integers(*(-1 if n is None else n for n in shape))
    )


def _transpose(graph: _Graph, operation: Any, x: Tensor) -> str:
    axes = operation.axes or reversed(range(len(x.shape)))
    return graph.add("Transpose", graph.name(x), perm=list(axes))


def _get_item(graph: _Graph, _operation: Any, x: Tensor, key: Any) -> str:
    """Slices and single indices, with an ellipsis for the axes that are taken whole."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(x.shape) - len(keys) + 1)
    name = graph.name(x)
    cuts = {
        axis: each
        for axis, each in enumerate(keys)
        if isinstance(each, slice) and each != slice(None)
    }
    if cuts:
        steps = [cut.step or 1 for cut in cuts.values()]
        if min(steps) < 1:
            raise ResourceError("The ONNX export takes no slice backwards.")
        name = graph.add(
            "Slice",
            name,
            graph.integers(*(cut.start or 0 for cut in cuts.values())),
            graph.integers(
                *(np.iinfo(np.int64).max if cut.stop is None else cut.stop for cut in cuts.values())
            ),
            graph.integers(*cuts),
            graph.integers(*steps),
        )
    for axis in reversed(range(len(keys))):  # from the last on, so that the others keep their place
        if not isinstance(keys[axis], slice):
            index = graph.constant(np.array(keys[axis], dtype=np.int64))
            name = graph.add("Gather", name, index, axis=axis)
    return name


def _numpy(variable: Any) -> NDArray[Any]:
    """A weight as float32."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float32)


# By the name of the class: what to call with the graph, the operation and its arguments.
TRANSLATIONS: dict[str, Callable[..., str | list[str]]] = {
    "LSTM": _recurrent,
    "FastLSTM": _recurrent,
    "GRU": _recurrent,
    "Bidirectional": _bidirectional,
    "Queries": _queries,
    "ParallelStep": _parallel_step,
    "Dense": _dense,
    "Conv1D": _convolution,
    "MaxPooling1D": _max_pooling,
    "LayerNormalization": _layer_norm,
    "Embedding": _embedding,
    "Softmax": _softmax,
    "Dropout": _same,
    "Functional": _nested,
    "Add": _elementwise("Add"),
    "Subtract": _elementwise("Sub"),
    "Multiply": _elementwise("Mul"),
    "Divide": _elementwise("Div"),
    "TrueDivide": _elementwise("Div"),
    "Maximum": _elementwise("Max"),
    "Relu": _elementwise("Relu"),
    "Tanh": _elementwise("Tanh"),
    "Softplus": _elementwise("Softplus"),
    "Sum": _reduction("ReduceSum"),
    "Mean": _reduction("ReduceMean"),
    "Std": _deviation,
    "Median": _median,
    "Concatenate": _concatenate,
    "Stack": _stack,
    "ExpandDims": _expand_dims,
    "Repeat": _repeat,
    "ZerosLike": _zeros_like,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "GetItem": _get_item,
}
