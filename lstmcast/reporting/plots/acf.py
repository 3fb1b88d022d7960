"""Autocorrelation of the first step's errors."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.diagnostics import acf_band, residual_acf
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.plots import style
from lstmcast.reporting.plots.panels import name_hidden_targets, shown_targets
from lstmcast.reporting.wording import shorten, step_length

_MAX_LAGS = 60


@style.styled
def plot_residual_acf(contents: Contents) -> Figure:
    """ACF of the step-1 errors of the series with most windows, a panel for each target."""
    test = contents.test
    targets = shown_targets(test)
    series = int(np.bincount(test.series).argmax())
    of_series = f" of {shorten(test.series_names[series])}" if len(test.series_names) > 1 else ""
    figure, panels = style.panel_grid(
        f"Autocorrelation of the step-1 errors{of_series}", len(targets)
    )
    for axes, target in zip(panels, targets, strict=True):
        _draw(axes, _first_step_errors(test, series, target), test.targets[target])
        axes.set_xlabel(f"lag (1 step = {step_length(contents.freq)})")
    name_hidden_targets(figure, test)
    return figure


def _first_step_errors(test: WindowForecasts, series: int, target: int) -> FloatArray:
    """Step-1 errors of one series by row, NaN at an origin that has no window."""
    windows = np.flatnonzero(test.series == series)
    rows = test.starts[windows] - test.starts[windows[0]]
    errors = np.full(int(rows[-1]) + 1, np.nan)
    errors[rows] = test.y_pred[windows, 0, target] - test.y_true[windows][:, 0, target]
    return errors


def _draw(axes: Axes, errors: FloatArray, target: str) -> None:
    n = int(np.isfinite(errors).sum())
    lags = np.arange(1, min(n // 4, _MAX_LAGS) + 1)
    acf, band = residual_acf(errors, len(lags))[1:], acf_band(n)
    outside = np.abs(acf) > band
    axes.axhspan(-band, band, color=style.BAND, alpha=0.2, lw=0, label="95 % band of white noise")
    axes.axhline(0, color=style.MUTED, lw=0.8)
    for chosen, color in ((outside, style.VALIDATION), (~outside, style.MODEL)):
        axes.vlines(lags[chosen], 0, acf[chosen], color=color, lw=2)
        axes.plot(lags[chosen], acf[chosen], "o", color=color, ms=4)
    if np.isfinite(acf).any():
        said = f"{outside.sum()} of {len(lags)} lags outside the band"
    else:
        said = "the errors are constant"
    axes.set_title(f"{shorten(target, style.LABEL_LENGTH)}: {said}")
    reach = max(0.3, 1.15 * float(np.nanmax(np.abs(np.append(acf, band)))))
    axes.set_ylim(-reach, reach)
    axes.set_ylabel("autocorrelation")
    axes.legend(loc="upper right")
    style.whole_number_axis(axes)
