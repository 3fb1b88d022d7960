"""Requests to end the process: those that wait for a good moment, and those that may get lost.

A signal's exception is raised wherever Python happens to be. In the middle of a batch that would
lose the epoch; and inside a library's C code that tries one way after another, such as NumPy's when
it reads an array of JAX, it is taken for a failure of that way and forgotten. So whoever handles a
signal also leaves it here, and long loops look.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_asked: type[BaseException] | None = None
_waiting = 0


def ask_to_end(kind: type[BaseException] | None) -> None:
    """Leave the exception that is to end the process; None takes it back."""
    global _asked
    _asked = kind


def is_asked() -> bool:
    """Whether the process is to end."""
    return _asked is not None


def end_if_asked() -> None:
    """Raise what was left.

    Raises:
        BaseException: What was left, if anything.
    """
    if _asked is not None:
        raise _asked


def waits() -> bool:
    """Whether a request waits until somebody looks, and is not to be raised at once."""
    return _waiting > 0


@contextmanager
def waiting() -> Iterator[None]:
    """Let requests wait while the body runs, which must look often.

    Raises:
        BaseException: What was left, at the end of a body that has not looked since.
    """
    global _waiting
    _waiting += 1
    try:
        yield
    finally:
        _waiting -= 1
    end_if_asked()
