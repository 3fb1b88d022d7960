"""What is finished of a backtest that was interrupted: kept at once, found by the next one.

The folds of a group are an npz and a JSON file under `<runs_dir>/.partial/<name>-backtest-<id>/`;
the JSON is written last, holds the hash of the other, and so says that both are whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from lstmcast import __version__
from lstmcast.backtesting.plan import FoldResult, Group
from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config, Resources, Tune
from lstmcast.files import held, partial_file, sha256_of
from lstmcast.runtime.bundle import PARTIAL

_IDENTITY_LENGTH = 16


def identity_of(config: Config, data_fingerprint: str) -> str:
    """A hash of all that the results of a backtest depend on: config, data and version."""
    # What says how many trainings run side by side, and what only the search reads, is no part.
    same = config.model_copy(update={"resources": Resources(), "tune": Tune()})
    content = "\n".join([dump_config(same), data_fingerprint, __version__])
    return hashlib.sha256(content.encode()).hexdigest()


class Finished:
    """The finished groups of one backtest on disk.

    Args:
        folder: Where they are; made by `locked`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, group: Group) -> tuple[FoldResult, ...] | None:
        """The results of a group; None where they are not there, or not whole."""
        try:
            kept = json.loads((self._folder / f"{group.name}.json").read_text(encoding="utf-8"))
            path = self._folder / f"{group.name}.npz"
            if kept["sha256"] != sha256_of(path):
                return None
            with np.load(path, allow_pickle=False) as arrays:
                return tuple(
                    FoldResult(facts, {name: arrays[f"{i}/{name}"] for name in names})
                    for i, (facts, names) in enumerate(
                        zip(kept["facts"], kept["arrays"], strict=True)
                    )
                )
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def keep(self, group: Group, results: tuple[FoldResult, ...]) -> None:
        """Write the results of a group.

        Raises:
            ResourceError: If the disk is full, or the directory cannot be written.
        """
        arrays: dict[str, Any] = {
            f"{i}/{name}": array
            for i, result in enumerate(results)
            for name, array in result.arrays.items()
        }
        path = self._folder / f"{group.name}.npz"
        with partial_file(path) as beside, beside.open("wb") as file:
            np.savez(file, **arrays)
        kept = {
            "facts": [dict(result.facts) for result in results],
            "arrays": [list(result.arrays) for result in results],
            "sha256": sha256_of(path),
        }
        with partial_file(self._folder / f"{group.name}.json") as beside:
            beside.write_text(json.dumps(kept), encoding="utf-8")

    def remove(self) -> None:
        """Forget them all; for a backtest that is whole."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def remove_empty(self) -> None:
        """Leave no directory behind in which nothing was kept."""
        if not any(self._folder.glob("*.json")):
            self.remove()


@contextmanager
def locked(runs_dir: Path, name: str, identity: str) -> Iterator[Finished]:
    """The finished groups of a backtest, for this process alone while the body runs.

    Args:
        runs_dir: Directory of all runs.
        name: Of the experiment.
        identity: From `identity_of`.

    Raises:
        ResourceError: If another process runs the same backtest, or the directory cannot be
            written.
    """
    folder = runs_dir / PARTIAL / f"{name}-backtest-{identity[:_IDENTITY_LENGTH]}"
    try:
        with held(folder, "another process runs the same backtest. Wait for it, or end it."):
            finished = Finished(folder)
            try:
                yield finished
            finally:
                finished.remove_empty()
    finally:
        with suppress(OSError):
            os.rmdir(folder.parent)
