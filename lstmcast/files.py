"""Files that are there whole or not at all, written by one process at a time; and their hashes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lstmcast.errors import HeldError, ResourceError
from lstmcast.machine import megabytes

_LOCK, _OWNER = ".lock", ".owner"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
# Where runs are written, that is how to write them elsewhere.
_ELSEWHERE = "with --set runs_dir=…"


@contextmanager
def writing(path: Path, *, n_bytes: int | None = None) -> Iterator[Path]:
    """Turn what the operating system refuses into a `ResourceError` that names the path.

    Args:
        path: What is written.
        n_bytes: How large it becomes, where that is known.
    """
    try:
        yield path
    except OSError as error:
        raise ResourceError(refusal(path, error, n_bytes=n_bytes)) from error


def refusal(
    path: Path, error: OSError, *, n_bytes: int | None = None, elsewhere: str = _ELSEWHERE
) -> str:
    """Why a path cannot be written, and what to do.

    Args:
        path: What was to be written.
        error: What the operating system said.
        n_bytes: How large it was to be, where that is known.
        elsewhere: How the user chooses another directory.
    """
    if error.errno in _FULL:
        needed = "" if n_bytes is None else f"; {megabytes(n_bytes)} are needed"
        left = "" if (free := free_bytes(path)) is None else f", {megabytes(free)} are free"
        full = f"{path}: cannot be written: the disk is full{needed}{left}."
        return f"{full} Make room, or choose another directory {elsewhere}"
    if error.errno in _FORBIDDEN:
        why = "this user may not write there. Change its permissions"
    elif error.errno == errno.EROFS:
        why = "the file system is read-only. Mount it for writing"
    else:
        why = f"{error.strerror or error}. Make room"
    return f"{path}: cannot be written: {why}, or choose another directory {elsewhere}"


def require_room(folder: Path, n_bytes: int) -> None:
    """That a directory has room for what will be written, before the work for it is done.

    Raises:
        ResourceError: If it has not.
    """
    free = free_bytes(folder)
    if free is not None and free < n_bytes:
        raise ResourceError(
            f"{folder}: about {megabytes(n_bytes)} are needed there, and {megabytes(free)} are "
            f"free. Make room, or choose another directory {_ELSEWHERE}"
        )


def free_bytes(path: Path) -> int | None:
    """Bytes that are free where a path is or will be; None where that is unknown."""
    for place in (path, *path.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return None


@contextmanager
def partial_file(path: Path, *, n_bytes: int | None = None) -> Iterator[Path]:
    """A file to write in place of another, which it replaces when the body ends well.

    Args:
        path: The other.
        n_bytes: As in `writing`.

    Raises:
        ResourceError: If it cannot be written.
    """
    beside = path.with_name(f"{path.name}.partial")
    with writing(path, n_bytes=n_bytes):
        try:
            yield beside
            flush(beside)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the disk take what was written to a file, or the entries of a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of what a file holds, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def held(folder: Path, busy: str) -> Iterator[None]:
    """Hold a directory, made where it is missing, against other processes while the body runs.

    The system lets go of what a process held that is gone, however it ended.

    Args:
        folder: The directory.
        busy: What to say where another process holds it, before which one.

    Raises:
        HeldError: If another process holds it.
        ResourceError: If it cannot be written.
    """
    from filelock import FileLock, Timeout

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise HeldError(f"{folder}: {busy}{_owner(folder)}") from None
        try:
            (folder / _OWNER).write_text(json.dumps(_ourselves()), encoding="utf-8")
        except BaseException:
            lock.release()
            raise
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / _OWNER).unlink()
        lock.release()


def _ourselves() -> dict[str, Any]:
    import socket

    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _owner(folder: Path) -> str:
    """Which process holds a directory, as far as it has told yet."""
    try:
        told = json.loads((folder / _OWNER).read_text(encoding="utf-8"))
        return f" It is process {told['pid']} on {told['host']}, since {told['since']}."
    except (OSError, ValueError, KeyError, TypeError):
        return ""
