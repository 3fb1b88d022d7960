"""The plots of a search: the objective over the trials, what the trials had, what mattered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lstmcast.reporting.plots import style
from lstmcast.reporting.plots.writing import save
from lstmcast.reporting.tables import metric_label
from lstmcast.reporting.wording import format_number, shorten

# A search whose worst trial is so many times the median would be a line with one dot above it.
_FAR = 3.0


@dataclass(frozen=True)
class Axis:
    """A searched field.

    Attributes:
        name: Its dotted path.
        positions: Where each trial lies, 0 to 1; below 0 where the field did not count.
        marks: What stands along the axis, evenly, from its lower end to its upper.
    """

    name: str
    positions: tuple[float, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class SearchContents:
    """What the plots show.

    Attributes:
        name: Of the experiment.
        objective: The metric that was searched by.
        numbers: Of the trials; 0 is the config as it was.
        scores: The objective of each; None where it has none.
        statuses: `completed`, `pruned` or `failed`.
        best: Number of the best trial.
        axes: The fields.
        importance: The share of each field; empty where it is not known.
    """

    name: str
    objective: str
    numbers: tuple[int, ...]
    scores: tuple[float | None, ...]
    statuses: tuple[str, ...]
    best: int
    axes: tuple[Axis, ...]
    importance: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """The objective for a reader."""
        return f"validation {metric_label(self.objective)}"


def write_search_plots(contents: SearchContents, directory: Path) -> list[Path]:
    """Write each plot as `<name>.png` and `<name>.svg`; importance only where it is known."""
    directory.mkdir(parents=True, exist_ok=True)
    plotters: dict[str, Callable[[SearchContents], Figure]] = {
        "objective": plot_objective,
        "parallel_coordinates": plot_parallel_coordinates,
    }
    if contents.importance:
        plotters["importance"] = plot_importance
    return [
        path for name, plot in plotters.items() for path in save(plot(contents), directory / name)
    ]


@style.styled
def plot_objective(contents: SearchContents) -> Figure:
    """The objective of each trial, and the best so far."""
    figure = style.headed_figure(f"Search of {contents.name}", width=8.5, height=4.4)
    axes = figure.subplots()
    numbers = np.array(contents.numbers)
    scores = np.array([np.nan if s is None else s for s in contents.scores], dtype=float)
    running = np.fmax if contents.objective == "r2" else np.fmin
    axes.step(
        numbers, running.accumulate(scores), where="post", color=style.MODEL, label="best so far"
    )
    axes.plot(numbers, scores, "o", ms=5, color=style.BAND, label="completed", zorder=3)
    if contents.scores[0] is not None:
        axes.axhline(
            contents.scores[0], color=style.MUTED, ls=(0, (4, 3)), label="config as it was"
        )
    _focus(axes, scores)
    _mark_unscored(axes, contents)
    best = scores[contents.numbers.index(contents.best)]
    axes.plot([contents.best], [best], "o", ms=8, color=style.VALIDATION, label="best", zorder=4)
    axes.set_title(f"best: {format_number(best)} in trial {contents.best}")
    axes.set_xlabel("trial")
    axes.set_ylabel(contents.label)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _focus(axes: Axes, scores: np.ndarray) -> None:
    """Let a few very bad trials leave the picture rather than flatten it."""
    known = scores[np.isfinite(scores)]
    middle, spread = np.median(known), np.median(np.abs(known - np.median(known)))
    reach = _FAR * 3 * spread
    if spread > 0 and known.max() > middle + reach:
        axes.set_ylim(top=middle + reach)
    if spread > 0 and known.min() < middle - reach and known.min() < 0:
        axes.set_ylim(bottom=middle - reach)


def _mark_unscored(axes: Axes, contents: SearchContents) -> None:
    """Crosses at the upper edge for trials without a score."""
    marks = {
        "pruned": ("v", style.MUTED, "ended early"),
        "failed": ("x", style.VALIDATION, "failed"),
    }
    for status, (marker, colour, label) in marks.items():
        numbers = [
            n for n, s in zip(contents.numbers, contents.statuses, strict=True) if s == status
        ]
        if numbers:
            heights = np.full(len(numbers), 0.98)
            transform = axes.get_xaxis_transform()
            axes.plot(numbers, heights, marker, color=colour, transform=transform, label=label)


@style.styled
def plot_parallel_coordinates(contents: SearchContents) -> Figure:
    """A line for each completed trial through its values, darker where it is better."""
    done = [i for i, score in enumerate(contents.scores) if score is not None]
    scores = np.array([contents.scores[i] for i in done], dtype=float)
    rank = scores.argsort().argsort() / max(len(scores) - 1, 1)  # 0 is the lowest
    worth = rank if contents.objective == "r2" else 1 - rank
    n_axes = len(contents.axes) + 1
    title = f"Search of {contents.name}: what the trials had"
    figure = style.headed_figure(title, width=max(8.5, 1.7 * n_axes), height=4.8)
    axes = figure.subplots()
    low, spread = scores.min(), np.ptp(scores) or 1.0
    for order in worth.argsort():
        trial = done[order]
        line = [axis.positions[trial] for axis in contents.axes]
        line.append((scores[order] - low) / spread)
        best = contents.numbers[trial] == contents.best
        colour = style.VALIDATION if best else colormaps["Blues"](0.25 + 0.65 * worth[order])
        axes.plot(range(n_axes), line, color=colour, lw=2.4 if best else 1.1, alpha=0.9)
    _draw_axes(axes, contents, (low, low + spread))
    axes.set_title("darker is better, the best in orange; below the axis: the field did not count")
    return figure


def _draw_axes(axes: Axes, contents: SearchContents, ends: tuple[float, float]) -> None:
    marks = [*(axis.marks for axis in contents.axes), tuple(format_number(end) for end in ends)]
    names = [*(axis.name for axis in contents.axes), contents.label]
    for x, texts in enumerate(marks):
        axes.axvline(x, color=style.MUTED, lw=0.8, zorder=1)
        for i, text in enumerate(texts):
            height = i / max(len(texts) - 1, 1)
            axes.annotate(
                f" {shorten(text, 16)}",
                (x, height),
                fontsize=8.5,
                va="center",
                color="#333333",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.6},
            )
    axes.set_xticks(range(len(names)), [name.replace(".", ".\n", 1) for name in names])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)


@style.styled
def plot_importance(contents: SearchContents) -> Figure:
    """A bar for each field: its share of what the fields explain of the objective."""
    title = f"Search of {contents.name}: what mattered"
    height = 1.6 + 0.42 * len(contents.importance)
    figure = style.headed_figure(title, width=8.5, height=height)
    axes = figure.subplots()
    names, shares = zip(*contents.importance, strict=True)
    bars = axes.barh(names, shares, height=0.6, color=style.MODEL)
    axes.bar_label(bars, labels=[f"{share:.0%}" for share in shares], padding=4, fontsize=9.5)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    completed = sum(score is not None for score in contents.scores)
    axes.set_xlabel(f"share of what the fields explain of the {contents.label}, {completed} trials")
    return figure
