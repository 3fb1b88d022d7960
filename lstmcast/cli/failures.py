"""What becomes of an error: one message, or one JSON object, and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from lstmcast.cli.endings import Terminated, terminable
from lstmcast.cli.output import SCHEMA, coloured, print_error, print_json
from lstmcast.errors import DataWarning, LstmcastError, ResourceError

BUG = LstmcastError.exit_code
RESOURCE = ResourceError.exit_code
# 128 + the number of the signal, as shells have it.
INTERRUPTED, TERMINATED, PIPE_CLOSED = 130, 143, 141
_DEBUG, _JSON = "--debug", "--json"


@dataclass(frozen=True)
class _Failure:
    """An error as it is shown.

    Attributes:
        exit_code: Of the process.
        message: For a reader.
        details: For `--json`.
    """

    exit_code: int
    message: str
    details: dict[str, Any] = field(default_factory=dict)


def call(app: typer.Typer, arguments: list[str]) -> int:
    """Run a command; whatever goes wrong is shown here and nowhere else.

    Args:
        app: The command line.
        arguments: Those of the process, without its name.

    Returns:
        The exit code.
    """
    debug, arguments = _DEBUG in arguments, [each for each in arguments if each != _DEBUG]
    command = get_command(app)
    try:
        with (
            terminable(),
            _spoken_warnings(),
            command.make_context("lstmcast", list(arguments)) as context,
        ):
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # `lstmcast … | head` has seen enough. What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (Exception, KeyboardInterrupt, Terminated) as error:
        if debug:
            traceback.print_exc()
        failure = _describe(error)
        _show(failure, command=_name(arguments), as_json=_JSON in arguments)
        return failure.exit_code
    return 0


@contextlib.contextmanager
def _spoken_warnings() -> Iterator[None]:
    """Print every `DataWarning` as a sentence while the body runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = _show_warning
        yield


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Ours as a sentence; a library's as Python shows it."""
    if issubclass(category, DataWarning):
        text = f"{coloured('warning:', 'yellow', sys.stderr)} {message}\n"
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def _describe(error: BaseException) -> _Failure:
    kind = type(error).__name__
    if isinstance(error, LstmcastError):
        return _Failure(error.exit_code, _with_notes(str(error), error), error.to_json())
    if isinstance(error, TyperException):
        message = _usage(error)
        return _Failure(2, message, {"type": "UsageError", "message": message})
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return _plain(INTERRUPTED, "Interrupted", _with_notes("interrupted.", error))
    if isinstance(error, Terminated):
        return _plain(TERMINATED, "Terminated", _with_notes("terminated.", error))
    if _is_out_of_memory(error):
        message = (
            "out of memory. Lower model.units, training.batch_size or window.lookback, or give "
            "fewer rows."
        )
        return _plain(RESOURCE, kind, message)
    if isinstance(error, OSError):
        return _plain(RESOURCE, kind, f"{error}. Check the disk, the path and its permissions.")
    bug = f"this is a bug: {kind}: {error}. Run again with {_DEBUG} for the traceback."
    return _plain(BUG, kind, bug)


def _with_notes(message: str, error: BaseException) -> str:
    """A message, and what was noted where the error passed."""
    return " ".join([message, *getattr(error, "__notes__", ())])


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, TensorFlow or XLA ran out; theirs are known by name, not imported here."""
    named = type(error).__name__ == "ResourceExhaustedError" or "RESOURCE_EXHAUSTED" in str(error)
    return isinstance(error, MemoryError) or named


def _plain(exit_code: int, kind: str, message: str) -> _Failure:
    return _Failure(exit_code, message, {"type": kind, "message": message})


def _usage(error: TyperException) -> str:
    """The message of a wrong command line, and where its help is."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "lstmcast"
    message = error.format_message().rstrip()
    stop = "" if message.endswith((".", "?", "!")) else "."
    return f"{message}{stop} `{path} --help` shows how it goes."


def _name(arguments: list[str]) -> str:
    """The command that was meant, such as `train` or `runs list`; empty where none was named."""
    words = [word for word in arguments if not word.startswith("-")]
    return " ".join(words[: 2 if words[:1] in (["runs"], ["config"]) else 1])


def _show(failure: _Failure, *, command: str, as_json: bool) -> None:
    if not as_json:
        print_error(failure.message)
        return
    print_json(
        {
            "schema": SCHEMA,
            "command": command,
            "status": "error",
            "exit_code": failure.exit_code,
            "error": failure.details,
        }
    )
