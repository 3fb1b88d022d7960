"""Finding runs and backtests: by path, by id, by the beginning of an id, or the latest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import MANIFEST, PARTIAL, RUN, kind_of, read_manifest


@dataclass(frozen=True)
class RunEntry:
    """A run, or a backtest, that is there.

    Attributes:
        path: Its directory.
        manifest: Its manifest; None where it cannot be read.
        error: Why not.
    """

    path: Path
    manifest: dict[str, Any] | None
    error: str | None = None

    @property
    def created(self) -> str:
        """When it was written, ISO 8601 in UTC; empty where that is unknown."""
        return str((self.manifest or {}).get("created", ""))

    @property
    def diverged(self) -> bool:
        """Whether the training diverged, so that only its own name means the run."""
        return "diverged" in (self.manifest or {})

    @property
    def kind(self) -> str:
        """`run` or `backtest`; what cannot be read counts as a run."""
        return RUN if self.manifest is None else kind_of(self.manifest)


def list_runs(runs_dir: Path, *, kind: str = RUN) -> list[RunEntry]:
    """The runs under a directory, newest first, the unreadable ones last; none is no error.

    Args:
        runs_dir: The directory.
        kind: `run`, or `backtest` for these in their place.
    """
    return [entry for entry in list_all(runs_dir) if entry.kind == kind]


def list_all(runs_dir: Path) -> list[RunEntry]:
    """The runs and the backtests under a directory, in one order; else as `list_runs`."""
    if not runs_dir.is_dir():
        return []
    entries = []
    for path in sorted(runs_dir.iterdir()):
        if path.name == PARTIAL or not (path / MANIFEST).exists():
            continue
        try:
            entries.append(RunEntry(path, read_manifest(path)))
        except BundleError as error:
            entries.append(RunEntry(path, None, str(error)))
    return sorted(entries, key=lambda entry: entry.created, reverse=True)


def find_run(name: str, runs_dir: Path, *, kind: str = RUN) -> Path:
    """Directory of a run.

    Only a path and a whole id name a directory of any kind; opening it tells what it is.

    Args:
        name: `latest`, a path, an id, a config's name (`co2` finds the newest run of `co2`), or
            the beginning of one id. `latest` and a config's name never mean a run that diverged.
        runs_dir: Where ids are looked up.
        kind: What all other names mean: `run` or `backtest`.

    Raises:
        BundleError: If there is none, or the beginning fits several.
    """
    if name != "latest":
        for path in (Path(name), runs_dir / name):
            if (path / MANIFEST).exists():
                return path
    entries = [entry for entry in list_runs(runs_dir, kind=kind) if entry.manifest is not None]
    if not entries:
        command = "train" if kind == RUN else kind
        raise BundleError(f"no {kind} under {runs_dir}. `lstmcast {command} CONFIG` makes one.")
    meant = [e for e in entries if name in ("latest", (e.manifest or {}).get("name"))]
    sound = [entry for entry in meant if not entry.diverged]
    if sound:
        return sound[0].path
    if meant:
        raise BundleError(
            f"{name!r}: the training of {meant[0].path} diverged. Train again, or name that "
            "directory to use its best weights all the same."
        )
    fitting = [entry for entry in entries if entry.path.name.startswith(name)]
    if len(fitting) == 1:
        return fitting[0].path
    if fitting:
        ids = ", ".join(entry.path.name for entry in fitting[:5])
        raise BundleError(f"{name!r} fits {len(fitting)} {kind}s: {ids}. Give more of the id.")
    known = ", ".join(entry.path.name for entry in entries[:5])
    raise BundleError(f"no {kind} {name!r} under {runs_dir}. The newest are: {known}.")
