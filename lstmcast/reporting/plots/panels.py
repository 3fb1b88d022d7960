"""Which targets get a panel of their own."""

from __future__ import annotations

from matplotlib.figure import Figure

from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import listing


def shown_targets(forecasts: WindowForecasts) -> range:
    """Indices of the targets drawn."""
    return range(min(len(forecasts.targets), style.MAX_PANELS))


def pooled_series(forecasts: WindowForecasts) -> str:
    """The end of a title where a panel shows several series at once."""
    n_series = len(forecasts.series_names)
    return f", {n_series:,} series together" if n_series > 1 else ""


def name_hidden_targets(figure: Figure, forecasts: WindowForecasts) -> None:
    """Say under the panels which targets are not drawn."""
    hidden = forecasts.targets[style.MAX_PANELS :]
    if hidden:
        style.note_below(figure, f"Not shown: {listing(hidden)}")
