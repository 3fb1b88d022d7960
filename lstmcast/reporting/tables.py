"""Tables of metrics: as values, and as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstmcast.reporting.contents import SplitScores
from lstmcast.reporting.wording import format_number, shorten

_LABELS = {
    "mse": "MSE",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "smape": "sMAPE %",
    "mase": "MASE",
    "pinball": "pinball",
    "coverage": "coverage",
    "crps": "CRPS",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}
_HIGHER_IS_BETTER = {"r2", "accuracy", "balanced_accuracy", "precision", "recall", "f1"}
# Neither more nor less of it is better: it should equal the nominal level.
_NOT_RANKED = {"coverage"}
_GROUPS = ("by_step", "by_target", "by_class", "confusion")


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        label: What is measured, or where.
        values: One for each column, None where undefined.
        best: Columns that hold the best value; empty where there is nothing to compare.
    """

    label: str
    values: tuple[float | None, ...]
    best: frozenset[int]


@dataclass(frozen=True)
class ResultTable:
    """The model beside the baselines.

    Attributes:
        corner: Heading of the labels.
        columns: Headings of the values: the model, then the baselines.
        rows: In the order in which to show them.
    """

    corner: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def metric_label(name: str) -> str:
    """How a metric is written for a reader."""
    return _LABELS.get(name, name)


def forecaster_label(name: str) -> str:
    """How the model or a baseline is written for a reader."""
    return name.replace("_", " ")


def metrics_of(scores: SplitScores) -> tuple[str, ...]:
    """The metrics that the model was scored by, in their order."""
    return tuple(name for name in scores.get("model", {}) if name not in _GROUPS)


def result_table(scores: SplitScores, metrics: Sequence[str] | None = None) -> ResultTable:
    """The metrics of one split.

    Args:
        scores: What `evaluation.scoring.score_split` returned.
        metrics: Which metrics, in order; None for all that the model was scored by.

    Returns:
        A row for each metric, a column for the model and each baseline.
    """
    names = metrics_of(scores) if metrics is None else metrics
    rows = tuple(
        best_of(metric_label(name), [values.get(name) for values in scores.values()], name)
        for name in names
    )
    return ResultTable("metric", _columns(scores), rows)


def step_table(scores: SplitScores, metric: str) -> ResultTable:
    """One metric of one split, a row for each step of the horizon."""
    series = [values["by_step"][metric] for values in scores.values()]
    rows = tuple(
        best_of(str(step), list(values), metric)
        for step, values in enumerate(zip(*series, strict=True), start=1)
    )
    return ResultTable("step", _columns(scores), rows)


def class_table(scores: SplitScores) -> ResultTable:
    """Precision, recall and F1 of each class by the model; how often it came true in brackets."""
    by_class: Mapping[str, Mapping[str, float]] = scores.get("model", {}).get("by_class", {})
    names = ("precision", "recall", "f1")
    rows = tuple(
        Row(
            f"{shorten(label)} ({values['support']:,})",
            tuple(values[name] for name in names),
            frozenset(),
        )
        for label, values in by_class.items()
    )
    return ResultTable("class", tuple(metric_label(name) for name in names), rows)


def target_tables(
    scores: SplitScores, metrics: Sequence[str] | None = None
) -> dict[str, ResultTable]:
    """`result_table` for each target; empty where there is only one."""
    targets: Mapping[str, object] = scores.get("model", {}).get("by_target", {})
    return {
        target: result_table(
            {name: values.get("by_target", {})[target] for name, values in scores.items()}, metrics
        )
        for target in targets
    }


def averaged_table(over_series: Mapping[str, Mapping[str, Any]]) -> ResultTable:
    """The metrics as means over the series of a panel, each of which counts alike.

    Args:
        over_series: What `metrics.json` of a run holds of it.
    """
    return result_table(
        {
            name: {metric: spread["mean"] for metric, spread in metrics.items()}
            for name, metrics in over_series.items()
        }
    )


def worst_table(worst: Mapping[str, Any], *, most: int) -> ResultTable | None:
    """The series of the largest errors, the worst first; None where nothing was measured.

    Args:
        worst: What `metrics.json` of a run holds of it.
        most: How many.
    """
    shown = worst["series"][:most]
    if not shown:
        return None
    names = [name for name in shown[0] if name not in ("name", "windows")]
    rows = tuple(
        best_of(each["name"], [each[name] for name in names], worst["metric"]) for each in shown
    )
    label = f"worst by {metric_label(worst['metric'])}"
    return ResultTable(label, tuple(forecaster_label(name) for name in names), rows)


def member_table(members: Mapping[str, Any]) -> ResultTable:
    """The metrics of an ensemble's members alone, as mean and deviation over them.

    Args:
        members: What `metrics.json` holds of the members.

    Returns:
        A row for each metric, and for each on standardised values; a mean and a deviation for each
        split.
    """
    rows = [
        Row(
            f"{kind}{metric_label(name)}",
            tuple(
                by_split[split][name][part] for split in by_split for part in ("mean", "deviation")
            ),
            frozenset(),
        )
        for kind, by_split in (
            ("", members["metrics"]),
            ("standardised ", members["metrics_scaled"]),
        )
        for name in next(iter(by_split.values()))
    ]
    columns = [heading for split in members["metrics"] for heading in (split, f"± {split}")]
    return ResultTable("metric", tuple(columns), tuple(rows))


def render_text(table: ResultTable, *, width: int = 80) -> str:
    """The table as aligned plain text, a `*` after each best value.

    Columns that do not fit into `width` characters go into further blocks below, each with the
    labels again; a single column is never cut.

    Returns:
        Lines without trailing spaces, joined by newlines; no newline at the end.
    """
    labels = [table.corner, *(shorten(row.label) for row in table.rows)]
    first = max(map(len, labels))
    columns = [_text_column(table, column) for column in range(len(table.columns))]
    blocks: list[list[list[str]]] = [[]]
    used = first
    for cells in columns:
        if blocks[-1] and used + 2 + len(cells[0]) > width:
            blocks.append([])
            used = first
        blocks[-1].append(cells)
        used += 2 + len(cells[0])
    return "\n\n".join(_text_block(labels, first, block) for block in blocks)


def _text_block(labels: list[str], first: int, columns: list[list[str]]) -> str:
    lines = zip(labels, *columns, strict=True)
    return "\n".join("  ".join([line[0].ljust(first), *line[1:]]).rstrip() for line in lines)


def _text_column(table: ResultTable, column: int) -> list[str]:
    """The cells of a column, its heading first, all of one width."""
    cells = [
        format_number(row.values[column]) + ("*" if column in row.best else " ")
        for row in table.rows
    ]
    heading = shorten(table.columns[column])
    width = max(len(cell) for cell in [heading + " ", *cells])
    return [(heading + " ").rjust(width), *(cell.rjust(width) for cell in cells)]


def _columns(scores: SplitScores) -> tuple[str, ...]:
    return tuple(forecaster_label(name) for name in scores)


def best_of(label: str, values: Sequence[float | None], metric: str) -> Row:
    """A row of one metric, with its best values known."""
    known = [value for value in values if value is not None]
    if len(known) < 2 or metric in _NOT_RANKED:
        return Row(label, tuple(values), frozenset())
    best = max(known) if metric in _HIGHER_IS_BETTER else min(known)
    return Row(
        label,
        tuple(values),
        frozenset(i for i, value in enumerate(values) if value is not None and value == best),
    )
