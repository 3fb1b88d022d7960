"""Where a value stands in a config, and how that is written down.

A location is a tuple of field names, column names and list indices. Written down, its parts are
joined by dots, and a part that holds a dot itself (`pm2.5`) stands in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Location = tuple[str | int, ...]

_PLAIN = re.compile(r"[^.=\"'\s]+")
_PART = re.compile(r"\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<plain>[^.=\"'\s]+)")


def dotted(location: Location) -> str:
    """A location as text, such as `model.units.0` or `features.lags."pm2.5"`."""
    return ".".join(_quoted(str(part)) for part in location)


def _quoted(part: str) -> str:
    if _PLAIN.fullmatch(part):
        return part
    return f"'{part}'" if '"' in part else f'"{part}"'


def read_dotted(text: str) -> tuple[list[str], str]:
    """Read a dotted path from the start of a text.

    Returns:
        The parts, without their quotes, and what follows the path; no parts where the text does
        not begin with a path.
    """
    parts: list[str] = []
    at = 0
    while match := _PART.match(text, at):
        parts.append(next(group for group in match.groups() if group is not None))
        at = match.end()
        if not (text[at : at + 1] == "." and _PART.match(text, at + 1)):
            break
        at += 1
    return parts, text[at:]


def value_at(values: Any, location: Location) -> Any:
    """The value at a location of nested mappings and lists; None where there is none."""
    for part in location:
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            return None
    return values


def remove(values: Any, location: Location) -> None:
    """Take a key out of nested mappings and lists, where it is there."""
    holder = value_at(values, location[:-1])
    if isinstance(holder, dict):
        holder.pop(location[-1], None)


def below(values: Any, location: Location = ()) -> Sequence[tuple[Location, Any]]:
    """Every location under `values` with its value, the containers before what they hold."""
    found: list[tuple[Location, Any]] = [(location, values)]
    if isinstance(values, Mapping):
        for key, value in values.items():
            found += below(value, (*location, key))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            found += below(value, (*location, index))
    return found
