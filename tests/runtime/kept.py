"""Directories of runs and backtests with forecasts that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lstmcast.config.loading import dump_config
from lstmcast.runtime import bundle as files
from lstmcast.runtime.run_writer import RunWriter
from tests.runtime.fakes import FACTS, MEASURED, config_of

START = np.datetime64("2024-01-01", "us")
DAY = np.timedelta64(1, "D").astype("timedelta64[us]")


def actual_of(rows: np.ndarray, series: int = 0) -> np.ndarray:
    """What came true at some rows of a series."""
    return 10 + 3 * np.sin(rows / 5) + series


def write_kept(
    runs_dir: Path,
    run_id: str,
    *,
    origins: range = range(20, 80),
    horizon: int = 3,
    lead: int = 0,
    error: Any = 1.0,
    series: tuple[str, ...] = ("a",),
    targets: tuple[str, ...] = ("y",),
    kind: str = "run",
    arrays: dict[str, np.ndarray] | None = None,
    metrics: dict[str, Any] | None = None,
    **settings: Any,
) -> Path:
    """A directory whose forecasts are the actual values plus an error.

    Args:
        runs_dir: Where to.
        run_id: Its name.
        origins: Days of the origins, of each series.
        horizon: Steps of a window.
        lead: Steps before the first.
        error: Added to the actual values, anything that broadcasts to `(W, H, T)`.
        series: Ids of the series.
        targets: Names of the targets.
        kind: `run` or `backtest`.
        arrays: More arrays, or others in place of those made here; None leaves one out.
        metrics: More of `metrics.json`.
        settings: Sections of the config.
    """
    days = np.tile(np.array(origins), len(series))
    which = np.repeat(np.arange(len(series), dtype=np.int32), len(origins))
    rows = days[:, None] + lead + 1 + np.arange(horizon)
    y_true = np.repeat(actual_of(rows, which[:, None])[..., None], len(targets), axis=-1)
    made = {
        "targets": np.array(targets),
        "series_names": np.array(series),
        "levels": np.array([], dtype=np.float64),
        "starts": (days + 1000 * which).astype(np.int64),
        "series": which,
        "origin_times": START + days * DAY,
        "y_true": y_true,
        "y_pred": y_true + error,
        "baseline_naive": np.broadcast_to(y_true[:, :1] + 2.0, y_true.shape),
        **(arrays or {}),
    }
    config = config_of(
        data={"target": targets[0] if len(targets) == 1 else list(targets)},
        window={"lookback": 4, "horizon": horizon, "lead": lead},
        **settings,
    )
    writer = RunWriter(runs_dir, run_id)
    writer.text(files.CONFIG, dump_config(config))
    scales = {"series": list(series), "mase": [[2.0] * len(targets)] * len(series)}
    folds = {"folds": [], "over_folds": {}} if kind == "backtest" else {}
    writer.json(files.METRICS, {**MEASURED, **folds, "scales": scales, **(metrics or {})})
    present = ((name, values) for name, values in made.items() if values is not None)
    writer.arrays(files.FORECASTS, present)
    manifest = {**FACTS, "name": config.name}
    if kind == "backtest":
        writer.text("folds.csv", "fold\n")
        return writer.finish({**manifest, "kind": kind})
    writer.json(files.PREPARATION, {})
    writer.weights({"w": np.ones(2, dtype=np.float32)})
    return writer.finish(manifest)
