"""What a check between fields finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lstmcast.config.locations import Location
from lstmcast.config.schema import Config


@dataclass(frozen=True)
class Finding:
    """A rule between fields that a config breaks.

    Attributes:
        location: The field to change.
        message: What is wrong and what to do.
        hint: "Did you mean …", where a near name is known.
    """

    location: Location
    message: str
    hint: str | None = None


Check = Callable[[Config], Iterator[Finding]]
