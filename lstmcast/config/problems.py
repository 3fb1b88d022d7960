"""pydantic's errors as `Problem`s: dotted path, YAML line, a plain message, a hint."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from lstmcast.config.draft import FROM_OVERRIDE, OVERRIDE, Draft
from lstmcast.config.fields import describe, locate, section_type, shape_of
from lstmcast.config.hints import did_you_mean, near, unknown_field_hint, value_hint
from lstmcast.config.locations import Location, dotted, value_at
from lstmcast.errors import Problem

_RECEIVED = 80


def problems_of(error: ValidationError, draft: Draft) -> list[Problem]:
    """Everything that pydantic found wrong.

    Args:
        error: Raised by validating `draft.values` as a config.
        draft: The values and where they came from.
    """
    found = [_problem_of(dict(entry), draft) for entry in error.errors(include_url=False)]
    # Each member of a union that was tried left its own error for the same place.
    return list(dict.fromkeys(found))


def problem_at(
    location: Location, message: str, draft: Draft, *, hint: str | None = None
) -> Problem:
    """A problem with the line of its key, or of the nearest key that encloses it."""
    source = draft.nearest_source(location)
    if source is None:
        return Problem(dotted(location), message, None, hint)
    if source.label == OVERRIDE:
        message += f" {FROM_OVERRIDE}"
    return Problem(dotted(location), message, source.line, hint)


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by their lines, those without a line last."""
    return sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0))


def received(value: Any) -> str:
    """A value as YAML writes it, cut where it is long."""
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= _RECEIVED else f"{text[:_RECEIVED]}…"


def _problem_of(entry: Mapping[str, Any], draft: Draft) -> Problem:
    location, annotation = locate(entry["loc"])
    kind = entry["type"]
    if kind == "missing":
        return problem_at(location, f"is missing. {_description(location)}".rstrip(), draft)
    if kind == "extra_forbidden":
        return _unknown_field(location, draft)
    if kind == "value_error":
        return problem_at(location, f"{entry['ctx']['error']}.", draft)
    if kind == "union_tag_invalid":
        return _unknown_type(location, annotation, draft)
    if kind == "invalid_key" or entry["loc"][-1] == "[key]":
        message = f"a key must be a string. Received: {received(location[-1])}."
        return problem_at(location, message, draft, hint="Write it in quotes.")
    value = value_at(draft.values, location)
    message = f"must be {describe(annotation)}. Received: {received(value)}."
    return problem_at(location, message, draft, hint=value_hint(annotation, value))


def _unknown_field(location: Location, draft: Draft) -> Problem:
    parent, name = location[:-1], str(location[-1])
    where = f"`{dotted(parent)}`" if parent else "the config"
    hint = unknown_field_hint(parent, name, kind=_section_type_at(parent, draft))
    return problem_at(location, f"is not a field of {where}.", draft, hint=hint)


def _section_type_at(location: Location, draft: Draft) -> object:
    """The `type` of a section, written or by default."""
    field = _field(location) if location else None
    written = value_at(draft.values, (*location, "type"))
    return section_type(type(field.default)) if written is None and field is not None else written


def _unknown_type(location: Location, annotation: Any, draft: Draft) -> Problem:
    kinds = [str(section_type(section)) for section in shape_of(annotation).sections]
    value = value_at(draft.values, (*location, "type"))
    message = f"must be one of {', '.join(kinds)}. Received: {received(value)}."
    closest = near(str(value), kinds)
    hint = did_you_mean(closest) if closest else None
    return problem_at((*location, "type"), message, draft, hint=hint)


def _field(location: Location) -> FieldInfo | None:
    *parent, name = location
    return shape_of(locate(tuple(parent))[1]).fields().get(str(name))


def _description(location: Location) -> str:
    field = _field(location)
    return (field.description or "") if field is not None else ""
