"""`lstmcast predict`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.delivering import Delivery, Form, Output, deliver
from lstmcast.cli.opening import open_run, warn_of_keras
from lstmcast.cli.options import RUNS_DIR, AsJson, ExpectSha256, Quiet, RunName, RunsDir
from lstmcast.cli.output import Console
from lstmcast.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from lstmcast.forecaster import Forecaster

STDIN = "-"


Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="History to forecast from, `-` for standard input. Without it: the last rows of "
        "the training file, kept in the run.",
    ),
]
Future = Annotated[
    str | None,
    typer.Option(
        "--future",
        metavar="FILE",
        help="The future covariates over the horizon, `-` for standard input; --template "
        "writes the file to fill in.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        min=1,
        metavar="N",
        help="How many steps; without it window.horizon. Beyond it the forecast goes on from "
        "itself.",
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples",
        min=1,
        metavar="N",
        help="Write N paths that each series may take, drawn at random, instead of the "
        "forecast. Not of a point forecast without intervals.",
    ),
]
Sample = Annotated[
    bool,
    typer.Option(
        "--sample",
        help="Of classes: draw each by its probability, not the most probable one.",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        metavar="T",
        help="With --sample: below 1 what is probable is drawn more often, above less; 1 "
        "without it.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        help="With --sample: another seed draws other classes; without it the config's.",
    ),
]
Template = Annotated[
    bool,
    typer.Option("--template", help="Write the file of future covariates to fill in instead."),
]
Learn = Annotated[
    bool,
    typer.Option(
        "--learn/--no-learn",
        help="Let the intervals learn from the actual values that --data brings, and keep that "
        "beside the run, in RUN.state.",
    ),
]


def predict(
    run: RunName,
    data: Data = None,
    *,
    future: Future = None,
    steps: Steps = None,
    samples: Samples = None,
    sample: Sample = False,
    temperature: Temperature = None,
    seed: Seed = None,
    output: Output = None,
    form: Form = None,
    template: Template = False,
    learn: Learn = True,
    expect_sha256: ExpectSha256 = None,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Forecast from the last row of the data on.

    Columns: the time, the series and the target where there are several, step, prediction, and
    each quantile named by its level; of a calibrated run these are the ends of its intervals. With
    --samples: path and value in place of the last two. Of classes: prediction is one, and p_ before
    the name of each is its probability.

    \b
    lstmcast predict latest
    lstmcast predict latest --data newer.csv --output forecast.csv
    lstmcast predict latest --template > future.csv
    lstmcast predict latest --future future.csv --steps 48
    lstmcast predict latest --samples 100 --output paths.csv
    lstmcast predict latest --steps 200 --sample --temperature 0.8
    """
    console = Console("predict", as_json=as_json, quiet=quiet)
    delivery = Delivery(output, form, as_json=as_json, for_machines=template)
    _check_options(data, future, samples, template=template)
    drawing = _drawing(sample, temperature, seed, others=template or samples is not None)
    forecaster = open_run(run, runs_dir, expect_sha256=expect_sha256)
    delivery.check(forecaster.bundle.path)
    if template:
        frame = _template(forecaster, data, steps)
        delivery = replace(delivery, csv=forecaster.config.data.csv)
    else:
        warn_of_keras(forecaster, console)
        if drawing is not None:
            frame = forecaster.generate(data, future=future, steps=steps, **drawing)
        elif samples is None:
            learns = learn and data is not None
            frame = forecaster.predict(data, future=future, steps=steps, learn=learns)
        else:
            frame = forecaster.sample(samples, data, future=future, steps=steps)
    deliver(frame, delivery, console, run=str(forecaster.bundle.path), data=data)
    if template:
        file = output if delivery.file else "FILE"
        command = f"lstmcast predict {run} --future {file}"
        console.suggest(command, "once the empty columns are filled in")
    elif delivery.is_text:
        wanted = " --sample" if sample else "" if samples is None else f" --samples {samples}"
        console.suggest(
            f"lstmcast predict {run}{wanted} --output forecast.csv", "keep the forecast"
        )


def _check_options(
    data: str | None, future: str | None, samples: int | None, *, template: bool
) -> None:
    """Refuse options that exclude each other.

    Raises:
        ConfigError: If some do.
    """
    if data == STDIN and future == STDIN:
        raise ConfigError("--data and --future cannot both read standard input. Name a file.")
    if template and future is not None:
        raise ConfigError("--template writes the file that --future reads. Leave one out.")
    if template and samples is not None:
        raise ConfigError("--template writes a file to fill in, --samples paths. Leave one out.")


def _drawing(
    sample: bool, temperature: float | None, seed: int | None, *, others: bool
) -> dict[str, Any] | None:
    """How classes are drawn; None where they are not.

    Args:
        sample: Whether they are.
        temperature: As given.
        seed: As given.
        others: Whether something else than a forecast is asked for.

    Raises:
        ConfigError: If an option has no meaning beside the others.
    """
    if not sample:
        for option, value in (("--temperature", temperature), ("--seed", seed)):
            if value is not None:
                raise ConfigError(f"{option} goes with --sample. Give that, too.")
        return None
    if others:
        raise ConfigError("--sample draws classes. Leave out --samples and --template.")
    return {"temperature": 1.0 if temperature is None else temperature, "seed": seed}


def _template(forecaster: Forecaster, data: str | None, steps: int | None) -> pd.DataFrame:
    """The future covariates to fill in.

    Raises:
        ConfigError: If the run has none.
    """
    if not forecaster.config.data.future_covariates:
        raise ConfigError(
            "the run has no future covariates, so there is nothing to fill in: `lstmcast predict` "
            "needs no --future."
        )
    return forecaster.template(data, steps=steps)
