"""Forecasts beside what came true, from several origins of the test period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import count, listing, shorten

_MAX_ROWS = 4
_COLUMNS = 3
_ORIGINS_OF_A_SINGLE_SERIES = 6
_MIN_HISTORY = 24
_ONE_STEP_WINDOWS = 200

Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class _Subject:
    """One target of one series.

    Attributes:
        series: Its index.
        target: Its index.
        label: What the axis says of it.
        windows: int64, indices of the windows of that series.
    """

    series: int
    target: int
    label: str
    windows: IntArray


@style.styled
def plot_forecast(contents: Contents) -> Figure:
    """Forecast, actual, quantile band and the seasonal naive forecast.

    A row of panels for each series and target (the first few; the rest are named below), a panel
    for each of several evenly spaced origins. A single series gets two rows of them. With a
    horizon of one step, the last windows follow one another in one panel a row.
    """
    subjects = _subjects(contents.test)
    shown = subjects[:_MAX_ROWS]
    if contents.test.horizon == 1:
        figure = _plot_one_step(contents, shown)
    else:
        figure = _plot_origins(contents, shown)
    if len(subjects) > len(shown):
        names = [subject.label.replace("\n", " ") for subject in subjects[len(shown) :]]
        style.note_below(figure, f"Not shown: {listing(names)}")
    return figure


def _subjects(test: WindowForecasts) -> list[_Subject]:
    several = len(test.series_names) > 1
    return [
        _Subject(
            series,
            target,
            f"{shorten(test.series_names[series], 22)}\n{shorten(name, 22)}"
            if several
            else shorten(name, style.LABEL_LENGTH),
            np.flatnonzero(test.series == series),
        )
        for series in np.unique(test.series).tolist()
        for target, name in enumerate(test.targets)
    ]


def _plot_origins(contents: Contents, subjects: Sequence[_Subject]) -> Figure:
    horizon = contents.test.horizon
    n_subjects, n_windows = len(subjects), [len(subject.windows) for subject in subjects]
    single = n_subjects == 1
    wanted = _ORIGINS_OF_A_SINGLE_SERIES if single else _COLUMNS
    rows = [_evenly_spaced(subject.windows, wanted) for subject in subjects]
    if single:
        rows = [rows[0][i : i + _COLUMNS] for i in range(0, len(rows[0]), _COLUMNS)]
        subjects = [subjects[0]] * len(rows)
    n_columns = max(map(len, rows))
    figure = style.headed_figure(
        _origins_title(horizon, sum(map(len, rows)) // n_subjects, max(n_windows)),
        width=max(8.5, 3.8 * n_columns),
        height=1.2 + 2.5 * max(len(rows), 1.4),
    )
    grid = figure.subplots(len(rows), n_columns, squeeze=False)
    for panels, subject, windows in zip(grid, subjects, rows, strict=True):
        for axes, window in zip(panels, windows[:, None], strict=False):
            _draw_origin(axes, contents, subject, window)
        for unused in panels[len(windows) :]:
            unused.remove()
        panels[0].set_ylabel(subject.label)
    style.legend_below_heading(figure, grid[0, 0])
    return figure


def _origins_title(horizon: int, drawn: int, n_windows: int) -> str:
    steps = count(horizon, "step")
    if n_windows == 1:
        return f"Forecast of {steps} from the only origin of the test period"
    return f"Forecasts of {steps} from {drawn} of {n_windows:,} origins of the test period"


def _evenly_spaced(windows: IntArray, wanted: int) -> IntArray:
    chosen = np.linspace(0, len(windows) - 1, min(wanted, len(windows))).round()
    return np.asarray(windows[chosen.astype(np.int64)])


def _draw_origin(axes: Axes, contents: Contents, subject: _Subject, window: IntArray) -> None:
    test = contents.test
    (times,), (origin,) = test.times[window], test.origin_times[window]
    history = max(_MIN_HISTORY, 2 * len(times)) * (times[1] - times[0])
    seen, actual = _actual_between(contents, subject, origin - history, times[-1])
    axes.plot(seen, actual, color=style.ACTUAL, lw=1.2, label="actual")
    axes.axvline(origin, color=style.MUTED, lw=0.9, ls=":")
    _draw_forecast(axes, test, subject, times, window)
    axes.set_title(f"from {_moment(origin)}", fontsize=9.5)
    style.date_axis(axes, most_ticks=5)


def _plot_one_step(contents: Contents, subjects: Sequence[_Subject]) -> Figure:
    test = contents.test
    n_windows = max(len(subject.windows) for subject in subjects)
    drawn = min(n_windows, _ONE_STEP_WINDOWS)
    which = f"the last {drawn} of " if drawn < n_windows else ""
    figure = style.headed_figure(
        f"One-step forecasts: {which}{count(n_windows, 'step')} of the test period",
        width=11,
        height=1.4 + 2.4 * max(len(subjects), 1.3),
    )
    grid = figure.subplots(len(subjects), 1, squeeze=False)
    for axes, subject in zip(grid[:, 0], subjects, strict=True):
        windows = subject.windows[-_ONE_STEP_WINDOWS:]
        times = test.times[windows][:, 0]
        history = max(0, _MIN_HISTORY - len(windows)) * (times[0] - test.origin_times[windows[0]])
        seen, actual = _actual_between(contents, subject, times[0] - history, times[-1])
        marker = "o" if len(windows) < 40 else None
        axes.plot(seen, actual, color=style.ACTUAL, lw=1.2, marker=marker, ms=3, label="actual")
        _draw_forecast(axes, test, subject, times, windows)
        axes.set_ylabel(subject.label)
        style.date_axis(axes, most_ticks=9)
    style.legend_below_heading(figure, grid[0, 0])
    return figure


def _draw_forecast(
    axes: Axes,
    test: WindowForecasts,
    subject: _Subject,
    times: Times,
    windows: IntArray,
) -> None:
    """Draw the forecasts of some windows, their steps one after the other at `times`."""
    _draw_baseline(axes, test, subject, times, windows)
    if test.quantiles is not None:
        quantiles = test.quantiles[windows][:, :, subject.target]
        _draw_bands(axes, times, quantiles.reshape(len(times), -1), test.levels)
    axes.plot(
        times,
        test.y_pred[windows][..., subject.target].ravel(),
        color=style.MODEL,
        lw=1.9,
        marker="o" if len(times) < 13 else None,
        ms=3.5,
        label="forecast",
        zorder=3,
    )


def _draw_baseline(
    axes: Axes, test: WindowForecasts, subject: _Subject, times: Times, windows: IntArray
) -> None:
    """Draw the seasonal naive forecast, or the naive one where there is no other."""
    name = next((name for name in ("seasonal_naive", "naive") if name in test.baselines), None)
    if name is None:
        return
    axes.plot(
        times,
        test.baselines[name][windows][..., subject.target].ravel(),
        color=style.BASELINE_COLORS[name],
        lw=1.1,
        ls=(0, (3, 2)),
        alpha=0.85,
        label=name.replace("_", " "),
    )


def _draw_bands(axes: Axes, times: Times, quantiles: FloatArray, levels: tuple[float, ...]) -> None:
    """The intervals between outer levels, `quantiles` float64 `(n, Q)`; at most two."""
    for low in range(min(2, len(levels) // 2)):
        high = len(levels) - 1 - low
        label = _band_label(levels[low], levels[high])
        axes.fill_between(
            times,
            quantiles[:, low],
            quantiles[:, high],
            color=style.BAND,
            alpha=0.25 + 0.3 * low,
            lw=0,
            label=label,
        )


def _band_label(low: float, high: float) -> str:
    """The share between two levels that lie alike around the median, else the levels."""
    if abs(low + high - 1) < 1e-9:
        return f"{100 * (high - low):g} % interval"
    return f"{100 * low:g}–{100 * high:g} % quantiles"


def _actual_between(
    contents: Contents, subject: _Subject, first: np.datetime64, last: np.datetime64
) -> tuple[Times, FloatArray]:
    """Times and values of what was observed from `first` to `last`."""
    known = contents.actuals
    series = known.of_series(subject.series)
    times, values = known.times[series], known.values[series, subject.target]
    begin, end = np.searchsorted(times, first), np.searchsorted(times, last, side="right")
    return times[begin:end], values[begin:end]


def _moment(time: np.datetime64) -> str:
    """Date, and the time of day where it is not midnight."""
    text = str(time.astype("datetime64[m]")).replace("T", " ")
    return text.removesuffix(" 00:00")
