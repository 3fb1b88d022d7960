"""A builder of a split's forecasts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.forecasts import WindowForecasts


def build_forecasts(
    y_true: FloatArray,
    y_pred: FloatArray,
    *,
    starts: np.ndarray | None = None,
    series: np.ndarray | None = None,
    baselines: dict[str, FloatArray] | None = None,
    quantiles: FloatArray | None = None,
    levels: tuple[float, ...] = (),
) -> WindowForecasts:
    n_windows, horizon, n_targets = y_true.shape
    series = np.zeros(n_windows, dtype=np.int32) if series is None else series
    starts = np.arange(n_windows) if starts is None else starts
    return WindowForecasts(
        split="test",
        starts=starts,
        series=series,
        origin_times=starts.astype("datetime64[us]"),
        times=(starts[:, None] + 1 + np.arange(horizon)).astype("datetime64[us]"),
        y_true=y_true,
        y_pred=y_pred,
        quantiles=quantiles,
        levels=levels,
        baselines=baselines or {},
        targets=tuple(f"y{i}" for i in range(n_targets)),
        series_names=tuple(f"s{i}" for i in range(int(series.max(initial=0)) + 1)),
    )


@pytest.fixture
def make_forecasts() -> Callable[..., WindowForecasts]:
    return build_forecasts
