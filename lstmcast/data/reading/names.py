"""Near names, for messages."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A sentence with the nearest known names, case and blanks aside; empty where none is near.

    Args:
        name: What was asked for.
        known: What there is.

    Returns:
        Such as ` Did you mean 'Temp'?`, with a blank before it.
    """
    by_plain = {_plain(other): other for other in known}
    near = difflib.get_close_matches(_plain(name), by_plain, n=3, cutoff=0.6)
    if not near:
        return ""
    return f" Did you mean {' or '.join(repr(by_plain[plain]) for plain in near)}?"


def _plain(name: str) -> str:
    return "".join(name.lower().split()).replace("_", "").replace("-", "").strip("\ufeff")
