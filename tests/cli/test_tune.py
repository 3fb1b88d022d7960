from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from lstmcast.tuning import results
from lstmcast.tuning import search as searching
from lstmcast.tuning.journal import EVENTS, HEADER
from tests.commands import Invoke
from tests.networks import BACKEND
from tests.tuning.conftest import worked_out

SET = (
    "--set",
    "tune.space={training.learning_rate: [0.002, 0.02]}",
    "--set",
    f"training.backend={BACKEND}",
    "--set",
    "training.epochs=1",
)

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def untrained(trained_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials are worked out, and what is trained at the end is a run that is there."""
    monkeypatch.setattr(searching, "run_trial", worked_out)
    monkeypatch.setattr(results, "train", lambda *_, **__: SimpleNamespace(path=trained_run))


def test_tune_finds_trains_and_tests_the_best(
    daily: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(daily.parent)
    result = invoke("tune", daily, *SET, "--set", "tune.method=grid", "--json", "-q")
    assert result.code == 0, result.err
    values = result.json
    assert values["status"] == "ok" and values["objective"] == "mae"
    assert len(values["trials"]) == 3
    assert values["best"]["score"] == min(trial["score"] for trial in values["trials"])
    assert set(values["metrics"]["test"]) == {
        "tuned",
        "untuned",
        "naive",
        "seasonal_naive",
        "drift",
    }
    directory = Path(values["directory"])
    assert {path.name for path in (directory / "plots").glob("*.png")} == {
        "objective.png",
        "parallel_coordinates.png",
    }
    table = pd.read_csv(directory / "trials.csv")
    assert list(table["trial"]) == [0, 1, 2]
    # What it found trains as it is, and comes to the same.
    again = invoke("train", directory / "best.yaml", "--json", "-q")
    assert again.code == 0, again.err
    tuned = values["metrics"]["test"]["tuned"]
    assert again.json["metrics"]["test"]["model"] == tuned
    # Once more, nothing is run again.
    runs = set(Path("runs").iterdir())
    same = invoke("tune", daily, *SET, "--set", "tune.method=grid", "--json", "-q")
    assert same.json["trials"] == values["trials"]
    assert set(Path("runs").iterdir()) == runs


@pytest.mark.usefixtures("untrained")
def test_rows_are_shown_as_trials_end(
    daily: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(daily.parent)
    result = invoke("tune", daily, *SET, "--set", "tune.trials=2", "--set", "tune.method=random")
    assert result.code == 0, result.err
    assert "nothing: the config as it is" in result.err
    assert "training.learning_rate=" in result.err
    assert "2 trials: 2 completed." in result.out
    assert "Against the config as it was" in result.out or "No trial has a better" in result.out
    assert "Next: lstmcast predict" in result.err


@pytest.mark.usefixtures("untrained")
def test_fresh_begins_anew_and_keeps_the_old(
    daily: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(daily.parent)
    few = ("--set", "tune.trials=1", "-q")
    directory = Path("runs/daily.tune")
    directory.mkdir(parents=True)
    (directory / HEADER).write_text('{"version": "0.0.1"}')
    refused = invoke("tune", daily, *SET, *few)
    assert refused.code == 2
    assert "holds a search that differs in" in refused.err
    fresh = invoke("tune", daily, *SET, *few, "--fresh")
    assert fresh.code == 0, fresh.err
    (aside,) = Path("runs").glob("daily.tune-*")
    assert (aside / HEADER).read_text() == '{"version": "0.0.1"}'


def test_a_wrong_space_is_an_error_before_anything_runs(daily: Path, invoke: Invoke) -> None:
    result = invoke("tune", daily, "--set", "tune.space={model.unit: [[2]]}")
    assert result.code == 2
    assert "Did you mean `model.units`?" in result.err


def test_workers_and_ray_exclude_each_other(daily: Path, invoke: Invoke) -> None:
    result = invoke("tune", daily, *SET, "--workers", "2", "--ray", "auto")
    assert result.code == 2
    assert "Give one of them" in result.err


def test_a_wrong_space_sets_no_search_aside(
    daily: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(daily.parent)
    directory = Path("runs/daily.tune")
    directory.mkdir(parents=True)
    (directory / HEADER).write_text("{}")
    result = invoke("tune", daily, "--set", "tune.space={model.unit: [[2]]}", "--fresh")
    assert result.code == 2
    assert (directory / HEADER).exists()


def test_a_parameter_that_never_counts_is_told(
    daily: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(daily.parent)
    Path("runs").write_text("in the way, so that nothing is trained")
    space = "{model.dropout: [0.2], model.bidirectional: {choice: [true], when: {model.type: gru}}}"
    result = invoke("tune", daily, "--set", f"tune.space={space}")
    assert result.code == 6
    assert "tune.space: model.bidirectional never counts" in result.err


@pytest.mark.long
def test_killed_a_search_goes_on_where_it_was(daily: Path) -> None:
    command = [sys.executable, "-m", "lstmcast", "tune", str(daily), *SET, "--json", "-q"]
    command += ["--set", "tune.trials=3", "--set", "tune.method=random"]
    environment = {**os.environ, "KERAS_BACKEND": BACKEND}
    process = subprocess.Popen(
        command, cwd=daily.parent, env=environment, stdout=subprocess.PIPE, text=True
    )
    record = daily.parent / "runs" / "daily.tune" / EVENTS
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if record.exists() and record.read_text().count('"ended"') >= 1:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = record.read_text().splitlines()
    ended = subprocess.run(
        command, cwd=daily.parent, env=environment, capture_output=True, text=True, check=True
    )
    assert len(json.loads(ended.stdout)["trials"]) == 3
    after = record.read_text().splitlines()
    assert [line for line in before if line.endswith("}")] == after[: len(before)]
    numbers = [json.loads(line)["number"] for line in after if '"ended"' in line]
    assert sorted(numbers) == [0, 1, 2]
