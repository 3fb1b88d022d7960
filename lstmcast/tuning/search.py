"""A search from begin to end: ask, train, tell, and keep every step of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lstmcast import __version__
from lstmcast.config.schema import Config
from lstmcast.data.dataset import build_dataset, fingerprint, load_panel
from lstmcast.errors import ConfigError, ResourceError
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.work import Executor, Outcome
from lstmcast.training.backend import load_keras
from lstmcast.training.chatter import captured_chatter
from lstmcast.tuning.advisor import Advisor
from lstmcast.tuning.journal import Asked, Event, Journal, locked
from lstmcast.tuning.space import Space, build_space
from lstmcast.tuning.trial import Item, Material, Trial, run_trial

if TYPE_CHECKING:
    import pandas as pd

    from lstmcast.data.panel import Panel


class Watcher(Protocol):
    """Follows a search."""

    def resumed(self, trials: Mapping[int, Trial]) -> None:
        """What an earlier process has done already."""

    def began(self, number: int, changes: Mapping[str, Any]) -> None:
        """A trial is handed to a worker."""

    def ended(self, trial: Trial, changes: Mapping[str, Any]) -> None:
        """A trial has ended."""


class SilentWatcher:
    """Tells nobody."""

    def resumed(self, trials: Mapping[int, Trial]) -> None:
        """Nothing."""

    def began(self, number: int, changes: Mapping[str, Any]) -> None:
        """Nothing."""

    def ended(self, trial: Trial, changes: Mapping[str, Any]) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        space: What was searched.
        trials: By number.
        changes: What each trial changed, by dotted path; nothing for the config as it is.
    """

    space: Space
    trials: Mapping[int, Trial]
    changes: Mapping[int, Mapping[str, Any]]

    @property
    def best(self) -> Trial:
        """The best of the completed trials; the first of them where several are.

        Raises:
            ResourceError: If none was completed.
        """
        sign = -1 if self.space.base.tune.objective == "r2" else 1
        ranked = [(sign * t.score, n) for n, t in self.trials.items() if t.score is not None]
        if not ranked:
            reasons = [f"trial {t.number}: {t.error}" for t in self.trials.values() if t.error]
            why = f" {reasons[0]}" if reasons else " tune.seconds ended before one."
            raise ResourceError(f"no trial of {len(self.trials)} was completed.{why}")
        return self.trials[min(ranked)[1]]

    def config(self, number: int) -> Config:
        """The config of a trial."""
        return self.space.config(self.changes[number])


def search_directory(config: Config) -> Path:
    """Where the search of a config is kept."""
    return Path(config.runs_dir) / f"{config.name}.tune"


def search(
    config: Config,
    *,
    frame: pd.DataFrame | None = None,
    executor: Executor | None = None,
    watcher: Watcher | None = None,
) -> Found:
    """Search `tune.space`, or go on with the search that an earlier process began.

    Args:
        config: The experiment; its own values are the first trial.
        frame: The data, in place of `data.path`.
        executor: Where trials run; None for this process.
        watcher: Told of each trial.

    Raises:
        ConfigError: If the space is wrong, or the directory holds another search.
        DataError: If the data cannot be used.
        ResourceError: If another process searches there, or every trial failed.
    """
    space = build_space(config)
    config = space.base
    panel = load_panel(config, frame=frame)
    material = Material(config, panel)
    build_dataset(config, panel)  # what is wrong with the data is said before anything is written
    directory = search_directory(config)
    with locked(directory):
        journal = Journal(directory)
        events = journal.begin(_identity(config, panel))
        with captured_chatter():
            load_keras(config.training, seed=config.seed)  # before keras-tuner chooses a backend
        run = _Search(space, journal, watcher or SilentWatcher())
        run.replay(events)
        with closing((executor or LocalExecutor()).run(run_trial, material, run.items())) as ended:
            for outcome in ended:
                run.end(outcome)
        return run.found()


def _identity(config: Config, panel: Panel) -> dict[str, Any]:
    """What must be the same for a search to go on."""
    described = config.model_dump(mode="json", exclude={"resources", "backtest"})
    return {"version": __version__, "data": fingerprint(panel), "config": described}


