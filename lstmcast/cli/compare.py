"""`lstmcast compare`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.gates import (
    BetterThan,
    Gates,
    Judged,
    MaxMase,
    MinCoverage,
    Verdict,
    measured,
)
from lstmcast.cli.options import RUNS_DIR, AsJson, Quiet, RunsDir
from lstmcast.cli.output import Console, show_path
from lstmcast.errors import ConfigError

if TYPE_CHECKING:
    from lstmcast.runtime.comparing import Comparison

_PLOTS = (".png", ".svg", ".pdf")


class LossName(StrEnum):
    """What an error costs."""

    absolute = "absolute"
    squared = "squared"
    pinball = "pinball"


Names = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN RUN...",
        help="Runs, backtests, and baselines that the first of these kept, such as naive. The "
        "first is compared with each of the others.",
    ),
]
Level = Annotated[
    float,
    typer.Option(
        "--level",
        metavar="SHARE",
        min=0.0001,
        max=0.5,
        help="Share of equally good pairs that may be called different.",
    ),
]
Seeds = Annotated[
    bool, typer.Option("--seeds", help="Take runs that differ by their seed alone as one model.")
]
ByStep = Annotated[bool, typer.Option("--by-step", help="Show every step, with its interval.")]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw the difference by step: .png, .svg or .pdf."),
]
RequireBetter = Annotated[
    bool,
    typer.Option(
        "--require-better",
        help="Exit with 1 unless the first is surely better than each of the others.",
    ),
]


def compare(
    names: Names,
    loss: Annotated[
        LossName, typer.Option("--loss", help="The loss that the verdict follows.")
    ] = LossName.absolute,
    level: Level = 0.05,
    *,
    seeds: Seeds = False,
    by_step: ByStep = False,
    plot: Plot = None,
    require_better: RequireBetter = False,
    max_mase: MaxMase = None,
    min_coverage: MinCoverage = None,
    better_than: BetterThan = None,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say whether one forecast is better than another, beyond chance.

    The gates hold the first that is named. Exits with 1 if one fails.

    \b
    lstmcast compare latest seasonal_naive
    lstmcast compare co2-large co2-small --plot difference.png
    """
    if plot is not None and plot.suffix.lower() not in _PLOTS:
        raise ConfigError(f"--plot {plot}: give a file that ends in {', '.join(_PLOTS)}.")
    from lstmcast.cli.conclusions import comparison_json, notes_of
    from lstmcast.cli.differences import comparison_text
    from lstmcast.runtime.comparing import Settings
    from lstmcast.runtime.comparing import compare as compare_names

    console = Console("compare", as_json=as_json, quiet=quiet)
    settings = Settings(loss=loss.value, level=level, seeds=seeds)
    judge = _judge_of(Gates(max_mase, min_coverage, better_than), names[0], runs_dir)
    comparison = compare_names(names, runs_dir, settings)
    if plot is not None:
        _draw(comparison, plot)
    judged = judge()
    if require_better:
        judged = Verdict((*judged.gates, *_surely_better(comparison)), judged.warnings)
    console.answer(
        comparison_text(comparison, by_step=by_step),
        **comparison_json(comparison),
        **judged.fields(),
        **({"plot": show_path(plot)} if plot is not None else {}),
    )
    if not as_json:
        console.warn(notes_of(comparison))
    judged.end(console)
    if plot is not None:
        console.note(f"\nWrote {show_path(plot)}.")
    console.suggest("lstmcast runs compare RUN RUN", "how their configs differ")


def _judge_of(gates: Gates, name: str, runs_dir: Path) -> Callable[[], Verdict]:
    """What judges the first that is named, by the metrics that are kept of it."""
    if gates == Gates():
        return lambda: Verdict(())
    metrics = measured(name, runs_dir)
    baselines = [each for each in metrics["metrics"]["test"] if each != "model"]
    judge = gates.judge_for(baselines, runs_dir)
    return lambda: judge(metrics)


def _surely_better(comparison: Comparison) -> Iterator[Judged]:
    """Whether the first is better than each of the others, beyond chance."""
    for pair in comparison.pairs:
        other = comparison.competitors[pair.other].name
        yield Judged(
            gate="require-better",
            limit=other,
            value=pair.by_loss[comparison.settings.loss].whole.p_holm,
            passed=pair.decision.outcome == "better",
            text=f"--require-better: not surely better than {other}",
        )


def _draw(comparison: Comparison, path: Path) -> None:
    """Write the plot of every pair.

    Raises:
        ResourceError: If the file cannot be written.
    """
    from lstmcast.cli.conclusions import measure_of
    from lstmcast.cli.frames import write_file
    from lstmcast.reporting.plots.differences import DrawnPair, draw_differences

    loss = comparison.settings.loss
    first = comparison.competitors[0].name
    pairs = [
        DrawnPair(first, comparison.competitors[pair.other].name, pair.by_loss[loss], pair.decision)
        for pair in comparison.pairs
    ]
    content = draw_differences(
        pairs,
        steps=comparison.shared.steps,
        measure=measure_of(comparison, loss),
        form=path.suffix.lower().removeprefix("."),
    )
    write_file(content, path)
