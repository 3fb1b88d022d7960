"""A run in another place, with what its intervals have learned."""

from __future__ import annotations

import shutil
from pathlib import Path

from lstmcast.errors import ResourceError
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
        shutil.copytree(run, partial)
        copy_state(run, target)
        partial.rename(target)
    except OSError as error:
        raise ResourceError(f"{target}: cannot be written: {error}") from error