class _Search:
    """The state of a search.

    Args:
        space: What is searched.
        journal: Its record.
        watcher: Told of each trial.
    """

    def __init__(self, space: Space, journal: Journal, watcher: Watcher) -> None:
        self._space, self._journal, self._watcher = space, journal, watcher
        self._settings = space.base.tune
        self._advisor = Advisor(space, max_trials=self._settings.trials)
        # The values of each trial that was chosen; None for the config as it is.
        self._asked: dict[int, Mapping[str, Any] | None] = {}
        self._pending: list[int] = []
        self._running: dict[int, float] = {}
        self._ended: dict[int, Trial] = {}
        self._exhausted = False
        self._configs: dict[int, Config] = {}

    def replay(self, events: Sequence[Event]) -> None:
        """Take up what earlier processes have done."""
        for event in events:
            if isinstance(event, Trial):
                self._take(event)
            else:
                if event.values is not None:
                    self._advisor.ask(event.number, recorded=event.values)
                self._asked[event.number] = event.values
        self._pending = [number for number in self._asked if number not in self._ended]
        if events:
            self._watcher.resumed(self._ended)

    def items(self) -> Iterator[Item | None]:
        """What to run next, as long as there is anything."""
        deadline = time.monotonic() + (self._settings.seconds or np.inf)
        while time.monotonic() < deadline:
            number = None if self._judges_run else self._next()
            if number is not None:
                item = self._prepared(number)
                if item is not None:
                    yield item
            elif self._running:
                yield None
            else:
                return

    def end(self, outcome: Outcome[Item, Trial]) -> None:
        """Take what became of a trial."""
        number = outcome.item.number
        seconds = time.monotonic() - self._running.pop(number)
        if outcome.error is not None:
            self._fail(number, outcome.error, seconds)
        else:
            self._finish(replace(outcome.unwrap(), seconds=round(seconds, 3)))

    def found(self) -> Found:
        """The result.

        Raises:
            ResourceError: If no trial was completed.
        """
        changes = {number: self._changes(number) for number in self._ended}
        return Found(self._space, dict(sorted(self._ended.items())), changes)

    @property
    def _judges_run(self) -> bool:
        """Whether the next trial is to be judged by some that have not ended yet."""
        if self._settings.pruning is None:
            return False
        first = self._settings.pruning.first_trials
        upcoming = self._pending[0] if self._pending else len(self._asked)
        return upcoming >= first and any(number < first for number in self._running)

    def _next(self) -> int | None:
        """A trial that is to be run; None where there is none now."""
        if self._pending:
            return self._pending.pop(0)
        number = len(self._asked)
        if self._exhausted or number >= self._settings.trials:
            return None
        values: Mapping[str, Any] | None = None
        if number > 0:
            answer = self._advisor.ask(number)
            if isinstance(answer, str):
                self._exhausted = answer == "exhausted"
                return None
            values = answer
        self._asked[number] = values
        self._journal.add(Asked(number, values))
        return number

    def _config(self, number: int) -> Config:
        if number not in self._configs:
            self._configs[number] = self._space.config(self._changes(number))
        return self._configs[number]

    def _prepared(self, number: int) -> Item | None:
        """What a worker is to do; None where the trial has ended without one."""
        try:
            config = self._config(number)
        except ConfigError as error:
            self._fail(number, error, 0.0)
            return None
        twin = self._twin(config)
        if twin is not None:
            self._finish(replace(twin, number=number, seconds=0.0, same_as=twin.number))
            return None
        self._running[number] = time.monotonic()
        self._watcher.began(number, self._changes(number))
        return Item(number, config, self._hopeless())

    def _changes(self, number: int) -> dict[str, Any]:
        return self._advisor.decode(self._asked[number] or {})

    def _twin(self, config: Config) -> Trial | None:
        """An earlier trial that has ended and had the same config."""
        for number, trial in sorted(self._ended.items()):
            if trial.status == "completed" and self._config(number) == config:
                return trial
        return None

    def _hopeless(self) -> tuple[float, ...]:
        """For each epoch the median, over the first trials, of the best loss until then."""
        pruning = self._settings.pruning
        if pruning is None or not self._space.has_one_loss or self._settings.method == "hyperband":
            return ()
        first = [self._ended.get(number) for number in range(pruning.first_trials)]
        curves = [trial.curve for trial in first if trial and trial.status == "completed"]
        if any(trial is None for trial in first) or not all(curves) or not curves:
            return ()
        length = max(map(len, curves))
        best = [np.minimum.accumulate([*c, *[np.inf] * (length - len(c))]) for c in curves]
        limits = np.median(best, axis=0)
        limits[: pruning.first_epochs - 1] = np.inf
        return tuple(limits.tolist())

    def _fail(self, number: int, error: Exception, seconds: float) -> None:
        text = f"{type(error).__name__}: {error}"
        self._finish(Trial(number, "failed", seconds=round(seconds, 3), error=text))

    def _finish(self, trial: Trial) -> None:
        self._journal.add(trial)
        self._take(trial)
        self._watcher.ended(trial, self._changes(trial.number))

    def _take(self, trial: Trial) -> None:
        """Count a trial that has ended, and tell the advisor of it."""
        self._ended[trial.number] = trial
        if trial.number == 0:
            return  # the advisor did not choose it
        if trial.status == "failed":
            self._advisor.tell(trial.number, "failed", None)
        else:
            self._advisor.tell(trial.number, "completed", self._told(trial))

    def _told(self, trial: Trial) -> float:
        """The score of a trial; of one that was ended early the worst so far."""
        if trial.score is not None:
            return trial.score
        scores = [other.score for other in self._ended.values() if other.score is not None]
        return min(scores) if self._settings.objective == "r2" else max(scores)
