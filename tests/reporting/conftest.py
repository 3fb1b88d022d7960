"""Finished runs made up for the plots and the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.intervals import GRID, score_intervals
from lstmcast.evaluation.scoring import score_split
from lstmcast.reporting.contents import Actuals, Contents, Fit

METRICS = ("mse", "rmse", "mae", "r2", "smape", "mase")
_SECONDS = {"h": 3600, "15min": 900, "D": 86400, "W-SAT": 7 * 86400}


@dataclass(frozen=True)
class Epoch:
    epoch: int
    loss: float
    val_loss: float | None
    learning_rate: float


def history(n_epochs: int = 30, *, validated: bool = True) -> tuple[Epoch, ...]:
    """Falling losses, the validation loss rising again; the learning rate halves twice."""
    noise = np.random.default_rng(3).normal(0, 0.01, n_epochs)
    return tuple(
        Epoch(
            i + 1,
            0.03 + 0.9 * 0.85**i,
            0.06 + 0.8 * 0.86**i + 0.002 * max(0, i - 20) + abs(noise[i]) if validated else None,
            1e-3 * 0.5 ** (i // 12),
        )
        for i in range(n_epochs)
    )


def _actual(n_rows: int, season: int, level: float, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(n_rows)
    wander = np.convolve(rng.normal(0, 1, n_rows), 0.8 ** np.arange(20))[:n_rows]
    return level * (1 + 0.2 * np.sin(2 * np.pi * t / season) + 0.0002 * t) + 0.03 * level * wander


def make_forecasts(
    *,
    freq: str = "h",
    horizon: int = 24,
    n_windows: int = 300,
    series: tuple[str, ...] = ("",),
    targets: tuple[str, ...] = ("load",),
    levels: tuple[float, ...] = (),
    season: int = 24,
) -> tuple[WindowForecasts, Actuals]:
    """Test forecasts of each series, their errors growing by step, and the actuals behind them."""
    rng = np.random.default_rng(1)
    before = max(200, 4 * horizon)
    n_rows = before + n_windows + horizon - 1 if n_windows else before
    step = np.timedelta64(_SECONDS[freq] * 1_000_000, "us")
    times = np.datetime64("2023-03-01T00:00", "us") + step * np.arange(n_rows)
    values = np.stack(
        [
            np.stack([_actual(n_rows, season, 50 * 4.0**t, rng) for t in range(len(targets))], 1)
            for _ in series
        ]
    )
    origin = before - 1 + np.arange(n_windows)
    ahead = origin[:, None] + 1 + np.arange(horizon)
    y_true = values[:, ahead].reshape(-1, horizon, len(targets))
    growth = 0.3 + 0.7 * np.arange(1, horizon + 1)[:, None] / horizon  # [horizon, 1]
    spread = 0.05 * np.abs(values).mean(axis=(0, 1)) * growth  # [horizon, n_targets]
    wrong = 0.7 * rng.normal(0.1, 1, (len(y_true), 1, 1)) + 0.2 * rng.normal(0, 1, y_true.shape)
    y_pred = y_true + spread * wrong
    offsets = np.array(
        [np.quantile(rng.normal(0, 1, 1000), level) for level in levels], dtype=np.float64
    )
    seasons = -(-np.arange(1, horizon + 1) // season) * season
    forecasts = WindowForecasts(
        split="test",
        starts=np.concatenate([i * n_rows + np.arange(n_windows) for i in range(len(series))]),
        series=np.repeat(np.arange(len(series), dtype=np.int32), n_windows),
        origin_times=np.tile(times[origin], len(series)),
        times=np.tile(times[ahead], (len(series), 1)),
        y_true=y_true,
        y_pred=y_pred,
        quantiles=y_pred[..., None] + spread[..., None] * offsets if levels else None,
        levels=levels,
        baselines={
            "naive": np.repeat(values[:, origin, None].reshape(-1, 1, len(targets)), horizon, 1),
            "seasonal_naive": values[:, ahead - seasons].reshape(y_true.shape),
        },
        targets=targets,
        series_names=series,
    )
    actuals = Actuals(
        times=np.tile(times, len(series)),
        values=values.reshape(-1, len(targets)),
        offsets=np.arange(len(series) + 1) * n_rows,
    )
    return forecasts, actuals


def make_intervals(test: WindowForecasts) -> dict[str, Any]:
    """What `metrics.json` holds of intervals: too narrow as calibrated, right while they learn."""
    errors = test.y_true[:] - test.y_pred
    size = np.maximum(errors.std(axis=0, keepdims=True), 1e-6)

    def scores(levels: tuple[float, ...], factor: float) -> dict[str, Any]:
        shifts = errors.mean() + factor * size[..., None] * norm.ppf(levels)
        quantiles = test.y_pred[..., None] + shifts
        return score_intervals(test.y_true, quantiles, levels, n_windows=test.n_windows)

    return {
        "windows": 300,
        "asked": [0.8, 0.95],
        "rate": 0.02,
        "static": scores(tuple(sorted((0.025, *GRID, 0.975))), 0.7),
        "adaptive": scores((0.025, 0.1, 0.9, 0.975), 1.0),
        "difference": {"size": 1.4, "gap": 0.1},
    }


def make_contents(
    *, freq: str = "h", changes: dict[str, Any] | None = None, **shape: Any
) -> Contents:
    """A finished run; `shape` as in `make_forecasts`, `changes` replace fields of the contents."""
    test, actuals = make_forecasts(freq=freq, **shape)
    scale = np.full((len(test.series_names), len(test.targets)), 5.0)
    scores = score_split(test, METRICS, scale)
    fields: dict[str, Any] = {
        "name": "demand",
        "run_id": "demand-20230401T120000Z-1a2b3c",
        "created": "2023-04-01 12:00:00 UTC",
        "config_text": "name: demand\nwindow:\n  lookback: 48\n",
        "freq": freq,
        "summary": {"Rows": "17,520", "Backend": "tensorflow", "Seed": "7"},
        "verdicts": ("On the test split the model beats the best baseline, seasonal naive.",),
        "warnings": (),
        "fits": (Fit(history(), 21),),
        "test": test,
        "scores": {"train": scores, "validation": scores, "test": scores},
        "metrics_scaled": {"test": {"mse": 0.2345, "mae": 0.345}},
        "actuals": actuals,
        "intervals": make_intervals(test) if test.n_windows else None,
    }
    return Contents(**{**fields, **(changes or {})})


@pytest.fixture
def contents_of() -> Callable[..., Contents]:
    """`make_contents`, for tests that vary the shape."""
    return make_contents


@pytest.fixture
def contents() -> Contents:
    """Hourly, 24 steps, one series, one target."""
    return make_contents()
