"""Values beside the interval that they were expected in, anomalies marked."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray
from lstmcast.data.windows import BoolArray
from lstmcast.reporting.plots import style


@dataclass(frozen=True)
class DrawnValues:
    """One panel of the plot: a target of a series, NaN where nothing was judged.

    Attributes:
        label: What its axis says.
        times: datetime64[us] `(N,)`.
        actual: float64 `(N,)`.
        prediction: float64 `(N,)`.
        lower: float64 `(N,)`.
        upper: float64 `(N,)`.
        anomaly: bool `(N,)`.
    """

    label: str
    times: NDArray[np.datetime64]
    actual: FloatArray
    prediction: FloatArray
    lower: FloatArray
    upper: FloatArray
    anomaly: BoolArray


@style.styled
def draw_anomalies(panels: Sequence[DrawnValues], *, title: str, note: str, form: str) -> bytes:
    """Draw what was judged.

    Args:
        panels: One or more.
        title: The heading.
        note: A remark below; may be empty.
        form: `png`, `svg` or `pdf`.

    Returns:
        The content of the file.
    """
    figure = style.headed_figure(title, width=11, height=1.4 + 2.4 * max(len(panels), 1.4))
    grid = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, panel in zip(grid, panels, strict=True):
        _draw(axes, panel)
    # A panel without anomalies lacks their mark.
    fullest = max(range(len(panels)), key=lambda i: panels[i].anomaly.any())
    style.legend_below_heading(figure, grid[fullest])
    if note:
        style.note_below(figure, note)
    content = io.BytesIO()
    with warnings.catch_warnings():
        # A name in a script that the font lacks: shown as boxes, no reason to complain.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        # Between two of its units it has no interval that keeps to the ticks asked for: some more.
        warnings.filterwarnings("ignore", message="AutoDateLocator was unable")
        figure.savefig(content, format=form)
    return content.getvalue()


def _draw(axes: Axes, panel: DrawnValues) -> None:
    axes.fill_between(
        panel.times,
        panel.lower,
        panel.upper,
        color=style.BAND,
        alpha=0.35,
        lw=0,
        label="no anomaly",
    )
    axes.plot(panel.times, panel.prediction, color=style.MODEL, lw=1.0, label="forecast")
    axes.plot(panel.times, panel.actual, color=style.ACTUAL, lw=1.0, label="actual")
    if panel.anomaly.any():
        axes.plot(
            panel.times[panel.anomaly],
            panel.actual[panel.anomaly],
            "o",
            ms=5.5,
            color=style.VALIDATION,
            mec="white",
            mew=0.6,
            label="anomaly",
            zorder=4,
        )
    axes.set_ylabel(panel.label)
    style.date_axis(axes, most_ticks=9)
