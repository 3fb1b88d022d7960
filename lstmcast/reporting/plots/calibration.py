"""Whether intervals hold what they promise: reliability, and the histogram of the PIT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.interval_verdict import asked_intervals
from lstmcast.evaluation.intervals import GRID
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import step_length

_COLORS = {"static": style.MODEL, "adaptive": style.VALIDATION}
# Values from which a bar of the histogram is told from chance at most one time in twenty.
_SIGMAS = 1.96


@style.styled
def plot_reliability(contents: Contents) -> Figure:
    """Observed against nominal coverage; at each step too, where there are several."""
    measured = contents.intervals or {}
    several = contents.test.horizon > 1
    figure, panels = style.panel_grid(
        "Share of the actual values inside the intervals, test period", 2 if several else 1
    )
    _draw_reliability(panels[0], measured)
    if several:
        _draw_steps(panels[1], measured, contents.freq)
    return figure


def _draw_reliability(axes: Axes, measured: Mapping[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color=style.MUTED, lw=0.9, ls=":", label="as promised")
    intervals = measured["static"]["intervals"]
    nominal, observed = ([each[name] for each in intervals] for name in ("level", "coverage"))
    axes.plot(nominal, observed, marker="o", ms=4, color=_COLORS["static"], label="as calibrated")
    if measured["adaptive"] is not None:
        learning = list(asked_intervals(measured["adaptive"], measured["asked"]))
        axes.plot(
            [each["level"] for each in learning],
            [each["coverage"] for each in learning],
            marker="D",
            ms=6,
            ls="none",
            zorder=3,
            color=_COLORS["adaptive"],
            label="learning",
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("nominal coverage")
    axes.set_ylabel("observed coverage")
    axes.set_title("all steps together")
    axes.legend(loc="upper left")


def _draw_steps(axes: Axes, measured: Mapping[str, Any], freq: str) -> None:
    """The coverage of the asked intervals at each step."""
    lowest = 1.0
    for how, color in _COLORS.items():
        if measured[how] is None:
            continue
        for each in asked_intervals(measured[how], measured["asked"]):
            coverage = each["by_step"]["coverage"]
            lowest = min(lowest, each["level"], *coverage)
            axes.axhline(each["level"], color=style.MUTED, lw=0.9, ls=":")
            steps = np.arange(1, len(coverage) + 1)
            marker = "o" if len(coverage) <= 30 else None
            axes.plot(steps, coverage, marker=marker, ms=3, lw=1.4, color=color)
            axes.annotate(
                f"{100 * each['level']:g} %",
                (steps[-1], coverage[-1]),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=color,
            )
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(max(0.0, lowest - 0.05), 1.01)
    shares = " and ".join(f"{100 * share:g} %" for share in measured["asked"])
    axes.set_title(f"by step: intervals of {shares}")
    axes.set_xlabel(f"step (1 step = {step_length(freq)})")
    style.whole_number_axis(axes)


@style.styled
def plot_pit(contents: Contents) -> Figure:
    """How actual values fall between the calibrated quantiles: evenly, where these are right."""
    measured = contents.intervals or {}
    shares = _between(measured["static"])
    figure, (axes,) = style.panel_grid("Where the actual values fall among the quantiles", 1)
    width = 1 / len(shares)
    n_values = contents.test.n_windows * len(contents.test.targets)
    chance = _SIGMAS * np.sqrt(width * (1 - width) / n_values)
    axes.axhspan(
        max(0.0, width - chance),
        width + chance,
        color=style.BAND,
        alpha=0.3,
        lw=0,
        label="95 % of bars, were windows independent",
    )
    axes.bar(
        (np.arange(len(shares)) + 0.5) * width,
        shares,
        width=0.92 * width,
        color=style.MODEL,
        zorder=2,
    )
    axes.axhline(width, color=style.MUTED, lw=0.9, ls=":", zorder=3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.2 * max(shares.max(), width + chance))
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("quantile level")
    axes.set_ylabel("share of the actual values")
    axes.set_title("probability integral transform, all steps together")
    axes.legend(loc="upper center")
    return figure


def _between(scores: Mapping[str, Any]) -> FloatArray:
    """Shares of the actual values between consecutive levels of the grid."""
    below = dict(zip(scores["levels"], scores["below"], strict=True))
    return np.diff([0.0, *(below[level] for level in GRID), 1.0])
