"""`lstmcast detect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lstmcast.cli.delivering import Delivery, Form, Output, deliver
from lstmcast.cli.gates import MaxShare, max_share
from lstmcast.cli.opening import open_run, warn_of_keras
from lstmcast.cli.options import RUNS_DIR, AsJson, ExpectSha256, Quiet, RunName, RunsDir
from lstmcast.cli.output import Console, show_path
from lstmcast.errors import ConfigError, ResourceError

STDIN = "-"
_PLOTS = (".png", ".svg", ".pdf")


Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="FILE",
        help="The values to judge, with the history before them, `-` for standard input; those "
        "after the validation period are.",
    ),
]
Rate = Annotated[
    float,
    typer.Option(
        "--rate", metavar="SHARE", help="Share of false alarms among values as validation had."
    ),
]
Step = Annotated[
    int,
    typer.Option("--step", min=1, metavar="N", help="Judge by the forecast made N steps before."),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace/--no-replace",
        help="Let later forecasts read the forecast of an anomaly in its place, so that one "
        "spike gives one alarm.",
    ),
]
Future = Annotated[
    str | None,
    typer.Option(
        "--future",
        metavar="FILE",
        help="The future covariates after the end of the data, so that the last values are "
        "judged too.",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw the values beside what was expected: .png, .svg or .pdf.",
    ),
]


def detect(
    run: RunName,
    data: Data,
    *,
    rate: Rate = 0.01,
    step: Step = 1,
    replace: Replace = True,
    future: Future = None,
    only: Annotated[bool, typer.Option("--only", help="Write the anomalies alone.")] = False,
    output: Output = None,
    form: Form = None,
    plot: Plot = None,
    most: MaxShare = None,
    expect_sha256: ExpectSha256 = None,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Find what no validation error explains: anomalies in new data.

    Columns: the time, the series and the target where there are several, actual, prediction, lower
    and upper end of what is no anomaly, score (in mean absolute validation errors), p_value and
    anomaly.

    Exits with 1 if the gate fails.

    \b
    lstmcast detect latest --data newer.csv
    lstmcast detect latest --data newer.csv --rate 0.005 --only --output anomalies.csv
    lstmcast detect latest --data newer.csv --plot anomalies.png
    lstmcast detect latest --data newer.csv --max-share 0.05 --json
    """
    from lstmcast.cli.anomalies import anomalies_text, draw, left_out

    console = Console("detect", as_json=as_json, quiet=quiet)
    delivery = Delivery(output, form, as_json=as_json)
    _check_options(data, future)
    judge = max_share(most)
    forecaster = open_run(run, runs_dir, expect_sha256=expect_sha256)
    delivery.check(forecaster.bundle.path)
    _check_plot(plot, forecaster.bundle.path)
    warn_of_keras(forecaster, console)
    found = forecaster.detect(data, rate=rate, step=step, replace=replace, future=future)
    if plot is not None:
        draw(found, plot)
    judged = judge(found.n_anomalies / found.n_points)
    console.warn(left_out(found))
    fields = {"plot": show_path(plot)} if plot is not None else {}
    if not delivery.is_text:
        deliver(
            found.table(only=only),
            delivery,
            console,
            run=str(forecaster.bundle.path),
            data=data,
            **found.summary(),
            **fields,
            **judged.fields(),
        )
    if delivery.is_text or (delivery.file is not None and not as_json):
        console.answer(anomalies_text(found))
    elif not as_json:
        console.note(anomalies_text(found))
    if plot is not None:
        console.note(f"\nWrote {show_path(plot)}.")
    judged.end(console)
    _suggest(console, run, data, drawn=plot is not None)


def _check_options(data: str, future: str | None) -> None:
    """Refuse options that exclude each other.

    Raises:
        ConfigError: If some do.
    """
    if data == STDIN and future == STDIN:
        raise ConfigError("--data and --future cannot both read standard input. Name a file.")


def _check_plot(plot: Path | None, run: Path) -> None:
    """Refuse a file that no plot can go to.

    Raises:
        ConfigError: If its name says no form, or it is inside the run.
        ResourceError: If its directory is not there.
    """
    if plot is None:
        return
    if plot.suffix.lower() not in _PLOTS:
        raise ConfigError(f"--plot {plot}: give a file that ends in {', '.join(_PLOTS)}.")
    if plot.resolve().is_relative_to(run.resolve()):
        raise ConfigError(f"--plot {plot} is inside the run, which never changes. Write elsewhere.")
    if not plot.parent.is_dir():
        raise ResourceError(
            f"{plot}: cannot be written: there is no directory {plot.parent}. Make it, or name "
            "another."
        )


def _suggest(console: Console, run: str, data: str, *, drawn: bool) -> None:
    if drawn:
        command = f"lstmcast detect {run} --data {data} --only --output anomalies.csv"
        console.suggest(command, "keep the anomalies")
    else:
        command = f"lstmcast detect {run} --data {data} --plot anomalies.png"
        console.suggest(command, "see them")
