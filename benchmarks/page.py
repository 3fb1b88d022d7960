"""Put the results of `speed.py` into docs/performance.md: a table between two marks, and a plot."""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[1]
PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
BEGIN, END = "<!-- speed: begin -->\n", "<!-- speed: end -->\n"
OURS = ("lstmcast (tensorflow)", "lstmcast (jax)")
SHOWN = (
    "train, whole process, s",
    "predict, whole process, s",
    "one forecast, ms",
    "step, batch 32, ms",
    "step, batch 128, ms",
)
Values = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    results = json.loads(parser.parse_args().results.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + BEGIN + table(results) + END + after, encoding="utf-8")
    draw(results["figures"])


def table(results: dict[str, Any]) -> str:
    """Medians, with the least and the largest, in Markdown."""
    figures: dict[str, Values] = results["figures"]
    names = list(next(iter(figures.values())))
    lines = [
        f"{results['date']}, {results['machine']}, {results['data']}, median of "
        f"{results['rounds']} rounds (least-largest):\n",
        f"| | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for figure, values in figures.items():
        lines.append(f"| {figure} | {' | '.join(spread(values[name]) for name in names)} |")
    lines += ["", "The same as ratios, round by round: how many times as long the others take.\n"]
    others = [name for name in names if name not in OURS]
    lines += [f"| | against | {' | '.join(others)} |", f"|---|---|{'---|' * len(others)}"]
    for figure in SHOWN:
        for ours in OURS:
            ratios = [spread(ratio(figures[figure], name, ours)) for name in others]
            lines.append(f"| {figure.rpartition(',')[0]} | {ours} | {' | '.join(ratios)} |")
    return "\n".join(lines) + "\n"


def ratio(values: Values, name: str, ours: str) -> list[float]:
    return [a / b for a, b in zip(values[name], values[ours], strict=True)]


def spread(numbers: list[float]) -> str:
    median, least, most = (
        f"{number:.0f}" if number >= 100 else f"{number:.3g}"
        for number in (statistics.median(numbers), min(numbers), max(numbers))
    )
    return f"{median} ({least}-{most})"


def draw(figures: dict[str, Values]) -> None:
    """One panel a figure, a bar a system, on a scale from zero; one forecast on a log scale."""
    plt.rcParams["svg.hashsalt"] = "lstmcast"
    figure, panels = plt.subplots(1, len(SHOWN), figsize=(14, 3.2), layout="constrained")
    for axes, shown in zip(panels, SHOWN, strict=True):
        values = figures[shown]
        names = list(values)[::-1]
        medians = [statistics.median(values[name]) for name in names]
        ends = [[min(values[name]) for name in names], [max(values[name]) for name in names]]
        errors = [
            [abs(end - median) for end, median in zip(side, medians, strict=True)] for side in ends
        ]
        colors = ["#1f5fa8" if name in OURS else "#b8bec6" for name in names]
        axes.barh(names, medians, xerr=errors, color=colors, ecolor="#555", error_kw={"lw": 1})
        axes.set_title(shown, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        if shown.startswith("one forecast"):
            axes.set_xscale("log")
        if axes is not panels[0]:
            axes.set_yticklabels([])
    figure.savefig(PLOT, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
