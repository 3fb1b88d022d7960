from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import Invoke


@pytest.fixture
def runs(trained_run: Path, tmp_path: Path) -> Path:
    """A directory with two whole runs."""
    for name in ("one", "two"):
        shutil.copytree(trained_run, tmp_path / "runs" / name)
    return tmp_path / "runs"


def test_list_shows_every_run_with_its_result(runs: Path, invoke: Invoke) -> None:
    values = invoke("runs", "list", "--runs-dir", runs, "--json").json
    assert {run["id"] for run in values["runs"]} == {"one", "two"}
    metrics = json.loads((runs / "one" / "metrics.json").read_text())
    assert values["runs"][0]["mase"] == metrics["metrics"]["test"]["model"]["mase"]
    text = invoke("runs", "list", "--runs-dir", runs).out
    assert "one" in text
    assert "MASE" in text


def test_list_still_shows_the_others_where_one_cannot_be_read(runs: Path, invoke: Invoke) -> None:
    (runs / "one" / "manifest.json").write_text("{")
    result = invoke("runs", "list", "--runs-dir", runs)
    assert result.code == 0
    assert "one: " in result.out
    assert "two " in result.out


def test_no_runs_are_no_error(tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("runs", "list", "--runs-dir", tmp_path / "nowhere")
    assert result.code == 0
    assert "No runs" in result.out
    assert "lstmcast train" in result.err


def test_show_tells_the_whole_result(trained_run: Path, invoke: Invoke) -> None:
    text = invoke("runs", "show", trained_run).out
    for word in ("lookback 7", "horizon 3", "160 rows", "seasonal naive", "MAE by step"):
        assert word in text
    values = invoke("runs", "show", trained_run, "--json").json
    assert values["manifest"]["format"] == 1
    assert set(values["metrics"]["windows"]) == {"train", "validation", "test"}


def test_compare_sets_metrics_and_configs_side_by_side(
    runs: Path, daily: Path, invoke: Invoke
) -> None:
    values = invoke("runs", "compare", "one", "two", "--runs-dir", runs, "--json").json
    assert [run["id"] for run in values["runs"]] == ["one", "two"]
    assert values["comparable"] is True
    assert values["differences"] == {}
    assert (
        "The configs are the same"
        in invoke("runs", "compare", "one", "two", "--runs-dir", runs).out
    )


def test_compare_needs_two_different_runs(runs: Path, invoke: Invoke) -> None:
    result = invoke("runs", "compare", "one", "one", "--runs-dir", runs)
    assert result.code == 2
    assert "two different runs" in result.err


def test_verify_names_what_was_changed_and_exits_with_4(runs: Path, invoke: Invoke) -> None:
    assert invoke("runs", "verify", "--runs-dir", runs).code == 0
    (runs / "two" / "history.csv").write_text("epoch\n")
    result = invoke("runs", "verify", "--runs-dir", runs, "--json")
    assert result.code == result.json["exit_code"] == 4
    assert result.json["status"] == "error"
    assert [run["whole"] for run in result.json["runs"]].count(True) == 1
    text = invoke("runs", "verify", "two", "--runs-dir", runs)
    assert text.code == 4
    assert "history.csv" in text.out
