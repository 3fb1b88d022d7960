"""What the user may have meant: near field names, the right section, near values."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

from lstmcast.config.base import Section
from lstmcast.config.fields import (
    all_fields,
    locate,
    members,
    section_type,
    shape_of,
    split_annotation,
)
from lstmcast.config.locations import Location, dotted
from lstmcast.config.yaml_document import resolve_scalar

# What other tools call our fields.
_OTHER_NAMES = {
    "lr": "learning_rate",
    "hidden_size": "units",
    "hidden_units": "units",
    "layers": "units",
    "seq_len": "lookback",
    "sequence_length": "lookback",
    "input_chunk_length": "lookback",
    "input_size": "lookback",
    "output_chunk_length": "horizon",
    "prediction_length": "horizon",
    "file": "path",
    "csv_path": "path",
    "date": "time",
    "timestamp": "time",
    "val": "validation",
    "scaler": "scaling",
    "random_state": "seed",
    "exog": "past_covariates",
}
_CLOSE, _CLOSER = 0.6, 0.8


def near(name: str, names: Iterable[str], *, cutoff: float = _CLOSE) -> str | None:
    """The name most like `name`, upper and lower case alike; None where none is near."""
    by_lower = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(*names: str) -> str | None:
    """The question, None without names."""
    return f"Did you mean {' or '.join(f'`{name}`' for name in names)}?" if names else None


def unknown_field_hint(parent: Location, name: str, *, kind: object = None) -> str:
    """What an unknown field of a section may have been meant to be.

    Args:
        parent: Location of the section, `()` for the top.
        name: The unknown name.
        kind: The section's `type`, where it is one of several.
    """
    shape = shape_of(locate(parent)[1])
    section = shape.section(kind)
    if section is not None and name in shape.fields():
        return _owner_hint(shape.sections, parent, name)
    own = (section.model_fields if section is not None else shape.fields()).keys()
    suggestions = _suggestions(parent, name, list(own))
    question = did_you_mean(*(dotted(location) for location in suggestions))
    return question or f"Known here: {', '.join(own)}."


def _owner_hint(sections: Sequence[type[Section]], parent: Location, name: str) -> str:
    kinds = [str(section_type(s)) for s in sections if name in s.model_fields]
    return f"It belongs to `{dotted((*parent, 'type'))}: {'` or `'.join(kinds)}`."


def _suggestions(parent: Location, name: str, own: list[str]) -> list[Location]:
    if closest := near(name, own, cutoff=_CLOSER):
        return [(*parent, closest)]
    known = list(dict.fromkeys(all_fields()))
    for candidate in (name, _OTHER_NAMES.get(name.lower())):
        exact = [location for location in known if location[-1] == candidate]
        if exact:
            return sorted(exact, key=lambda location: location[:-1] != parent)[:2]
    if close := near(name, own):
        return [(*parent, close)]
    elsewhere = near(name, (str(location[-1]) for location in known), cutoff=_CLOSER)
    return [location for location in known if location[-1] == elsewhere][:2]


def value_hint(annotation: Any, value: Any) -> str | None:
    """How to write a value of the wrong type, or the choice that it resembles."""
    options = members(annotation)
    bare = [split_annotation(option)[0] for option in options]
    if isinstance(value, str):
        choices = [str(c) for b in bare if get_origin(b) is Literal for c in get_args(b)]
        if closest := near(value, choices):
            return did_you_mean(closest)
        meant = resolve_scalar(value)
        if meant != value and (type(meant) in bare or (type(meant) is int and float in bare)):
            return "Write it without quotes."
        if bool in bare and value.lower() in ("yes", "no", "on", "off", "y", "n"):
            return f"Write {str(value.lower() in ('yes', 'on', 'y')).lower()}."
    elif str in bare and isinstance(value, int | float) and not isinstance(value, bool):
        return "Write it in quotes."
    if any(get_origin(b) is list for b in bare) and isinstance(value, str | int | float):
        return "Write it in brackets, as a list."
    return None
