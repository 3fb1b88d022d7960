"""The arguments and options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Argument(help="The YAML file; `lstmcast init` writes one.")]
RunName = Annotated[
    str,
    typer.Argument(help="`latest`, a run's id, the beginning of one, or a directory."),
]
RunsDir = Annotated[
    Path, typer.Option("--runs-dir", metavar="DIR", help="Where RUN is looked up by its id.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="A.B=VALUE",
        help="Override a field of the config, such as training.epochs=5. Repeatable.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print exactly one JSON object on standard output.")
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress and no hints; warnings and errors stay."),
]

RUNS_DIR = Path("runs")
