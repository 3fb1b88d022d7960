"""What the measurement of intervals comes to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Errors that differ from those of the calibration by less than this factor count as alike.
ALIKE = 1.1


@dataclass(frozen=True)
class IntervalVerdict:
    """Whether the intervals hold what they promise.

    Attributes:
        text: Two or three sentences.
        coverage: For each asked interval its `level`, and the share that it held as calibrated
            (`static`) and while learning (`adaptive`, None where nothing learns).
    """

    text: str
    coverage: tuple[Mapping[str, float | None], ...]


def interval_verdict(measured: Mapping[str, Any]) -> IntervalVerdict:
    """Judge the intervals of the test windows.

    Args:
        measured: What `runtime.intervals.measure_intervals` gives as metrics.
    """
    asked = measured["asked"]
    static = list(asked_intervals(measured["static"], asked))
    text = (
        f"On the test split {_held(static)}, as calibrated on {measured['windows']:,} validation "
        "windows"
    )
    adaptive: list[Mapping[str, Any]] = []
    if measured["adaptive"] is not None:
        adaptive = list(asked_intervals(measured["adaptive"], asked))
        text += f"; learning from each actual value as it comes, {_held(adaptive)}"
    coverage = tuple(
        {
            "level": each["level"],
            "static": each["coverage"],
            "adaptive": adaptive[i]["coverage"] if adaptive else None,
        }
        for i, each in enumerate(static)
    )
    return IntervalVerdict(f"{text}. {_difference(measured['difference'])}", coverage)


def asked_intervals(
    scores: Mapping[str, Any], asked: Sequence[float]
) -> Iterator[Mapping[str, Any]]:
    """The scores of the intervals that were asked for, in this order."""
    for share in asked:
        yield from (each for each in scores["intervals"] if abs(each["level"] - share) < 1e-6)


def _held(intervals: Sequence[Mapping[str, Any]]) -> str:
    """Such as "the 80 % interval holds 82.8 % and the 95 % interval 95.1 %"."""
    parts = [
        f"the {100 * each['level']:g} % interval{' holds' if i == 0 else ''} "
        f"{100 * each['coverage']:.1f} %"
        for i, each in enumerate(intervals)
    ]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _difference(difference: Mapping[str, float | None]) -> str:
    size, gap = difference["size"], difference["gap"] or 0.0
    apart = f"a share below a quantile differs from its level by up to {100 * gap:.0f} points"
    if size is None:
        return f"On validation there was no error; {apart}."
    if 1 / ALIKE < size < ALIKE:
        return f"The errors are about as large as those of validation; {apart}."
    return (
        f"The errors are {size:.2f} times as large as those of validation, by which the intervals "
        f"were set: the two periods differ, and {apart}."
    )
