from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lstmcast.cli import environment
from lstmcast.cli.environment import Backend, Environment, look_around
from tests.commands import Invoke

WHOLE = Environment(
    python="3.12.1",
    system="Linux x86_64",
    packages={**dict.fromkeys(environment.CORE, "1.0"), **dict.fromkeys(environment.OPTIONAL)},
    backends=(Backend("tensorflow", ("/physical_device:CPU:0",)),),
    cpus=2,
    memory=8_000_000_000,
    disk=50_000_000_000,
)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine where all is in order."""
    monkeypatch.setattr(environment, "look_around", lambda _: WHOLE)
    return monkeypatch


def test_a_whole_installation_exits_with_0(here: pytest.MonkeyPatch, invoke: Invoke) -> None:
    result = invoke("doctor")
    assert result.code == 0
    assert "pip install 'lstmcast[jax]'" in result.out
    assert "lstmcast train" in result.err


def test_a_missing_package_is_a_problem_and_exits_with_1(
    here: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    broken = replace(WHOLE, packages={**WHOLE.packages, "onnx": None})
    here.setattr(environment, "look_around", lambda _: broken)
    result = invoke("doctor", "--json")
    assert result.code == result.json["exit_code"] == 1
    states = {check["name"]: check["state"] for check in result.json["checks"]}
    assert (states["onnx"], states["export"]) == ("problem", "note")
    assert result.json["environment"]["can_export"] is False


def test_a_backend_that_does_not_load_is_a_problem(
    here: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    broken = replace(WHOLE, backends=(Backend("tensorflow", error="ImportError: libX"),))
    here.setattr(environment, "look_around", lambda _: broken)
    result = invoke("doctor")
    assert result.code == 1
    assert "ImportError: libX" in result.out


def test_a_config_is_told_its_kernel(here: pytest.MonkeyPatch, daily: Path, invoke: Invoke) -> None:
    kernel = invoke("doctor", daily, "--set", "model.activation=relu", "--json").json["kernel"]
    assert kernel["name"] == "generic"
    assert any("model.activation is relu" in reason for reason in kernel["reasons"])


def test_a_config_is_told_the_memory_and_the_faster_backend(
    here: pytest.MonkeyPatch, daily: Path, invoke: Invoke
) -> None:
    result = invoke("doctor", daily)
    assert "training needs about" in result.out
    assert "set training.backend to jax" in result.out
    assert (
        "set training.backend" not in invoke("doctor", daily, "--set", "training.backend=jax").out
    )


def test_too_little_memory_is_a_problem(
    here: pytest.MonkeyPatch, daily: Path, invoke: Invoke
) -> None:
    here.setattr(environment, "look_around", lambda _: replace(WHOLE, memory=1000))
    result = invoke("doctor", daily)
    assert result.code == 1
    assert "lower training.batch_size" in result.out


def test_data_that_cannot_be_read_do_not_stop_the_look(
    here: pytest.MonkeyPatch, daily: Path, invoke: Invoke
) -> None:
    (daily.parent / "daily.csv").unlink()
    result = invoke("doctor", daily)
    assert result.code == 0
    assert "not known, for the data cannot be read: " in result.out


def test_set_without_a_config_is_refused(invoke: Invoke) -> None:
    assert invoke("doctor", "--set", "seed=1").code == 2


def test_this_machine_is_looked_at_in_processes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_BACKENDS", ("tensorflow",))
    monkeypatch.setitem(environment._ASK, "tensorflow", 'print("chatter"); print(["CPU:0"][0:0])')
    found = look_around(tmp_path / "not" / "there")
    assert found.backends == (Backend("tensorflow", ()),)
    assert found.packages["keras"]
    assert found.disk > 0
    monkeypatch.setitem(environment._ASK, "tensorflow", 'raise SystemExit("no driver")')
    assert look_around(tmp_path).backends[0].error == "no driver"
