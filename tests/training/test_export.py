from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.errors import ResourceError
from lstmcast.models.ensemble import join_members
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.runtime.onnx_graph import check_graph
from lstmcast.training.export import write_onnx, write_versions, writing
from lstmcast.training.inference import inference_network
from lstmcast.training.weights import load_weights, weights_of
from tests.networks import (
    FULL,
    PLAIN,
    make_batch,
    make_network,
    run_network,
)

HEAVY = {"units": [4, 3], "bidirectional": True, "layer_norm": True, "window_norm": "mean_std"}
WITH_FUTURE = replace(PLAIN, future=2)
SEGMENTS: list[dict[str, Any]] = [
    {"cell": cell, "decoding": decoding, "segment": 4, "units": [4, 3]}
    for cell in ("lstm", "gru")
    for decoding in ("parallel", "recursive")
]


def of(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Those of some parameters that an architecture has."""
    return {key: options[key] for key in options.keys() & ARCHITECTURES[name].model_fields}


CASES: list[Any] = [
    *(pytest.param(name, FULL, of(name, HEAVY), id=f"{name}-everything") for name in ARCHITECTURES),
    *(pytest.param(name, PLAIN, {}, id=f"{name}-past alone") for name in ARCHITECTURES),
    *(
        pytest.param("segment", FULL, each, id="-".join(map(str, each.values())))
        for each in SEGMENTS
    ),
    *(
        pytest.param(
            "segment", FULL, {"level_input": True, "window_norm": norm}, id=f"level {norm}"
        )
        for norm in ("last", "mean_std")
    ),
    pytest.param("lstm", WITH_FUTURE, {"window_norm": "last"}, id="lstm-future"),
    *(
        pytest.param(cell, PLAIN, {"activation": activation}, id=f"{cell}-{activation}")
        for cell in ("lstm", "gru")
        for activation in ("relu", "elu", "softsign", "sigmoid")
    ),
    pytest.param("cnn_lstm", PLAIN, {"filters": [3, 2], "pool": 3, "kernel_size": 4}, id="pool 3"),
    pytest.param("cnn_lstm", PLAIN, {"pool": 1}, id="no pool"),
    *(
        pytest.param("lstm", replace(FULL, head=head, n_outputs=n), options, id=head)
        for head, n, options in (
            ("normal", 2, {"window_norm": "mean_std"}),
            ("student_t", 3, {"window_norm": "last"}),
            ("negative_binomial", 2, {}),
        )
    ),
    *(
        pytest.param(
            name,
            replace(FULL, head=head, point=point),
            {"linear_share": 0.4, "window_norm": norm},
            id=f"linear share, {head}, {norm}",
        )
        for name, head, point, norm in (
            ("lstm", "quantiles", 1, "none"),
            ("segment", "student_t", 0, "last"),
            ("gru", "quantiles", 2, "mean_std"),
        )
    ),
    pytest.param("lstm", replace(FULL, head="classes"), {}, id="classes"),
    pytest.param(
        "lstm", replace(FULL, head="classes", reads_targets=False), {}, id="classes of a category"
    ),
    pytest.param("lstm", PLAIN, {"dropout": 0.5, "recurrent_dropout": 0.2, "l2": 0.1}, id="bare"),
]


def outputs(path: Path, batch: dict[str, np.ndarray]) -> np.ndarray:
    import onnxruntime

    check_graph(path.read_bytes(), path)  # what the export writes is what a run may hold
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["forecast"]
    assert {node.name for node in session.get_inputs()} == set(batch)
    assert all(node.shape[:1] in (["batch"], []) for node in session.get_inputs())
    return session.run(["forecast"], batch)[0]


def assert_agree(exported: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(exported - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize(("name", "shapes", "options"), CASES)
def test_onnx_equals_keras_at_any_batch_size(
    name: str, shapes: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    network = make_network(name, shapes, **options)
    path = tmp_path / "model.onnx"
    write_onnx(network, path)
    for n_windows in (1, 7):
        batch = make_batch(shapes, n_windows)
        assert_agree(outputs(path, batch), run_network(network, batch))


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
@pytest.mark.parametrize("n_members", [2, 3, 5])
def test_an_ensemble_is_written_as_the_median_of_its_members(
    name: str, n_members: int, tmp_path: Path
) -> None:
    members = [make_network(name, FULL, seed=seed) for seed in range(n_members)]
    path = tmp_path / "model.onnx"
    write_onnx(join_members(members), path)
    for n_windows in (1, 7):
        batch = make_batch(FULL, n_windows)
        expected = np.median([run_network(member, batch) for member in members], axis=0)
        exported = outputs(path, batch)
        assert_agree(exported, expected)
        assert (np.diff(exported, axis=-1) >= 0).all()


def test_the_exported_network_is_float32_and_without_dropout() -> None:
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        trained = make_network("lstm", PLAIN, dropout=0.5, l2=0.1)
        parameters = ARCHITECTURES["lstm"](units=[4], dropout=0.5, l2=0.1)
        network = inference_network(parameters, PLAIN, weights_of(trained))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    assert not [layer for layer in network.layers if "dropout" in layer.name]
    assert not network.losses


def test_a_network_in_reduced_precision_is_written_in_full(tmp_path: Path) -> None:
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = make_network("cnn_lstm", FULL, **HEAVY)
    finally:
        keras.config.set_dtype_policy("float32")
    whole = make_network("cnn_lstm", FULL, **HEAVY)
    load_weights(whole, weights_of(network))
    path, batch = tmp_path / "model.onnx", make_batch(FULL, 3)
    write_onnx(network, path)
    assert_agree(outputs(path, batch), run_network(whole, batch))


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_a_recurrent_layer_is_one_operator_and_nothing_is_a_loop(name: str, tmp_path: Path) -> None:
    import onnx

    path = tmp_path / "model.onnx"
    write_onnx(make_network(name, PLAIN, units=[4, 3]), path)
    operators = [node.op_type for node in onnx.load(path).graph.node]
    layers = 4 if name == "seq2seq" else 2
    assert operators.count("GRU" if name == "gru" else "LSTM") == layers
    assert not {"Loop", "Scan", "If"} & set(operators)


def test_an_operation_without_a_counterpart_is_named(tmp_path: Path) -> None:
    import keras

    inputs = {"past": keras.Input((3, 2), name="past")}
    network = keras.Model(inputs, keras.layers.GaussianNoise(0.1, name="hiss")(inputs["past"]))
    with pytest.raises(ResourceError, match="no counterpart of GaussianNoise \\(`hiss`\\)"):
        write_onnx(network, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_that_onnx_is_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ResourceError, match="needs onnx, not installed here"):
        write_onnx(make_network("lstm", PLAIN), tmp_path / "model.onnx")


def test_versions_of_a_network_are_written_as_one(tmp_path: Path) -> None:
    network = make_network("lstm", PLAIN)
    batch, first = make_batch(PLAIN, 3), weights_of(network)
    each = [{name: weight + k / 10 for name, weight in first.items()} for k in range(3)]
    expected = []

    def versions() -> Iterator[Any]:
        for weights in each:
            load_weights(network, weights)
            expected.append(run_network(network, batch))
            yield network

    write_versions(versions(), tmp_path / "model.onnx", which="network")
    for number, outcome in enumerate(expected):
        found = outputs(tmp_path / "model.onnx", {**batch, "network": np.asarray(number)})
        np.testing.assert_allclose(found, outcome, rtol=1e-5, atol=1e-6)


def test_more_versions_than_a_file_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LARGEST", 1_000)
    network = make_network("lstm", PLAIN)
    with pytest.raises(ResourceError, match=r"of 2 networks would have .* a file holds"):
        write_versions([network, network], tmp_path / "model.onnx", which="network")
