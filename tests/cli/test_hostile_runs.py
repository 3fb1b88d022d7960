"""Runs that a disk has damaged, or somebody made to do harm, with every hash in them right."""

from __future__ import annotations

import os
import shutil
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.runtime.bundle import manifest_hash
from tests.commands import Invoke
from tests.runtime.forging import forge, forge_json, forge_network, manifest_of, rewrite

PICKLE = b"cos\nsystem\n(S'touch pwned'\ntR."
FILES = (
    "calibration.json",
    "config.yaml",
    "context.csv",
    "forecasts.npz",
    "manifest.json",
    "metrics.json",
    "model.onnx",
    "preparation.json",
    "probe.npz",
    "ranks.npz",
    "scores.npz",
    "weights.safetensors",
)


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_run, tmp_path / "run"))


@pytest.fixture
def unrun(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime must not see the graph at all."""
    import onnxruntime

    def run_it(*_: Any, **__: Any) -> None:
        raise AssertionError("ONNX Runtime was given the graph")

    monkeypatch.setattr(onnxruntime, "InferenceSession", run_it)


def refused(invoke: Invoke, run: Path, *, match: str, command: str = "predict") -> None:
    """Exit code 4, one message, and little memory."""
    tracemalloc.start()
    result = invoke(*command.split(), run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    told = result.err if command == "predict" else result.out
    assert result.code == 4, told
    assert match in told
    assert "Traceback" not in result.err
    assert peak < 60_000_000
    if command == "predict":
        assert result.err.count("error:") == 1
        assert result.out == ""


@pytest.mark.parametrize("name", FILES)
def test_a_cut_off_file_or_a_flipped_byte_is_an_error_and_never_another_forecast(
    name: str, run: Path, invoke: Invoke
) -> None:
    whole, expected = (run / name).read_bytes(), invoke("predict", run).out
    size = len(whole)
    faults = [whole[: int(share * size)] for share in (0, 0.5, 0.99)]
    for place in sorted({0, size // 3, size // 2, size - 2, size - 1}):
        faults.append(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    for fault in faults:
        (run / name).write_bytes(fault)
        result = invoke("predict", run)
        assert "Traceback" not in result.err
        # The manifest says things of no consequence, too, such as the name of the processor.
        assert result.code == 4 or (name == "manifest.json" and result.out == expected)


@pytest.mark.parametrize(
    "name", ["manifest.json", "preparation.json", "calibration.json", "metrics.json"]
)
def test_a_pickle_in_place_of_json_is_refused(
    name: str, run: Path, invoke: Invoke, unrun: None
) -> None:
    if name == "manifest.json":
        (run / name).write_bytes(PICKLE)
    else:
        forge(run, name, PICKLE)
    command = "runs verify" if name in ("calibration.json", "metrics.json") else "predict"
    if command == "predict":
        refused(invoke, run, match=f"{name}: cannot be read as JSON")
    assert not Path("pwned").exists()


@pytest.mark.parametrize("name", ["calibration.json", "metrics.json", "scores.npz", "ranks.npz"])
def test_a_pickle_in_another_file_is_found_when_it_is_verified(
    name: str, run: Path, invoke: Invoke
) -> None:
    forge(run, name, PICKLE)
    refused(invoke, run, match=f"{name}: cannot be read", command="runs verify")


@pytest.mark.parametrize(
    "name", ["../outside", "plots/../../outside", "/etc/passwd", "plots//a.png", "./a", "a\\b"]
)
def test_a_name_in_the_manifest_leads_nowhere_else(
    name: str, run: Path, invoke: Invoke, unrun: None
) -> None:
    manifest = manifest_of(run)
    manifest["files"][name] = {"sha256": "0" * 64, "size": 0}
    rewrite(run, manifest)
    refused(invoke, run, match="names a file outside the run")


def test_a_link_is_refused_at_any_depth(run: Path, invoke: Invoke, unrun: None) -> None:
    elsewhere = run.parent / "elsewhere"
    (run / "plots").rename(elsewhere)
    (run / "plots").symlink_to(elsewhere)
    refused(invoke, run, match="plots: is a link")
    (run / "plots").unlink()
    elsewhere.rename(run / "plots")
    (run / "context.csv").rename(elsewhere)
    (run / "context.csv").symlink_to(elsewhere)
    refused(invoke, run, match="context.csv: is a link")


def test_a_pipe_in_place_of_a_file_is_not_read(run: Path, invoke: Invoke, unrun: None) -> None:
    (run / "context.csv").unlink()
    os.mkfifo(run / "context.csv")
    refused(invoke, run, match="context.csv: is missing (or no file)")


def test_a_weights_header_that_claims_10_gb_takes_no_memory(run: Path, invoke: Invoke) -> None:
    forge(run, "weights.safetensors", struct.pack("<Q", 10_000_000_000) + b"{}")
    refused(invoke, run, match="weights.safetensors: cannot be read", command="runs verify")
    header = b'{"a":{"dtype":"F32","shape":[2500000000],"data_offsets":[0,10000000000]}}'
    forge(run, "weights.safetensors", struct.pack("<Q", len(header)) + header)
    refused(invoke, run, match="weights.safetensors: cannot be read", command="runs verify")


def test_other_weights_than_were_trained_are_found(run: Path, invoke: Invoke) -> None:
    from safetensors.numpy import save

    forge(run, "weights.safetensors", save({"a": np.zeros(3, dtype=np.float32)}))
    refused(invoke, run, match="holds 3 weights, and 72 were trained", command="runs verify")


def outside(model: Any) -> None:
    from onnx import TensorProto

    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../outside")


def custom(model: Any) -> None:
    model.graph.node[0].domain = "evil"


def a_loop(model: Any) -> None:
    model.graph.node[0].op_type = "Loop"


def ten_gigabytes(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [2_500_000_000]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (outside, "lies in another file"),
        (custom, "of the domain 'evil'"),
        (a_loop, "the operator 'Loop'"),
        (ten_gigabytes, "claims the shape"),
    ],
)
def test_a_foreign_graph_is_refused_before_it_is_loaded(
    change: Callable[[Any], None], match: str, run: Path, invoke: Invoke, unrun: None
) -> None:
    forge_network(run, change)
    refused(invoke, run, match=match)
    refused(invoke, run, match=match, command="runs verify")


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("preparation.json", lambda v: v["target_scaler"]["scale"].append([1]), "target_scaler"),
        ("preparation.json", lambda v: v["target_scaler"].update(scale=[[0]]), "holds a 0"),
        ("preparation.json", lambda v: v["schema"].update(freq="often"), "often"),
        ("preparation.json", lambda v: v["schema"].update(tz="Moon/Sea"), "Moon/Sea"),
        ("preparation.json", lambda v: v["schema"]["columns"][0].update(name="z"), "columns"),
        ("preparation.json", lambda v: v.update(means=[[None, 1]]), "means: has the shape"),
        ("preparation.json", lambda v: v.update(more=1), "more: extra inputs"),
        ("preparation.json", lambda v: v["features"].append({}), "features.0.name: field required"),
        ("calibration.json", lambda v: v["static"]["shifts"].append(1), "cannot be read"),
        ("calibration.json", lambda v: v["static"]["levels"].reverse(), "not between 0 and 1"),
        ("calibration.json", lambda v: v.update(static=[]), "cannot be read"),
        ("calibration.json", lambda v: v["learned"][0].update(time="late"), "cannot be read"),
    ],
)
def test_values_of_another_shape_or_type_are_refused(
    name: str, change: Callable[[Any], None], match: str, run: Path, invoke: Invoke
) -> None:
    forge_json(run, name, change)
    refused(invoke, run, match=match)
    assert name in invoke("predict", run).err


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda v: v["metrics"]["test"]["model"].update(mse="low"), "metrics.test.model.mse"),
        (lambda v: v.pop("windows"), "windows: field required"),
        (lambda v: v["verdicts"].update(fit=3), "verdicts.fit"),
        (lambda v: v["metrics"].pop("test"), "metrics.test: is missing"),
    ],
)
def test_metrics_of_another_form_are_refused(
    change: Callable[[Any], None], match: str, run: Path, invoke: Invoke
) -> None:
    forge_json(run, "metrics.json", change)
    for command in (["evaluate"], ["runs", "show"]):
        result = invoke(*command, run)
        assert result.code == 4
        assert match in result.err
        assert "metrics.json: is not what lstmcast writes" in result.err


def test_rows_of_the_run_that_cannot_be_read_are_no_fault_of_the_data(
    run: Path, invoke: Invoke
) -> None:
    forge(run, "context.csv", b"day,y\n2024-06-07,high\n")
    refused(invoke, run, match="context.csv: cannot be read")


def test_a_newer_format_asks_for_an_upgrade(run: Path, invoke: Invoke) -> None:
    rewrite(run, {**manifest_of(run), "format": 2})
    for command in (["predict"], ["evaluate"], ["runs", "show"]):
        result = invoke(*command, run)
        assert result.code == 4
        assert "has format 2, this version reads up to 1. Upgrade lstmcast." in result.err
    refused(invoke, run, match="has format 2", command="runs verify")


@pytest.mark.parametrize("command", [["predict"], ["evaluate"], ["runs", "show"]])
def test_only_the_run_that_is_expected_is_opened(
    command: list[str], run: Path, invoke: Invoke
) -> None:
    expected = manifest_hash(run)
    assert invoke(*command, run, "--expect-sha256", expected.upper()).code == 0
    forge_json(run, "metrics.json", lambda values: values.update(epochs=3))
    assert invoke(*command, run).code == 0
    result = invoke(*command, run, "--expect-sha256", expected, "--json")
    assert result.code == 4
    assert result.json["error"]["type"] == "BundleError"
    assert f"and {expected} is expected" in result.json["error"]["message"]
    result = invoke(*command, run, "--expect-sha256", "abc")
    assert result.code == 2
    assert "must be 64 hexadecimal digits" in result.err


def test_verify_expects_one_run_and_tells_its_hash(run: Path, invoke: Invoke) -> None:
    result = invoke("runs", "verify", run, "--json")
    (verified,) = result.json["runs"]
    assert verified["manifest_sha256"] == manifest_hash(run)
    assert verified["manifest_sha256"] in invoke("runs", "show", run).out
    option = ["--expect-sha256", "0" * 64]
    assert invoke("runs", "verify", run, *option).code == 4
    for runs in ([], [run, run.parent / "run"]):
        result = invoke("runs", "verify", *runs, *option)
        assert result.code == 2
        assert "is that of one run" in result.err
