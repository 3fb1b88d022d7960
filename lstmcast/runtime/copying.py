"""A run in another place, with what its intervals have learned."""

from __future__ import annotations

import shutil
from pathlib import Path

from lstmcast.errors import ResourceError
from lstmcast.files import flush, refusal
from lstmcast.runtime.state import copy_state, state_dir


def copy_run(run: Path, target: Path) -> None:
    """Copy a run, and what stands beside it, to a new directory; the run comes last.

    Raises:
        ResourceError: If the directory is there already, or cannot be written.
    """
    for path in (target, state_dir(target)):
        if path.exists():
            raise ResourceError(f"{path}: is there already. Choose another directory.")
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        _copy(run, partial)
        copy_state(run, target)
        partial.rename(target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        n_bytes = sum(path.stat().st_size for path in run.rglob("*"))
        message = refusal(target, error, n_bytes=n_bytes, elsewhere="to save it in")
        raise ResourceError(message) from error


def _copy(run: Path, target: Path) -> None:
    """Copy what a directory holds, on disk when this returns."""
    target.mkdir(parents=True)
    for path in sorted(run.rglob("*")):
        copy = target / path.relative_to(run)
        if path.is_dir():
            copy.mkdir()
        else:
            shutil.copyfile(path, copy)
            flush(copy)
