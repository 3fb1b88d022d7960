"""The report of a run: one HTML file that needs nothing else, and no script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from lstmcast.reporting import page
from lstmcast.reporting.catalogue import PLOTS, plots_left_out
from lstmcast.reporting.contents import Contents, Headed, SplitScores
from lstmcast.reporting.interval_tables import interval_step_table, interval_table
from lstmcast.reporting.tables import (
    ResultTable,
    Row,
    averaged_table,
    member_table,
    metric_label,
    result_table,
    step_table,
    target_tables,
    worst_table,
)
from lstmcast.reporting.wording import listing

_SPLITS = {"test": "Test", "validation": "Validation", "train": "Training"}
_LONG_TABLE = 12
_MANY_TARGETS = 3
_WORST = 10
# An SVG is sharp at any size, so up to this it is taken even where a PNG is smaller.
_SMALL_SVG_BYTES = 100_000
_STEP_METRICS = ("mae", "rmse", "mse", "smape", "mase", "r2")


def choose_plots(paths: Iterable[Path]) -> dict[str, Path]:
    """Of the files that `write_plots` wrote, the one of each plot that suits the report.

    Args:
        paths: PNG and SVG files, named by their plot.

    Returns:
        For each plot its SVG, or its PNG where that is the smaller of two large files.
    """
    by_plot: dict[str, list[Path]] = {}
    for path in paths:
        by_plot.setdefault(path.stem, []).append(path)
    return {name: min(files, key=_cost) for name, files in by_plot.items()}


def _cost(path: Path) -> int:
    size = path.stat().st_size
    return 0 if path.suffix == ".svg" and size <= _SMALL_SVG_BYTES else size


def render_report(contents: Contents, plots: Mapping[str, bytes | Path]) -> str:
    """The report as HTML.

    Args:
        contents: What to show.
        plots: PNG or SVG images by name of the plot, as in `catalogue.PLOTS`; see `choose_plots`.

    Returns:
        A page without any reference to a file or an address.
    """
    body = [
        header(contents),
        page.section("Results", _results(contents)),
        page.section("By step", _by_step(contents)),
        page.section("By target", _by_target(contents)),
        page.section("By series", _by_series(contents)),
        page.section("Intervals", _intervals(contents)),
        page.section("Plots", *_figures(contents, plots)),
        page.section("This run", page.facts(contents.summary)),
        page.section(
            "Config", page.folded("The whole config", page.preformatted(contents.config_text))
        ),
    ]
    return page.document(f"{contents.name}: lstmcast report", body)


def header(contents: Headed) -> str:
    """The head of the page: what the run is, its verdicts and its warnings."""
    first, rest = contents.verdicts[:1], contents.verdicts[1:]
    parts = [
        page.header(contents.name, f"Run {contents.run_id}, {contents.created}"),
        *(page.paragraph(text, kind="verdict") for text in first),
        *(page.paragraph(text) for text in rest),
        page.warning_box(contents.warnings),
    ]
    return "\n".join(parts)


def _results(contents: Contents) -> str:
    note = (
        f"{contents.test.n_windows:,} windows; errors in units of "
        f"{listing(contents.test.targets)}; the best of each row in bold."
    )
    others = [split_table(contents.scores, split) for split in ("validation", "train")]
    parts = [split_table(contents.scores, "test", note), page.beside(others), _scaled(contents)]
    return "\n".join([*parts, _members(contents)])


def split_table(all_scores: Mapping[str, SplitScores], split: str, note: str = "") -> str:
    """The table of a split, a sentence where it has no windows, nothing where it was not scored."""
    values = result_table(all_scores.get(split, {}))
    if not values.rows:
        return ""
    if not _has_numbers(values):
        return page.paragraph(f"{_SPLITS[split]}: no windows, so nothing was measured.")
    return page.table(values, title=_SPLITS[split], note=note)


def _has_numbers(values: ResultTable) -> bool:
    return any(value is not None for row in values.rows for value in row.values)


def _scaled(contents: Contents) -> str:
    values = _scaled_table(contents)
    if not _has_numbers(values):
        return ""
    note = (
        "The model on values standardised by the training rows, a flat mean over windows, steps "
        "and targets: the numbers that papers report."
    )
    return page.table(values, title="Standardised", note=note)


def _scaled_table(contents: Contents) -> ResultTable:
    splits = [split for split in _SPLITS if contents.metrics_scaled.get(split)]
    names = list(dict.fromkeys(n for split in splits for n in contents.metrics_scaled[split]))
    rows = tuple(
        Row(
            metric_label(name),
            tuple(contents.metrics_scaled[split].get(name) for split in splits),
            frozenset(),
        )
        for name in names
    )
    columns = tuple(_SPLITS[split].lower() for split in splits)
    return ResultTable("metric", columns, rows)


def _members(contents: Contents) -> str:
    """The members of an ensemble alone."""
    if contents.members is None:
        return ""
    values = member_table(contents.members)
    if not _has_numbers(values):
        return ""
    note = (
        f"Each of the {len(contents.members['seeds'])} members alone: mean and standard deviation "
        "(±) over them. The tables above are those of the ensemble, whose forecast is the median "
        "of theirs."
    )
    return page.table(values, title="Members", note=note)


def _by_step(contents: Contents) -> str:
    """One metric at each step; nothing for a horizon of one."""
    scores = contents.scores.get("test", {})
    steps = scores.get("model", {}).get("by_step", {})
    metric = next((name for name in _STEP_METRICS if name in steps), None)
    if metric is None or len(steps[metric]) < 2:
        return ""
    values = step_table(scores, metric)
    if not _has_numbers(values):
        return ""
    title = f"{metric_label(metric)} at each step of the test windows"
    if len(values.rows) > _LONG_TABLE:
        return page.folded(title, page.table(values, title=title, headed=False))
    return page.table(values, title=title)


def _by_target(contents: Contents) -> str:
    """The test results of each target; nothing where there is only one."""
    parts = [
        page.table(values, title=target)
        for target, values in target_tables(contents.scores.get("test", {})).items()
        if _has_numbers(values)
    ]
    shown, hidden = parts[:_MANY_TARGETS], parts[_MANY_TARGETS:]
    more = f"{len(hidden)} more target{'s' if len(hidden) > 1 else ''}"
    rest = page.folded(more, page.beside(hidden)) if hidden else ""
    return (page.beside(shown) if shown else "") + rest


def _by_series(contents: Contents) -> str:
    """The averages over the series of a panel, and its worst series."""
    if contents.over_series is None or contents.worst_series is None:
        return ""
    averaged = averaged_table(contents.over_series)
    if not _has_numbers(averaged):
        return ""
    note = "The mean of each series' own metrics: each counts alike, however many windows it has."
    parts = [page.table(averaged, title="Averaged over the series", note=note)]
    worst = worst_table(contents.worst_series, most=_WORST)
    if worst is not None:
        parts.append(page.table(worst, title="The worst series"))
    return page.beside(parts)


def _intervals(contents: Contents) -> str:
    """How the calibrated intervals hold on the test windows; nothing without any."""
    measured = contents.intervals
    if measured is None:
        return ""
    note = (
        f"As calibrated on {measured['windows']:,} validation windows, and learning from each "
        "actual value of the test period as soon as it is known."
    )
    parts = [page.table(interval_table(measured), title="Test", note=note)]
    if contents.test.horizon > 1:
        title = "Coverage at each step of the test windows"
        table = page.table(interval_step_table(measured), title=title, headed=False)
        parts.append(page.folded(title, table))
    return "\n".join(parts)


def _figures(contents: Contents, plots: Mapping[str, bytes | Path]) -> list[str]:
    figures = [
        page.figure(image_of(plots[name]), title=entry.title, caption=entry.caption)
        for name, entry in PLOTS.items()
        if name in plots
    ]
    reasons = plots_left_out(contents)
    by_reason: dict[str, list[str]] = {}
    for name in PLOTS:
        if name in reasons and name not in plots:
            by_reason.setdefault(reasons[name], []).append(PLOTS[name].title)
    notes = [
        page.paragraph(f"Not drawn: {', '.join(titles)}. {reason}", kind="soft")
        for reason, titles in by_reason.items()
    ]
    return [*figures, *notes]


def image_of(source: bytes | Path) -> bytes:
    """The content of an image."""
    return source if isinstance(source, bytes) else source.read_bytes()
