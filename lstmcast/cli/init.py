"""`lstmcast init`."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.options import AsJson, Quiet
from lstmcast.cli.output import Console, facts, show_path
from lstmcast.errors import ConfigError, DataError

if TYPE_CHECKING:
    from lstmcast.config.template import Outline
    from lstmcast.data.inspection.inspecting import Inspection

SCHEMA_FILE = "lstmcast.schema.json"


def init(
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="CSV", help="Look at this file and fill the config in."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The config to write.")
    ] = Path("config.yaml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite it if it is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a commented config, filled in from a file.

    With --from it trains as it is. Beside it lies the JSON Schema for editors.

    \b
    lstmcast init --from sales.csv
    lstmcast init --from sales.csv --output configs/sales.yaml
    """
    from lstmcast.cli.outlining import outline_of
    from lstmcast.config.template import Outline

    console = Console("init", as_json=as_json, quiet=quiet)
    if output.exists() and not force:
        raise ConfigError(f"{output}: is there already. --force overwrites it, --output avoids it.")
    inspection = None if source is None else _inspect(source)
    if inspection is None:
        outline = Outline(about=("Fill in data.path, data.time and data.target.", ""))
    else:
        outline = outline_of(inspection, path=_relative(Path(inspection.file), output))
    _write(outline, output)
    notes = () if inspection is None else (*inspection.notes, *_obstacles(output))
    console.warn(notes)
    console.answer(
        _text(inspection, output),
        config=str(output),
        editor_schema=str(output.with_name(SCHEMA_FILE)),
        notes=list(notes),
    )
    if inspection is None:
        console.suggest(f"lstmcast validate {show_path(output)}", "once it is filled in")
    elif notes == inspection.notes:
        console.suggest(f"lstmcast train {show_path(output)}", "it trains as it is")
    else:
        console.suggest(f"lstmcast validate {show_path(output)}", "once that is mended")


def _inspect(source: str) -> Inspection:
    from lstmcast.data.inspection.inspecting import inspect_file

    if source == "-":
        raise ConfigError("--from takes a file, not standard input: the config has to name it.")
    return inspect_file(source)


def _obstacles(config: Path) -> tuple[str, ...]:
    """Why a config would not train as it is; empty where it would."""
    from lstmcast.cli.dataset_facts import unscaled_dataset
    from lstmcast.config.loading import load_config

    try:
        unscaled_dataset(load_config(config).config)
    except DataError as error:
        return (f"it does not train as it is: {error}",)
    return ()


def _relative(data: Path, config: Path) -> str:
    """How a config names a file: relative to itself, unless that is the longer way."""
    absolute = data.resolve()
    relative = os.path.relpath(absolute, config.resolve().parent)
    return min(Path(relative).as_posix(), absolute.as_posix(), key=len)


def _write(outline: Outline, output: Path) -> None:
    """The config, and beside it the schema that its first line names."""
    from lstmcast.cli.frames import write_file
    from lstmcast.config.json_schema import config_json_schema
    from lstmcast.config.template import render_template

    commands = (f"  lstmcast validate {output}", f"  lstmcast train {output}", "")
    fields = ("All fields: lstmcast config schema; this file in full: lstmcast config show FILE.",)
    about = (*outline.about, *commands, *fields)
    text = render_template(replace(outline, about=about, schema_file=SCHEMA_FILE))
    schema = json.dumps(config_json_schema(), indent=1, ensure_ascii=False)
    write_file(f"{schema}\n".encode(), output.with_name(SCHEMA_FILE))
    write_file(text.encode(), output)


def _text(inspection: Inspection | None, output: Path) -> str:
    """What was found, and where it was written."""
    if inspection is None:
        return f"Wrote {show_path(output)}. Fill in data.path, data.time and data.target."
    from lstmcast.reporting.wording import short_time, step_length

    missing = ", ".join(f"{name} {n:,}" for name, n in inspection.missing.items())
    found = [
        ("Time", ", ".join(inspection.time)),
        ("Series", inspection.series or ""),
        ("Target", inspection.target),
        ("Covariates", ", ".join((*inspection.past_covariates, *inspection.static_covariates))),
        ("Left out", ", ".join(f"{n} ({why})" for n, why in inspection.left_out.items())),
        ("Rows", f"{inspection.n_rows:,}, step {step_length(inspection.freq)}"),
        ("Period", f"{short_time(inspection.first)} to {short_time(inspection.last)}"),
        ("Season", f"{inspection.season_length} steps"),
        ("Rows inserted", f"{inspection.n_inserted:,}" if inspection.n_inserted else ""),
        ("Missing", missing),
    ]
    return f"{facts((n, v) for n, v in found if v)}\n\nWrote {show_path(output)}."
