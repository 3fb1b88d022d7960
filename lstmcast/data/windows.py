"""Windows as row numbers: which rows may start one, and gathering a batch of them.

A window is the row of its first step. Its inputs are rows `start … start + lookback - 1`, its
origin is the last of these, and its targets are the `horizon` rows that follow after `lead` more.
Memory is O(rows + windows): nothing is copied until a batch is gathered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Window
from lstmcast.data.panel import IntArray

Float32Array = NDArray[np.float32]
Int32Array = NDArray[np.int32]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ClassTargets:
    """What the class of a target step is told by.

    Attributes:
        values: float32, `(n_rows, 1)`: the class of each row; of a direction the target, in the
            user's units, by how much it is above the first of its series.
        threshold: How far a target must be from that at the origin, beyond `flat`; None where
            `values` are classes.
        weights: How much each class counts in the loss; empty where all count alike.
    """

    values: Float32Array
    threshold: float | None = None
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class WindowArrays:
    """What batches are gathered from: the prepared rows of all series, end to end.

    Attributes:
        past: float32, `(n_rows, n_past)`, what is known up to the origin; the targets come first,
            in network units.
        future: float32, `(n_rows, n_future)`, what is known over the horizon too.
        static: float32, `(n_series, n_static)`.
        past_codes: int32, `(n_rows, n)`, ids of embedded categories, 0 is "unknown".
        future_codes: int32, `(n_rows, n)`, those known over the horizon.
        static_codes: int32, `(n_series, n)`.
        series_of_row: int32, `(n_rows,)`.
        n_targets: Number of targets.
        observed: float32, `(n_rows, n_targets)`, 1 where a target may be learnt from, 0 where it is
            missing; None where windows hold observed targets alone.
        classes: What classes are told by; None where numbers are forecast.
    """

    past: Float32Array
    future: Float32Array
    static: Float32Array
    past_codes: Int32Array
    future_codes: Int32Array
    static_codes: Int32Array
    series_of_row: Int32Array
    n_targets: int
    observed: Float32Array | None = None
    classes: ClassTargets | None = None

    @property
    def targets(self) -> Float32Array:
        """The targets in network units, float32 `(n_rows, n_targets)`, a view."""
        return self.past[:, : self.n_targets]


@dataclass(frozen=True)
class Usable:
    """Which rows may stand where in a window.

    Attributes:
        inputs: bool, `(n_rows,)`: every past input is there.
        ahead: bool, `(n_rows,)`: every future input is there.
        targets: bool, `(n_rows,)`: every target was observed; with `partly`, any of them was.
        partly: Whether one row with a target is enough for a window, not only all of them.
        origins: bool, `(n_rows,)`: may be the last step of the inputs; None where every row may.
    """

    inputs: BoolArray
    ahead: BoolArray
    targets: BoolArray
    partly: bool = False
    origins: BoolArray | None = None


@dataclass(frozen=True)
class Starts:
    """The windows to fit on and to validate on, by the row of their first step.

    Attributes:
        train: int64, `(n_train,)`, at least one.
        validation: int64, `(n_validation,)`, maybe none.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]


def window_starts(
    usable: Usable, window: Window, *, offsets: IntArray, bounds: IntArray, stride: int = 1
) -> IntArray:
    """Rows at which a window may start.

    No window crosses from one series into the next, reads a row whose inputs are missing, or has a
    target that was not observed (with `usable.partly`: has not one that was); all its targets lie
    inside `bounds`, its inputs may reach back.

    Args:
        usable: Which rows may be inputs and targets.
        window: Its `lookback`, `horizon` and `lead` count rows.
        offsets: int64, `(n_series + 1,)`, where each series begins.
        bounds: int64, `(n_series, 2)`, the rows (of the whole panel) from and before which the
            targets of each series must lie.
        stride: Keep every `stride`-th possible start of each series, counted from its first.

    Returns:
        int64, `(n_windows,)`, ascending; empty where there is none.
    """
    n_rows = len(usable.inputs)
    reach = window.lookback + window.lead
    n_starts = n_rows - reach - window.horizon + 1
    if n_starts <= 0:
        return np.empty(0, dtype=np.int64)
    starts = np.arange(n_starts, dtype=np.int64)
    lengths = np.diff(offsets)
    first, last = (np.repeat(bounds[:, i], lengths)[:n_starts] for i in (0, 1))
    inside = (starts + reach >= first) & (starts + reach + window.horizon <= last)
    targets = _any_true if usable.partly else _all_true
    valid = (
        inside
        & _all_true(usable.inputs, starts, window.lookback)
        & _all_true(usable.ahead, starts + reach, window.horizon)
        & targets(usable.targets, starts + reach, window.horizon)
    )
    if usable.origins is not None:
        valid &= usable.origins[starts + window.lookback - 1]
    found = starts[valid]
    if stride == 1 or not len(found):
        return found
    series = np.repeat(np.arange(len(lengths)), lengths)[found]
    firsts = found[np.searchsorted(series, series, side="left")]
    kept: IntArray = found[(found - firsts) % stride == 0]
    return kept


def _all_true(flags: BoolArray, starts: IntArray, length: int) -> BoolArray:
    """Whether `flags` holds on all of `start … start + length - 1`, for each start."""
    failures = np.concatenate([[0], np.cumsum(~flags)])
    return np.asarray(failures[starts + length] == failures[starts])


def _any_true(flags: BoolArray, starts: IntArray, length: int) -> BoolArray:
    """Whether `flags` holds on any of `start … start + length - 1`, for each start."""
    return ~_all_true(~flags, starts, length)


def input_rows(starts: IntArray, window: Window) -> IntArray:
    """Rows of the inputs, int64 `(n_windows, lookback)`."""
    return starts[:, None] + np.arange(window.lookback)


def target_rows(starts: IntArray, window: Window) -> IntArray:
    """Rows of the targets, int64 `(n_windows, horizon)`."""
    return starts[:, None] + window.lookback + window.lead + np.arange(window.horizon)


def origins(starts: IntArray, window: Window) -> IntArray:
    """Row of the last observed step of each window, int64 `(n_windows,)`."""
    return starts + window.lookback - 1


def gather_inputs(
    arrays: WindowArrays, starts: IntArray, window: Window
) -> dict[str, Float32Array | Int32Array]:
    """A batch of inputs by name, those that are empty left out.

    Args:
        arrays: The prepared rows.
        starts: int64, `(batch,)`.
        window: Its `lookback`, `horizon` and `lead`.

    Returns:
        `past` `(batch, lookback, n_past)`, `future` `(batch, horizon, n_future)`, `static`
        `(batch, n_static)`, and the same of category ids under `past_codes`, `future_codes`,
        `static_codes`.
    """
    behind, ahead = input_rows(starts, window), target_rows(starts, window)
    series = arrays.series_of_row[starts]
    batch: dict[str, Float32Array | Int32Array] = {
        "past": arrays.past[behind],
        "future": arrays.future[ahead],
        "static": arrays.static[series],
        "past_codes": arrays.past_codes[behind],
        "future_codes": arrays.future_codes[ahead],
        "static_codes": arrays.static_codes[series],
    }
    return {name: values for name, values in batch.items() if values.shape[-1]}
