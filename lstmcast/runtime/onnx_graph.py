"""Whether an ONNX file is a graph that `training.export` writes, told before anything runs it.

ONNX knows operators of anybody's making, functions, loops, and weights in other files. None of
these is in a run, so whatever has one is refused. Field names: onnx.proto of the ONNX
specification, IR version 8.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from lstmcast.errors import BundleError, ResourceError
from lstmcast.models.exported import IR_VERSION, OPERATORS, OPSET, OUTPUT_NAME

# By the numbers of `TensorProto.DataType`: FLOAT, INT32, INT64.
_ITEM_BYTES = {1: 4, 6: 4, 7: 8}
_DTYPES = {1: "float32", 6: "int32", 7: "int64"}
# Of an array, at most.
_AXES = 8
# By the numbers of `AttributeProto.AttributeType`: FLOAT, INT, STRING, TENSOR and lists of them.
_ATTRIBUTES = {1, 2, 3, 4, 6, 7, 8}
_NESTED = ("ref_attr_name", "graphs", "tensors", "sparse_tensors", "type_protos")
# Of a model and a graph, what none of ours has.
_FOREIGN = {
    "model": ("functions", "training_info", "metadata_props"),
    "graph": ("sparse_initializer", "quantization_annotation", "value_info", "metadata_props"),
}


@dataclass(frozen=True)
class Interface:
    """What a network reads and gives.

    Attributes:
        inputs: Dtype and shape of each input by name; 0 is an axis of any size, that of the batch,
            and None the shape of what has no axes.
        output: Shape of the output, alike.
    """

    inputs: Mapping[str, tuple[str, tuple[int, ...] | None]]
    output: tuple[int, ...]


def check_graph(content: bytes, path: Path, interface: Interface | None = None) -> None:
    """Refuse an ONNX file that is none of ours.

    Args:
        content: Of the file.
        path: The file, for messages.
        interface: What the network of the run reads and gives; None where that is not known.

    Raises:
        BundleError: Naming the first thing that the export does not write.
        ResourceError: If onnx is not installed.
    """
    model = _messages().ModelProto()
    try:
        model.ParseFromString(content)
    except Exception as error:  # protobuf raises a class of its own, a plain Exception
        raise BundleError(f"{path}: is no ONNX file: {error}.") from error
    problem = next(_problems(model, interface), None)
    if problem is not None:
        raise BundleError(
            f"{path}: {problem}, which lstmcast never writes. Nothing of it was run. Train the run "
            "again, and do not use what does not come from lstmcast."
        )


@cache
def _messages() -> ModuleType:
    """The classes of ONNX' messages, as onnx generated them.

    Alone, without the package around them, whose import takes 0.1 s.
    """
    loaded = sys.modules.get("onnx")
    if loaded is not None:
        return loaded
    spec = None if "onnx" in sys.modules else importlib.util.find_spec("onnx")
    if spec is None or not spec.submodule_search_locations:
        raise ResourceError(
            "Checking a network before it is run needs onnx, not installed here (pip install onnx)."
        )
    file = Path(spec.submodule_search_locations[0]) / "onnx_ml_pb2.py"
    alone = importlib.util.spec_from_file_location("_lstmcast_onnx_messages", file)
    if alone is None or alone.loader is None or not file.is_file():
        return importlib.import_module("onnx")
    module = importlib.util.module_from_spec(alone)
    alone.loader.exec_module(module)
    return module


def _problems(model: Any, interface: Interface | None) -> Iterator[str]:
    """What of a model is not ours, one sentence's beginning each."""
    graph = model.graph
    for kind, owner in (("model", model), ("graph", graph)):
        yield from (
            f"its {kind} has {name}" for name in _FOREIGN[kind] if len(getattr(owner, name))
        )
    opsets = [(each.domain, each.version) for each in model.opset_import]
    if opsets != [("", OPSET)] or model.ir_version != IR_VERSION:
        yield f"it is of IR version {model.ir_version} and the operator sets {opsets[:3]}"
    for node in graph.node:
        yield from _node_problems(node)
    for tensor in graph.initializer:
        yield from _tensor_problems(tensor, f"its constant {tensor.name!r}")
    yield from _name_problems(graph)
    if interface is not None:
        yield from _interface_problems(graph, interface)


