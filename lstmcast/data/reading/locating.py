"""Which files a path, a glob, `-` or a list of them stands for."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lstmcast.data.reading.pipes import is_pipe, read_pipe, read_whole
from lstmcast.data.reading.sources import Source, near_files
from lstmcast.errors import ConfigError, DataError, Problem

STDIN = "-"
_GLOB_CHARACTERS = frozenset("*?[")


def find_sources(path: str | Path | Sequence[str | Path], directory: Path | None) -> list[Source]:
    """The files that a path, a glob, `-` or a list of them stands for.

    Args:
        path: A name that exists is that file, even with the characters of a glob in it; the files
            of a glob come sorted by name.
        directory: What relative paths are relative to; None for the working directory.

    Returns:
        At least one source, in the order given.

    Raises:
        ConfigError: If nothing is named.
        DataError: If a glob matches nothing, or a file is named twice. That a file exists shows
            when it is opened.
        ResourceError: If what a pipe gives is more than memory holds.
    """
    entries = [path] if isinstance(path, str | Path) else list(path)
    if not entries or not all(str(entry).strip() for entry in entries):
        raise ConfigError([Problem("data.path", "names no file. Name the one with the series.")])
    sources = [source for entry in entries for source in _expand(str(entry), directory)]
    _refuse_twice(sources)
    return sources


def _expand(entry: str, directory: Path | None) -> list[Source]:
    if entry == STDIN:
        return [Source("<stdin>", content=read_whole(sys.stdin.buffer, "<stdin>"))]
    if "://" in entry:
        message = "this is an address, not a path. Fetch the file first, and name where it is."
        raise DataError(message, file=entry)
    path = Path(os.path.expanduser(entry))
    full = path if directory is None else directory / path
    if is_pipe(full):
        return [Source(str(full), content=read_pipe(full))]
    if not _GLOB_CHARACTERS & set(entry) or _exists(full):
        return [Source(str(full), full)]
    found = sorted(glob.glob(str(full), recursive=True))
    files = [Source(name, Path(name)) for name in found if not Path(name).is_dir()]
    if not files:
        here = "" if _GLOB_CHARACTERS & set(str(full.parent)) else near_files(full)
        raise DataError(f"no file matches this pattern.{here}", file=str(full))
    return files


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or none
        return False


def _refuse_twice(sources: Sequence[Source]) -> None:
    seen: set[str] = set()
    for source in sources:
        if source.path is None:
            continue
        path = os.path.abspath(source.path)
        if path in seen:
            message = "`data.path` names this file twice. Name it once, or narrow the pattern."
            raise DataError(message, file=source.name)
        seen.add(path)
