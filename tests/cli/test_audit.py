"""`lstmcast audit`: a table, a verdict, and exit code 1 on a leak."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.builders import weekly_cycle
from tests.commands import Invoke


@pytest.fixture
def leaky(daily: Path) -> Path:
    """A config whose column `x` is the target of two days later."""
    frame = weekly_cycle()
    frame["x"] = frame["y"].shift(-2).ffill() * 3
    frame["z"] = frame["y"]
    frame.to_csv(daily.parent / "daily.csv", index=False)
    text = daily.read_text(encoding="utf-8").replace(
        "target: y\n", "target: y\n  past_covariates: [x, z]\n"
    )
    daily.write_text(text, encoding="utf-8")
    return daily


def test_a_line_for_each_check_and_a_verdict(daily: Path, invoke: Invoke) -> None:
    result = invoke("audit", daily, "--no-train")
    assert result.code == 0
    head, *lines = result.out.splitlines()
    assert head.split() == ["state", "where", "check", "values", "what"]
    assert [line.split()[0] for line in lines[:-2]] == ["ok"] * (len(lines) - 2)
    assert lines[-1].startswith("Nothing leaks: ")
    assert "split: values after training are changed" in result.err
    assert f"Next: lstmcast train {daily}" in result.err


def test_a_column_that_holds_the_future_ends_with_1(leaky: Path, invoke: Invoke) -> None:
    result = invoke("audit", leaky, "--no-train")
    assert result.code == 1
    (line,) = [each for each in result.out.splitlines() if each.startswith("leak")]
    assert "x is an affine copy of y 2 steps later" in line
    assert "warning: z is an affine copy of y of the same time" in result.err
    assert result.err.splitlines()[-1] == "error: There is a leak: x."
    assert invoke("audit", leaky, "--no-train", "--known", "x", "-q").code == 0


def test_json_is_one_object_of_a_stable_shape(leaky: Path, invoke: Invoke) -> None:
    result = invoke("audit", leaky, "--no-train", "--json")
    assert result.code == 1
    found = result.json
    assert (found["schema"], found["command"], found["status"], found["exit_code"]) == (
        1,
        "audit",
        "failed",
        1,
    )
    assert found["leaks"] == ["x"]
    assert len(found["suspicions"]) == 1
    assert (found["run"], found["trained"]) == (None, False)
    assert set(found["data"]) == {"fingerprint", "rows", "series"}
    assert set(found["checks"][0]) == {
        "check",
        "place",
        "cut",
        "state",
        "values",
        "differing",
        "text",
    }
    column = found["columns"][0]
    assert (column["column"], column["target"], column["state"]) == ("x", "y", "leak")
    assert (column["steps_ahead"], column["exact"]) == (2, True)


def test_a_run_is_audited_on_its_own_data(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("audit", trained_run, "--no-train", "--json")
    assert result.code == 0
    first = result.json["checks"][0]
    assert (first["check"], first["place"], first["state"]) == ("preparation", "run", "ok")
    assert result.json["run"] == str(trained_run)


def test_other_data_than_those_of_the_run_are_refused(
    trained_run: Path, tmp_path: Path, invoke: Invoke
) -> None:
    frame = pd.read_csv(trained_run.parents[1] / "daily.csv").iloc[:-3]
    frame.to_csv(tmp_path / "other.csv", index=False)
    result = invoke("audit", trained_run, "--data", tmp_path / "other.csv")
    assert result.code == 3
    assert "rows 160 in the run, 157 now" in result.err
    assert "--data" in result.err


def test_a_run_is_not_overridden(trained_run: Path, invoke: Invoke) -> None:
    result = invoke("audit", trained_run, "--set", "window.horizon=2")
    assert result.code == 2
    assert "config.yaml" in result.err


def test_data_that_were_handed_over_in_python_must_be_named(daily: Path, invoke: Invoke) -> None:
    result = invoke("audit", daily, "--set", "data.path=null")
    assert result.code == 2
    assert "Name the file with --data" in result.err
    named = invoke("audit", daily, "--set", "data.path=null", "--data", "daily.csv", "--no-train")
    assert named.code == 0
