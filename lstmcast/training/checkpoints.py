"""What is kept of the fits of a training, so that it can go on where it was interrupted.

The only code that knows these files. Each is data (safetensors, whose header says where a fit
stands), written whole or not at all, and read only where the hash of its numbers is right.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.differing import differences
from lstmcast.errors import ConfigError, DataWarning
from lstmcast.files import held, partial_file, writing

IDENTITY = "identity.json"
SUFFIX = ".checkpoint"
# Of the running fit: should the last be damaged, there is the one before.
_KEPT = 2
# Seconds between two checkpoints: of a network whose epochs take less, not every one is written.
_PERIOD = 1.0

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Kept:
    """Numbers with what is said of them.

    Attributes:
        arrays: By name.
        values: Plain JSON values.
    """

    arrays: Arrays
    values: dict[str, Any]


class Checkpoints:
    """The checkpoints of one training, in a directory of their own.

    Args:
        folder: The directory; made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written = -np.inf

    @property
    def is_empty(self) -> bool:
        """Whether nothing was kept yet."""
        return not any(self.folder.glob("*.safetensors"))

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Say which training it is, before anything is kept.

        Raises:
            ResourceError: If it cannot be written.
        """
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(identity, allow_nan=False)
        kept = {"identity": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        with partial_file(self.folder / IDENTITY) as path:
            path.write_text(json.dumps(kept), encoding="utf-8")

    def identity(self) -> dict[str, Any] | None:
        """Which training it is; None where that is not known or damaged."""
        path = self.folder / IDENTITY
        if path.is_symlink() or not path.is_file():
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if hashlib.sha256(kept["identity"].encode()).hexdigest() != kept["sha256"]:
                return None
            identity: dict[str, Any] = json.loads(kept["identity"])
        except (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError):
            return None
        return identity

    def damage(self) -> list[str]:
        """What of it cannot be read, and what takes its place: a sentence for each file."""
        names = sorted(path.name for path in self.folder.glob("*.safetensors"))
        whole = [name for name in names if self.read(name) is not None]
        sentences = []
        for name in sorted(set(names) - set(whole)):
            fit = name.removesuffix(".safetensors").partition("-epoch-")[0]
            before = [each for each in whole if each.startswith(fit)]
            instead = f"goes on from {before[-1]}" if before else "begins anew"
            sentences.append(f"{self.folder / name}: is damaged, so that its fit {instead}.")
        return sentences

    def locked(self) -> AbstractContextManager[None]:
        """Hold the directory against other processes; as `held`."""
        return held(self.folder, "another process goes on with this training just now.")

    def of_fit(self, number: int) -> FitCheckpoints:
        """Those of one fit among all of the training, counted from 0."""
        return FitCheckpoints(self, number)

    def discard(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()

    def due(self) -> bool:
        """Whether the last was written long enough ago."""
        return time.monotonic() - self._written >= _PERIOD

    def write(self, name: str, kept: Kept) -> None:
        """Write a file, whole or not at all."""
        from safetensors.numpy import save

        arrays = {key: np.asarray(values, order="C") for key, values in kept.arrays.items()}
        values = json.dumps(kept.values, allow_nan=False)
        said = {"values": values, "sha256": _digest(arrays, values)}
        content = save(arrays, metadata=said)
        with partial_file(self.folder / name, n_bytes=len(content)) as path:
            path.write_bytes(content)
        self._written = time.monotonic()

    def read(self, name: str) -> Kept | None:
        """Read a file; None where there is none, or it is damaged."""
        from safetensors import safe_open

        path = self.folder / name
        if path.is_symlink() or not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                said = file.metadata()
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            if _digest(arrays, said["values"]) != said["sha256"]:
                return None
            return Kept(arrays, json.loads(said["values"]))
        except Exception:  # safetensors raises an exception class of its own
            return None


class FitCheckpoints:
    """The checkpoints of one fit.

    Args:
        all_: Those of the training.
        number: Of the fit.
    """

    def __init__(self, all_: Checkpoints, number: int) -> None:
        self._all, self._number = all_, number

    def finished(self) -> Kept | None:
        """What the fit came to; None where it has not ended."""
        return self._all.read(self._end)

    def finish(self, kept: Kept) -> None:
        """Keep what the fit came to; where it stood before is no longer needed."""
        self._all.write(self._end, kept)
        for name in self._epochs():
            (self._all.folder / name).unlink(missing_ok=True)

    def latest(self) -> Kept | None:
        """Where the fit stood after its last epoch that is whole on disk."""
        for name in reversed(self._epochs()):
            kept = self._all.read(name)
            if kept is not None:
                return kept
        return None

    def due(self) -> bool:
        """Whether it is time for the next."""
        return self._all.due()

    def keep(self, epoch: int, kept: Kept) -> None:
        """Keep where the fit stands after an epoch, from 1."""
        self._all.write(f"{self._stem}-epoch-{epoch:06d}.safetensors", kept)
        for name in self._epochs()[:-_KEPT]:
            (self._all.folder / name).unlink(missing_ok=True)

    @property
    def _stem(self) -> str:
        return f"fit-{self._number:06d}"

    @property
    def _end(self) -> str:
        return f"{self._stem}.safetensors"

    def _epochs(self) -> list[str]:
        found = self._all.folder.glob(f"{self._stem}-epoch-*.safetensors")
        return sorted(path.name for path in found)


def interrupted(parent: Path, name: str, identity: Mapping[str, Any]) -> Checkpoints | None:
    """The newest interrupted training of this identity; None where there is none of the name.

    A `DataWarning` tells of what is damaged, and of what is taken in its place.

    Args:
        parent: Where trainings that run keep theirs.
        name: Of the config.
        identity: What the training is about, as plain JSON values.

    Raises:
        ConfigError: If there are only trainings of the same name that differ in something.
    """
    differing = ""
    found = [path for path in parent.glob(f"{name}-*{SUFFIX}") if (path / IDENTITY).exists()]
    for folder in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True):
        checkpoints = Checkpoints(folder)
        kept = checkpoints.identity()
        if kept is None:
            _warn(
                f"{folder}: which training was interrupted there cannot be read any more "
                f"({IDENTITY} is damaged), so it is left aside. Remove it."
            )
            continue
        own = differences(kept, identity)
        if not own and not checkpoints.is_empty:
            for sentence in checkpoints.damage():
                _warn(sentence)
            return checkpoints
        differing = differing or (own and f"{folder} differs in {own}")
    if differing:
        raise ConfigError(
            f"--resume: the interrupted training {differing}. Undo that to go on with it, or leave "
            "out --resume."
        )
    return None


def _warn(text: str) -> None:
    warnings.warn(text, DataWarning, stacklevel=4)


def _digest(arrays: Arrays, values: str) -> str:
    digest = hashlib.sha256(values.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