def _node_problems(node: Any) -> Iterator[str]:
    if node.domain or node.op_type not in OPERATORS:
        domain = f" of the domain {node.domain!r}" if node.domain else ""
        yield f"it has the operator {node.op_type!r}{domain}"
    for attribute in node.attribute:
        name = f"the attribute {attribute.name!r} of {node.op_type}"
        # Whatever it says of its type, it may hold another as well.
        nested = any(len(getattr(attribute, each)) for each in _NESTED)
        nested |= any(attribute.HasField(each) for each in ("g", "sparse_tensor", "tp"))
        if attribute.type not in _ATTRIBUTES or nested:
            yield f"{name} is a graph, or of another kind"
        if attribute.HasField("t"):
            yield from _tensor_problems(attribute.t, name)


def _tensor_problems(tensor: Any, name: str) -> Iterator[str]:
    if tensor.external_data or tensor.data_location:
        yield f"{name} lies in another file"
    elif tensor.data_type not in _ITEM_BYTES or tensor.HasField("segment"):
        yield f"{name} is of the data type {tensor.data_type}"
    elif not _holds_its_shape(tensor):
        yield f"{name} claims the shape {tuple(tensor.dims[:_AXES])} and holds something else"


def _holds_its_shape(tensor: Any) -> bool:
    if len(tensor.dims) > _AXES or min(tensor.dims, default=0) < 0:
        return False
    n_bytes = math.prod(tensor.dims) * _ITEM_BYTES[tensor.data_type]
    return bool(len(tensor.raw_data) == n_bytes)


def _name_problems(graph: Any) -> Iterator[str]:
    """Each value is made once, before it is read."""
    known = {""} | {each.name for each in graph.input} | {each.name for each in graph.initializer}
    if len(known) != 1 + len(graph.input) + len(graph.initializer):
        yield "two of its inputs and constants have one name"
    for node in graph.node:
        unknown = next((name for name in node.input if name not in known), None)
        if unknown is not None:
            yield f"{node.op_type} reads {unknown!r} before it is there"
        if known.intersection(filter(None, node.output)):
            yield f"{node.op_type} gives a value that is there already"
        known.update(node.output)


def _interface_problems(graph: Any, interface: Interface) -> Iterator[str]:
    """The inputs and the output that are not those of the run's config."""
    yield from _differing("inputs", _described(graph.input), interface.inputs)
    output = {OUTPUT_NAME: ("float32", interface.output)}
    yield from _differing("outputs", _described(graph.output), output)


def _described(values: Iterable[Any]) -> dict[str, tuple[str, tuple[int, ...] | None]]:
    """Dtype and shape by name, as an `Interface` has them."""
    found: dict[str, tuple[str, tuple[int, ...] | None]] = {}
    for each in values:
        tensor = each.type.tensor_type
        dims = tuple(0 if dim.dim_param else dim.dim_value for dim in tensor.shape.dim)
        found[each.name] = (_DTYPES.get(tensor.elem_type, "another"), dims or None)
    return found


def _differing(
    what: str,
    found: Mapping[str, tuple[str, tuple[int, ...] | None]],
    expected: Mapping[str, tuple[str, tuple[int, ...] | None]],
) -> Iterator[str]:
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            yield (
                f"its {what} are not those of the config and the preparation: {name!r} is "
                f"{_spoken(found.get(name))} in place of {_spoken(expected.get(name))}"
            )


def _spoken(each: tuple[str, tuple[int, ...] | None] | None) -> str:
    if each is None:
        return "nothing"
    dtype, shape = each
    return f"{dtype} [{', '.join(str(n) if n else 'batch' for n in shape or ())}]"
