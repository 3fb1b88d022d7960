"""Which classes are taken for which, and whether their probabilities hold."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmcast.evaluation.class_metrics import N_BINS, Bins, reliability
from lstmcast.reporting.contents import ClassContents
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import shorten

# Of more classes the numbers in the cells could not be read.
_NUMBERED = 12
# And of more than these no name beside the matrix.
_NAMED = 40


@style.styled
def plot_confusion(contents: ClassContents) -> Figure:
    """How often each class that came true was named each class, by share of its row."""
    test = contents.test
    counts = np.array(contents.scores["test"]["model"]["confusion"], dtype=np.int64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = float(np.clip(2.5 + 0.45 * len(counts), 4.2, 11))
    title = "What came true, and what was forecast"
    figure = style.headed_figure(title, width=size + 1.2, height=size)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of what came true")
    axes.grid(visible=False)
    axes.set_xlabel("forecast")
    axes.set_ylabel("came true")
    _name_classes(axes, test.classes)
    if len(counts) <= _NUMBERED:
        _write_counts(axes, counts, shares)
    return figure


def _name_classes(axes: Axes, classes: tuple[str, ...]) -> None:
    if len(classes) > _NAMED:
        return
    names = [shorten(name, style.LABEL_LENGTH) for name in classes]
    upright = 0 if sum(map(len, names)) < 40 else 90
    axes.set_xticks(range(len(names)), names, rotation=upright)
    axes.set_yticks(range(len(names)), names)


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    for (row, column), number in np.ndenumerate(counts):
        color = "white" if shares[row, column] > 0.55 else style.ACTUAL
        axes.text(column, row, f"{number:,}", ha="center", va="center", color=color, fontsize=9)


@style.styled
def plot_class_reliability(contents: ClassContents) -> Figure:
    """How often the class that was forecast came true, by its probability."""
    test = contents.test
    n_classes = len(test.classes)
    bins = reliability(test.y_true.ravel(), test.probabilities.reshape(-1, n_classes))
    title = "Do the probabilities hold?"
    figure = style.headed_figure(title, width=6.4, height=6.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    _draw_reliability(above, bins)
    edges = np.arange(N_BINS) / N_BINS
    below.bar(edges, bins.counts, width=1 / N_BINS, align="edge", color=style.BAND, ec="white")
    below.set_ylabel("forecasts")
    below.set_xlabel("probability of the class that was forecast")
    return figure


def _draw_reliability(axes: Axes, bins: Bins) -> None:
    known = bins.counts > 0
    axes.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls="--", label="as it should be")
    axes.plot(bins.said[known], bins.came[known], "o-", color=style.MODEL, label="model")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("share that came true")
    axes.legend(loc="upper left")
