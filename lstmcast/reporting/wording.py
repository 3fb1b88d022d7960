"""Numbers and names as a reader wants them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

UNDEFINED = "–"

_UNITS = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "D": "day",
    "B": "business day",
    "W": "week",
    "MS": "month",
    "ME": "month",
    "QS": "quarter",
    "QE": "quarter",
    "YS": "year",
    "YE": "year",
}
_FREQ = re.compile(r"(?P<count>\d*)(?P<unit>[A-Za-z]+)(-[A-Z0-9]+)?")


def format_number(value: float | None, *, digits: int = 4) -> str:
    """A number with this many significant digits; `–` for None, NaN and infinities.

    Digits before the point are never dropped (12,346 rather than 1.235e+04) below a billion.
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED
    if value == 0:
        return "0"
    size = abs(value)
    if not 1e-4 <= size < 1e9:
        return f"{value:.{digits - 1}e}"
    # Round first: 999.96 has three digits before the point, and as 1000.0 it has four.
    exponent = math.floor(math.log10(float(f"{size:.{digits - 1}e}")))
    return f"{value:,.{max(0, digits - 1 - exponent)}f}"


def step_length(freq: str) -> str:
    """How long a step is, such as "1 hour" for `h` or "15 minutes" for `15min`.

    A frequency without a plain name is given back as it is.
    """
    found = _FREQ.fullmatch(freq)
    unit = _UNITS.get(found["unit"]) if found else None
    if found is None or unit is None:
        return freq
    count = int(found["count"] or 1)
    return f"{count} {unit}" + ("s" if count > 1 else "")


def short_time(time: object) -> str:
    """A time without the parts that are zero, such as `2001-12-29` or `2001-12-29 08:00`."""
    date, _, clock = str(time).replace(" ", "T").partition("T")
    clock = clock.split(".")[0].removesuffix(":00")
    return date if clock in ("", "00:00") else f"{date} {clock}"


def utc_moment(stamp: str) -> str:
    """A UTC stamp such as `2026-01-31T12:00:00Z` as `2026-01-31 12:00 UTC`."""
    return f"{short_time(stamp.removesuffix('Z'))} UTC"


def shorten(name: str, length: int = 32) -> str:
    """The name, its middle left out where it is longer than `length`."""
    if len(name) <= length:
        return name
    head = (length - 1) // 2
    return f"{name[: length - 1 - head]}…{name[-head:]}"


def listing(names: Sequence[str], *, most: int = 6) -> str:
    """Names in a row, "and 12 more" for those beyond `most`."""
    shown = ", ".join(shorten(name) for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest} more" if rest > 0 else shown


def epochs_trained(metrics: Mapping[str, Any]) -> str:
    """How long was trained, and which epochs were best.

    Args:
        metrics: What `metrics.json` holds.
    """
    several, one = metrics.get("networks"), "network"
    if several is None:
        several, one = metrics.get("members"), "member"
    if several is None:
        return f"{metrics['epochs']}, the best was {metrics['best_epoch']}"
    return f"{_span(several['epochs'])} a {one}, the best was {_span(several['best_epoch'])}"


def members_named(metrics: Mapping[str, Any]) -> str:
    """How many networks an ensemble is the median of, and their seeds."""
    seeds = metrics["members"]["seeds"]
    return f"{count(len(seeds), 'member')} of seeds {_span(seeds)}"


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def count(number: int, noun: str) -> str:
    """Such as "1 window" or "2,000 windows"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
