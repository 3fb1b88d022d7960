"""`lstmcast reproduce`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.gates import GATE_EXIT
from lstmcast.cli.options import RUNS_DIR, AsJson, Quiet, RunName, RunsDir
from lstmcast.cli.output import Console, print_error, show_path, text_table, wrapped
from lstmcast.cli.progress import following
from lstmcast.cli.sources import with_data

if TYPE_CHECKING:
    from lstmcast.auditing.again import Arrays, Metric
    from lstmcast.auditing.reproducing import Reproduction

# Metrics that are shown of those that differ too much.
_SHOWN = 12
# Those that are always shown: of the test split, over all steps and targets.
_TOTAL = re.compile(r"metrics\.test\.model\.\w+")


def reproduce(
    run: RunName,
    *,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="FILE", help="The data, in place of the config's path."),
    ] = None,
    other_data: Annotated[
        bool, typer.Option("--other-data", help="Train, though the data are not those of the run.")
    ] = False,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="SHARE",
            min=0.0,
            help="Exit with 1 where a metric differs by more, relative; by default 1e-6 with "
            "training.deterministic, else 1e-3.",
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the new run, in --runs-dir.")] = False,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a run again and see whether it comes out the same.

    Config and seed are those of the run; weights, metrics and test forecasts are compared, and what
    differs in versions, hardware and data is told. Exits with 1 if a metric differs beyond the
    tolerance.

    \b
    lstmcast reproduce latest
    lstmcast reproduce latest --data sales.csv --tolerance 1e-4
    lstmcast reproduce latest --keep --json
    """
    from lstmcast.auditing.reproducing import reproduce as reproduce_run
    from lstmcast.runtime.bundle import load_bundle
    from lstmcast.runtime.runs import find_run

    console = Console("reproduce", as_json=as_json, quiet=quiet)
    bundle = load_bundle(find_run(run, runs_dir))
    config = with_data(bundle.config, data)
    with following(quiet=quiet) as progress:
        found = reproduce_run(
            bundle,
            config,
            tolerance=tolerance,
            other_data=other_data,
            keep_in=runs_dir if keep else None,
            progress=progress,
        )
    console.warn(f"other data: {text}" for text in found.other_data)
    outcome = {} if found.passed else {"status": "failed", "exit_code": GATE_EXIT}
    console.answer(_text(found), **outcome, run=str(bundle.path), **_fields(found))
    if not found.passed:
        print_error(found.verdict)
        raise typer.Exit(GATE_EXIT)
    if found.path is None:
        console.suggest(f"lstmcast audit {run}", "prove that nothing leaks")
    else:
        console.suggest(f"lstmcast compare {run} {show_path(found.path)}", "the two side by side")


def _fields(found: Reproduction) -> dict[str, Any]:
    metrics = [{**asdict(each), "within": each.within(found.tolerance)} for each in found.metrics]
    return {
        "again": None if found.path is None else str(found.path),
        "tolerance": found.tolerance,
        "weights": asdict(found.weights),
        "forecasts": None if found.forecasts is None else asdict(found.forecasts),
        "metrics": metrics,
        "changes": [asdict(each) for each in found.changes],
        "other_data": list(found.other_data),
        "verdict": found.verdict,
    }


def _text(found: Reproduction) -> str:
    blocks = [text_table(["", "run", "again", "difference"], _lines(found), right="lrrr")]
    same = "Versions, backend, hardware and data are the same."
    changed = [str(each) for each in found.changes]
    blocks.append("\n".join(["Differs:", *(f"  {each}" for each in changed)]) if changed else same)
    if found.path is not None:
        blocks.append(f"Run  {show_path(found.path)}")
    return "\n\n".join([*blocks, wrapped(found.verdict)])


def _lines(found: Reproduction) -> Iterator[tuple[str, ...]]:
    yield f"{found.weights.values:,} weights", "", "", _apart(found.weights)
    if found.forecasts is not None:
        yield f"{found.forecasts.values:,} forecasts", "", "", _apart(found.forecasts)
    shown = [each for each in found.metrics if _TOTAL.fullmatch(each.name)]
    shown += [each for each in found.beyond if each not in shown][:_SHOWN]
    for each in shown:
        yield _line(each)
    if others := len(found.metrics) - len(shown):
        worst = max((m.difference or 0.0 for m in found.metrics if m not in shown), default=0.0)
        yield f"{others:,} other metrics", "", "", f"{worst:.1e} at most" if worst else "none"


def _line(metric: Metric) -> tuple[str, ...]:
    from lstmcast.reporting.wording import format_number

    difference = "undefined" if metric.difference is None else f"{metric.difference:.1e}"
    numbers = (format_number(each, digits=6) for each in (metric.run, metric.again))
    return metric.name, *numbers, difference if metric.difference != 0 else "none"


def _apart(arrays: Arrays) -> str:
    if arrays.identical:
        return "none, to the bit"
    return "other shapes" if arrays.largest is None else f"{arrays.largest:.1e}"
