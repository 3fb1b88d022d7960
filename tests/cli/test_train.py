from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Invoke, project_path
from tests.networks import BACKEND

TOP = {
    "schema",
    "command",
    "run",
    "manifest_sha256",
    "status",
    "windows",
    "epochs",
    "best_epoch",
    "seconds",
    "metrics",
    "metrics_scaled",
    "intervals",
}
METRICS = {"mse", "rmse", "mae", "r2", "smape", "mase"}

# What runs in a process of its own is drawn.
pytestmark = pytest.mark.usefixtures("undrawn")


def test_train_prints_one_object_of_the_promised_shape(daily: Path, invoke: Invoke) -> None:
    result = invoke("train", daily, "--json", "-q", "--set", f"training.backend={BACKEND}")
    assert result.code == 0, result.err
    assert result.err == ""
    values = result.json
    assert set(values) == TOP
    assert set(values["windows"]) == {"train", "validation", "test"}
    assert set(values["seconds"]) == {"total", "fit"}
    assert set(values["metrics"]["test"]) == {"model", "naive", "seasonal_naive", "drift"}
    for scores in values["metrics"]["test"].values():
        assert set(scores) >= METRICS
    assert set(values["metrics_scaled"]["test"]) == {"mse", "mae"}
    assert (daily.parent / values["run"] / "manifest.json").is_file()


def test_train_tells_of_the_members_of_an_ensemble(daily: Path, invoke: Invoke) -> None:
    few = ("--set", "training.seeds=2", "--set", "training.epochs=1")
    result = invoke("train", daily, "--json", *few, "--set", f"training.backend={BACKEND}")
    assert result.code == 0, result.err
    values = result.json
    assert set(values) == TOP | {"members"}
    members = values["members"]
    assert set(members) == {"seeds", "epochs", "best_epoch", "metrics", "metrics_scaled"}
    assert members["seeds"] == [7, 8]
    for split in ("validation", "test"):
        assert set(members["metrics"][split]) == METRICS
        assert set(members["metrics_scaled"][split]) == {"mse", "mae"}
        assert set(members["metrics"][split]["mae"]) == {"mean", "deviation", "values"}
    assert "seed 7 (1 of 2)  epoch 1/1" in result.err
    assert "seed 8 (2 of 2)  epoch 1/1" in result.err
    run = daily.parent / values["run"]
    for command in ("evaluate", "runs show"):
        text = invoke(*command.split(), run).out
        assert "Each of the 2 members of seeds 7 to 8 alone" in text
    assert invoke("evaluate", run, "--json").json["members"] == members


@pytest.mark.slow
def test_train_in_a_pipe_tells_epochs_result_and_next_command(daily: Path, spawn: Invoke) -> None:
    result = spawn("train", daily)
    assert result.code == 0, result.err
    lines = result.err.splitlines()
    assert lines[0].startswith("the recurrent layers run in Keras' generic loop (")
    epochs = [line.split("  ")[0] for line in lines if line.startswith("epoch ")]
    assert epochs == ["epoch 1/2", "epoch 2/2"]
    assert "TensorFlow" not in result.err
    assert lines[-1].startswith("Next: lstmcast predict latest")
    assert "MASE" in result.out
    assert "report.html" in result.out
    assert "plots" in result.out


@pytest.mark.parametrize(
    ("setting", "code", "says"),
    [
        ("training.epochs=many", 2, "training.epochs"),
        ("data.target=z", 3, "'z'"),
        ("window.lookback=500", 3, "window.lookback 500"),
        ("data.path=nowhere.csv", 3, "nowhere.csv"),
    ],
)
def test_a_run_that_does_not_start_writes_nothing(
    setting: str, code: int, says: str, daily: Path, invoke: Invoke
) -> None:
    before = sorted(daily.parent.rglob("*"))
    result = invoke("train", daily, "--set", setting)
    assert result.code == code
    assert says in result.err
    assert result.out == ""
    assert sorted(daily.parent.rglob("*")) == before


def test_all_wrong_settings_are_reported_at_once(daily: Path, invoke: Invoke) -> None:
    result = invoke("train", daily, "--set", "seed=-1", "--set", "window.lookbak=3", "--json")
    assert result.code == 2
    assert {p["path"] for p in result.json["error"]["problems"]} == {"seed", "window.lookbak"}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_training_that_is_stopped_keeps_what_was_trained_and_no_run(daily: Path) -> None:
    endless = ("--set", "training.epochs=100000", "--set", "training.early_stopping=null")
    process = subprocess.Popen(
        [sys.executable, "-m", "lstmcast", "train", str(daily), *endless],
        cwd=daily.parent,
        env={**os.environ, "PYTHONPATH": project_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "XLA" in process.stderr.readline()
    while not process.stderr.readline().startswith("epoch 1/"):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert out == ""
    told = err.splitlines()
    assert told[-1].startswith("error: terminated. What was trained so far is kept")
    runs = daily.parent / "runs"
    files = [path.relative_to(runs) for path in runs.rglob("*") if path.is_file()]
    assert files and all(path.match(".partial/*.checkpoint/*") for path in files)


def test_a_training_that_diverges_exits_with_5_and_is_listed(daily: Path, invoke: Invoke) -> None:
    steep = ["loss=mse", "optimizer=sgd", "learning_rate=20", "clipnorm=null", "reduce_lr=null"]
    options = [f"--set=training.{each}" for each in (*steep, "epochs=12", f"backend={BACKEND}")]
    result = invoke("train", daily, "--json", *options, "--set=output.type=point")
    assert result.code == result.json["exit_code"] == 5
    assert Path(result.json["error"]["run"]).is_dir()
    assert "training.learning_rate (to 2, say)" in result.json["error"]["message"]
    assert "diverged" in invoke("runs", "list").out
    assert "Train again" in invoke("runs", "show", "latest").err
