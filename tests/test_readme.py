"""What the README says is so: its commands parse, its links lead somewhere, its config is valid."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from lstmcast.cli.main import app
from lstmcast.config.loading import load_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)\)")
_INLINE = re.compile(r"`(lstmcast [^`]+)`")
_CONFIG = re.compile(r"configs/\w+\.yaml")


def blocks(language: str) -> list[str]:
    """The contents of the fenced blocks in a language."""
    return [content for found, content in _BLOCK.findall(README) if found == language]


def commands() -> list[str]:
    """Every call of lstmcast, without its comment and what it is piped from or into."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += _INLINE.findall(_BLOCK.sub("", README))
    calls = [call.strip() for line in lines for call in line.split("#")[0].split("|")]
    return sorted({call.split(">")[0].strip() for call in calls if call.startswith("lstmcast ")})


def parse(arguments: list[str]) -> str:
    """Let the command that is meant read its arguments, without running it; its full name."""
    command = get_command(app)
    context = command.make_context("lstmcast", list(arguments))
    while hasattr(command, "resolve_command"):
        words = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, words)
        context = command.make_context(name, rest, parent=context)
    return context.command_path


@pytest.mark.parametrize("call", commands())
def test_every_command_parses(call: str) -> None:
    # A wrong name or option raises.
    assert call.startswith(parse(shlex.split(call)[1:]))


@pytest.mark.parametrize(
    "wrong",
    ["trian a.yaml", "train a.yaml --epochs 3", "runs remove latest", "predict"],
)
def test_a_command_that_does_not_exist_would_be_noticed(wrong: str) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|missing"):
        parse(wrong.split())


@pytest.mark.parametrize("target", sorted({*_LINK.findall(README), *_CONFIG.findall(README)}))
def test_every_file_named_is_there(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_config_shown_is_valid(text: str, tmp_path: Path) -> None:
    path = tmp_path / "configs" / "shown.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    assert load_config(path).config.data.path is not None


@pytest.mark.parametrize("text", blocks("python"))
def test_the_python_shown_compiles(text: str) -> None:
    assert compile(text, "README.md", "exec").co_names


def test_the_exit_codes_are_those_of_the_help() -> None:
    described = re.search(r"Exit codes: (.*)", app.info.help or "", re.DOTALL)
    table = re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE)
    assert described
    assert {n for row in table for n in re.findall(r"\d+", row)} == set(
        re.findall(r"\d+", described[1])
    )
