from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from lstmcast.errors import BundleError, ResourceError
from lstmcast.runtime import onnx_graph
from lstmcast.runtime.network import OnnxNetwork
from lstmcast.runtime.onnx_graph import Interface, check_graph

PATH = Path("run/model.onnx")
INTERFACE = Interface({"past": ("float32", (0, 4, 2))}, (0, 4, 2))


def model_of(nodes: list[Any] | None = None, **changes: Any) -> Any:
    """A model that adds a constant to its input."""
    constant = numpy_helper.from_array(np.ones(2, dtype=np.float32), "one")
    graph = helper.make_graph(
        nodes or [helper.make_node("Add", ["past", "one"], ["forecast"])],
        "network",
        [helper.make_tensor_value_info("past", TensorProto.FLOAT, ["batch", 4, 2])],
        [helper.make_tensor_value_info("forecast", TensorProto.FLOAT, ["batch", 4, 2])],
        initializer=[constant],
    )
    opsets = changes.pop("opset_imports", [helper.make_opsetid("", 17)])
    return helper.make_model(graph, opset_imports=opsets, **{"ir_version": 8, **changes})


def refused(model: Any, match: str) -> None:
    with pytest.raises(BundleError, match=match) as caught:
        check_graph(model.SerializeToString(), PATH, INTERFACE)
    assert "model.onnx: " in str(caught.value)
    assert "Nothing of it was run" in str(caught.value)


def test_a_graph_of_our_operators_passes() -> None:
    check_graph(model_of().SerializeToString(), PATH, INTERFACE)


def outside(tensor: Any) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")


def change_constant(**fields: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tensor = model.graph.initializer[0]
        for name, value in fields.items():
            if name == "dims":
                tensor.dims[:] = value
            else:
                setattr(tensor, name, value)

    return change


def value_of_a_node(model: Any) -> None:
    node = model.graph.node.add(op_type="ConstantOfShape", input=["one"], output=["made"])
    node.attribute.append(helper.make_attribute("value", numpy_helper.from_array(np.ones(1))))
    node.attribute[0].t.data_type = TensorProto.FLOAT
    node.attribute[0].t.raw_data = b"1234"
    outside(node.attribute[0].t)


def a_hidden_graph(model: Any) -> None:
    attribute = model.graph.node[0].attribute.add(name="axis", type=2, i=1)
    attribute.g.CopyFrom(model_of().graph)


def named_again(model: Any) -> None:
    model.graph.node.add(op_type="Identity", input=["past"], output=["forecast"])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda m: outside(m.graph.initializer[0]), "'one' lies in another file"),
        (a_hidden_graph, "the attribute 'axis' of Add is a graph"),
        (value_of_a_node, "'value' of ConstantOfShape lies in another file"),
        (change_constant(dims=[2_500_000_000]), r"claims the shape \(2500000000,\)"),
        (change_constant(dims=[-2]), r"claims the shape \(-2,\)"),
        (change_constant(dims=[2**62, 2**62]), "claims the shape"),
        (change_constant(data_type=TensorProto.STRING), "of the data type 8"),
        (change_constant(name="past"), "inputs and constants have one name"),
        (lambda m: m.functions.add(name="mine", domain="evil"), "its model has functions"),
        (lambda m: m.training_info.add(), "its model has training_info"),
        (lambda m: m.graph.sparse_initializer.add(), "its graph has sparse_initializer"),
        (lambda m: m.opset_import.add(domain="com.microsoft", version=1), "com.microsoft"),
        (lambda m: setattr(m.opset_import[0], "version", 21), r"operator sets \[\('', 21\)\]"),
        (lambda m: setattr(m, "ir_version", 99), "IR version 99"),
        (named_again, "Identity gives a value that is there already"),
        (lambda m: m.graph.node[0].input.append("later"), "reads 'later' before it is there"),
        (lambda m: m.graph.input[0].type.tensor_type.shape.dim.pop(), r"float32 \[batch, 4\]"),
        (lambda m: setattr(m.graph.output[0], "name", "other"), "'forecast' is nothing"),
        (lambda m: m.graph.input.add(name="more"), "'more' is another"),
    ],
)
def test_what_the_export_does_not_write_is_refused(
    change: Callable[[Any], Any], match: str
) -> None:
    model = model_of()
    change(model)
    refused(model, match)


@pytest.mark.parametrize(
    ("node", "match"),
    [
        (helper.make_node("Evil", ["past"], ["forecast"], domain="evil"), "'Evil' of the domain"),
        (helper.make_node("FusedMatMul", ["past"], ["forecast"], domain="com.microsoft"), "Fused"),
        (helper.make_node("Loop", ["past"], ["forecast"], body=model_of().graph), "'Loop'"),
        (helper.make_node("Add", ["past"], ["forecast"], body=model_of().graph), "is a graph"),
        (helper.make_node("PyOp", ["past"], ["forecast"]), "'PyOp'"),
    ],
)
def test_operators_of_others_are_refused(node: Any, match: str) -> None:
    refused(model_of([node]), match)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"not onnx", b"\x0a\xff\xff\xff\xff"])
def test_what_is_no_onnx_file_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx: (is no ONNX file|it is of IR version 0)"):
        check_graph(content, PATH)


def test_onnx_runtime_is_not_loaded_for_a_graph_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # importing it raises
    (tmp_path / "model.onnx").write_bytes(b"not onnx")
    with pytest.raises(BundleError):
        OnnxNetwork(tmp_path / "model.onnx")


def test_the_messages_are_read_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    content = model_of().SerializeToString()
    monkeypatch.delitem(sys.modules, "onnx")
    onnx_graph._messages.cache_clear()
    try:
        check_graph(content, PATH)
        assert "onnx" not in sys.modules
        assert onnx_graph._messages().ModelProto.DESCRIPTOR is ModelProto.DESCRIPTOR
    finally:
        onnx_graph._messages.cache_clear()


def test_that_onnx_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    content = model_of().SerializeToString()
    monkeypatch.setitem(sys.modules, "onnx", None)
    onnx_graph._messages.cache_clear()
    with pytest.raises(ResourceError, match="needs onnx, not installed here"):
        check_graph(content, PATH)
    importlib.invalidate_caches()
