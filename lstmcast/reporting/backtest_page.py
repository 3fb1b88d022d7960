"""The report of a backtest: one HTML file that needs nothing else; and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lstmcast.reporting import page
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.tables import (
    ResultTable,
    Row,
    best_of,
    forecaster_label,
    metric_label,
    result_table,
    step_table,
    target_tables,
)
from lstmcast.reporting.wording import count, listing, short_time

# Which metric the tables by fold show: the scale-free one where there is one.
_JUDGES = ("mase", "mae", "rmse", "mse", "smape", "r2")
_LONG_TABLE = 12
_CAPTIONS = {
    "origins": (
        "Folds",
        "Each network is trained on rows before its test period, and on none after.",
    ),
    "error_by_step": (
        "Error by step",
        "Mean absolute error at each step of the horizon, over the windows of all folds.",
    ),
    "forecast": (
        "Forecast and actual",
        "Forecasts from origins spread evenly over all folds, beside what came true.",
    ),
}


def judge_of(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """The metric by which folds are set side by side.

    Args:
        scores: What `evaluation.scoring.score_split` returned.
    """
    model = scores["model"]
    known = (name for name in _JUDGES if model.get(name) is not None)
    return next(known, next(name for name in _JUDGES if name in model))


def fold_table(metrics: Mapping[str, Any], metric: str) -> ResultTable:
    """One metric: a row for each fold, then their mean and deviation; the model beside the rest.

    Args:
        metrics: What `metrics.json` of a backtest holds.
        metric: Which metric.
    """
    over = metrics["over_folds"]
    rows = [
        best_of(
            f"{fold['fold']}  from {short_time(fold['periods']['test']['first'])}",
            [scores.get(metric) for scores in fold["metrics"].values()],
            metric,
        )
        for fold in metrics["folds"]
    ]
    return _with_spread(f"{metric_label(metric)} by fold", rows, over, metric)


def series_table(metrics: Mapping[str, Any], metric: str) -> ResultTable | None:
    """One metric: a row for each series, then their mean and deviation; None for one series."""
    by_series: Mapping[str, Mapping[str, Any]] = metrics.get("by_series", {})
    if not by_series:
        return None
    over = metrics["over_series"]
    rows = [
        best_of(name, [scores.get(metric) for scores in values.values()], metric)
        for name, values in by_series.items()
    ]
    return _with_spread(f"{metric_label(metric)} by series", rows, over, metric)


def _with_spread(
    title: str, rows: Sequence[Row], over: Mapping[str, Any], metric: str
) -> ResultTable:
    """A table of some rows, with their mean and deviation under them."""
    # A baseline has no coverage, and so no mean of it.
    spreads = [values.get(metric, {}) for values in over.values()]
    mean = best_of("mean", [spread.get("mean") for spread in spreads], metric)
    deviations = tuple(spread.get("deviation") for spread in spreads)
    columns = tuple(forecaster_label(name) for name in over)
    return ResultTable(title, columns, (*rows, mean, Row("± deviation", deviations, frozenset())))


def render_backtest(
    contents: Contents, metrics: Mapping[str, Any], plots: Mapping[str, Path]
) -> str:
    """The report as HTML.

    Args:
        contents: The forecasts of all folds, as if of one test split.
        metrics: What `metrics.json` holds.
        plots: The image of each plot.

    Returns:
        A page without any reference to a file or an address.
    """
    first, rest = contents.verdicts[:1], contents.verdicts[1:]
    header = [
        page.header(contents.name, f"Backtest {contents.run_id}, {contents.created}"),
        *(page.paragraph(text, kind="verdict") for text in first),
        *(page.paragraph(text) for text in rest),
        page.warning_box(contents.warnings),
    ]
    config = page.preformatted(contents.config_text)
    body = [
        "\n".join(header),
        page.section("Results", *_results(contents, metrics)),
        page.section("By step and series", *_details(contents, metrics)),
        page.section("Plots", *_figures(plots)),
        page.section("This backtest", page.facts(contents.summary)),
        page.section("Config", page.folded("The whole config", config)),
    ]
    return page.document(f"{contents.name}: lstmcast backtest", body)


def _results(contents: Contents, metrics: Mapping[str, Any]) -> list[str]:
    scores = contents.scores["test"]
    note = (
        f"{count(contents.test.n_windows, 'window')} of {count(len(metrics['folds']), 'fold')}; "
        f"errors in units of {listing(contents.test.targets)}; the best of each row in bold."
    )
    by_fold = fold_table(metrics, judge_of(scores))
    return [
        page.table(by_fold, title=by_fold.corner),
        page.table(result_table(scores), title="All folds together", note=note),
        *(page.table(table, title=target) for target, table in target_tables(scores).items()),
    ]


def _details(contents: Contents, metrics: Mapping[str, Any]) -> list[str]:
    scores = contents.scores["test"]
    metric = judge_of(scores)
    steps = step_table(scores, metric)
    tables = [(f"{metric_label(metric)} at each step", steps)] if len(steps.rows) > 1 else []
    by_series = series_table(metrics, metric)
    if by_series is not None:
        tables.append((by_series.corner, by_series))
    return [_table(title, table) for title, table in tables]


def _table(title: str, table: ResultTable) -> str:
    """A table, folded away where it is long."""
    if len(table.rows) > _LONG_TABLE:
        return page.folded(title, page.table(table, title=title, headed=False))
    return page.table(table, title=title)


def _figures(plots: Mapping[str, Path]) -> Sequence[str]:
    return [
        page.figure(plots[name].read_bytes(), title=title, caption=caption)
        for name, (title, caption) in _CAPTIONS.items()
        if name in plots
    ]
