"""Put the results of `run.py` into docs/accuracy.md, between two marks."""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "accuracy.md"
BEGIN, END = "<!-- accuracy: begin -->\n", "<!-- accuracy: end -->\n"
# Published test MSE/MAE on ETTh1, with the protocol of `etth.yaml`.
PUBLISHED: dict[str, dict[int, dict[str, tuple[float, float]]]] = {
    "multivariate": {
        96: {
            "xLSTM-Mixer": (0.359, 0.386),
            "SegRNN": (0.351, 0.392),
            "PatchTST": (0.370, 0.400),
            "DLinear": (0.375, 0.399),
            "GRU": (1.135, 0.844),
        },
        192: {"PatchTST": (0.413, 0.429), "DLinear": (0.405, 0.416)},
        336: {"PatchTST": (0.422, 0.440), "DLinear": (0.439, 0.443)},
        720: {"PatchTST": (0.447, 0.468), "DLinear": (0.472, 0.490)},
    },
    "OT alone": {96: {"PatchTST": (0.055, 0.179), "DLinear": (0.056, 0.180)}},
}
NAMES = ("SegRNN", "xLSTM-Mixer", "PatchTST", "DLinear", "GRU")
COLUMNS = ("lstmcast", "validation", "s", "parameters", *NAMES, "naive")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "results", type=Path, nargs="?", default=ROOT / "benchmarks/results/accuracy.json"
    )
    results = json.loads(parser.parse_args().results.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    tables = table(results) + classical(results)
    PAGE.write_text(before + BEGIN + tables + END + after, encoding="utf-8")
    print(tables)


def table(results: dict[str, Any]) -> str:
    """Mean and deviation over the seeds, beside what is published."""
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for run in results["runs"]:
        if not run["set"]:
            groups.setdefault((run["data"], run["case"], run["horizon"]), []).append(run)
    lines = [
        f"{results['date']}, {results['machine']}. Test MSE / MAE on standardised values, mean ± "
        "deviation over the seeds; seconds of the whole process (median).\n",
        f"| | ahead | seeds | {' | '.join(COLUMNS)} |",
        f"|---|---|---|{'---|' * len(COLUMNS)}",
    ]
    for (data, case, horizon), runs in groups.items():
        published = PUBLISHED.get(case, {}).get(horizon, {}) if data == "ETTh1" else {}
        theirs = [_pair(*published[name]) if name in published else "" for name in NAMES]
        seconds = statistics.median(run["seconds"] for run in runs)
        lines.append(
            f"| {data} {case} | {horizon} | {len(runs)} | **{_spread(runs, 'test')}** "
            f"| {_spread(runs, 'validation')} | {seconds:.0f} | {runs[0]['parameters']:,} "
            f"| {' | '.join(theirs)} | {_pair(runs[0]['naive']['mse'], runs[0]['naive']['mae'])} |"
        )
    return "\n".join(lines) + "\n"


def classical(results: dict[str, Any]) -> str:
    """MASE beside classical methods on the same windows; empty where none was run."""
    found: dict[str, Any] = results.get("classical", {})
    if not found:
        return ""
    methods = list(dict.fromkeys(name for entry in found.values() for name in entry["scores"]))
    lines = [
        "\nMASE on the test period beside classical methods, fitted once for each series and "
        "carried forward to each origin:\n",
        f"| | windows | season | {' | '.join(methods)} |",
        f"|---|---|---|{'---|' * len(methods)}",
    ]
    for name, entry in found.items():
        scores = [entry["scores"].get(method) for method in methods]
        cells = [
            f"{statistics.fmean(s['mase'] for s in each):.3f}" if each else "" for each in scores
        ]
        lines.append(f"| {name} | {entry['windows']:,} | {entry['season']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _spread(runs: list[dict[str, Any]], split: str) -> str:
    metrics = [[run[split][metric] for run in runs] for metric in ("mse", "mae")]
    return " / ".join(
        f"{statistics.fmean(values):.4f}"
        + (f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else "")
        for values in metrics
    )


def _pair(mse: float, mae: float) -> str:
    return f"{mse:.3f} / {mae:.3f}"


if __name__ == "__main__":
    main()
