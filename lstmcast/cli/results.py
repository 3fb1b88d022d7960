"""How the measurements of a run are shown on a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lstmcast.cli.output import facts, show_path, wrapped
from lstmcast.reporting.tables import render_text, result_table, step_table, target_tables
from lstmcast.reporting.wording import short_time, utc_moment

if TYPE_CHECKING:
    from lstmcast.runtime.bundle import Bundle


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
        blocks.append(f"MAE by step\n\n{render_text(step_table(scores, 'mae'), width=width)}")
    return "\n\n".join([*blocks, *verdict_lines(metrics)])


def verdict_lines(metrics: Mapping[str, Any]) -> list[str]:
    """The verdicts as one paragraph, each sentence on its own line."""
    texts = [verdict["text"] for verdict in metrics.get("verdicts", {}).values()]
    lines = "\n".join(wrapped(text) for text in texts if text)
    return [lines] if lines else []


def run_facts(bundle: Bundle) -> str:
    """What a run was trained on, with what, and when."""
    manifest, config = bundle.manifest, bundle.config
    data, network, metrics = manifest["data"], manifest["network"], bundle.metrics()
    window, windows = config.window, metrics["windows"]
    return facts(
        [
            ("Run", show_path(bundle.path)),
            ("Created", utc_moment(manifest["created"])),
            ("Data", f"{data['rows']:,} rows in {data['series']:,} series"),
            ("Period", f"{short_time(data['first'])} to {short_time(data['last'])}"),
            ("Window", f"lookback {window.lookback}, horizon {window.horizon}"),
            ("Windows", ", ".join(f"{name} {n:,}" for name, n in windows.items())),
            ("Network", f"{config.model.type}, {network['parameters']:,} parameters"),
            ("Epochs", f"{metrics['epochs']}, the best was {metrics['best_epoch']}"),
            ("Trained", f"{manifest['seconds']['fit']:.0f} s on {manifest['backend']}"),
            ("Forecasts", "through ONNX" if bundle.network_file else "through Keras (no ONNX)"),
        ]
    )
