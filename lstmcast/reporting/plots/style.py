"""How every plot looks: one style, one palette, one grid of panels."""

from __future__ import annotations

from typing import Any, cast

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 150,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "figure.titlesize": 12.5,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.titleweight": "bold",
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlecolor": "#333333",
    "axes.labelsize": 10,
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    # No frame, but a veil over what lies below.
    "legend.edgecolor": "none",
    "legend.facecolor": "white",
    "legend.framealpha": 0.8,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.7,
    "lines.solid_capstyle": "round",
    # A column may be called "$y_1$": names are shown as they are.
    "text.parse_math": False,
    "text.usetex": False,
    # The same ids in every process, so that the same run gives the same file.
    "svg.hashsalt": "lstmcast",
    "svg.fonttype": "path",
}

# Decorates what draws or saves, so that the process-wide settings stay as they are. The cast is for
# matplotlib's stubs, which from 3.11 on list every key.
styled = rc_context(cast(Any, STYLE))

# Okabe & Ito (2008), Color Universal Design: told apart with every common colour blindness.
ACTUAL = "#222222"
MODEL = "#0072B2"
BAND = "#56B4E9"
VALIDATION = "#D55E00"
MUTED = "#777777"
BASELINE_COLORS = {
    "naive": "#E69F00",
    "seasonal_naive": "#CC79A7",
    "drift": "#009E73",
    "auto_ets": "#D55E00",
    "theta": "#56B4E9",
    "auto_arima": "#7A5230",
}

MAX_PANELS = 4
# Characters of a name that fit beside or above one of several panels.
LABEL_LENGTH = 24
_HEADING_INCHES = 0.3


def headed_figure(title: str, *, width: float, height: float) -> Figure:
    """An empty figure with a heading at its left; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.012, ha="left")
    return figure


def panel_grid(title: str, n_panels: int) -> tuple[Figure, list[Axes]]:
    """A figure with one panel, or with up to `MAX_PANELS` in two columns."""
    if n_panels == 1:
        figure = headed_figure(title, width=8.5, height=4.4)
        return figure, [figure.subplots()]
    n_rows = -(-n_panels // 2)
    figure = headed_figure(title, width=11, height=0.6 + 3.2 * n_rows)
    axes = list(figure.subplots(n_rows, 2, squeeze=False).flat)
    for unused in axes[n_panels:]:
        unused.remove()
    return figure, axes[:n_panels]


def legend_below_heading(figure: Figure, axes: Axes) -> None:
    """A legend for all panels, under the heading; that gets an empty line to make room for it."""
    handles, labels = axes.get_legend_handles_labels()
    below_heading = 1 - _HEADING_INCHES / figure.get_figheight()
    figure.suptitle(f"{figure.get_suptitle()}\n ", x=0.012, ha="left")
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.0, below_heading),
        ncols=len(labels),
    )


def note_below(figure: Figure, text: str) -> None:
    """A remark in small print under all panels."""
    figure.supxlabel(text, x=0.012, ha="left", fontsize=8.5, color=MUTED)


def date_axis(axes: Axes, *, most_ticks: int) -> None:
    """Dates along x, the common part said once."""
    locator = AutoDateLocator(minticks=3, maxticks=most_ticks)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def whole_number_axis(axes: Axes) -> None:
    """Whole numbers from 1 on along x: epochs, steps, lags; to be called when all is drawn."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(left=max(0.5, axes.get_xlim()[0]))


def log_y_axis(axes: Axes) -> None:
    """A logarithmic y axis with plain numbers, since mathematical text is off."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
