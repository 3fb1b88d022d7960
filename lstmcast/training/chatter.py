"""Keeping what the libraries print on standard error out of the user's sight, and in the log.

TensorFlow and XLA write from C++ straight to file descriptor 2, past `sys.stderr`, and no
environment variable silences all of it: so the descriptor itself is pointed elsewhere.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

STDERR = 2


@dataclass
class Chatter:
    """What was captured, and where to speak meanwhile.

    Attributes:
        stderr: Writes to the standard error that the user sees; closed after the capture.
        text: All that was written to standard error; empty until the capture has ended.
    """

    stderr: TextIO
    text: str = ""


@contextmanager
def captured_chatter() -> Iterator[Chatter]:
    """Redirect standard error, C++ and child processes included, while the body runs.

    It is restored, and the text kept, also where the body raises.

    Yields:
        The stream to the real standard error; after the body, the captured text too.
    """
    python_stderr = sys.stderr
    python_stderr.flush()
    real = os.dup(STDERR)
    with tempfile.TemporaryFile() as sink, os.fdopen(real, "w", buffering=1) as terminal:
        replaced = not _is_descriptor(python_stderr)
        chatter = Chatter(stderr=python_stderr if replaced else terminal)
        os.dup2(sink.fileno(), STDERR)
        if replaced:
            # A test or a notebook has put another object there. This one is never closed: a
            # library's log handler may keep it, and from then on it writes to the real one.
            sys.stderr = open(STDERR, "w", buffering=1, closefd=False)  # noqa: SIM115
        try:
            yield chatter
        finally:
            sys.stderr.flush()
            sys.stderr = python_stderr
            os.dup2(real, STDERR)
            sink.seek(0)
            chatter.text = sink.read().decode(errors="replace")


def _is_descriptor(stream: TextIO) -> bool:
    """Whether a stream writes to file descriptor 2, and so is captured along with it."""
    try:
        return stream.fileno() == STDERR
    except (AttributeError, OSError, ValueError):
        return False
