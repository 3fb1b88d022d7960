"""Near names, and names cut to a length for messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_MOST_CHARACTERS = 60
# What may stand behind a name: `y (kWh)`, `y [MW]`.
_UNIT = re.compile(r"[(\[].*", re.DOTALL)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence with the nearest known names, case, blanks and units aside; empty without any.

    Args:
        name: What was asked for.
        known: What there is.

    Returns:
        Such as ` Did you mean 'Temp'?`, with a blank before it.
    """
    by_plain = {_plain(_UNIT.sub("", other)): other for other in known}
    by_plain |= {_plain(other): other for other in known}
    near = difflib.get_close_matches(_plain(name), by_plain, n=3, cutoff=0.6)
    shown = dict.fromkeys(by_plain[plain] for plain in near)
    return f" Did you mean {' or '.join(map(shortened, shown))}?" if shown else ""


def shortened(name: str) -> str:
    """A name in quotes, what cannot be printed escaped, cut where it is very long."""
    return repr(name if len(name) <= _MOST_CHARACTERS else f"{name[:_MOST_CHARACTERS]}…")


def printable(text: str) -> str:
    """A text without quotes, what cannot be printed escaped, cut where it is very long."""
    cut = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in cut)


def _plain(name: str) -> str:
    return "".join(name.lower().split()).replace("_", "").replace("-", "").strip("\ufeff\u200b\xa0")
