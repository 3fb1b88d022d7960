"""Where a table of forecasts goes: a file, standard output, the terminal, or the JSON object."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.frames import Format, encode, readable, records, write_file
from lstmcast.cli.output import show_path
from lstmcast.errors import ConfigError, ResourceError

if TYPE_CHECKING:
    import pandas as pd

    from lstmcast.cli.output import Console
    from lstmcast.config.schema import CsvFormat

STDOUT = "-"
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to this file, `-` for standard output. Without it: a table to read on a "
        "terminal, CSV in a pipe.",
    ),
]
Form = Annotated[
    Format | None,
    typer.Option("--format", help="Without it: by the name of the file, else csv."),
]


@dataclass(frozen=True)
class Delivery:
    """What the user said of the output.

    Attributes:
        output: A file, `-` for standard output, None for what fits: a table to read on a terminal,
            the format in a pipe.
        asked: The format, None where the file's name or CSV decides.
        as_json: The one JSON object takes standard output.
        for_machines: No table to read, on a terminal neither.
        csv: How CSV is written, where it is to be read back as a config has it.
    """

    output: str | None
    asked: Format | None
    as_json: bool = False
    for_machines: bool = False
    csv: CsvFormat | None = None

    @property
    def file(self) -> Path | None:
        """The file to write; None where there is none."""
        return None if self.output in (None, STDOUT) else Path(str(self.output))

    @property
    def form(self) -> Format:
        """The format asked for, else the one that the file's name ends in, else CSV."""
        return self.asked or self._named or Format.csv

    @property
    def is_text(self) -> bool:
        """Whether the table is for somebody who reads it on a terminal."""
        open_to_choose = self.output is None and self.asked is None
        return open_to_choose and not self.for_machines and sys.stdout.isatty()

    @property
    def _named(self) -> Format | None:
        suffix = self.file.suffix.lstrip(".").lower() if self.file else ""
        return Format(suffix) if suffix in set(Format) else None

    def check(self, run: Path) -> None:
        """Refuse what cannot be meant, before anything is computed.

        Args:
            run: The run's directory.

        Raises:
            ConfigError: If two of the options exclude each other, or the file is inside the run.
            ResourceError: If the file's directory is not there.
        """
        if self.as_json and self.output == STDOUT:
            raise ConfigError("--json and --output - both take standard output. Leave one out.")
        if self.as_json and self.asked and self.file is None:
            raise ConfigError("--format goes with --output FILE where --json is given.")
        if self.asked and self._named and self.asked is not self._named:
            raise ConfigError(
                f"--output {self.output} ends in .{self._named}, and --format is {self.asked}. "
                "Make them agree."
            )
        if self.file and self.file.resolve().is_relative_to(run.resolve()):
            raise ConfigError(
                f"--output {self.output} is inside the run, which never changes. Write elsewhere."
            )
        if self.file and not self.file.parent.is_dir():
            raise ResourceError(
                f"{self.output}: cannot be written: there is no directory {self.file.parent}. Make "
                "it, or name another."
            )
        if self.form is Format.parquet and self.file is None and sys.stdout.isatty():
            raise ConfigError("--format parquet is not for a terminal. Name a file with --output.")


def deliver(frame: pd.DataFrame, delivery: Delivery, console: Console, **fields: Any) -> None:
    """Write a table to where the user wants it.

    Args:
        frame: The table.
        delivery: Where to.
        console: Of the command.
        fields: What `--json` tells besides.

    Raises:
        ResourceError: If the file cannot be written, or Parquet needs a package.
    """
    if delivery.file is not None:
        write_file(encode(frame, delivery.form, csv=delivery.csv), delivery.file)
        console.note(f"Wrote {len(frame):,} rows to {show_path(delivery.file)}.")
    if delivery.as_json:
        place = {"output": str(delivery.file)} if delivery.file else {"rows": records(frame)}
        console.answer(**fields, n_rows=len(frame), **place)
    elif delivery.is_text:
        console.answer(readable(frame))
    elif delivery.file is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(encode(frame, delivery.form, csv=delivery.csv))
        sys.stdout.buffer.flush()
