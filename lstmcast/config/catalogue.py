"""What `lstmcast models` lists: the architectures and their parameters, as plain data."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from lstmcast.config.base import Section
from lstmcast.config.fields import annotation_of, describe
from lstmcast.models.registry import ARCHITECTURES


@dataclass(frozen=True)
class Parameter:
    """A field of `model`.

    Attributes:
        name: As the YAML has it.
        type: What it takes, in words.
        default: Its default, a plain JSON value.
        description: What it does.
    """

    name: str
    type: str
    default: Any
    description: str


@dataclass(frozen=True)
class Architecture:
    """A network that a config can name.

    Attributes:
        name: Its `model.type`.
        summary: One sentence.
        parameters: Its fields, except `type`.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]


def list_architectures() -> tuple[Architecture, ...]:
    """Every architecture, in the order of the registry."""
    return tuple(
        Architecture(name, (inspect.getdoc(section) or "").partition("\n")[0], _parameters(section))
        for name, section in ARCHITECTURES.items()
    )


def _parameters(section: type[Section]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, describe(annotation_of(field)), field.default, field.description or "")
        for name, field in section.model_fields.items()
        if name != "type"
    )
