"""The work on a group of folds: prepare, fit, forecast. It runs in any process."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median_low
from typing import Any

import numpy as np

from lstmcast.backtesting.plan import FoldResult, Group, SilentFollower, Task
from lstmcast.backtesting.statistical import carried_forward
from lstmcast.data.dataset import Dataset, build_dataset, no_window, served
from lstmcast.data.folds import Fold, FoldData, fold_data
from lstmcast.data.panel import IntArray
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.windows import window_starts
from lstmcast.errors import DivergedError, TooShortError
from lstmcast.experiment.calibrating import calibrate
from lstmcast.experiment.network import InMemory, train_in_memory
from lstmcast.machine import release_memory
from lstmcast.runtime.calibration import Calibration
from lstmcast.runtime.evaluating import training_scales
from lstmcast.runtime.outputs import forecast_levels, window_outputs


@dataclass(frozen=True)
class _Fitted:
    """The network that a fold was fitted for, what it was fitted on, and its intervals."""

    number: int
    dataset: Dataset
    trained: InMemory
    calibration: Calibration | None
    warnings: tuple[str, ...]


def run_group(task: Task, group: Group) -> tuple[FoldResult, ...]:
    """Fit the network for the folds of a group, and forecast their windows.

    Nothing that a fold reads comes after the last target of its own windows, and nothing that is
    fitted reads beyond its validation rows.

    Raises:
        DataError: If the data of a fold cannot be used.
        TooShortError: If a fold has no window.
        DivergedError: If a loss became NaN or infinite.
    """
    results: list[FoldResult] = []
    fitted: _Fitted | None = None
    for fold in group.folds:
        began = time.perf_counter()
        with _named(fold, task.n_folds):
            data = fold_data(task.panel, fold)
            if fitted is None or group.warm:
                weights = None if fitted is None else fitted.trained.weights
                fitted = _fit(task, fold, data, weights=weights)
            results.append(_forecast(task, fold, data, fitted, began))
        release_memory()
    return tuple(results)


@contextmanager
def _named(fold: Fold, n_folds: int) -> Iterator[None]:
    """Put the fold before the message of what may be wrong with one fold alone."""
    try:
        yield
    except (DivergedError, TooShortError) as error:
        raise type(error)(f"fold {fold.number} of {n_folds}: {error}") from error


def _fit(
    task: Task, fold: Fold, data: FoldData, *, weights: Mapping[str, np.ndarray] | None
) -> _Fitted:
    follower = task.follower or SilentFollower()
    dataset = build_dataset(task.config, data.panel, splits=data.splits)
    if not len(dataset.starts["test"]):
        raise _nothing_to_score(task, data, dataset.prepared)
    follower.fit_begins(fold.number, task.n_folds)
    trained = train_in_memory(dataset, follower.training, weights=weights)
    calibrated = calibrate(dataset, trained.network)
    warnings = (*dataset.warnings, *calibrated.notes)
    return _Fitted(fold.number, dataset, trained, calibrated.calibration, warnings)


def _forecast(task: Task, fold: Fold, data: FoldData, fitted: _Fitted, began: float) -> FoldResult:
    """Forecast the windows of a fold with the network that serves it."""
    preparation = fitted.dataset.preparation
    prepared, starts = _test_windows(task, fold, data, fitted)
    outputs = window_outputs(
        fitted.trained.network, prepared, preparation, starts, calibration=fitted.calibration
    )
    carried = carried_forward(prepared, starts, task.config, fitted_before=data.splits.bounds[:, 2])
    arrays = {"starts": data.in_whole(starts), "points": outputs.points, **carried.forecasts}
    if outputs.quantiles is not None:
        arrays["quantiles"] = outputs.quantiles[:]
    if outputs.parameters is not None:
        arrays["parameters"] = outputs.parameters
    facts = {
        "fold": fold.number,
        "levels": list(forecast_levels(preparation.config, fitted.calibration)),
        **_facts_of_fit(fitted),
        "warnings": [*_own_warnings(fold, fitted), *carried.warnings],
        "seconds": time.perf_counter() - began,
    }
    facts["windows"]["test"] = len(starts)
    return FoldResult(facts=facts, arrays=arrays)


def _test_windows(
    task: Task, fold: Fold, data: FoldData, fitted: _Fitted
) -> tuple[Prepared, IntArray]:
    """The rows of a fold as its network reads them, and its windows."""
    if fold.number == fitted.number:
        return fitted.dataset.prepared, fitted.dataset.starts["test"]
    prepared = prepare(data.panel, fitted.dataset.preparation)
    starts = window_starts(
        prepared.observed,
        task.config.window,
        offsets=data.panel.offsets,
        bounds=data.splits.of("test"),
    )
    starts = served(starts, data.panel, fitted.dataset.preparation)
    if not len(starts):
        raise _nothing_to_score(task, data, prepared)
    return prepared, starts


def _nothing_to_score(task: Task, data: FoldData, prepared: Prepared) -> TooShortError:
    """Why a fold has no window all of whose targets were observed."""
    rows = data.splits.rows("test", data.panel.n_rows)
    return no_window(task.config, data.panel, "test", rows, prepared.observed)


def _facts_of_fit(fitted: _Fitted) -> dict[str, Any]:
    dataset, trained = fitted.dataset, fitted.trained
    histories = trained.histories
    return {
        "fitted": fitted.number,
        "windows": {split: dataset.n_windows[split] for split in ("train", "validation")},
        # Like the forecast, the median over the members.
        "epochs": median_low(len(history.rows) for history in histories),
        "best_epoch": median_low(history.best_epoch for history in histories),
        "seconds_fit": sum(history.seconds for history in histories),
        "history": [[asdict(row) for row in history.rows] for history in histories],
        "scales": training_scales(dataset.prepared, dataset.splits).to_json(),
        "parameters": int(sum(weight.size for weight in trained.weights.values())),
        "fingerprint": {
            "preparation": _digest(json.dumps(dataset.preparation.to_json()).encode()),
            "weights": _digest(*(trained.weights[name] for name in sorted(trained.weights))),
        },
    }


def _own_warnings(fold: Fold, fitted: _Fitted) -> list[str]:
    """Those of the fit that are not of the whole data; once, with the fold it was fitted for."""
    if fold.number != fitted.number:
        return []
    return [text for text in fitted.warnings if text not in fitted.dataset.panel.warnings]


def _digest(*parts: bytes | np.ndarray) -> str:
    """SHA-256 of bytes, or of the values of arrays."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
