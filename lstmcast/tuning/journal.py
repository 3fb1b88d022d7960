"""What is kept of a search while it runs: the only code that knows these files.

A search lives in a directory of its own. `search.json` says what is searched and never changes;
`trials.jsonl` gets a line when a trial is chosen and one when it has ended, flushed to disk before
anything follows from it. A process that is killed leaves at most half a last line, which is left
out when the search goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from lstmcast.config.differing import differences
from lstmcast.config.locations import Location
from lstmcast.errors import BundleError, ConfigError
from lstmcast.files import held, partial_file, writing
from lstmcast.tuning.trial import Trial

HEADER = "search.json"
EVENTS = "trials.jsonl"
# May change when a search goes on.
_BUDGET = {("tune", "trials"), ("tune", "seconds")}


@dataclass(frozen=True)
class Asked:
    """A trial was chosen.

    Attributes:
        number: Of the trial.
        values: As the advisor gave them; None for the config as it is.
    """

    number: int
    values: Mapping[str, Any] | None


Event = Asked | Trial
_KINDS: dict[str, type[Event]] = {"asked": Asked, "ended": Trial}


class Journal:
    """The record of a search.

    Args:
        directory: Of the search.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def begin(self, identity: Mapping[str, Any]) -> list[Event]:
        """Begin the search, or go on with it.

        Args:
            identity: What the search is about, as plain JSON values.

        Returns:
            What happened so far, in order.

        Raises:
            ConfigError: If the directory holds another search.
            BundleError: If its record is damaged.
        """
        path = self.directory / HEADER
        if not path.exists():
            created = datetime.now(UTC).isoformat(timespec="seconds")
            write_atomic(path, _json({"created": created, **identity}))
            return []
        _refuse_another(path, identity)
        return self._events()

    def add(self, event: Event) -> None:
        """Add an event, on disk when this returns."""
        kind = next(kind for kind, form in _KINDS.items() if isinstance(event, form))
        line = json.dumps({"event": kind, **asdict(event)}, allow_nan=False) + "\n"
        with writing(self.directory / EVENTS) as path, path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _events(self) -> list[Event]:
        path = self.directory / EVENTS
        if not path.exists():
            return []
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        if torn:  # half a line, of a process that was killed
            with writing(path), path.open("r+b") as file:
                file.truncate(len(whole) + bool(whole))
        lines = whole.decode("utf-8").splitlines()
        return [_event(line, f"{path}, line {i}") for i, line in enumerate(lines, 1)]


def _event(line: str, place: str) -> Event:
    try:
        values = json.loads(line)
        return TypeAdapter[Event](_KINDS[values.pop("event")]).validate_python(values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{place}: cannot be read: {error}. Begin anew with --fresh, which keeps the old files."
        ) from error


def _refuse_another(path: Path, identity: Mapping[str, Any]) -> None:
    """That a directory holds the search of this identity."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        differing = differences(kept, identity, ignored=_may_differ)
    except (OSError, ValueError, AttributeError) as error:
        raise BundleError(f"{path}: cannot be read: {error}. Begin anew with --fresh.") from error
    if differing:
        raise ConfigError(
            f"{path.parent} holds a search that differs in {differing}. Undo that to go on with "
            "it, give this one another name (--set name=…), or set the old one aside with --fresh."
        )


def _may_differ(place: Location) -> bool:
    return place == ("created",) or (place[:1] == ("config",) and place[1:] in _BUDGET)


def locked(directory: Path) -> AbstractContextManager[None]:
    """Hold the directory of a search against other processes; as `held`."""
    return held(
        directory,
        "another process is searching there. Wait for it, or give this search another name "
        "(--set name=…).",
    )


def set_aside(directory: Path) -> Path | None:
    """Give the directory of an earlier search another name.

    Returns:
        The new name; None where there is no such search.

    Raises:
        ResourceError: If another process searches there, or it cannot be renamed.
    """
    if not (directory / HEADER).exists():
        return None
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = directory.with_name(f"{directory.name}-{moment}")
    with locked(directory), writing(directory):
        directory.rename(aside)
    return aside


def write_atomic(path: Path, content: str) -> None:
    """Write a text file so that it is there whole or not at all.

    Raises:
        ResourceError: If it cannot be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with partial_file(path) as beside:
        beside.write_text(content, encoding="utf-8", newline="\n")


def _json(values: Any) -> str:
    return json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
