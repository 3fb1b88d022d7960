from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstmcast.runtime.leftovers import leftovers, remove
from lstmcast.runtime.run_writer import RunWriter
from lstmcast.training.checkpoints import Checkpoints, Kept
from tests.commands import Invoke, project_path

HALF_WRITTEN = """
import os, sys
from pathlib import Path
from lstmcast.runtime.run_writer import RunWriter
RunWriter(Path(sys.argv[1]), "killed").text("a.txt", "half")
os._exit(9)
"""


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """What a killed process has half-written, what one can go on with, and a run that grows."""
    subprocess.run(
        [sys.executable, "-c", HALF_WRITTEN, str(tmp_path)],
        env={"PYTHONPATH": project_path()},
        check=False,
    )
    checkpoints = Checkpoints(tmp_path / ".partial" / "killed.checkpoint")
    checkpoints.begin({})
    checkpoints.write("fit-000000.safetensors", Kept({"a": np.ones(3)}, {}))
    return tmp_path


def test_what_nobody_works_on_is_found_and_removed(runs: Path) -> None:
    writer = RunWriter(runs, "growing")
    found = {each.path.name: each for each in leftovers(runs)}
    assert {name: each.can_go_on for name, each in found.items()} == {
        "killed": False,
        "killed.checkpoint": True,
    }
    assert all(each.n_bytes > 0 for each in found.values())
    assert all(remove(each) for each in found.values())
    assert [path.name for path in (runs / ".partial").iterdir()] == ["growing"]
    writer.discard()
    assert leftovers(runs) == []
    assert not (runs / ".partial").exists()


def test_what_somebody_has_taken_up_since_is_not_removed(runs: Path) -> None:
    (kept,) = (each for each in leftovers(runs) if each.can_go_on)
    with Checkpoints(kept.path).locked():
        assert not remove(kept)
    assert kept.path.is_dir()


def test_prune_removes_what_is_of_no_use(runs: Path, invoke: Invoke) -> None:
    would = invoke("runs", "prune", "--runs-dir", runs, "--dry-run", "--json").json
    assert [Path(each["path"]).name for each in would["removed"]] == ["killed"]
    assert len(leftovers(runs)) == 2
    result = invoke("runs", "prune", "--runs-dir", runs)
    assert "killed: 0.0 kB" in result.out and ": removed" in result.out
    assert "kept: a command can go on with it" in result.out
    assert "--resume" in result.err
    assert len(leftovers(runs)) == 1
    assert len(invoke("runs", "prune", "--runs-dir", runs, "--all", "--json").json["removed"]) == 1
    assert "Nothing is left" in invoke("runs", "prune", "--runs-dir", runs).out
