"""Commands in a fresh process, and a config beside its data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import weekly_cycle
from tests.commands import Invoke, Result, project_path

CONFIG = """\
name: daily
data:
  path: daily.csv
  time: day
  target: y
window: {lookback: 7, horizon: 3}
model:
  units: [3]
training:
  epochs: 2
calibration: {levels: [0.8]}  # the validation split is too short for more
"""


@pytest.fixture
def spawn(tmp_path: Path) -> Invoke:
    """Run a command in a process of its own, in `tmp_path`."""

    def run(*arguments: object, stdin: str = "", **environment: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "lstmcast", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": project_path(), **environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def daily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config beside its data; the working directory is theirs."""
    monkeypatch.chdir(tmp_path)
    weekly_cycle().to_csv(tmp_path / "daily.csv", index=False)
    path = tmp_path / "daily.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path
