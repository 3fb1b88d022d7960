"""How the measurements of a run are shown on a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lstmcast.cli.output import facts, show_path, wrapped
from lstmcast.reporting.backtest_page import fold_table, judge_of
from lstmcast.reporting.tables import (
    averaged_table,
    class_table,
    member_table,
    metric_label,
    metrics_of,
    render_text,
    result_table,
    step_table,
    target_tables,
    worst_table,
)
from lstmcast.reporting.wording import count, epochs_trained, members_named, short_time, utc_moment

if TYPE_CHECKING:
    from lstmcast.reporting.contents import SplitScores
    from lstmcast.runtime.bundle import Bundle

# Of the series of a panel.
_WORST = 5


def results_text(metrics: Mapping[str, Any], *, split: str = "test", detailed: bool = False) -> str:
    """The table of a split and the verdicts as sentences.

    Args:
        metrics: What `metrics.json` holds.
        split: Which split.
        detailed: Also by target and by step.
    """
    scores, width = metrics["metrics"][split], shutil.get_terminal_size().columns
    windows = metrics["windows"][split]
    head = f"{split.capitalize()} period, {windows:,} windows (* is best)"
    blocks = [f"{head}\n\n{render_text(result_table(scores), width=width)}"]
    if detailed and windows:
        blocks += [
            f"{target}\n\n{render_text(table, width=width)}"
            for target, table in target_tables(scores).items()
        ]
        blocks += _details_text(scores, width)
    if split == "test" and len(metrics.get("worst_series", {}).get("series", ())) > 1:
        blocks += _series_text(metrics, width)
    if "members" in metrics:
        blocks.append(_members_text(metrics, width))
    return "\n\n".join([*blocks, *verdict_lines(metrics)])


def _details_text(scores: SplitScores, width: int) -> list[str]:
    """The tables of classes, where there are any, and one metric by step."""
    classes, metrics = class_table(scores), metrics_of(scores)
    metric = "mae" if "mae" in metrics else metrics[0]
    by_step = render_text(step_table(scores, metric), width=width)
    blocks = [render_text(classes, width=width)] if classes.rows else []
    return [*blocks, f"{metric_label(metric)} by step\n\n{by_step}"]


def backtest_text(metrics: Mapping[str, Any], *, width: int) -> str:
    """The tables of a backtest, by fold and of all folds together, and the verdicts.

    Args:
        metrics: What `metrics.json` of a backtest holds.
        width: Of the terminal.
    """
    scores = metrics["metrics"]["test"]
    folds, windows = len(metrics["folds"]), metrics["windows"]["test"]
    by_fold = fold_table(metrics, judge_of(scores))
    head = f"{count(folds, 'fold')}, {count(windows, 'window')} of the test period (* is best)"
    blocks = [
        f"{head}\n\n{render_text(by_fold, width=width)}",
        f"All folds together\n\n{render_text(result_table(scores), width=width)}",
    ]
    return "\n\n".join([*blocks, *verdict_lines(metrics)])


def _series_text(metrics: Mapping[str, Any], width: int) -> list[str]:
    """The tables of a panel: averages over its series, and the worst of them."""
    averaged = averaged_table(metrics["over_series"])
    blocks = [f"The same, averaged over the series\n\n{render_text(averaged, width=width)}"]
    worst = worst_table(metrics["worst_series"], most=_WORST)
    if worst is not None:
        blocks.append(render_text(worst, width=width))
    return blocks


def _members_text(metrics: Mapping[str, Any], width: int) -> str:
    """The table of an ensemble's members."""
    head = f"Each of the {members_named(metrics)} alone: mean and deviation (±) over them"
    return f"{head}\n\n{render_text(member_table(metrics['members']), width=width)}"


def verdict_lines(metrics: Mapping[str, Any]) -> list[str]:
    """The verdicts as one paragraph, each sentence on its own line."""
    texts = [verdict["text"] for verdict in metrics.get("verdicts", {}).values()]
    lines = "\n".join(wrapped(text) for text in texts if text)
    return [lines] if lines else []


def run_facts(bundle: Bundle) -> str:
    """What a run was trained on, with what, and when."""
    from lstmcast.runtime.bundle import MANIFEST

    manifest, config = bundle.manifest, bundle.config
    data, network, metrics = manifest["data"], manifest["network"], bundle.metrics()
    window, windows = config.window, metrics["windows"]
    each = ", one for each series" if config.model.scope == "each" else ""
    members = f", {members_named(metrics)}" if "members" in metrics else ""
    return facts(
        [
            ("Run", show_path(bundle.path)),
            ("Created", utc_moment(manifest["created"])),
            ("Data", f"{data['rows']:,} rows in {data['series']:,} series"),
            ("Period", f"{short_time(data['first'])} to {short_time(data['last'])}"),
            ("Window", f"lookback {window.lookback}, horizon {window.horizon}"),
            ("Windows", ", ".join(f"{name} {n:,}" for name, n in windows.items())),
            (
                "Network",
                f"{config.model.type}{each}{members}, {network['parameters']:,} parameters",
            ),
            ("Epochs", epochs_trained(metrics)),
            ("Trained", f"{manifest['seconds']['fit']:.0f} s on {manifest['backend']}"),
            ("Forecasts", "through ONNX" if bundle.network_file else "through Keras (no ONNX)"),
            ("SHA-256", f"{bundle.sha256} of {MANIFEST}"),
        ]
    )
