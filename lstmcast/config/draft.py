"""Values on their way to becoming a config, and where each of them came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lstmcast.config.locations import Location, below, dotted, value_at
from lstmcast.config.yaml_document import Document

DEFAULT = "default"
GIVEN = "given"
OVERRIDE = "--set"
# Said after what is wrong with such a value.
FROM_OVERRIDE = "It comes from --set."


@dataclass(frozen=True)
class Source:
    """Where a value came from.

    Attributes:
        label: `co2.yaml:12`, `--set`, or `given` (a mapping in Python).
        line: Line in the YAML file; None without one.
    """

    label: str
    line: int | None = None


@dataclass(frozen=True)
class Draft:
    """Values before validation.

    Attributes:
        values: Plain mappings, lists and scalars.
        sources: The source of every location in `values`.
    """

    values: dict[str, Any]
    sources: Mapping[Location, Source]

    @classmethod
    def from_document(cls, document: Document, *, file: str) -> Draft:
        """The values of a YAML file called `file`."""
        sources = {
            location: Source(f"{file}:{line}", line) for location, line in document.lines.items()
        }
        return cls(document.values, sources)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Draft:
        """Values handed over in Python; tuples become lists, and paths text."""
        plain = _plain(values)
        places = (location for location, _ in below(plain) if location)
        return cls(plain, dict.fromkeys(places, Source(GIVEN)))

    def nearest_source(self, location: Location) -> Source | None:
        """The source of a location, or of the nearest one that encloses it."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.sources:
                return self.sources[location[:end]]
        return None

    def leaf_source(self, location: Location) -> str:
        """Where a leaf of the validated config came from."""
        prefixes = (location[:end] for end in range(len(location), 0, -1))
        written = next((prefix for prefix in prefixes if prefix in self.sources), None)
        if written is None:
            return DEFAULT
        # Below a mapping that does not have the key, the value is a default; below anything else
        # it is shorthand written out, as `column` is for `[price]`.
        if written != location and isinstance(value_at(self.values, written), dict):
            return DEFAULT
        parts = (s.label for place, s in self.sources.items() if place[: len(location)] == location)
        return OVERRIDE if OVERRIDE in parts else self.sources[written].label

    def with_absolute_paths(self, base: Path) -> Draft:
        """The draft with `data.path` absolute, and `~` of `runs_dir` written out.

        Args:
            base: Directory that relative paths start from; those of `--set` start from the
                working directory.
        """
        values = self.values
        runs_dir = values.get("runs_dir")
        if isinstance(runs_dir, str):
            values = {**values, "runs_dir": os.path.expanduser(runs_dir)}
        data = values.get("data")
        path = data.get("path") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(path, str | list):
            return replace(self, values=values)
        resolved = (
            [self._absolute(item, ("data", "path", i), base) for i, item in enumerate(path)]
            if isinstance(path, list)
            else self._absolute(path, ("data", "path"), base)
        )
        return replace(self, values={**values, "data": {**data, "path": resolved}})

    def _absolute(self, path: Any, location: Location, base: Path) -> Any:
        if not isinstance(path, str) or path in ("", "-") or "://" in path or "\0" in path:
            return path
        source = self.nearest_source(location)
        start = Path.cwd() if source is not None and source.label == OVERRIDE else base
        return os.path.abspath(start / os.path.expanduser(path))


def leaf_sources(config: BaseModel, draft: Draft) -> dict[str, str]:
    """Where each leaf of a config came from, by dotted path in the order of the schema.

    A leaf is a scalar, an empty mapping, or a list without mappings in it.
    """
    return {
        dotted(location): draft.leaf_source(location) if given else DEFAULT
        for location, given in _leaves(config, (), given=True)
    }


def _leaves(value: Any, location: Location, *, given: bool) -> list[tuple[Location, bool]]:
    below_it: list[tuple[str | int, Any, bool]]
    if isinstance(value, BaseModel):
        below_it = [
            (name, getattr(value, name), given and name in value.model_fields_set)
            for name in type(value).model_fields
        ]
    elif isinstance(value, dict) and value:
        below_it = [(name, item, given) for name, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, BaseModel) for item in value):
        below_it = [(index, item, given) for index, item in enumerate(value)]
    else:
        return [(location, given)]
    return [
        leaf
        for part, item, set_ in below_it
        for leaf in _leaves(item, (*location, part), given=set_)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
