"""Requests to end the process, which may get lost where they are raised.

A signal's exception is raised wherever Python happens to be. Inside a library's C code that tries
one way after another, such as NumPy's when it reads an array of JAX, it is taken for a failure of
that way and forgotten. So whoever raises it also leaves it here, and long loops look.
"""

from __future__ import annotations

_asked: type[BaseException] | None = None


def ask_to_end(kind: type[BaseException] | None) -> None:
    """Leave the exception that is to end the process; None takes it back."""
    global _asked
    _asked = kind


def end_if_asked() -> None:
    """Raise what was left.

    Raises:
        BaseException: What was left, if anything.
    """
    if _asked is not None:
        raise _asked
