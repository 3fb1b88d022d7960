from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.errors import ResourceError
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.training import export
from lstmcast.training.export import Exporter, inference_network
from lstmcast.training.weights import weights_of
from tests.networks import (
    BACKEND,
    FULL,
    PLAIN,
    make_batch,
    make_config,
    make_network,
    run_network,
)

HEAVY = {"units": [4, 3], "bidirectional": True, "layer_norm": True, "window_norm": "mean_std"}
WITH_FUTURE = replace(PLAIN, future=2)
CASES: list[Any] = [
    *(pytest.param(name, FULL, HEAVY, id=f"{name}-everything") for name in ARCHITECTURES),
    *(pytest.param(name, PLAIN, {}, id=f"{name}-past alone") for name in ARCHITECTURES),
    pytest.param("lstm", WITH_FUTURE, {"window_norm": "last"}, id="lstm-future"),
    pytest.param("lstm", PLAIN, {"activation": "relu", "recurrent_dropout": 0.2}, id="lstm-relu"),
]
if BACKEND == "jax":
    # Each export is a process of its own there, and TensorFlow's side is the same.
    CASES = CASES[:1]


def outputs(path: Path, batch: dict[str, np.ndarray]) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["forecast"]
    assert {node.name for node in session.get_inputs()} == set(batch)
    assert all(node.shape[0] == "batch" for node in session.get_inputs())
    return session.run(["forecast"], batch)[0]


def write_in_child(parameters: Any, shapes: Any, weights: Any, path: Path) -> None:
    child = export._Child()
    try:
        child.write(parameters, shapes, weights, path)
    finally:
        child.close()


@pytest.mark.parametrize(("name", "shapes", "options"), CASES)
def test_onnx_equals_keras_at_any_batch_size(
    name: str, shapes: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    network = make_network(name, shapes, **options)
    parameters = ARCHITECTURES[name](**{"units": [4], **options})
    path = tmp_path / "model.onnx"
    with Exporter(make_config().training) as exporter:
        exporter.write(parameters, shapes, weights_of(network), path)
    for n_windows in (1, 7):
        batch = make_batch(shapes, n_windows)
        expected = run_network(network, batch)
        difference = np.abs(outputs(path, batch) - expected).max()
        assert difference <= 1e-5 * np.abs(expected).max()


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


@pytest.mark.slow
def test_a_child_process_writes_the_same_network(tmp_path: Path) -> None:
    network = make_network("seq2seq", FULL)
    parameters, weights = ARCHITECTURES["seq2seq"](units=[4]), weights_of(network)
    path = tmp_path / "model.onnx"
    write_in_child(parameters, FULL, weights, path)
    batch = make_batch(FULL, 3)
    np.testing.assert_allclose(outputs(path, batch), run_network(network, batch), rtol=1e-5)


@pytest.mark.parametrize("missing", ["tensorflow", "tf2onnx"])
def test_what_is_not_installed_is_named(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        export.importlib.util, "find_spec", lambda name: None if name == missing else object()
    )
    with (
        Exporter(make_config().training) as exporter,
        pytest.raises(ResourceError, match=f"needs {missing}, not installed here"),
    ):
        exporter.write(ARCHITECTURES["lstm"](), PLAIN, {}, tmp_path / "model.onnx")


def test_a_child_process_that_fails_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "NETWORK_FILE", "elsewhere.json")
    with pytest.raises(ResourceError, match=r"TensorFlow process failed: .*network\.json"):
        write_in_child(ARCHITECTURES["lstm"](), PLAIN, {}, tmp_path / "model.onnx")


def test_a_child_process_that_is_not_needed_ends_with_the_context() -> None:
    with Exporter(make_config(backend="jax").training) as exporter:
        child = exporter._child
        assert child is not None
        assert child._process.poll() is None
    assert child._process.poll() is not None
    assert not child._folder.exists()
