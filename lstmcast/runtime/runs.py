"""Finding runs: by path, by id, by the beginning of an id, or the latest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import MANIFEST, PARTIAL, read_manifest


@dataclass(frozen=True)
class RunEntry:
    """A run that is there.

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


def list_runs(runs_dir: Path) -> list[RunEntry]:
    """The runs under a directory, newest first, the unreadable ones last; none is no error."""
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


def find_run(name: str, runs_dir: Path) -> Path:
    """Directory of a run.

    Args:
        name: `latest`, a path, an id, a config's name (`co2` finds the newest run of `co2`), or
            the beginning of one id.
        runs_dir: Where ids are looked up.

    Raises:
        BundleError: If there is none, or the beginning fits several.
    """
    if name != "latest":
        for path in (Path(name), runs_dir / name):
            if (path / MANIFEST).exists():
                return path
    entries = [entry for entry in list_runs(runs_dir) if entry.manifest is not None]
    if not entries:
        raise BundleError(f"no run under {runs_dir}. `lstmcast train CONFIG` makes one.")
    if name == "latest":
        return entries[0].path
    named = [entry for entry in entries if (entry.manifest or {}).get("name") == name]
    if named:
        return named[0].path
    fitting = [entry for entry in entries if entry.path.name.startswith(name)]
    if len(fitting) == 1:
        return fitting[0].path
    if fitting:
        ids = ", ".join(entry.path.name for entry in fitting[:5])
        raise BundleError(f"{name!r} fits {len(fitting)} runs: {ids}. Give more of the id.")
    known = ", ".join(entry.path.name for entry in entries[:5])
    raise BundleError(f"no run {name!r} under {runs_dir}. The newest are: {known}.")
