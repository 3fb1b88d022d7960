"""A backtest as one readable function: a config in, a directory of forecasts and scores out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lstmcast.backtesting.measuring import measure_folds
from lstmcast.backtesting.plan import FoldResult, Follower, Group, Task, groups_of
from lstmcast.backtesting.recording import record
from lstmcast.backtesting.resuming import Finished, identity_of, locked
from lstmcast.backtesting.statistical import check_installed
from lstmcast.backtesting.work import run_group
from lstmcast.config.class_checks import refuse_classes
from lstmcast.config.schema import Config
from lstmcast.data.cleaning import check_complete
from lstmcast.data.dataset import fingerprint, load_panel
from lstmcast.data.folds import Fold, make_folds
from lstmcast.data.panel import Panel
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.work import Executor
from lstmcast.machine import release_memory

if TYPE_CHECKING:
    import pandas as pd


class Listener(Protocol):
    """Is told how far a backtest is, in the process that runs the executor."""

    @property
    def follower(self) -> Follower:
        """Follows each fit, where the fits run in this process."""

    def resumes(self, n_done: int, n_folds: int) -> None:
        """So many folds are there from an earlier backtest that was interrupted."""

    def fold_done(self, result: FoldResult, n_done: int, n_folds: int) -> None:
        """A fold is done, and so many are in all."""


@dataclass(frozen=True)
class BacktestRun:
    """A backtest that was measured and written.

    Attributes:
        path: Its directory.
        manifest: What `manifest.json` holds, the list of files apart.
        metrics: What `metrics.json` holds.
        warnings: What the user should know.
        seconds: `total`, of this process, and `fit`, of all fits.
    """

    path: Path
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]


def backtest(
    config: Config,
    *,
    frame: pd.DataFrame | None = None,
    runs_dir: Path | None = None,
    executor: Executor | None = None,
    listener: Listener | None = None,
) -> BacktestRun:
    """Train and forecast along the test period, and write the result as a directory.

    A fold that is finished is kept at once: the same backtest, run again after an interruption,
    goes on where it stopped.

    Args:
        config: The experiment; `config.backtest` says how.
        frame: The data, in place of `data.path`.
        runs_dir: Where the directory is written, in place of the config's `runs_dir`.
        executor: What runs the fits; None for one after the other in this process.
        listener: Told of each fold.

    Raises:
        ConfigError: If the task is a classification.
        DataError: If the data cannot be used.
        TooShortError: If there are too few rows for so many folds.
        DivergedError: If a loss became NaN or infinite.
        ResourceError: If a package is not installed, another process runs the same backtest, or the
            disk is full.
    """
    began = time.perf_counter()
    refuse_classes(config, "backtest")
    check_installed(config)
    panel = load_panel(config, frame=frame)
    if config.data.missing.strategy == "error":
        check_complete(panel)  # not when the folds before it are trained
    folds = make_folds(panel, config)
    runs_dir = runs_dir or Path(config.runs_dir)
    created = datetime.now(UTC)
    identity = identity_of(config, fingerprint(panel))
    with locked(runs_dir, config.name, identity) as finished:
        job = _Job(config, panel, folds, executor or LocalExecutor(), finished)
        results = _run(job, listener)
        release_memory()
        done = measure_folds(config, panel, folds, results)
        warnings = _warnings(panel, results)
        seconds = {"total": time.perf_counter() - began, "fit": _fitting(results)}
        facts = {"seconds": seconds, "warnings": list(warnings)}
        manifest, path = record(
            done, results, config, runs_dir=runs_dir, created=created, facts=facts
        )
        finished.remove()
    return BacktestRun(path, manifest, done.metrics, warnings, seconds)


def _fitting(results: Sequence[FoldResult]) -> float:
    """Seconds of all fits, in whichever process they ran."""
    fits = (result.facts for result in results if result.number == result.facts["fitted"])
    return float(sum(facts["seconds_fit"] for facts in fits))


@dataclass(frozen=True)
class _Job:
    """What is to be run, on what, and what of it is finished."""

    config: Config
    panel: Panel
    folds: tuple[Fold, ...]
    executor: Executor
    finished: Finished


def _run(job: _Job, listener: Listener | None) -> list[FoldResult]:
    """The result of each fold, in order: those that are finished, and the others run now."""
    groups = groups_of(job.folds, job.config.backtest)
    results, missing = _found(groups, job.finished)
    n_folds = len(job.folds)
    if results and listener is not None:
        listener.resumes(len(results), n_folds)
    # What follows a fit cannot be handed to another process.
    here = isinstance(job.executor, LocalExecutor) and listener is not None
    task = Task(job.config, job.panel, n_folds, listener.follower if here and listener else None)
    with closing(job.executor.run(run_group, task, missing)) as outcomes:
        for outcome in outcomes:
            done = outcome.unwrap()
            job.finished.keep(outcome.item, done)
            for result in done:
                results.append(result)
                if listener is not None:
                    listener.fold_done(result, len(results), n_folds)
    return sorted(results, key=lambda result: result.number)


def _found(groups: Sequence[Group], finished: Finished) -> tuple[list[FoldResult], list[Group]]:
    """The results of the groups that are finished, and the other groups."""
    results: list[FoldResult] = []
    missing = []
    for group in groups:
        found = finished.load(group)
        if found is None:
            missing.append(group)
        else:
            results += found
    return results, missing


def _warnings(panel: Panel, results: Sequence[FoldResult]) -> tuple[str, ...]:
    """Those of the data, then those of the folds, each with the folds that it is of."""
    folds: dict[str, list[int]] = {}
    for result in results:
        for text in result.facts["warnings"]:
            folds.setdefault(text, []).append(result.number)
    own = [
        text if len(numbers) == len(results) else f"fold {', '.join(map(str, numbers))}: {text}"
        for text, numbers in folds.items()
    ]
    return (*panel.warnings, *own)
