"""`lstmcast evaluate`."""

from __future__ import annotations

from typing import Annotated

import typer

from lstmcast.cli.gates import BetterThan, Gates, MaxMase, MinCoverage
from lstmcast.cli.opening import open_run, suggest_forecast, warn_of_keras
from lstmcast.cli.options import RUNS_DIR, AsJson, ExpectSha256, Quiet, RunName, RunsDir
from lstmcast.cli.output import Console


def evaluate(
    run: RunName,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="Measure on this file, `-` for standard input; only what comes after the "
            "validation period counts. Without it: what training measured.",
        ),
    ] = None,
    *,
    max_mase: MaxMase = None,
    min_coverage: MinCoverage = None,
    better_than: BetterThan = None,
    expect_sha256: ExpectSha256 = None,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show how good a run is, on new data too.

    Exits with 1 if a gate fails.

    \b
    lstmcast evaluate latest
    lstmcast evaluate latest --data newer.csv --json
    lstmcast evaluate latest --max-mase 1 --better-than seasonal_naive
    """
    from lstmcast.cli.results import results_text

    console = Console("evaluate", as_json=as_json, quiet=quiet)
    forecaster = open_run(run, runs_dir, expect_sha256=expect_sha256)
    gates = Gates(max_mase, min_coverage, better_than)
    judge = gates.judge_for(forecaster.config.evaluation.baselines, runs_dir)
    if data is not None:
        warn_of_keras(forecaster, console)
    metrics = forecaster.evaluate(data)
    judged = judge(metrics)
    names = ["windows", "metrics", "metrics_scaled", "intervals", "members", "over_series"]
    names += ["worst_series", "verdicts"]
    console.answer(
        results_text(metrics),
        run=str(forecaster.bundle.path),
        data=data,
        # Only a calibrated run has intervals; only an ensemble has members, and they are measured
        # in training alone.
        **{name: metrics[name] for name in names if name in metrics},
        **judged.fields(),
    )
    judged.end(console)
    suggest_forecast(console, run, forecaster.config)
