"""The difference of two forecasts' losses by step, with its intervals."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from lstmcast.evaluation.comparison import Decision, PairDifference
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import shorten


@dataclass(frozen=True)
class DrawnPair:
    """A panel of the plot.

    Attributes:
        first: Name of the one forecast.
        second: Of the other.
        difference: Their losses.
        decision: At which steps one is surely better.
    """

    first: str
    second: str
    difference: PairDifference
    decision: Decision


@style.styled
def draw_differences(
    pairs: Sequence[DrawnPair], *, steps: Sequence[int], measure: str, form: str
) -> bytes:
    """Draw the difference by step of each pair, those beyond the first four left out.

    Args:
        pairs: One panel each.
        steps: Number of each step.
        measure: What the mean loss is called.
        form: `png`, `svg` or `pdf`.

    Returns:
        The content of the file.
    """
    shown = pairs[: style.MAX_PANELS]
    title = f"Difference of {measure} by step; below zero the first is better"
    figure, panels = style.panel_grid(title, len(shown))
    for axes, pair in zip(panels, shown, strict=True):
        _draw(axes, pair, steps)
        axes.set_xlabel("step")
        axes.set_ylabel(measure)
    panels[0].legend(loc="best")
    if len(pairs) > len(shown):
        rest = ", ".join(shorten(pair.second) for pair in pairs[len(shown) :])
        style.note_below(figure, f"Not shown: {rest}.")
    content = io.BytesIO()
    with warnings.catch_warnings():
        # A name in a script that the font lacks: shown as boxes, no reason to complain.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(content, format=form)
    return content.getvalue()


def _draw(axes: Axes, pair: DrawnPair, steps: Sequence[int]) -> None:
    numbers = np.array(steps)
    sizes = np.array([step.size for step in pair.difference.steps])
    ends = [step.interval for step in pair.difference.steps]
    low, high = np.array([end if end is not None else (np.nan, np.nan) for end in ends]).T
    axes.axhline(0, color=style.ACTUAL, lw=0.9)
    if len(numbers) == 1:
        axes.errorbar(numbers, sizes, [sizes - low, high - sizes], color=style.BAND, capsize=5)
    else:
        axes.fill_between(
            numbers,
            low,
            high,
            color=style.BAND,
            alpha=0.3,
            lw=0,
            label="interval of each step alone",
        )
        axes.plot(numbers, sizes, color=style.MODEL)
    sure = np.zeros(len(numbers), dtype=bool)
    sure[[*pair.decision.first_at, *pair.decision.second_at]] = True
    for some, face, label in (
        (sure, style.MODEL, "surely different"),
        (~sure, "white", "not told apart"),
    ):
        axes.plot(numbers[some], sizes[some], "o", ms=5, c=style.MODEL, mfc=face, label=label)
    first, second = (shorten(name, style.LABEL_LENGTH) for name in (pair.first, pair.second))
    axes.set_title(f"{first} − {second}")
    style.whole_number_axis(axes)
