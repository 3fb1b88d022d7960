"""Tables of how intervals hold: as calibrated, and while they learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstmcast.evaluation.interval_verdict import asked_intervals
from lstmcast.reporting.tables import ResultTable, Row

_HOW = {"static": "as calibrated", "adaptive": "learning"}


def interval_table(measured: Mapping[str, Any]) -> ResultTable:
    """The asked intervals of the test windows, side by side.

    Args:
        measured: What `metrics.json` holds of intervals.

    Returns:
        For each interval its coverage, that of the step that is furthest off, mean width and score.
    """
    found = _by_how(measured)
    rows = []
    for i, share in enumerate(measured["asked"]):
        name = f"{100 * share:g} %"
        columns = [intervals[i] for intervals in found.values()]
        worst = [
            max(each["by_step"]["coverage"], key=lambda seen: abs(seen - share)) for each in columns
        ]
        rows += [
            _row(f"{name}: coverage", [each["coverage"] for each in columns]),
            _row(f"{name}: coverage at the worst step", worst),
            _row(f"{name}: mean width", [each["width"] for each in columns]),
            _row(f"{name}: interval score", [each["score"] for each in columns]),
        ]
    return ResultTable("interval", tuple(_HOW[how] for how in found), tuple(rows))


def interval_step_table(measured: Mapping[str, Any]) -> ResultTable:
    """The coverage of the asked intervals, a row for each step."""
    found = _by_how(measured)
    columns = {
        f"{100 * each['level']:g} % {_HOW[how]}": each["by_step"]["coverage"]
        for how, intervals in found.items()
        for each in intervals
    }
    rows = tuple(
        _row(str(step), list(values))
        for step, values in enumerate(zip(*columns.values(), strict=True), start=1)
    )
    return ResultTable("step", tuple(columns), rows)


def _by_how(measured: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    return {
        how: list(asked_intervals(measured[how], measured["asked"]))
        for how in _HOW
        if measured[how] is not None
    }


def _row(label: str, values: list[float]) -> Row:
    return Row(label, tuple(values), frozenset())
