"""`lstmcast compare`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.options import RUNS_DIR, AsJson, Quiet, RunsDir
from lstmcast.cli.output import Console, coloured, show_path
from lstmcast.errors import ConfigError

if TYPE_CHECKING:
    from lstmcast.runtime.comparing import Comparison

_FAILED = 1
_PLOTS = (".png", ".svg", ".pdf")


class LossName(StrEnum):
    """What an error costs."""

    absolute = "absolute"
    squared = "squared"
    pinball = "pinball"


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...",
            help="Runs, backtests, and baselines that the first of these kept, such as naive. The "
            "first is compared with each of the others.",
        ),
    ],
    loss: Annotated[
        LossName, typer.Option("--loss", help="The loss that the verdict follows.")
    ] = LossName.absolute,
    level: Annotated[
        float,
        typer.Option(
            "--level",
            metavar="SHARE",
            min=0.0001,
            max=0.5,
            help="Share of equally good pairs that may be called different.",
        ),
    ] = 0.05,
    *,
    seeds: Annotated[
        bool,
        typer.Option("--seeds", help="Take runs that differ by their seed alone as one model."),
    ] = False,
    by_step: Annotated[
        bool, typer.Option("--by-step", help="Show every step, with its interval.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", metavar="FILE", help="Draw the difference by step: .png, .svg or .pdf."
        ),
    ] = None,
    require_better: Annotated[
        bool,
        typer.Option(
            "--require-better",
            help="Exit with 1 unless the first is surely better than each of the others.",
        ),
    ] = False,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say whether one forecast is better than another, beyond chance.

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
    comparison = compare_names(names, runs_dir, settings)
    if plot is not None:
        _draw(comparison, plot)
    gates = _gates(comparison) if require_better else []
    failed = [gate for gate in gates if not gate["passed"]]
    console.answer(
        comparison_text(comparison, by_step=by_step),
        **({"status": "error", "exit_code": _FAILED} if failed else {}),
        **comparison_json(comparison),
        **({"gates": gates} if require_better else {}),
        **({"plot": show_path(plot)} if plot is not None else {}),
    )
    if not as_json:
        console.warn(notes_of(comparison))
    for gate in failed if not as_json else ():
        label = coloured("failed:", "red", sys.stderr)
        print(f"{label} --require-better: not surely better than {gate['limit']}.", file=sys.stderr)
    if failed:
        raise typer.Exit(_FAILED)
    if plot is not None:
        console.note(f"\nWrote {show_path(plot)}.")
    console.suggest("lstmcast runs compare RUN RUN", "how their configs differ")


def _gates(comparison: Comparison) -> list[dict[str, Any]]:
    """Whether the first is better than each of the others."""
    return [
        {
            "gate": "require-better",
            "limit": comparison.competitors[pair.other].name,
            "value": pair.by_loss[comparison.settings.loss].whole.p_holm,
            "passed": pair.decision.outcome == "better",
        }
        for pair in comparison.pairs
    ]


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
