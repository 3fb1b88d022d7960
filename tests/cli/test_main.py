from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from lstmcast import __version__
from lstmcast.cli.main import app
from tests.commands import Invoke


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


COMMANDS = dict(walk(get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_an_example(path: tuple[str, ...], invoke: Invoke) -> None:
    result = invoke(*path, "--help")
    assert result.code == 0
    assert "Usage: lstmcast" in result.out
    assert result.err == ""
    if not hasattr(COMMANDS[path], "commands"):
        assert f"\n  lstmcast {' '.join(path)}" in result.out


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_and_argument_has_help(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        assert parameter.help, parameter.name


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_every_command_is_summed_up_on_one_line(path: tuple[str, ...], invoke: Invoke) -> None:
    listing = invoke(*path[:-1], "--help").out
    (line,) = [each for each in listing.splitlines() if each.startswith(f"  {path[-1]} ")]
    assert not line.endswith("...")


@pytest.mark.parametrize(
    "path", [p for p, c in COMMANDS.items() if p and not hasattr(c, "commands")], ids=" ".join
)
def test_every_command_prints_json(path: tuple[str, ...]) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert "--json" in options or path == ("config", "schema")


def test_version_is_that_of_the_package(invoke: Invoke) -> None:
    assert invoke("--version").out == f"lstmcast {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("runs",), ("config",)])
def test_no_command_shows_what_there_is_and_exits_with_2(
    arguments: tuple[str, ...], invoke: Invoke
) -> None:
    result = invoke(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert "Commands:" in result.err


def test_an_unknown_command_is_answered_with_the_nearest_one(invoke: Invoke) -> None:
    result = invoke("trian")
    assert result.code == 2
    assert "Did you mean 'train'?" in result.err
    assert result.err.count("\n") == 1


def test_an_unknown_option_is_answered_with_the_nearest_one(invoke: Invoke) -> None:
    result = invoke("predict", "latest", "--stepz", "3")
    assert result.code == 2
    assert "--steps" in result.err
    assert "`lstmcast predict --help`" in result.err
