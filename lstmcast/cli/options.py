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
ExpectSha256 = Annotated[
    str | None,
    typer.Option(
        "--expect-sha256",
        metavar="HEX",
        help="Refuse any run but the one whose manifest has this SHA-256; `runs show` tells it.",
    ),
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
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Processes on this machine that train side by side.",
    ),
]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|ADDRESS",
        help="Train on a Ray cluster; `auto` is the one here, or else one that is started.",
    ),
]

RUNS_DIR = Path("runs")
