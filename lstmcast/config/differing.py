"""How two settings of the same work differ, in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lstmcast.config.locations import Location, below, dotted

_MISSING = "nothing"
_MOST = 5


def differences(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    ignored: Callable[[Location], bool] = lambda _: False,
) -> str:
    """The places at which two mappings differ, as plain JSON values; empty where none does.

    Args:
        old: What was.
        new: What is.
        ignored: Whether a place may differ. Those under `config` are named as the config does.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    found = sorted(
        f"{dotted(place[1:] if place[0] == 'config' else place)} "
        f"(was {_short(before.get(place, _MISSING))}, now {_short(after.get(place, _MISSING))})"
        for place in {*before, *after}
        if not ignored(place) and before.get(place, _MISSING) != after.get(place, _MISSING)
    )
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return "; ".join(found[:_MOST]) + more


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[Location, Any]]:
    for place, value in below(values):
        if not isinstance(value, dict | list) or not value:
            yield place, value


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 24 else f"{text[:20]}…"
