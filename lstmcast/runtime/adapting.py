"""Intervals of a run that learn as actual values arrive: what is learned from, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.extending import extend
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.windows import BoolArray, Usable, origins, target_rows, window_starts
from lstmcast.evaluation.adaptive import Rule, Stream, Times, Track, begin, follow, moves_of
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.context import rows_after
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import all_outputs


@dataclass(frozen=True)
class Learned:
    """What the intervals of a run have learned, for each group of its calibration.

    Attributes:
        tracks: In the order of the groups.
    """

    tracks: tuple[Track, ...]

    def applied_to(self, calibration: Calibration) -> Calibration:
        """The calibration with what was learned of its shown levels; others move with these.

        Between two shown levels what they moved by is interpolated, beyond the outermost ones it
        is theirs.
        """
        shown = calibration.only_shown()
        learned = np.stack([track.shifts for track in self.tracks])
        shares = [
            np.interp(calibration.levels, shown.levels, own) for own in np.eye(len(shown.levels))
        ]
        shifts = calibration.shifts + (learned - shown.shifts) @ np.stack(shares)
        shifts[..., calibration.places] = learned
        return replace(calibration, shifts=shifts)

    def to_json(self) -> list[dict[str, Any]]:
        """As plain JSON values."""
        return [
            {
                "time": str(track.time),
                "shifts": track.shifts.tolist(),
                "times": np.datetime_as_string(track.times).tolist(),
                "past": track.past.tolist(),
            }
            for track in self.tracks
        ]

    @classmethod
    def from_json(cls, values: list[dict[str, Any]], calibration: Calibration) -> Learned:
        """The inverse of `to_json`.

        Raises:
            KeyError, TypeError, ValueError: If the values are not what `to_json` writes of this
                calibration.
        """
        shape = calibration.only_shown().shifts.shape
        learned = cls(
            tuple(
                Track(
                    time=np.datetime64(each["time"], "us"),
                    shifts=np.array(each["shifts"], dtype=np.float64),
                    times=np.array(each["times"], dtype="datetime64[us]"),
                    past=np.array(each["past"], dtype=np.float64),
                )
                for each in values
            )
        )
        for track in learned.tracks:
            if track.shifts.shape != shape[1:] or track.past.shape[1:] != shape[1:]:
                raise ValueError("what was learned does not fit the calibration")
        if len(learned.tracks) != shape[0]:
            raise ValueError("what was learned is of other series than the calibration")
        return learned


def nothing_learned(calibration: Calibration, preparation: Preparation) -> Learned:
    """Where learning begins: with the shifts of the validation windows, at their end."""
    static, cuts = calibration.only_shown(), preparation.cuts
    known = dict(zip(cuts.series, cuts.times[:, 1], strict=True))
    ends = [*(known[name] for name in static.grouping.series), cuts.times[:, 1].min()]
    before = np.timedelta64(1, "us")
    return Learned(
        tuple(begin(end - before, own) for end, own in zip(ends, static.shifts, strict=True))
    )


def follow_windows(
    learned: Learned,
    calibration: Calibration,
    prepared: Prepared,
    preparation: Preparation,
    *,
    windows: tuple[IntArray, Outputs],
    seen: BoolArray | None = None,
) -> tuple[Learned, FloatArray]:
    """Go through windows in the order of time, and learn from what is known of their targets.

    Args:
        learned: What was learned so far.
        calibration: Of the run.
        prepared: The rows.
        preparation: What was fitted.
        windows: Their starts, int64 `(W,)`, and what the network said of them.
        seen: bool, `(n_rows,)`, the rows that lie in the past; None for all.

    Returns:
        What is learned then, and the quantiles that each window's origin would have been given, in
        network units, float64 `(W, H, T, L)` of the shown levels.
    """
    starts, outputs = windows
    shown = calibration.only_shown()
    base = shown.base(outputs)
    tracks, issued = [], np.empty((0, *base.shape[1:]))
    for group, chosen, clock in _by_group(shown, prepared.panel, starts, learned, seen=seen):
        # Where one group has them all, a copy would take as much room again.
        all_of_one = len(chosen) == len(starts)
        stream = Stream(
            clock=clock,
            origins=prepared.panel.times[origins(starts[chosen], preparation.config.window)],
            targets=prepared.panel.times[target_rows(starts[chosen], preparation.config.window)],
            base=base if all_of_one else base[chosen],
            actual=actual_in_network_units(prepared, preparation, starts[chosen]),
        )
        track, own = follow(learned.tracks[group], stream, rule_of(shown, preparation, group))
        tracks.append(track)
        if all_of_one:
            issued = own
        elif len(chosen):
            issued = issued if len(issued) else np.empty(base.shape)
            issued[chosen] = own
    return Learned(tuple(tracks)), issued


def actual_in_network_units(
    prepared: Prepared, preparation: Preparation, starts: IntArray
) -> FloatArray:
    """The observed targets of some windows, float64 `(W, H, T)`, NaN where missing."""
    rows = target_rows(starts, preparation.config.window)
    groups = prepared.groups[prepared.arrays.series_of_row[starts]]
    return preparation.to_network(prepared.actual[rows], groups)


def rule_of(shown: Calibration, preparation: Preparation, group: int) -> Rule:
    """How the quantiles of a group learn.

    Args:
        shown: The calibration of the levels that learn.
        preparation: What was fitted, with the config.
        group: Number of the group.
    """
    window, adaptive = preparation.config.window, preparation.config.calibration.adaptive
    rate = 0.0 if adaptive is None else adaptive.rate
    return Rule(
        levels=shown.levels,
        keep_median=shown.keep_median,
        moves=moves_of(rate, shown.size[group], lead=window.lead),
        reach=window.lead + window.horizon,
    )


def _by_group(
    calibration: Calibration,
    panel: Panel,
    starts: IntArray,
    learned: Learned,
    *,
    seen: BoolArray | None,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.datetime64]]]:
    """The number of each group, its windows, and the times of its rows after its track's."""
    of_series = calibration.grouping.of_series(panel.series)
    of_row = of_series[panel.series_of_row]
    for group, track in enumerate(learned.tracks):
        own = panel.times[(of_row == group) & (True if seen is None else seen)]
        yield (
            group,
            np.flatnonzero(of_row[starts] == group),
            np.unique(own[own > track.time]),
        )


