"""How far a search is: a row for each trial that has ended and, on a terminal, what runs now."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from lstmcast.cli.progress import CLEAR_LINE, duration, own_stderr
from lstmcast.reporting.wording import format_number

if TYPE_CHECKING:
    from lstmcast.config.schema import Tune
    from lstmcast.tuning.search import Watcher
    from lstmcast.tuning.trial import Trial

# Seconds between two drawings of what runs now.
_PERIOD = 0.5


@contextmanager
def following_search(tune: Tune, *, quiet: bool = False) -> Iterator[Watcher | None]:
    """What follows a search on standard error; None with `quiet`.

    Args:
        tune: What is searched, and how.
        quiet: Tell nothing.
    """
    if quiet:
        yield None
        return
    with own_stderr() as stream:
        table = SearchTable(stream, tune)
        try:
            yield table
        finally:
            table.close()


class SearchTable:
    """A row for each trial, and on a terminal a line under them that tells of the running ones.

    Args:
        stream: Where to write.
        tune: What is searched, and how.
    """

    def __init__(self, stream: TextIO, tune: Tune) -> None:
        self._stream, self._tune = stream, tune
        self._began = time.monotonic()
        self._running: dict[int, float] = {}
        self._ended = self._before = 0
        self._best: tuple[float, int] | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._headed = False
        self._ticker: threading.Thread | None = None
        if stream.isatty():
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()

    def resumed(self, trials: Mapping[int, Trial]) -> None:
        """Say what is there already."""
        self._before = self._ended = len(trials)
        for trial in trials.values():
            self._rank(trial)
        self._write(
            f"going on with a search of which {len(trials)} of {self._tune.trials} trials are done"
        )

    def began(self, number: int, changes: Mapping[str, Any]) -> None:
        """Count it as running."""
        with self._lock:
            self._running[number] = time.monotonic()

    def ended(self, trial: Trial, changes: Mapping[str, Any]) -> None:
        """Write its row."""
        with self._lock:
            self._running.pop(trial.number, None)
            self._ended += 1
            leads = self._rank(trial)
        self._write(self._row(trial, changes, leads=leads))

    def close(self) -> None:
        """Clear the line of the running trials."""
        self._closing.set()
        if self._ticker is not None:
            self._ticker.join()
            self._stream.write(CLEAR_LINE)
            self._stream.flush()

    def _rank(self, trial: Trial) -> bool:
        """Whether the trial is the best so far."""
        if trial.score is None:
            return False
        score = -trial.score if self._tune.objective == "r2" else trial.score
        if self._best is not None and score >= self._best[0]:
            return False
        self._best = (score, trial.number)
        return True

    def _row(self, trial: Trial, changes: Mapping[str, Any], *, leads: bool) -> str:
        score = format_number(trial.score) if trial.score is not None else trial.status
        said = trial.error or changes_text(changes)
        if trial.same_as is not None:
            said = f"the same as trial {trial.same_as}"
        epochs = sum(trial.epochs)
        return (
            f"{trial.number:>5}  {score + ('*' if leads else ' '):>11}  {epochs:>6}  "
            f"{duration(trial.seconds):>12}  {said}"
        )

    def _write(self, line: str) -> None:
        """A line that stays."""
        with self._lock:
            lines = [line]
            if not self._headed and line.lstrip()[:1].isdigit():
                self._headed = True
                names = ("trial", f"{self._tune.objective} ", "epochs", "time", "what it changed")
                lines.insert(0, "{:>5}  {:>11}  {:>6}  {:>12}  {}".format(*names))
            if self._ticker is None:
                self._stream.writelines(f"{each}\n" for each in lines)
            else:
                width = self._width()
                self._stream.write(CLEAR_LINE)
                self._stream.writelines(f"{each[:width]}\n" for each in lines)
                self._stream.write(self._status()[:width])
            self._stream.flush()

    def _tick(self) -> None:
        while not self._closing.wait(_PERIOD):
            with self._lock:
                self._stream.write(CLEAR_LINE + self._status()[: self._width()])
                self._stream.flush()

    def _status(self) -> str:
        """What runs now, and how long the rest may take."""
        now = time.monotonic()
        if not self._running:
            return "choosing the next trial …"
        running = ", ".join(
            f"{number} for {duration(now - since)}" for number, since in self._running.items()
        )
        parts = [f"{self._ended} of {self._tune.trials} trials done", f"running: {running}"]
        done = self._ended - self._before
        if done:
            left = (now - self._began) / done * (self._tune.trials - self._ended)
            parts.append(f"≤ {duration(left)} left")
        return "  ".join(parts)

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns - 1
        except OSError:
            return 79


def changes_text(changes: Mapping[str, Any]) -> str:
    """What a trial changed, on one line."""
    if not changes:
        return "nothing: the config as it is"
    return " ".join(f"{path}={_value(value)}" for path, value in changes.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
