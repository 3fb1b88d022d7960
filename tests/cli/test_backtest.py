from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lstmcast.backtesting import pipeline
from tests.backtesting.test_pipeline import failing_after
from tests.commands import Invoke
from tests.networks import BACKEND

TINY = tuple(
    part
    for setting in ("training.epochs=1", "backtest.folds=2", f"training.backend={BACKEND}")
    for part in ("--set", setting)
)
TOP = {
    "schema",
    "command",
    "status",
    "backtest",
    "seconds",
    "windows",
    "metrics",
    "metrics_scaled",
    "folds",
    "over_folds",
    "by_step",
    "verdicts",
}

pytestmark = pytest.mark.usefixtures("undrawn")


def test_backtest_prints_one_object_and_writes_what_it_names(daily: Path, invoke: Invoke) -> None:
    result = invoke("backtest", daily, "--json", "-q", *TINY)
    assert result.code == 0, result.err
    assert result.err == ""
    values = result.json
    assert set(values) == TOP
    assert values["status"] == "ok"
    assert set(values["metrics"]["test"]) == {"model", "naive", "seasonal_naive", "drift"}
    assert [fold["fold"] for fold in values["folds"]] == [1, 2]
    assert set(values["over_folds"]["model"]["mase"]) == {"mean", "deviation", "values"}
    assert set(values["verdicts"]) == {"baseline", "folds", "echo"}
    path = daily.parent / values["backtest"]
    assert json.loads((path / "manifest.json").read_text())["kind"] == "backtest"


def test_backtest_tells_folds_tables_verdict_and_the_next_command(
    daily: Path, invoke: Invoke
) -> None:
    result = invoke("backtest", daily, *TINY)
    assert result.code == 0, result.err
    lines = result.err.splitlines()
    assert [line.split("  ")[0] for line in lines if "epoch 1/1" in line] == [
        "fold 1/2",
        "fold 2/2",
    ]
    assert sum("done: " in line for line in lines) == 2
    assert lines[-1].startswith(f"Next: lstmcast train {daily}")
    assert sum(line.startswith("the recurrent layers run") for line in lines) == 1
    for text in ("2 folds, 22 windows", "MASE by fold", "1  from 2024-05-16", "± deviation"):
        assert text in result.out
    assert "the best baseline in" in result.out
    for name in ("report.html", "forecasts.csv", "plots/"):
        assert name in result.out


def test_a_failed_gate_ends_with_1_after_the_result(daily: Path, invoke: Invoke) -> None:
    gates = ("--max-mase", "0.001", "--min-coverage", "0.5", "--better-than", "naive")
    raw = ("--set", "calibration.method=none")
    result = invoke("backtest", daily, "--json", "-q", *TINY, *raw, *gates)
    assert result.code == 1
    values = result.json
    assert values["status"] == "failed"
    assert [gate["gate"] for gate in values["gates"]] == ["max-mase", "min-coverage", "better-than"]
    assert values["gates"][1]["value"] is None
    assert "gates failed: --max-mase 0.001: MASE is " in result.err
    assert (daily.parent / values["backtest"] / "metrics.json").is_file()


def test_a_baseline_that_is_not_measured_is_refused_before_any_training(
    daily: Path, invoke: Invoke
) -> None:
    result = invoke("backtest", daily, *TINY, "--better-than", "theta")
    assert result.code == 2
    assert "it is not measured here" in result.err
    assert not (daily.parent / "runs").exists()


@pytest.mark.long
def test_a_run_is_backtested_with_its_own_config(daily: Path, invoke: Invoke) -> None:
    run = invoke("train", daily, "--json", "-q", *TINY).json["run"]
    result = invoke("backtest", "latest", *TINY, "--better-than", run)
    assert result.code in (0, 1), result.err
    assert "lstmcast predict latest" in result.err or "a gate failed" in result.err
    listed = invoke("runs", "list", "--json").json
    assert [entry["run"] for entry in listed["runs"]] == [run]
    (backtest,) = listed["backtests"]
    assert backtest["folds"] == 2
    text = invoke("runs", "list").out
    assert backtest["id"] in text
    assert "of 2 folds" in text
    assert "is a backtest, not a run" in invoke("runs", "show", backtest["id"]).err
    assert len(invoke("runs", "verify", "--json").json["runs"]) == 2
    (daily.parent / backtest["backtest"] / "folds.csv").write_text("")
    assert invoke("runs", "verify").code == 4


@pytest.mark.long
def test_the_same_command_goes_on_where_it_was_interrupted(
    daily: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "run_group", failing_after(1))
    assert invoke("backtest", daily, *TINY).code == 130
    assert "No runs" in invoke("runs", "list").out
    monkeypatch.undo()
    monkeypatch.chdir(daily.parent)
    result = invoke("backtest", daily, *TINY)
    assert result.code == 0, result.err
    assert "1 of 2 folds is there from an earlier, interrupted run" in result.err
    assert "fold 1/2  epoch" not in result.err


def test_a_frame_given_in_python_must_be_named(tmp_path: Path, invoke: Invoke) -> None:
    config = tmp_path / "given.yaml"
    config.write_text("data: {path: null, time: day, target: y}\n")
    result = invoke("backtest", config)
    assert result.code == 2
    assert "--set data.path=FILE" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("nowhere.yaml",), 2, "no such file"),
        (("nothing",), 4, "no run"),
        (("daily.yaml", "--set", "backtest.folds=0"), 2, "backtest.folds"),
        (("daily.yaml", "--set", "backtest.folds=200"), 3, "Lower backtest.folds"),
        (("daily.yaml", "--set", "backtest.statistical=[prophet]"), 2, "backtest.statistical"),
    ],
)
def test_what_is_wrong_has_its_own_exit_code(
    arguments: tuple[str, ...], code: int, says: str, daily: Path, invoke: Invoke
) -> None:
    result = invoke("backtest", *arguments)
    assert result.code == code, result.err
    assert says in result.err


def test_a_damaged_run_is_not_backtested(trained_run: Path, tmp_path: Path, invoke: Invoke) -> None:
    shutil.copytree(trained_run, tmp_path / "one")
    (tmp_path / "one" / "config.yaml").write_text("name: other\n")
    assert invoke("backtest", "one", "--runs-dir", tmp_path).code == 4
