"""What processes that were killed have left under `.partial/`."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lstmcast.errors import HeldError
from lstmcast.files import held
from lstmcast.runtime.bundle import PARTIAL

_BUSY = "another process works there."
# What a training, and a backtest, keep of what they have done.
_KEPT = ("*.safetensors", "*.npz")


@dataclass(frozen=True)
class Leftover:
    """A directory that no process works in.

    Attributes:
        path: The directory.
        can_go_on: Whether a training or a backtest would take it up; a half-written run is of no
            use.
        n_bytes: What it takes on disk.
        modified: When it was last written to, in UTC.
    """

    path: Path
    can_go_on: bool
    n_bytes: int
    modified: datetime


def leftovers(runs_dir: Path) -> list[Leftover]:
    """What is left under a directory of runs, oldest first; not where a process works.

    Raises:
        ResourceError: If the directory cannot be written, so that nobody can tell.
    """
    found = []
    for path in (runs_dir / PARTIAL).glob("*"):
        if path.is_symlink() or not path.is_dir():
            continue
        left = _look_at(path)  # before it is held, which writes into it
        with suppress(HeldError), held(path, _BUSY):
            found.append(left)
    return sorted(found, key=lambda each: each.modified)


def remove(leftover: Leftover) -> bool:
    """Remove what is left, unless a process has begun to work there; tells whether it did."""
    try:
        with held(leftover.path, _BUSY):
            shutil.rmtree(leftover.path)
    except HeldError:
        return False
    with suppress(OSError):
        leftover.path.parent.rmdir()
    return True


def _look_at(path: Path) -> Leftover:
    files = [file.lstat() for file in path.rglob("*") if not file.is_dir()]
    modified = max((file.st_mtime for file in files), default=path.lstat().st_mtime)
    return Leftover(
        path=path,
        can_go_on=any(next(path.glob(kept), None) for kept in _KEPT),
        n_bytes=sum(file.st_size for file in files),
        modified=datetime.fromtimestamp(modified, UTC),
    )
