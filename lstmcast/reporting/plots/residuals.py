"""The errors of the test period: how they are distributed, and what they depend on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.plots import style
from lstmcast.reporting.plots.panels import name_hidden_targets, pooled_series, shown_targets
from lstmcast.reporting.wording import format_number, shorten

_MAX_POINTS = 300_000
_MAX_SCATTER = 3_000
_MIN_FOR_CLIPPING = 1_000
_MAX_BARS = 60
_POINTS_PER_BIN = 40
_MAX_BINS = 40


@dataclass(frozen=True)
class _Errors:
    """The errors of one target, each step of each drawn window a point, in order of time.

    Attributes:
        target: Its name, fit for a label.
        times: datetime64[us] `(n,)`.
        predicted: float64 `(n,)`.
        errors: float64 `(n,)`, prediction - actual.
        limits: The range of errors worth drawing.
    """

    target: str
    times: NDArray[np.datetime64]
    predicted: FloatArray
    errors: FloatArray
    limits: tuple[float, float]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which points lie within the limits, bool `(n,)`."""
        return (self.errors >= self.limits[0]) & (self.errors <= self.limits[1])


@style.styled
def plot_residual_histogram(contents: Contents) -> Figure:
    """Histogram of the errors, a panel for each target."""
    return _by_target(contents, "Distribution of the errors (prediction − actual)", _histogram)


@style.styled
def plot_residuals_vs_predicted(contents: Contents) -> Figure:
    """Errors against the forecast: points, or density where there are many."""
    return _by_target(contents, "Errors by size of the forecast", _against_predicted)


@style.styled
def plot_residuals_over_time(contents: Contents) -> Figure:
    """Errors against the time forecast: their median and outer deciles in bins of time."""
    return _by_target(contents, "Errors over the test period", _over_time)


def _by_target(contents: Contents, title: str, draw: Callable[[Axes, _Errors], None]) -> Figure:
    test = contents.test
    targets = shown_targets(test)
    figure, panels = style.panel_grid(title + pooled_series(test), len(targets))
    windows = _drawn_windows(test)
    for axes, target in zip(panels, targets, strict=True):
        draw(axes, _errors_of(test, windows, target))
    name_hidden_targets(figure, test)
    return figure


def _drawn_windows(test: WindowForecasts) -> IntArray:
    """All windows, or a sample: at random, since every n-th might always be the same hour."""
    most = max(1, _MAX_POINTS // test.horizon)
    if test.n_windows <= most:
        return np.arange(test.n_windows)
    chosen = np.random.default_rng(0).choice(test.n_windows, most, replace=False)
    return np.sort(chosen)


def _errors_of(test: WindowForecasts, windows: IntArray, target: int) -> _Errors:
    times = test.times[windows].ravel()
    order = np.argsort(times, kind="stable")
    predicted = test.y_pred[windows, :, target].ravel()[order]
    errors = predicted - test.y_true[windows][:, :, target].ravel()[order]
    name = shorten(test.targets[target], style.LABEL_LENGTH)
    return _Errors(name, times[order], predicted, errors, _limits(errors))


def _limits(errors: FloatArray) -> tuple[float, float]:
    """The range without the outermost 0.1 % at each end, so that one outlier hides nothing."""
    tail = 0.001 if len(errors) >= _MIN_FOR_CLIPPING else 0.0
    low, high = np.quantile(errors, [tail, 1 - tail])
    room = 0.05 * (high - low) or 0.5 * abs(high) or 1.0
    return float(min(low, 0.0) - room), float(max(high, 0.0) + room)


def _histogram(axes: Axes, found: _Errors) -> None:
    n_bins = int(np.clip(2 * np.cbrt(len(found.errors)), 5, _MAX_BARS))
    axes.hist(found.errors, bins=n_bins, range=found.limits, color=style.BAND, ec="white", lw=0.5)
    mean = float(found.errors.mean())
    low, high = np.quantile(found.errors, [0.05, 0.95])
    axes.axvline(0, color=style.ACTUAL, lw=1)
    axes.axvline(mean, color=style.VALIDATION, lw=1.5, ls="--", label=f"mean {_short(mean)}")
    axes.set_title(f"{found.target}: 90 % between {_short(low)} and {_short(high)}")
    axes.set_xlabel(f"error of {found.target}")
    axes.set_ylabel("forecast steps")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper right")


def _against_predicted(axes: Axes, found: _Errors) -> None:
    inside = found.inside
    x, y = found.predicted[inside], found.errors[inside]
    if len(x) <= _MAX_SCATTER:
        _scatter(axes, x, y)
        reading = "a point for each step forecast"
    else:
        # Squares as an image: a tenth of the bytes of as many vector cells in an SVG.
        axes.hist2d(
            x, y, bins=(60, 40), cmin=1, norm="log", cmap="Blues", alpha=0.75, rasterized=True
        )
        reading = "darker where more steps fall"
    _draw_spread(axes, found.predicted, found.errors)
    axes.axhline(0, color=style.ACTUAL, lw=1)
    axes.set_ylim(found.limits)
    axes.set_title(f"{found.target}: {reading}")
    axes.set_xlabel(f"forecast of {found.target}")
    axes.set_ylabel("error")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best")


def _over_time(axes: Axes, found: _Errors) -> None:
    inside = found.inside
    thin = slice(None, None, max(1, -(-int(inside.sum()) // _MAX_SCATTER)))
    _scatter(axes, found.times[inside][thin], found.errors[inside][thin])
    _draw_spread(axes, found.times, found.errors)
    axes.axhline(0, color=style.ACTUAL, lw=1)
    axes.set_ylim(found.limits)
    first, second = (_short(float(half.mean())) for half in np.array_split(found.errors, 2))
    axes.set_title(f"{found.target}: mean {first} in the first half, {second} in the second")
    axes.set_ylabel("error")
    style.date_axis(axes, most_ticks=8)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", ncols=2)


def _scatter(axes: Axes, x: NDArray[np.generic], y: FloatArray) -> None:
    """Faint points, kept as an image in an SVG where there are many."""
    alpha = float(np.clip(8 / np.sqrt(len(x) + 1), 0.15, 0.8))
    many = len(x) > 500
    axes.scatter(x, y, s=9 if many else 18, color=style.MODEL, alpha=alpha, lw=0, rasterized=many)


def _draw_spread(axes: Axes, x: NDArray[np.generic], errors: FloatArray) -> None:
    """Median and outer deciles of the errors in bins of equally many points along `x`."""
    n_bins = min(len(errors) // _POINTS_PER_BIN, _MAX_BINS)
    if n_bins < 4:
        return
    order = np.argsort(x, kind="stable")
    bins = np.array_split(order, n_bins)
    centres = np.array([x[np.asarray(points)[len(points) // 2]] for points in bins])
    low, middle, high = np.array(
        [np.quantile(errors[points], [0.1, 0.5, 0.9]) for points in bins]
    ).T
    for edge, label in ((low, "10 % and 90 %"), (high, None)):
        axes.plot(centres, edge, color=style.VALIDATION, lw=1.2, ls=(0, (4, 2)), label=label)
    axes.plot(centres, middle, color=style.VALIDATION, lw=1.6, label="median")


def _short(value: float) -> str:
    return format_number(value, digits=3).replace("-", "−")