def learn(
    learned: Learned,
    calibration: Calibration,
    panel: Panel,
    preparation: Preparation,
    network: Network,
    *,
    future: Panel | None = None,
) -> Learned:
    """Learn from the actual values of a panel that came after what was learned from already.

    Args:
        learned: What was learned so far.
        calibration: Of the run.
        panel: The history that is known.
        preparation: What was fitted.
        network: From inputs to outputs.
        future: The future covariates after its end; without them origins whose horizon reaches
            beyond it are left out where the network reads such covariates.
    """
    window = preparation.config.window
    reach = window.lead + window.horizon
    if not has_news(learned, calibration, panel):
        return learned
    time = _learned_until(learned, calibration, panel)
    recent = _recent(panel, preparation, time, reach)
    last = recent.times[recent.offsets[1:] - 1]
    extended = extend(recent, reach, future=future, known=future is not None)
    seen = extended.times <= last[extended.series_of_row]
    prepared = prepare(extended, preparation)
    prepared = replace(prepared, actual=np.where(seen[:, None], prepared.actual, np.nan))
    starts = window_starts(
        Usable(
            inputs=prepared.observed.inputs & seen,
            ahead=prepared.observed.ahead,
            targets=np.ones_like(seen),
        ),
        window,
        offsets=extended.offsets,
        bounds=np.stack([extended.offsets[:-1], extended.offsets[1:]], axis=1),
    )
    ends = extended.times[target_rows(starts, window)[:, -1]]
    starts = starts[ends > time[extended.series_of_row[starts]]]
    outputs = all_outputs(network, prepared, preparation, starts)
    return follow_windows(
        learned, calibration, prepared, preparation, windows=(starts, outputs), seen=seen
    )[0]


def has_news(learned: Learned, calibration: Calibration, panel: Panel) -> bool:
    """Whether a panel has rows after those that were learned from."""
    time = _learned_until(learned, calibration, panel)
    return bool((panel.times > time[panel.series_of_row]).any())


def _learned_until(learned: Learned, calibration: Calibration, panel: Panel) -> Times:
    """Up to when each series of a panel was learned from, datetime64[us] `(n_series,)`."""
    until = np.array([track.time for track in learned.tracks], dtype="datetime64[us]")
    return np.asarray(until[calibration.grouping.of_series(panel.series)])


def _recent(panel: Panel, preparation: Preparation, time: Times, reach: int) -> Panel:
    """The rows after some times, one for each series, and what forecasts of them read."""
    seen = (panel.times <= time[panel.series_of_row]).astype(np.int64)
    counts = np.add.reduceat(seen, panel.offsets[:-1])
    return rows_after(panel, preparation, counts, reach=reach)
