"""What the forecasts and their errors show: an echo of the last value, autocorrelated residuals.

A forecast that repeats the last value looks excellent in a plot beside the actuals and is worth
nothing: that is the commonest way in which an LSTM deceives its owner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.forecasts import WindowForecasts

_MAX_STEPS = 6
_EXTRA_LAGS = 10
_MAX_WINDOWS = 20_000
_MIN_PAIRS = 20
# Below this correlation the movements of the forecast are mostly its own.
_MIN_CORRELATION = 0.5
# What rounding to float32 inside the network may cost.
_TIE = 1e-6


@dataclass(frozen=True)
class Echo:
    """Whether the forecast echoes the last observed value.

    Attributes:
        is_echo: Whether most steps of some target do.
        text: A warning for the reader, None where there is no echo.
        target: The target that echoes most clearly, or did the most.
        steps: How many of its steps were looked at.
        echoing: How many of these echo.
        mase: Mean absolute error over those steps, divided by that of the naive forecast at the
            same steps from the same origins; None where there was too little to look at.
    """

    is_echo: bool
    text: str | None
    target: str | None = None
    steps: int = 0
    echoing: int = 0
    mase: float | None = None


@dataclass(frozen=True)
class _Rows:
    """One target of a split laid out by row rather than by window, NaN where nothing is known.

    Attributes:
        series: int32 `(n,)`, -1 where no window has a target.
        actual: float64 `(n,)`, in units of its series' mean absolute change from row to row, so
            that large series do not drown the small.
        forecasts: For each step looked at (from 1), float64 `(n,)`, the forecast for each row, in
            the same units.
    """

    series: NDArray[np.int32]
    actual: FloatArray
    forecasts: dict[int, FloatArray]


def echo_check(forecasts: WindowForecasts, *, lead: int = 0) -> Echo:
    """Look for a forecast that is the last observed value, shifted.

    A step `h` echoes where the cross-correlation of its forecast with the actuals shifted by
    k = 0, 1, … rows peaks at k = `lead + h`, the distance to the origin, and its MASE is 1 or more.
    The correlation is that of first differences: the levels of a trending series correlate at
    every shift. The scale of this MASE is the naive forecast's error over the same distance, on the
    same windows: against an in-sample seasonal scale a perfect echo of an hourly series would score
    far below 1. A target echoes where more than half of the steps looked at do, so that the one
    step at which a season ends does not decide. At most six steps, evenly spread, and the last
    20,000 windows are looked at.

    Args:
        forecasts: Of one split, its windows at every row (stride 1).
        lead: Steps skipped between the origin and the first target.
    """
    if not forecasts.n_windows:
        return Echo(is_echo=False, text=None)
    found = [_of_target(forecasts, target, lead) for target in range(len(forecasts.targets))]
    return max(found, key=lambda echo: (echo.is_echo, echo.echoing / max(echo.steps, 1)))


def _of_target(forecasts: WindowForecasts, target: int, lead: int) -> Echo:
    rows = _by_row(forecasts, target)
    looked_at, echoing, ratios = 0, 0, []
    for step, forecast in rows.forecasts.items():
        distance = lead + step
        mase = _mase_to_naive(rows, forecast, distance)
        correlations = _correlations(rows, forecast, distance + _EXTRA_LAGS)
        if mase is None or np.isnan(correlations[distance]):
            continue
        looked_at += 1
        ratios.append(mase)
        at_peak = correlations[distance] >= np.nanmax(correlations) - _TIE
        echoing += bool(at_peak and correlations[distance] >= _MIN_CORRELATION and mase >= 1 - _TIE)
    name = forecasts.targets[target]
    is_echo = echoing * 2 > looked_at
    mase = float(np.mean(ratios)) if ratios else None
    text = _warning(name, echoing, looked_at, mase) if is_echo and mase is not None else None
    return Echo(is_echo, text, name, looked_at, echoing, mase)


def _warning(target: str, echoing: int, looked_at: int, mase: float) -> str:
    where = "it" if looked_at == 1 else f"at {echoing} of the {looked_at} steps looked at it"
    return (
        f"The forecast of {target} only echoes the last observed value: {where} follows the actual "
        f"values late by exactly the distance to the origin, and its error is {mase:.2f} times "
        "that of repeating the last value. Use the naive forecast, or give the model what moves "
        "ahead of the target: covariates, calendar features, a longer `window.lookback`."
    )


def _by_row(forecasts: WindowForecasts, target: int) -> _Rows:
    horizon, kept = forecasts.horizon, slice(-_MAX_WINDOWS, None)
    starts = forecasts.starts[kept] - forecasts.starts[kept][0]
    y_true, y_pred = (y[kept][:, :, target] for y in (forecasts.y_true, forecasts.y_pred))
    n_rows = int(starts[-1]) + horizon
    series, actual = np.full(n_rows, -1, dtype=np.int32), np.full(n_rows, np.nan)
    for step in range(horizon):
        series[starts + step] = forecasts.series[kept]
        actual[starts + step] = y_true[:, step]
    unit = _mean_change(series, actual)
    steps = np.unique(np.linspace(1, horizon, min(horizon, _MAX_STEPS)).round().astype(int))
    predicted = {}
    for step in steps.tolist():
        predicted[step] = np.full(n_rows, np.nan)
        predicted[step][starts + step - 1] = y_pred[:, step - 1]
        predicted[step] /= unit
    return _Rows(series, actual / unit, predicted)


def _mean_change(series: NDArray[np.int32], actual: FloatArray) -> FloatArray:
    """For each row the mean absolute change of its series; NaN where that is zero or unknown."""
    changes = np.abs(actual - _shifted(actual, 1, series))
    known = np.isfinite(changes)
    n_series = int(series.max()) + 1
    total = np.bincount(series[known], changes[known], minlength=n_series)
    count = np.bincount(series[known], minlength=n_series)
    mean = np.where(total > 0, total / np.maximum(count, 1), np.nan)
    return np.where(series >= 0, mean[series], np.nan)


def _mase_to_naive(rows: _Rows, forecast: FloatArray, distance: int) -> float | None:
    """Mean absolute error over that of the value `distance` rows earlier, where both are known."""
    origin = _shifted(rows.actual, distance, rows.series)
    known = np.isfinite(forecast) & np.isfinite(rows.actual) & np.isfinite(origin)
    if known.sum() < _MIN_PAIRS:
        return None
    naive = np.abs(origin - rows.actual)[known].mean()
    return float(np.abs(forecast - rows.actual)[known].mean() / naive) if naive > 0 else None


def _correlations(rows: _Rows, forecast: FloatArray, largest: int) -> FloatArray:
    """Correlation of the forecast's changes with the actual's `k` rows earlier, k = 0 … largest."""
    moves = forecast - _shifted(forecast, 1, rows.series)
    actual_moves = rows.actual - _shifted(rows.actual, 1, rows.series)
    shifted = (_shifted(actual_moves, lag, rows.series) for lag in range(largest + 1))
    return np.array([_correlation(moves, earlier) for earlier in shifted])


def _shifted(values: FloatArray, lag: int, series: NDArray[np.int32]) -> FloatArray:
    """The values `lag` rows earlier in the same series, NaN where there is none."""
    earlier = np.full(len(values), np.nan)
    n = len(values) - lag
    if n > 0:
        same = series[lag:] == series[:n]
        earlier[lag:] = np.where(same, values[:n], np.nan)
    return earlier


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Pearson's, over the pairs that are known; NaN for too few or for a constant."""
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < _MIN_PAIRS:
        return np.nan
    x, y = a[known] - a[known].mean(), b[known] - b[known].mean()
    norm = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / norm) if norm > 0 else np.nan


def residual_acf(residuals: FloatArray, n_lags: int) -> FloatArray:
    """Autocorrelation of residuals at lags 0 to `n_lags`.

    r_k = Σ (e_t - ē)(e_(t+k) - ē) / Σ (e_t - ē)² (Box, Jenkins, Reinsel & Ljung 2015, section
    2.1.5). A missing residual adds nothing to either sum.

    Args:
        residuals: float64 `(n,)`, in order of time, of one step of one series.
        n_lags: The largest lag.

    Returns:
        float64 `(n_lags + 1,)`; NaN where the residuals are constant, and from lag `n` on.
    """
    acf = np.full(n_lags + 1, np.nan)
    observed = residuals[np.isfinite(residuals)]
    if not len(observed) or observed.max() == observed.min():
        return acf
    centred = np.where(np.isfinite(residuals), residuals - observed.mean(), 0.0)
    total, n = centred @ centred, len(centred)
    for lag in range(min(n_lags + 1, n)):
        acf[lag] = centred[lag:] @ centred[: n - lag] / total
    return acf


def acf_band(n: int) -> float:
    """Half-width of the 95 % band of `residual_acf` for white noise, 1.96/√n."""
    return 1.96 / math.sqrt(n)
