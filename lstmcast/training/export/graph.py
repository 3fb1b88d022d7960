"""The ONNX graph of a Keras network, filled by walking through the network's own graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lstmcast.errors import ResourceError
from lstmcast.models.exported import IR_VERSION, OPSET, OUTPUT_NAME

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from lstmcast.models.blocks import Tensor

# Called with the graph, an operation of the network and the arguments that it has there; gives the
# names of its outputs.
Translation: TypeAlias = Callable[..., str | list[str]]

# Keras' activations by the name of ONNX' operator, which its recurrent operators know it by too.
ACTIVATIONS = {
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "relu": "Relu",
    "elu": "Elu",
    "softsign": "Softsign",
}


class Graph:
    """The ONNX graph of a network.

    Args:
        network: The network.
        translations: By the name of an operation's class, what puts it into the graph.

    Raises:
        ResourceError: If an operation has no translation.
    """

    def __init__(self, network: keras.Model, translations: Mapping[str, Translation]) -> None:
        self._network, self._translations = network, translations
        self._nodes: list[Any] = []
        self._constants: dict[str, NDArray[Any]] = {}
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
        if kind not in self._translations:
            raise ResourceError(
                f"The ONNX export has no counterpart of {kind} (`{node.operation.name}`)."
            )
        arguments = node.arguments
        translate = self._translations[kind]
        names = translate(self, node.operation, *arguments.args, **arguments.kwargs)
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
        name = f"constant_{len(self._constants)}"
        # A copy: what the backend gives may be its own memory.
        self._constants[name] = np.array(values)
        return name

    def weight(self, variable: Any) -> str:
        """The name of a weight that the graph keeps, in float32."""
        return self.constant(float32(variable))

    @property
    def values(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that the graph keeps, by name."""
        return self._constants

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
        from onnx import TensorProto, helper, numpy_helper

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
            initializer=[numpy_helper.from_array(v, name) for name, v in self.values.items()],
        )
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


def float32(variable: Any) -> NDArray[np.float32]:
    """The values of a weight, whatever its precision."""
    import keras

    return np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float32)
