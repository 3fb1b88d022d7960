"""Bad input through the real command line: files as a user has them, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.commands import Invoke, Result

CONFIG = """\
name: tried
data: {path: data.csv, time: time, target: y}
window: {lookback: 3, horizon: 1}
calibration: {levels: [0.5]}
"""
Settings = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What a command says where it goes no further.

    Attributes:
        code: Its exit code.
        message: The sentences, the place in front of them included.
        error: The error as `--json` has it: type, message, file, line, column, value, problems.
    """

    code: int
    message: str
    error: dict[str, Any]

    @property
    def place(self) -> tuple[str | None, int | None, str | None, str | None]:
        """Name of the file, line, column, value; None for what is not known."""
        file, line, column, value = map(self.error.get, ("file", "line", "column", "value"))
        return file and Path(file).name, line, column, value

    def says(self, *parts: str) -> None:
        """See that the message holds each of these."""
        missing = [part for part in parts if part not in self.message]
        assert not missing, f"{missing} not in: {self.message}"


@dataclass(frozen=True)
class Bench:
    """A folder with a config, into which files are put and in which commands run.

    Attributes:
        folder: The working directory.
        invoke: Runs a command in this process, through the error handler.
    """

    folder: Path
    invoke: Invoke

    def write(self, content: str | bytes, name: str = "data.csv") -> Path:
        """Put a file there, its line ends as they are."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, command: str, *options: str, **settings: Any) -> Result:
        """Run a command on the config, with settings such as `**{"data.tz": "UTC"}`."""
        overrides = [f"--set={path}={json.dumps(value)}" for path, value in settings.items()]
        return self.invoke(command, "config.yaml", *options, *overrides)

    def accept(self, content: str | bytes | None = None, **settings: Any) -> Result:
        """Validate (a file with this content), which must succeed."""
        if content is not None:
            self.write(content)
        result = self.run("validate", **settings)
        assert result.code == 0, result.err
        return result

    def refuse(self, content: str | bytes | None = None, **settings: Any) -> Refusal:
        """What both `validate` and `train` say (of a file with this content).

        They must say the same: one error, no traceback, nothing on standard output, and nothing
        may be fitted or written.
        """
        if content is not None:
            self.write(content)
        before = sorted(self.folder.rglob("*"))
        plain = [self.run(command, **settings) for command in ("validate", "train")]
        told = self.run("validate", "--json", **settings)
        assert plain[0] == plain[1]
        assert sorted(self.folder.rglob("*")) == before
        result = plain[0]
        assert result.code == told.code == told.json["exit_code"]
        assert result.out == told.err == ""
        assert result.err.count("error: ") == 1, result.err
        assert "Traceback" not in result.err
        message = result.err.partition("error: ")[2].removesuffix("\n")
        assert message == told.json["error"]["message"]
        return Refusal(result.code, message, told.json["error"])


def daily_rows(n_rows: int = 30, *, value: Callable[[int], object] = lambda day: day % 7) -> str:
    """Lines `time,y` of as many days from 2024-01-01 on; `value` gives the text of each `y`."""
    days = pd.date_range("2024-01-01", periods=n_rows).strftime("%Y-%m-%d")
    return "".join(f"{day},{value(i)}\n" for i, day in enumerate(days))


@pytest.fixture
def bench(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    invoke: Invoke,
) -> Bench:
    """A config for `data.csv` with the columns `time` and `y`; a training would be an error."""

    def fit(*arguments: object, **options: object) -> None:
        raise AssertionError("bad input has reached the fit")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lstmcast.experiment.pipeline.fit", fit)
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return Bench(tmp_path, invoke)
