"""`lstmcast models`."""

from __future__ import annotations

import json
import shutil
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.options import AsJson, Quiet
from lstmcast.cli.output import Console, text_table
from lstmcast.errors import ConfigError

if TYPE_CHECKING:
    from lstmcast.config.catalogue import Architecture


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One of them, with its parameters.")
    ] = None,
    *,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the architectures, or the parameters of one.

    \b
    lstmcast models
    lstmcast models seq2seq
    """
    from lstmcast.config.catalogue import list_architectures

    console = Console("models", as_json=as_json, quiet=quiet)
    every = list_architectures()
    chosen = every if name is None else (_find(name, every),)
    text = _overview(every) if name is None else _parameters(chosen[0])
    console.answer(text, models=[asdict(architecture) for architecture in chosen])
    if name is None:
        console.suggest("lstmcast models NAME", "its parameters and their defaults")
    else:
        console.suggest(f"lstmcast train CONFIG --set model.type={name}", "train it")


def _find(name: str, every: tuple[Architecture, ...]) -> Architecture:
    from lstmcast.config.hints import did_you_mean, near

    by_name = {architecture.name: architecture for architecture in every}
    if name in by_name:
        return by_name[name]
    closest = near(name, by_name)
    hint = did_you_mean(closest) if closest else None
    raise ConfigError(f"no architecture {name!r}. {hint or 'Known: ' + ', '.join(by_name) + '.'}")


def _overview(every: tuple[Architecture, ...]) -> str:
    return text_table(("model.type", "what it is"), ((each.name, each.summary) for each in every))


def _parameters(architecture: Architecture) -> str:
    """Each parameter with its default, what it takes and what it does."""
    width = min(shutil.get_terminal_size().columns, 100)
    blocks = [f"{architecture.name}: {architecture.summary}"]
    for each in architecture.parameters:
        says = textwrap.fill(
            f"{each.description} Takes {each.type}.",
            width,
            initial_indent="    ",
            subsequent_indent="    ",
        )
        blocks.append(f"  {each.name}: {json.dumps(each.default)}\n{says}")
    return "\n".join(blocks)
