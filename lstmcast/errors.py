"""The errors that lstmcast raises on purpose, each with the exit code of the command line.

```
LstmcastError                 70  a bug, where nothing more exact is known
├ ConfigError(ValueError)      2  every problem at once, dotted paths, "did you mean"
├ DataError(ValueError)        3  file, line, column, value, one cause
│ └ TooShortError              3  needed and received, with the arithmetic
├ BundleError                  4  missing, corrupt, newer format
├ DivergedError                5  epoch, learning rate, what to lower
└ ResourceError                6  locked by PID/host, disk, memory, a package that is not installed
```

A message is complete on its own: what is wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Of a value in a message.
_MOST_CHARACTERS = 100


class LstmcastError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 70

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints of this error."""
        return {"type": type(self).__name__, "message": str(self)}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a config.

    Attributes:
        path: Dotted path of the field, such as `window.lookback`; empty for the whole file.
        message: What is wrong and what to do, without the place.
        line: Line in the YAML file, from 1; None where there is none (a default, a `--set`).
        hint: "did you mean …", where a near name is known.
    """

    path: str
    message: str
    line: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        """On one line: where, what, and a hint."""
        place = self.path or "config"
        if self.line is not None:
            place += f" (line {self.line})"
        return f"{place}: {self.message}" + (f" {self.hint}" if self.hint else "")


class ConfigError(LstmcastError, ValueError):
    """The config, an override or an option is wrong; names every problem at once.

    Args:
        problems: What is wrong, or one sentence that says it.
        file: The YAML file, where there is one.
    """

    exit_code = 2

    def __init__(self, problems: Sequence[Problem] | str, *, file: str | None = None) -> None:
        self.problems = (Problem("", problems),) if isinstance(problems, str) else tuple(problems)
        self.file = file
        super().__init__(self._text(problems))

    def _text(self, problems: Sequence[Problem] | str) -> str:
        where = f"{self.file}: " if self.file else ""
        if isinstance(problems, str):
            return where + problems
        if len(self.problems) == 1:
            return f"{where}{self.problems[0]}"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        return f"{where}{len(self.problems)} problems in the config{lines}"

    def to_json(self) -> dict[str, Any]:
        """The message, the file and each problem."""
        problems = [asdict(problem) for problem in self.problems]
        return {**super().to_json(), "file": self.file, "problems": problems}


class DataError(LstmcastError, ValueError):
    """The data cannot be used.

    Args:
        message: What is wrong and what to do, without the place.
        file: File that holds it.
        line: Line of that file, from 1, the header included.
        column: Column name.
        value: The offending value, as it stands in the file.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        value: object = None,
    ) -> None:
        self.file, self.line, self.column, self.value = file, line, column, value
        place = ", ".join(
            part
            for part in (
                file or "",
                f"line {line}" if line is not None else "",
                f"column {column!r}" if column is not None else "",
                f"value {_shortened(repr(value))}" if value is not None else "",
            )
            if part
        )
        super().__init__(f"{place}: {message}" if place else message)

    def to_json(self) -> dict[str, Any]:
        """The message and the place."""
        value = None if self.value is None else str(self.value)
        place = {"file": self.file, "line": self.line, "column": self.column, "value": value}
        return {**super().to_json(), **place}


def _shortened(text: str) -> str:
    """A value as a message shows it: a field of a megabyte would hide the rest."""
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…{text[-1]}"


class DataWarning(UserWarning):
    """What was done to new data, or is unknown about them, that the user should know.

    Not an error, and so not in the tree: issued by `warnings.warn` where a `Forecaster` reads data.
    """


class TooShortError(DataError):
    """There are too few rows for the windows that the config asks for."""


class BundleError(LstmcastError):
    """A run directory is missing, corrupt, or of a newer format."""

    exit_code = 4


class DivergedError(LstmcastError):
    """The training loss became NaN or infinite."""

    exit_code = 5


class ResourceError(LstmcastError):
    """Something outside is in the way: a lock, the disk, memory, a package not installed."""

    exit_code = 6
