"""Series of a panel that are too short: named, and left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstmcast.config.schema import Window
from lstmcast.data.panel import Panel, head, listing
from lstmcast.data.windows import BoolArray


def without_short_series(panel: Panel, window: Window) -> Panel:
    """The panel without the series that are shorter than one window, and with a warning of them.

    Where all are, the panel is as it was: what is wrong then is said with the arithmetic.

    Args:
        panel: As it was read.
        window: Its `lookback`, `lead` and `horizon` count rows.
    """
    needed = window.lookback + window.lead + window.horizon
    lengths = np.diff(panel.offsets)
    long = lengths >= needed
    if long.all() or not long.any():
        return panel
    arithmetic = f"lookback {window.lookback} + horizon {window.horizon}"
    if window.lead:
        arithmetic = f"lookback {window.lookback} + lead {window.lead} + horizon {window.horizon}"
    text = (
        f"{left_out(panel, ~long)} left out: a window needs {needed} rows ({arithmetic}), they "
        f"have at most {lengths[~long].max()}"
    )
    return replace(kept_series(panel, long), warnings=(*panel.warnings, text))


def kept_series(panel: Panel, keep: BoolArray) -> Panel:
    """The panel with some of its series, bool `(n_series,)`, at least one."""
    return head(panel, np.where(keep, np.diff(panel.offsets), 0))


def left_out(panel: Panel, short: BoolArray) -> str:
    """How many series are too short, and the names of the first."""
    names = [name for name, is_short in zip(panel.series, short, strict=True) if is_short]
    what = "series is" if len(names) == 1 else "series are"
    return f"{len(names):,} {what} too short ({listing(names)}) and"
