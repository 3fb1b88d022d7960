"""`--set a.b=value`: find the field that is meant, and put the value there.

The path ends at the first `=` outside quotes. A part with a dot in it, such as the column
`pm2.5`, stands in quotes (`features.lags."pm2.5"=[1]`), or bare where the config already names
that column: the longest known name wins.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lstmcast.config.draft import FROM_OVERRIDE, OVERRIDE, Draft, Source
from lstmcast.config.fields import Shape, annotation_of, locate, shape_of
from lstmcast.config.hints import unknown_field_hint
from lstmcast.config.locations import Location, below, dotted, read_dotted, value_at
from lstmcast.config.schema import Config
from lstmcast.config.yaml_document import parse_value
from lstmcast.errors import ConfigError, Problem


@dataclass(frozen=True)
class Override:
    """One `--set`.

    Attributes:
        parts: The path as written, quotes removed.
        value: The typed value.
    """

    parts: tuple[str, ...]
    value: Any


def parse_override(text: str) -> Override:
    """Read `a.b=value`.

    Raises:
        ConfigError: If there is no path, no `=`, or the value is not YAML.
    """
    parts, rest = read_dotted(text)
    if not parts or not rest.startswith("="):
        message = f"--set must be a dotted path, `=` and a value. Received: {text}."
        raise ConfigError([Problem("", message, hint="Write for example window.lookback=48.")])
    try:
        return Override(tuple(parts), parse_value(rest[1:]))
    except ConfigError as error:
        path = dotted(tuple(parts))
        said = [f"value of --set {problem.message}" for problem in error.problems]
        raise ConfigError([Problem(path, message) for message in said]) from None


def apply_overrides(draft: Draft, texts: Iterable[str]) -> tuple[Draft, list[Problem]]:
    """Put the values of `--set` into a draft, in order, so that the last one wins.

    Args:
        draft: Values and sources; not changed.
        texts: Each `a.b=value`.

    Returns:
        The new draft, and what is wrong with overrides that were left out of it.
    """
    values, sources = copy.deepcopy(draft.values), dict(draft.sources)
    problems: list[Problem] = []
    for text in texts:
        try:
            override = parse_override(text)
        except ConfigError as error:
            problems += error.problems
            continue
        try:
            location = resolve(override.parts, values)
            assign(values, location, override.value)
        except ConfigError as error:
            problems += [
                replace(problem, message=f"{problem.message} {FROM_OVERRIDE}")
                for problem in error.problems
            ]
        else:
            _mark(sources, location, override.value)
    return Draft(values, sources), problems


def resolve(parts: Sequence[str], values: Mapping[str, Any]) -> Location:
    """The location that a written path means.

    Args:
        parts: The path, quotes removed.
        values: Those of the config, which tell apart names of columns that hold dots.

    Raises:
        ConfigError: If there is no such field.
    """
    annotation: Any = Config
    location: Location = ()
    rest = list(parts)
    while rest:
        shape = shape_of(annotation)
        present = value_at(values, location)
        if shape.values is not None:
            known = {*(present if isinstance(present, dict) else ()), *_columns(values)}
            taken = _longest_known(rest, known)
            location = (*location, ".".join(rest[:taken]))
            annotation, rest = shape.values, rest[taken:]
        elif shape.items is not None and not isinstance(present, dict):
            location = (*location, _index(rest[0], location))
            annotation, rest = shape.items, rest[1:]
        else:
            annotation = _field_annotation(shape, location, rest[0], values)
            location, rest = (*location, rest[0]), rest[1:]
    return location


def _longest_known(rest: Sequence[str], known: set[str]) -> int:
    """How many parts the longest known name takes; one where none is known."""
    return next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in known), 1)


def _columns(values: Mapping[str, Any]) -> set[str]:
    """The columns that `data` names, as far as it is well-formed."""
    data = values.get("data")
    if not isinstance(data, dict):
        return set()
    columns: set[str] = set()
    for role in ("target", "past_covariates", "future_covariates"):
        entries = data.get(role)
        for entry in entries if isinstance(entries, list) else [entries]:
            name = entry.get("column") if isinstance(entry, dict) else entry
            columns |= {name} if isinstance(name, str) else set()
    return columns


def _index(part: str, location: Location) -> int:
    if not part.isdecimal():
        message = f"is a list: its entries are called 0, 1, … Received: {part}."
        raise ConfigError([Problem(dotted(location), message)])
    return int(part)


def _field_annotation(shape: Shape, parent: Location, name: str, values: Mapping[str, Any]) -> Any:
    fields = shape.fields()
    if name in fields:
        return annotation_of(fields[name])
    path = dotted((*parent, name))
    if not fields:
        message = f"is not a field: {dotted(parent)} is a single value."
        raise ConfigError([Problem(path, message)])
    where = f"`{dotted(parent)}`" if parent else "the config"
    hint = unknown_field_hint(parent, name, kind=value_at(values, (*parent, "type")))
    raise ConfigError([Problem(path, f"is not a field of {where}.", hint=hint)])


def assign(values: dict[str, Any], location: Location, value: Any) -> None:
    """Put a value at a location, with the mappings and lists that it needs around it.

    Raises:
        ConfigError: If something else stands where a mapping or a list is needed.
    """
    holder: Any = values
    for end in range(1, len(location)):
        holder = _enter(holder, location[:end], into_list=isinstance(location[end], int))
    last = location[-1]
    if isinstance(last, int):
        _check_index(holder, location)
    holder[last] = copy.deepcopy(value)


def _enter(holder: Any, location: Location, *, into_list: bool) -> Any:
    """The container at `location` inside its holder, made where there is none."""
    part = location[-1]
    if isinstance(part, int):
        _check_index(holder, location)
    child = holder[part] if isinstance(part, int) else holder.get(part)
    if child is None:
        child = _default_list(location) if into_list else {}
    elif isinstance(part, int) and isinstance(child, str) and not into_list:
        child = {"column": child}  # shorthand for a covariate
    if not isinstance(child, list if into_list else dict):
        kind = "a list" if into_list else "a mapping"
        message = f"is not {kind}, so that nothing in it can be set. Set it as a whole."
        raise ConfigError([Problem(dotted(location), message)])
    holder[part] = child
    return child


def _default_list(location: Location) -> list[Any]:
    fields = shape_of(locate(location[:-1])[1]).fields()
    field = fields.get(str(location[-1]))
    default = field.get_default(call_default_factory=True) if field is not None else None
    return list(default) if isinstance(default, list) else []


def _check_index(holder: list[Any], location: Location) -> None:
    index = location[-1]
    if isinstance(index, int) and index >= len(holder):
        message = f"is beyond the end of a list of {len(holder)}. Set the list as a whole."
        raise ConfigError([Problem(dotted(location), message)])


def _mark(sources: dict[Location, Source], location: Location, value: Any) -> None:
    """Note that `--set` put a value there, and what stood there before is gone."""
    for place in [place for place in sources if place[: len(location)] == location]:
        del sources[place]
    for place, _ in below(value, location):
        sources[place] = Source(OVERRIDE)
    for end in range(1, len(location)):
        sources.setdefault(location[:end], Source(OVERRIDE))
