"""Runs side by side: their test metrics, how their configs differ, what forbids the comparison."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lstmcast.cli.output import text_table
from lstmcast.reporting.tables import metrics_of, render_text, result_table
from lstmcast.runtime.bundle import Bundle


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        scores: For each run, by its id, the model's test metrics.
        differences: For each dotted field of the config that is not the same in all, its values.
        obstacles: Why the metrics do not measure the same thing, as sentences.
    """

    scores: Mapping[str, Mapping[str, Any]]
    differences: Mapping[str, Sequence[Any]]
    obstacles: tuple[str, ...]

    def text(self) -> str:
        """The table of metrics and the table of differences."""
        names = metrics_of({"model": next(iter(self.scores.values()))})
        table = render_text(
            result_table(self.scores, names), width=shutil.get_terminal_size().columns
        )
        blocks = ["Test period (* is best)", table]
        if self.differences:
            rows = [
                (field, *(json.dumps(value) for value in values))
                for field, values in self.differences.items()
            ]
            blocks.append(text_table(("config", *self.scores), rows))
        else:
            blocks.append("The configs are the same.")
        return "\n\n".join(blocks)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "runs": [{"id": run, "metrics": scores} for run, scores in self.scores.items()],
            "differences": {field: list(values) for field, values in self.differences.items()},
            "comparable": not self.obstacles,
            "obstacles": list(self.obstacles),
        }


def compare_bundles(bundles: Sequence[Bundle]) -> Comparison:
    """Put runs side by side, in the order in which they are given."""
    measured = [bundle.metrics() for bundle in bundles]
    configs = [_flat(bundle.config.model_dump(mode="json")) for bundle in bundles]
    fields = dict.fromkeys(field for config in configs for field in config)
    values = {field: [config.get(field) for config in configs] for field in fields}
    return Comparison(
        scores={
            bundle.id: metrics["metrics"]["test"]["model"]
            for bundle, metrics in zip(bundles, measured, strict=True)
        },
        differences={
            field: each for field, each in values.items() if any(v != each[0] for v in each)
        },
        obstacles=_obstacles(bundles, measured),
    )


def _obstacles(bundles: Sequence[Bundle], measured: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Why metrics of these runs cannot be set against each other."""
    checks = {
        "the data": {bundle.manifest["data"]["fingerprint"] for bundle in bundles},
        "the targets": {bundle.preparation.schema.targets for bundle in bundles},
        "window.horizon": {bundle.config.window.horizon for bundle in bundles},
        "the number of test windows": {metrics["windows"]["test"] for metrics in measured},
    }
    differing = [name for name, values in checks.items() if len(values) > 1]
    if not differing:
        return ()
    return (
        f"not measured on the same test windows ({', '.join(differing)} differ): only MASE and R² "
        "can be set against each other, and with care.",
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The leaves of nested mappings by their dotted path."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
