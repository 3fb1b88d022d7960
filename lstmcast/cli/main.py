"""The command line: the list of commands, and the one place where their errors end.

Starting is light: a command imports what it needs when it runs.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from lstmcast import __version__
from lstmcast.cli.audit import audit
from lstmcast.cli.backtest import backtest
from lstmcast.cli.compare import compare
from lstmcast.cli.config import app as config_app
from lstmcast.cli.detect import detect
from lstmcast.cli.doctor import doctor
from lstmcast.cli.evaluate import evaluate
from lstmcast.cli.failures import call
from lstmcast.cli.groups import HELP_OPTIONS, make_app, show_help
from lstmcast.cli.init import init
from lstmcast.cli.models import models
from lstmcast.cli.predict import predict
from lstmcast.cli.reproduce import reproduce
from lstmcast.cli.runs import app as runs_app
from lstmcast.cli.train import train
from lstmcast.cli.tune import tune
from lstmcast.cli.validate import validate

HELP = """A CSV and a YAML in, a leak-free LSTM forecast out, measured beside simple baselines.

\b
lstmcast init --from sales.csv    look at the file and write config.yaml
lstmcast train config.yaml        train, measure, and write a run directory
lstmcast predict latest           forecast from the last rows on

Every command takes --debug, which shows the traceback of an error.

\b
Exit codes: 0 ok, 1 a gate or a check failed, 2 usage or config, 3 data, 4 run directory,
5 training diverged, 6 resource, 70 bug, 130 or 143 interrupted.
"""
# Objects that are made until Python looks for circles among them. A library's import makes hundreds
# of thousands that stay: looking each 700, as Python does, takes a twentieth of a start.
GC_OBJECTS = 50_000
app = make_app(HELP)
COMMANDS = (
    init,
    validate,
    audit,
    train,
    tune,
    backtest,
    evaluate,
    compare,
    reproduce,
    predict,
    detect,
    models,
    doctor,
)
for command in COMMANDS:
    app.command(context_settings=HELP_OPTIONS)(command)
app.add_typer(runs_app, name="runs")
app.add_typer(config_app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"lstmcast {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Show what there is where no command is named."""
    show_help(context)


def run() -> NoReturn:
    """Run the command that the process was started with, and end it: the console script.

    The process ends at once: to take apart TensorFlow or JAX takes a second, and every file is
    written and closed by then.
    """
    gc.set_threshold(GC_OBJECTS, *gc.get_threshold()[1:])
    code = call(app, sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
