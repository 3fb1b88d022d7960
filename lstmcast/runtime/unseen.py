"""The windows of new data that training has neither learned from nor been chosen by."""

from __future__ import annotations

import numpy as np

from lstmcast.data.cleaned import rows_of
from lstmcast.data.cleaning import check_complete
from lstmcast.data.panel import IntArray, Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.times.zones import spoken_time
from lstmcast.data.windows import window_starts
from lstmcast.errors import TooShortError


def unseen_windows(panel: Panel, preparation: Preparation) -> tuple[Prepared, IntArray]:
    """The rows of new data, made ready, and the windows whose targets training has not seen.

    Args:
        panel: The data, of the run's schema.
        preparation: What was fitted.

    Returns:
        The rows, and the starts of the windows, int64 `(n_windows,)`, one or more.

    Raises:
        DataError: If values are missing and the config has no strategy for them.
        TooShortError: If there is no such window.
    """
    if preparation.config.data.missing.strategy == "error":
        check_complete(panel)
    prepared = prepare(panel, preparation)
    starts = window_starts(
        prepared.observed,
        preparation.config.window,
        offsets=panel.offsets,
        bounds=unseen_rows(panel, preparation),
    )
    if not len(starts):
        raise _nothing_unseen(panel, preparation)
    return prepared, starts


def unseen_rows(panel: Panel, preparation: Preparation) -> IntArray:
    """Rows of each series after the validation period, int64 `(n_series, 2)`."""
    rows = rows_of(panel, preparation.cuts)
    seen = np.add.reduceat((rows.side < 2).astype(np.int64), panel.offsets[:-1])
    new = ~np.isin(panel.series, preparation.cuts.series)
    return np.stack([panel.offsets[:-1] + np.where(new, 0, seen), panel.offsets[1:]], axis=1)


def _nothing_unseen(panel: Panel, preparation: Preparation) -> TooShortError:
    """That there is no window after the validation period, and what one needs."""
    window = preparation.config.window
    tz = panel.schema.tz
    last = spoken_time(panel.times.max(), tz)
    cut = spoken_time(preparation.cuts.times[:, 1].max(), tz)
    return TooShortError(
        f"no window to measure: the data run to {last}, the targets of a window are "
        f"{window.horizon} rows after the validation period, which ended before {cut}, all of them "
        f"known, and its inputs the {window.lookback} rows before. Give later data, with the "
        "history before them."
    )
