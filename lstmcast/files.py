"""Files that are there whole or not at all, written by one process at a time; and their hashes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstmcast.errors import ResourceError

_LOCK = ".lock"


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Turn what the operating system refuses into a `ResourceError` that names the path."""
    try:
        yield path
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be written: {error.strerror or error}. Make room, or choose another "
            "directory with --set runs_dir=…"
        ) from error


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """A file to write in place of another, which it replaces when the body ends well.

    Raises:
        ResourceError: If it cannot be written.
    """
    beside = path.with_name(f"{path.name}.partial")
    with writing(path):
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

    Args:
        folder: The directory.
        busy: What to say where another process holds it.

    Raises:
        ResourceError: If another process holds it, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ResourceError(f"{folder}: {busy}") from None
    try:
        yield
    finally:
        lock.release()
