"""Running commands: in this process where that is enough, else in a fresh one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lstmcast.cli.failures import call
from lstmcast.cli.main import app
from tests.builders import weekly_cycle

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


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        values: dict[str, Any] = json.loads(self.out)
        return values


Invoke = Callable[..., Result]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run a command in this process, through the error handler."""

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = call(app, [str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


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


def project_path() -> str:
    """What finds this project in a fresh process, whatever its working directory."""
    root = str(Path(__file__).parents[2])
    return os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.fixture
def daily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config beside its data; the working directory is theirs."""
    monkeypatch.chdir(tmp_path)
    weekly_cycle().to_csv(tmp_path / "daily.csv", index=False)
    path = tmp_path / "daily.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path
