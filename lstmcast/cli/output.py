"""What the commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

SCHEMA = 1
Colour = Literal["red", "yellow", "green", "bold"]
_CODES: dict[Colour, str] = {"red": "31", "yellow": "33", "green": "32", "bold": "1"}


@dataclass(frozen=True)
class Console:
    """Where a command speaks.

    Attributes:
        command: Its name, as the JSON has it.
        as_json: The result is one JSON object, and there are no hints.
        quiet: No hints.
    """

    command: str
    as_json: bool = False
    quiet: bool = False

    def answer(self, text: str = "", /, **fields: Any) -> None:
        """Print the result: the text, or with `--json` the object of the fields."""
        if self.as_json:
            print_json({"schema": SCHEMA, "command": self.command, "status": "ok", **fields})
        else:
            print(text, flush=True)

    def note(self, text: str) -> None:
        """Tell what goes on, for somebody who watches."""
        if not (self.quiet or self.as_json):
            print(text, file=sys.stderr, flush=True)

    def warn(self, texts: Iterable[str]) -> None:
        """Tell what the user should know, always."""
        for text in texts:
            print(f"{coloured('warning:', 'yellow', sys.stderr)} {text}", file=sys.stderr)

    def suggest(self, command: str, purpose: str) -> None:
        """Name the next command."""
        self.note(f"\nNext: {coloured(command, 'bold', sys.stderr)}   {purpose}")


def print_json(values: Any) -> None:
    """One JSON object on standard output; NaN and infinity are refused."""
    text = json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False)
    # JSON has the same escapes as Python.
    print(_escaped(text), flush=True)


def coloured(text: str, colour: Colour, stream: TextIO) -> str:
    """The text in a colour where the stream is a terminal that wants colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain or not stream.isatty() else f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def print_error(text: str) -> None:
    """Print what went wrong on standard error."""
    print(f"{coloured('error:', 'red', sys.stderr)} {_escaped(text)}", file=sys.stderr)


def _escaped(text: str) -> str:
    """A text in which bytes that are none, as a file name may hold, are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def coloured_state(state: Literal["ok", "note", "problem"]) -> str:
    """The state of a check on standard output, all of one width."""
    colours: dict[str, Colour] = {"ok": "green", "note": "yellow", "problem": "red"}
    return coloured(state.ljust(len("problem")), colours[state], sys.stdout)


def show_path(path: Path) -> str:
    """The path as it is, or relative to the working directory, whichever is shorter."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return min(relative, str(path), key=len)


def wrapped(text: str, *, indent: str = "") -> str:
    """A paragraph in the width of the terminal; on one line where it is not for a terminal."""
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False)


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> str:
    """Aligned columns of text.

    Args:
        headings: One for each column.
        rows: The cells.
        right: A letter for each column: `r` is aligned to the right, anything else to the left;
            columns beyond its end are to the left.
    """
    lines = [list(headings), *(list(row) for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    sides = right.ljust(len(widths), "l")

    def fit(cell: str, column: int) -> str:
        width = widths[column]
        return cell.rjust(width) if sides[column] == "r" else cell.ljust(width)

    return "\n".join("  ".join(fit(c, i) for i, c in enumerate(line)).rstrip() for line in lines)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values, one pair a line, the values in one column."""
    pairs = list(pairs)
    width = max((len(name) for name, _ in pairs), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}".rstrip() for name, value in pairs)


def megabytes(size: int) -> str:
    """Bytes as a reader wants them, such as `3.1 MB`."""
    if size < 1e5:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"
