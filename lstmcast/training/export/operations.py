"""`keras.ops` as ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.errors import ResourceError
from lstmcast.training.export.graph import Graph, Translation

if TYPE_CHECKING:
    from lstmcast.models.blocks import Tensor


def _elementwise(operator: str) -> Callable[..., str]:
    """An operator of one or two inputs, which broadcast alike in both."""

    def translate(graph: Graph, _operation: Any, *inputs: Any) -> str:
        return graph.add(operator, *(graph.name(value) for value in inputs))

    return translate


def _reduction(operator: str) -> Callable[..., str]:
    def translate(graph: Graph, operation: Any, x: Tensor) -> str:
        return _reduced(graph, operator, graph.name(x), operation)

    return translate


def _reduced(graph: Graph, operator: str, x: str, operation: Any) -> str:
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    keep = int(operation.keepdims)
    if operator == "ReduceSum":  # its axes became an input before those of the others
        return graph.add(operator, x, graph.integers(*axes), keepdims=keep)
    return graph.add(operator, x, axes=list(axes), keepdims=keep)


def _deviation(graph: Graph, operation: Any, x: Tensor) -> str:
    """The population deviation."""
    name = graph.name(x)
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    centred = graph.add("Sub", name, graph.add("ReduceMean", name, axes=list(axes), keepdims=1))
    squared = graph.add("Mul", centred, centred)
    return graph.add("Sqrt", _reduced(graph, "ReduceMean", squared, operation))


def _median(graph: Graph, operation: Any, x: Tensor) -> str:
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


def _concatenate(graph: Graph, operation: Any, parts: Sequence[Tensor]) -> str:
    return graph.add("Concat", *(graph.name(part) for part in parts), axis=operation.axis)


def _stack(graph: Graph, operation: Any, parts: Sequence[Tensor]) -> str:
    axis = graph.integers(operation.axis)
    wider = [graph.add("Unsqueeze", graph.name(part), axis) for part in parts]
    return graph.add("Concat", *wider, axis=operation.axis)


def _expand_dims(graph: Graph, operation: Any, x: Tensor) -> str:
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    return graph.add("Unsqueeze", graph.name(x), graph.integers(*axes))


def _log_softmax(graph: Graph, operation: Any, x: Tensor) -> str:
    return graph.add("LogSoftmax", graph.name(x), axis=operation.axis)


def _repeat(graph: Graph, operation: Any, x: Tensor) -> str:
    if x.shape[operation.axis] != 1:
        raise ResourceError("The ONNX export repeats along an axis of size 1 only.")
    times = [1] * len(x.shape)
    times[operation.axis] = operation.repeats
    return graph.add("Tile", graph.name(x), graph.integers(*times))


def _zeros_like(graph: Graph, _operation: Any, x: Tensor) -> str:
    from onnx import numpy_helper

    value = numpy_helper.from_array(np.zeros(1, np.float32))
    return graph.add("ConstantOfShape", graph.add("Shape", graph.name(x)), value=value)


def _reshape(graph: Graph, operation: Any, x: Tensor) -> str:
    shape = operation.output.shape
    return graph.add(
        "Reshape", graph.name(x), graph.integers(*(-1 if n is None else n for n in shape))
    )


def _transpose(graph: Graph, operation: Any, x: Tensor) -> str:
    axes = operation.axes or reversed(range(len(x.shape)))
    return graph.add("Transpose", graph.name(x), perm=list(axes))


def _get_item(graph: Graph, _operation: Any, x: Tensor, key: Any) -> str:
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


# By the name of the class: what to call with the graph, the operation and its arguments.
OPERATIONS: dict[str, Translation] = {
    "Add": _elementwise("Add"),
    "Subtract": _elementwise("Sub"),
    "Multiply": _elementwise("Mul"),
    "Divide": _elementwise("Div"),
    "TrueDivide": _elementwise("Div"),
    "Maximum": _elementwise("Max"),
    "Minimum": _elementwise("Min"),
    "Exp": _elementwise("Exp"),
    "Log": _elementwise("Log"),
    "Relu": _elementwise("Relu"),
    "Tanh": _elementwise("Tanh"),
    "Softplus": _elementwise("Softplus"),
    "LogSoftmax": _log_softmax,
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
