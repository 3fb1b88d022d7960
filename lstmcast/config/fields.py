"""What may stand at a location of the config, and how to say it in words.

Hints, overrides, messages and the catalogue all read the pydantic models through these functions,
so a field that is added to a model needs no second mention anywhere.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from lstmcast.config.base import Section
from lstmcast.config.locations import Location
from lstmcast.config.schema import Config
from lstmcast.config.sections.types import FieldPath

_NOUNS = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    bool: ("true or false", "true or false"),
    types.NoneType: ("null", "nulls"),
    Any: ("any value", "values"),
}
_BOUNDS = {
    annotated_types.Ge: ("ge", "of at least"),
    annotated_types.Gt: ("gt", "above"),
    annotated_types.Le: ("le", "of at most"),
    annotated_types.Lt: ("lt", "below"),
}


@dataclass(frozen=True)
class Shape:
    """What may stand below a field.

    Attributes:
        sections: Sections whose fields it takes; several where a `type` field chooses one.
        items: Annotation of a list's items, None where it takes no list.
        values: Annotation of the values by column name, None where it takes no such mapping.
    """

    sections: tuple[type[Section], ...] = ()
    items: Any = None
    values: Any = None

    def fields(self) -> dict[str, FieldInfo]:
        """The fields that may stand here, of all sections together."""
        return {
            name: field
            for section in reversed(self.sections)
            for name, field in section.model_fields.items()
        }

    def section(self, kind: object) -> type[Section] | None:
        """The section whose `type` is `kind`."""
        found = (s for s in self.sections if section_type(s) == kind)
        return next(found, None)


def section_type(section: type) -> str | None:
    """The `type` that chooses a section among several, such as `lstm`; None for another class."""
    fields: dict[str, FieldInfo] = getattr(section, "model_fields", {})
    choices = get_args(fields["type"].annotation) if "type" in fields else ()
    return str(choices[0]) if len(choices) == 1 else None


def annotation_of(field: FieldInfo) -> Any:
    """The annotation of a field with its constraints, as pydantic split them apart."""
    if not field.metadata:
        return field.annotation
    return Annotated[(field.annotation, *field.metadata)]


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union; the annotation itself where it is none."""
    bare, constraints = split_annotation(annotation)
    if get_origin(bare) not in (Union, types.UnionType):
        return (annotation,)
    # Constraints on `float | None` are meant for the float.
    constrained = (
        Annotated[(member, *constraints)]
        if constraints and member is not types.NoneType
        else member
        for member in get_args(bare)
    )
    return tuple(nested for member in constrained for nested in members(member))


def split_annotation(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """An annotation without its constraints, and the constraints."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    bare, *metadata = get_args(annotation)
    constraints: list[Any] = []
    for entry in metadata:
        constraints += entry.metadata if isinstance(entry, FieldInfo) else [entry]
    return bare, tuple(constraints)


def shape_of(annotation: Any) -> Shape:
    """What may stand below a field of that annotation."""
    sections: list[type[Section]] = []
    items = values = None
    for member in members(annotation):
        bare, _ = split_annotation(member)
        if isinstance(bare, type) and issubclass(bare, Section):
            sections.append(bare)
        elif get_origin(bare) is list:
            (items,) = get_args(bare)
        elif get_origin(bare) is dict:
            values = get_args(bare)[1]
    return Shape(tuple(sections), items, values)


def locate(loc: tuple[str | int, ...]) -> tuple[Location, Any]:
    """The place that pydantic's `loc` means, and the annotation that holds there.

    pydantic puts the `type` of a chosen section, and the name of each tried member of a union,
    among the real parts; neither is in the YAML. A location without them is taken as it is.
    """
    annotation: Any = Config
    location: Location = ()
    for part in loc:
        shape = shape_of(annotation)
        if len(shape.sections) > 1 and (chosen := shape.section(part)) is not None:
            annotation = chosen
            continue
        if shape.sections:
            field = shape.fields().get(str(part))
            annotation = annotation_of(field) if field is not None else None
        elif len(members(annotation)) > 1 or (shape.items is None and shape.values is None):
            break
        else:
            annotation = shape.items if shape.items is not None else shape.values
        location = (*location, part)
    return location, annotation


def all_fields(annotation: Any = Config, location: Location = ()) -> Iterator[Location]:
    """The location of every field under fixed names, not those by column or index."""
    for name, field in shape_of(annotation).fields().items():
        yield (*location, name)
        yield from all_fields(annotation_of(field), (*location, name))


def describe(annotation: Any, *, plural: bool = False) -> str:
    """An annotation in words: `an integer of at least 1`, `a list of strings`, `one of a, b`."""
    options = [_describe_member(member, plural) for member in members(annotation)]
    if len(options) > 1 and "true or false" in options:
        options = ["true", "false", *(option for option in options if option != "true or false")]
    options = list(dict.fromkeys(options))
    return " or ".join([", ".join(options[:-1]), options[-1]]) if options[1:] else options[0]


def _describe_member(annotation: Any, plural: bool) -> str:
    bare, constraints = split_annotation(annotation)
    arguments = get_args(bare)
    if get_origin(bare) is Literal:
        choices = ", ".join(str(choice) for choice in arguments)
        if len(arguments) == 1:
            return choices
        return f"values out of {choices}" if plural else f"one of {choices}"
    if get_origin(bare) is list:
        return _describe_list(arguments[0], constraints, plural)
    if get_origin(bare) is dict:
        start = "mappings" if plural else "a mapping"
        keys = "fields" if arguments[0] == FieldPath else "columns"
        return f"{start} from {keys} to {describe(arguments[1], plural=True)}"
    if isinstance(bare, type) and issubclass(bare, Section):
        return "mappings of fields" if plural else "a mapping of fields"
    return _NOUNS[bare][plural] + _describe_bounds(constraints)


def _describe_list(item: Any, constraints: tuple[Any, ...], plural: bool) -> str:
    least = next((c.min_length for c in constraints if isinstance(c, annotated_types.MinLen)), 0)
    most = next((c.max_length for c in constraints if isinstance(c, annotated_types.MaxLen)), None)
    exactly = f"{least} " if least == most else ""
    start = "lists" if plural else "a list" if exactly or not least else "a non-empty list"
    return f"{start} of {exactly}{describe(item, plural=True)}"


def _describe_bounds(constraints: tuple[Any, ...]) -> str:
    said = []
    for constraint in constraints:
        if type(constraint) in _BOUNDS:
            attribute, words = _BOUNDS[type(constraint)]
            bound = getattr(constraint, attribute)
            said.append(f"{words} {bound:g}" if isinstance(bound, float) else f"{words} {bound}")
        elif pattern := getattr(constraint, "pattern", None):
            said.append(f"that matches {pattern}")
    if annotated_types.MaxLen(1) in constraints:
        said.append("of one character")
    elif annotated_types.MinLen(1) in constraints:
        said.append("that is not empty")
    return f" {' and '.join(said)}" if said else ""
