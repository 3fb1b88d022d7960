"""Layers without a state as ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lstmcast.errors import ResourceError
from lstmcast.training.export.graph import ACTIVATIONS, Graph, Translation, float32

if TYPE_CHECKING:
    import keras

    from lstmcast.models.blocks import Tensor


def _dense(graph: Graph, layer: Any, x: Tensor, **_: Any) -> str:
    product = graph.add("MatMul", graph.name(x), graph.weight(layer.kernel))
    if layer.use_bias:
        product = graph.add("Add", product, graph.weight(layer.bias))
    return _activated(graph, layer, product)


def _convolution(graph: Graph, layer: Any, x: Tensor, **_: Any) -> str:
    kernel = float32(layer.kernel).transpose(2, 1, 0)
    if layer.padding != "causal":
        raise ResourceError(f"The ONNX export knows causal convolutions only (`{layer.name}`).")
    by_channel = graph.add("Transpose", graph.name(x), perm=[0, 2, 1])
    convolved = graph.add(
        "Conv",
        by_channel,
        graph.constant(kernel),
        graph.weight(layer.bias),
        dilations=list(layer.dilation_rate),
        strides=list(layer.strides),
        pads=[(layer.kernel_size[0] - 1) * layer.dilation_rate[0], 0],
    )
    return _activated(graph, layer, graph.add("Transpose", convolved, perm=[0, 2, 1]))


def _max_pooling(graph: Graph, layer: Any, x: Tensor, **_: Any) -> str:
    pooled = graph.add(
        "MaxPool",
        graph.add("Transpose", graph.name(x), perm=[0, 2, 1]),
        kernel_shape=list(layer.pool_size),
        strides=list(layer.strides),
        auto_pad={"same": "SAME_UPPER", "valid": "VALID"}[layer.padding],
    )
    return graph.add("Transpose", pooled, perm=[0, 2, 1])


def _layer_norm(graph: Graph, layer: Any, x: Tensor, **_: Any) -> str:
    return graph.add(
        "LayerNormalization",
        graph.name(x),
        graph.weight(layer.gamma),
        graph.weight(layer.beta),
        axis=-1,
        epsilon=layer.epsilon,
    )


def _embedding(graph: Graph, layer: Any, ids: Tensor, **_: Any) -> str:
    return graph.add("Gather", graph.weight(layer.embeddings), graph.name(ids), axis=0)


def _nested(graph: Graph, network: keras.Model, inputs: Mapping[str, Tensor], **_: Any) -> str:
    """A network inside another: a member of an ensemble."""
    return graph.walk(network, {name: graph.name(tensor) for name, tensor in inputs.items()})


def _softmax(graph: Graph, layer: Any, x: Tensor, **_: Any) -> str:
    return graph.add("Softmax", graph.name(x), axis=layer.axis)


def _linear_forecast(graph: Graph, layer: Any, read: Tensor, **_: Any) -> str:
    by_target = graph.add("Transpose", graph.name(read), perm=[1, 0, 2])
    product = graph.add("MatMul", by_target, graph.weight(layer.kernel))
    return graph.add("Transpose", product, perm=[1, 0, 2])


def _same(graph: Graph, _layer: Any, x: Tensor, **_: Any) -> str:
    return graph.name(x)


def _activated(graph: Graph, layer: Any, x: str) -> str:
    name = layer.activation.__name__
    return x if name == "linear" else graph.add(ACTIVATIONS[name], x)


# By the name of the class: what to call with the graph, the operation and its arguments.
LAYERS: dict[str, Translation] = {
    "Dense": _dense,
    "Conv1D": _convolution,
    "MaxPooling1D": _max_pooling,
    "LayerNormalization": _layer_norm,
    "Embedding": _embedding,
    "Softmax": _softmax,
    "LinearForecast": _linear_forecast,
    "Dropout": _same,
    "AfterTraining": _same,
    "Functional": _nested,
}
