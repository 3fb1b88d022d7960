"""What can be read only once: standard input, named pipes and the shell's `<(command)`."""

from __future__ import annotations

import io
import os
import stat
import time
from pathlib import Path
from typing import Protocol

from lstmcast.errors import DataError, ResourceError
from lstmcast.machine import available_memory

# How long a pipe may be without anybody who writes to it.
_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
_CHUNK = 2**20
# The text, the table that is made of it, and what the parser needs.
_COPIES = 3


class _Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes | None:
        """At most `size` bytes."""


def is_pipe(path: Path) -> bool:
    """Whether a path is a pipe, which gives its bytes only once."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def read_pipe(path: Path) -> bytes:
    """All that is written to a pipe.

    Raises:
        DataError: If nobody writes to it, or it may not be read.
        ResourceError: If it is more than memory holds.
    """
    try:
        # Opened at once, whether anybody has opened it to write or not.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        message = f"the pipe cannot be opened: {error.strerror}. Check its permissions."
        raise DataError(message, file=str(path)) from None
    with io.FileIO(number) as raw:
        start = _first_bytes(raw, path)
        os.set_blocking(number, True)
        return start + read_whole(raw, str(path))


def _first_bytes(raw: io.FileIO, path: Path) -> bytes:
    """What comes first; waits for as long as anybody has the pipe open to write."""
    ends = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends:
        found = raw.read(_CHUNK)
        if found:
            return found
        if found is None:  # somebody is there and has written nothing yet
            ends = time.monotonic() + _PATIENCE_SECONDS
        time.sleep(_PAUSE_SECONDS)
    message = (
        f"this is a pipe, and nobody has written to it for {_PATIENCE_SECONDS:.0f} seconds. Start "
        "what writes first, or name a file."
    )
    raise DataError(message, file=str(path))


def read_whole(raw: _Readable, name: str) -> bytes:
    """All bytes of a stream that may not end.

    Raises:
        ResourceError: If they are more than memory holds.
    """
    most = (available_memory() or 2**63) // _COPIES
    pieces, size = [], 0
    while piece := raw.read(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            message = (
                f"{name}: more than {most / 1e9:.2g} GB came in, which is a third of the memory "
                "there is. Does it end? Write fewer rows, or a file."
            )
            raise ResourceError(message)
    return b"".join(pieces)
