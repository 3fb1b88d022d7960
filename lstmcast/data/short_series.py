"""Series of a panel that are too short: named and left out, or padded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstmcast.config.schema import Data, Window
from lstmcast.data.panel import Panel, head, listing
from lstmcast.data.times.grid import past_times
from lstmcast.data.windows import BoolArray


def with_usable_series(panel: Panel, data: Data, window: Window) -> Panel:
    """The panel without the series that are too short for a window, and with a warning of them.

    With `short_series: pad` only those are left out that lack rows for the targets of a window and
    one row before; see `padded`. Where all are too short, the panel is as it was: what is wrong
    then is said with the arithmetic.

    Args:
        panel: As it was read.
        data: Its `short_series`.
        window: Its `lookback`, `lead` and `horizon` count rows.
    """
    pads = data.short_series == "pad"
    first = ("1 known row", 1) if pads else (f"lookback {window.lookback}", window.lookback)
    needed = first[1] + window.lead + window.horizon
    lengths = np.diff(panel.offsets)
    long = lengths >= needed
    if not long.any():
        return panel
    if not long.all():
        lead = f" + lead {window.lead}" if window.lead else ""
        text = (
            f"{left_out(panel, ~long)} left out: a window needs {needed} rows ({first[0]}{lead} + "
            f"horizon {window.horizon}), they have at most {lengths[~long].max()}"
        )
        panel = replace(kept_series(panel, long), warnings=(*panel.warnings, text))
    return padded(panel, window) if pads else panel


def padded(panel: Panel, window: Window) -> Panel:
    """The panel with rows without values before each series that is shorter than a window.

    They are `lookback - 1`, so that a window may begin with them and know one row.
    """
    lengths = np.diff(panel.offsets)
    short = lengths < window.lookback + window.lead + window.horizon
    n_new = np.where(short, window.lookback - 1, 0)
    if not n_new.any():
        return panel
    offsets = np.concatenate([[0], np.cumsum(lengths + n_new)])
    old = np.arange(panel.n_rows) + np.cumsum(n_new)[panel.series_of_row]
    times = np.empty(offsets[-1], dtype="datetime64[us]")
    times[old] = panel.times
    schema = panel.schema
    for i in np.flatnonzero(n_new):
        begin = panel.times[panel.offsets[i]]
        before = past_times(begin, int(n_new[i]), freq=schema.freq, tz=schema.tz)
        times[offsets[i] : offsets[i] + n_new[i]] = before
    values = np.full((offsets[-1], panel.values.shape[1]), np.nan)
    values[old] = panel.values
    codes = np.full((offsets[-1], panel.codes.shape[1]), -1, dtype=np.int32)
    codes[old] = panel.codes
    origin = panel.origin and panel.origin.spread(old, int(offsets[-1]))
    return replace(panel, times=times, values=values, codes=codes, offsets=offsets, origin=origin)


def kept_series(panel: Panel, keep: BoolArray) -> Panel:
    """The panel with some of its series, bool `(n_series,)`, at least one."""
    return head(panel, np.where(keep, np.diff(panel.offsets), 0))


def left_out(panel: Panel, short: BoolArray) -> str:
    """How many series are too short, and the names of the first."""
    names = [name for name, is_short in zip(panel.series, short, strict=True) if is_short]
    what = "series is" if len(names) == 1 else "series are"
    return f"{len(names):,} {what} too short ({listing(names)}) and"
