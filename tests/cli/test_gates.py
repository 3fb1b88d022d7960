"""Gates end a command with 1, say which one failed with both numbers, and are part of the JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lstmcast.cli.gates import Gates, Verdict
from lstmcast.errors import BundleError, ConfigError
from tests.commands import Invoke

SCORES = {
    "model": {"mase": 0.8, "rmse": 2.0, "coverage": 0.7},
    "naive": {"mase": 1.5, "rmse": 3.0},
    "drift": {"mase": 0.8, "rmse": 2.0},
}


def judged(gates: Gates, scores: dict[str, Any] | None = None, runs_dir: Path = Path()) -> Verdict:
    metrics = {"metrics": {"test": scores or SCORES}, "windows": {"test": 10}}
    return gates.judge_for(["naive", "drift"], runs_dir)(metrics)


@pytest.mark.parametrize(
    ("gates", "limit", "value", "passed"),
    [
        (Gates(max_mase=1), 1, 0.8, True),
        (Gates(max_mase=0.8), 0.8, 0.8, True),
        (Gates(max_mase=0.5), 0.5, 0.8, False),
        (Gates(min_coverage=0.7), 0.7, 0.7, True),
        (Gates(min_coverage=0.75), 0.75, 0.7, False),
        (Gates(better_than="naive"), 1.5, 0.8, True),
        (Gates(better_than="drift"), 0.8, 0.8, False),  # as good is not better
    ],
)
def test_a_gate_holds_a_value_against_its_limit(
    gates: Gates, limit: float, value: float, passed: bool
) -> None:
    verdict = judged(gates)
    (gate,) = verdict.fields()["gates"]
    assert (gate["limit"], gate["value"], gate["passed"]) == (limit, value, passed)
    assert verdict.passed == passed
    assert verdict.fields().get("status") == (None if passed else "failed")


def test_without_gates_nothing_is_judged() -> None:
    verdict = judged(Gates())
    assert verdict.passed
    assert verdict.fields() == {}


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        (Gates(max_mase=1), "--max-mase 1: MASE is undefined here"),
        (Gates(min_coverage=0.5), "--min-coverage 0.5: there is no interval"),
        (
            Gates(better_than="naive"),
            "--better-than naive: neither MASE, RMSE nor accuracy",
        ),
    ],
)
def test_a_gate_that_cannot_be_judged_fails_and_says_why(gates: Gates, says: str) -> None:
    (gate,) = judged(gates, {"model": {"mase": None}, "naive": {"mase": 1.0}}).gates
    assert not gate.passed
    assert gate.value is None
    assert says in gate.text


def test_where_mase_is_undefined_rmse_decides() -> None:
    scores = {"model": {"mase": None, "rmse": 2.5}, "naive": {"mase": None, "rmse": 3.0}}
    (gate,) = judged(Gates(better_than="naive"), scores).gates
    assert (gate.value, gate.limit, gate.passed) == (2.5, 3.0, True)


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        (Gates(better_than="seasonal_naive"), "not measured here. Those that are: naive, drift"),
        (Gates(min_coverage=85), "must be a share from 0 to 1. Received: 85"),
        (Gates(max_mase=0), "must be above 0"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused_before_anything_is_measured(
    gates: Gates, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        gates.judge_for(["naive", "drift"], Path())


def test_a_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no run under"):
        Gates(better_than="best").judge_for(["naive"], tmp_path)


def test_another_run_is_the_limit_and_other_windows_are_told(
    trained_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained_run, tmp_path / "one")
    measured = json.loads((trained_run / "metrics.json").read_text())
    verdict = judged(Gates(better_than="one"), runs_dir=tmp_path)
    assert verdict.gates[0].limit == measured["metrics"]["test"]["model"]["mase"]
    n_windows = measured["windows"]["test"]
    assert f"measured on {n_windows} windows, this on 10" in verdict.warnings[0]


def test_evaluate_ends_with_1_where_a_gate_fails(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("evaluate", trained_run, "--max-mase", "0.001", "--better-than", "drift")
    assert result.code == 1
    assert "MASE" in result.out  # the result is still there
    errors = [line for line in result.err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "--max-mase 0.001: MASE is " in errors[0]
    values = invoke("evaluate", trained_run, "--max-mase", "0.001", "--json").json
    assert (values["status"], values["exit_code"]) == ("failed", 1)
    (gate,) = values["gates"]
    assert (gate["gate"], gate["limit"], gate["passed"]) == ("max-mase", 0.001, False)
    assert gate["value"] == values["metrics"]["test"]["model"]["mase"]


def test_evaluate_ends_with_0_where_all_gates_are_kept(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("evaluate", trained_run, "--max-mase", "1000", "--json")
    assert result.code == 0
    assert result.json["status"] == "ok"
    assert result.json["gates"][0]["passed"]
    assert "gates" not in invoke("evaluate", trained_run, "--json").json


def test_a_damaged_run_is_no_limit(trained_run: Path, tmp_path: Path, invoke: Invoke) -> None:
    shutil.copytree(trained_run, tmp_path / "one")
    (tmp_path / "one" / "metrics.json").write_text("{}")
    arguments = ("--better-than", "one", "--runs-dir", tmp_path)
    assert invoke("evaluate", trained_run, *arguments).code == 4
