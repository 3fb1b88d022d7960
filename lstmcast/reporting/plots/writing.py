"""All plots of a run, into files."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from lstmcast.reporting.catalogue import class_plots_left_out, plots_left_out
from lstmcast.reporting.contents import ClassContents, Contents
from lstmcast.reporting.origins import Origins
from lstmcast.reporting.plots.acf import plot_residual_acf
from lstmcast.reporting.plots.calibration import plot_pit, plot_reliability
from lstmcast.reporting.plots.classes import plot_class_reliability, plot_confusion
from lstmcast.reporting.plots.error_by_step import plot_error_by_step
from lstmcast.reporting.plots.forecast import plot_forecast
from lstmcast.reporting.plots.loss import plot_loss
from lstmcast.reporting.plots.origins import plot_origins
from lstmcast.reporting.plots.residuals import (
    plot_residual_histogram,
    plot_residuals_over_time,
    plot_residuals_vs_predicted,
)
from lstmcast.reporting.plots.style import styled

# Of PNG files: a tenth larger than at the usual 6, in a third of the time.
_COMPRESSION = 3

_PLOTTERS: dict[str, Callable[[Contents], Figure]] = {
    "loss": plot_loss,
    "forecast": plot_forecast,
    "error_by_step": plot_error_by_step,
    "reliability": plot_reliability,
    "pit": plot_pit,
    "residual_histogram": plot_residual_histogram,
    "residuals_vs_predicted": plot_residuals_vs_predicted,
    "residuals_over_time": plot_residuals_over_time,
    "residual_acf": plot_residual_acf,
}

_CLASS_PLOTTERS: dict[str, Callable[[ClassContents], Figure]] = {
    "loss": plot_loss,
    "confusion": plot_confusion,
    "reliability": plot_class_reliability,
}


def write_plots(contents: Contents, directory: Path) -> list[Path]:
    """Write each plot as `<name>.png` (150 dpi) and `<name>.svg`.

    The same contents give the same SVG, byte for byte. A plot that the run has no data for is left
    out; `catalogue.plots_left_out` says which and why.

    Args:
        contents: What to show.
        directory: Where to; made if it is not there.

    Returns:
        The files written.
    """
    left_out = plots_left_out(contents)
    plots = {name: plot for name, plot in _PLOTTERS.items() if name not in left_out}
    return _save_all({name: partial(plot, contents) for name, plot in plots.items()}, directory)


def write_class_plots(contents: ClassContents, directory: Path) -> list[Path]:
    """Write the plots of a classification, as `write_plots` does.

    Args:
        contents: What to show.
        directory: Where to; made if it is not there.

    Returns:
        The files written.
    """
    left_out = class_plots_left_out(contents)
    plots = {name: plot for name, plot in _CLASS_PLOTTERS.items() if name not in left_out}
    return _save_all({name: partial(plot, contents) for name, plot in plots.items()}, directory)


def write_backtest_plots(contents: Contents, origins: Origins, directory: Path) -> list[Path]:
    """Write the plots of a backtest as `write_plots` does: its origins, errors and forecasts.

    Args:
        contents: The forecasts of all folds, as if of one test split.
        origins: The rows of each fold.
        directory: Where to; made if it is not there.

    Returns:
        The files written.
    """
    plots = {name: partial(_PLOTTERS[name], contents) for name in ("error_by_step", "forecast")}
    return _save_all({"origins": partial(plot_origins, origins), **plots}, directory)


def _save_all(plots: Mapping[str, Callable[[], Figure]], directory: Path) -> list[Path]:
    """Draw each plot and write it, one figure in memory at a time."""
    directory.mkdir(parents=True, exist_ok=True)
    return [path for name, plot in plots.items() for path in save(plot(), directory / name)]


@styled
def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as `<stem>.png` and `<stem>.svg`."""
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    with warnings.catch_warnings():
        # A column name in a script that the font lacks: shown as boxes, no reason to complain.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        # Between two of its units it has no interval that keeps to the ticks asked for: some more.
        warnings.filterwarnings("ignore", message="AutoDateLocator was unable")
        figure.set_dpi(rcParams["savefig.dpi"])
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
        # `savefig` would draw the figure twice for each file, first without ink for the layout.
        figure.set_layout_engine("none")
        # Matplotlib's stubs leave both out.
        png_canvas: Any = FigureCanvasAgg(figure)
        png_canvas.print_png(png, pil_kwargs={"compress_level": _COMPRESSION})
        svg_canvas: Any = FigureCanvasSVG(figure)
        svg_canvas.print_svg(svg, metadata={"Date": None})
    return [png, svg]
