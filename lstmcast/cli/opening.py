"""A run that a command names: opening it, and what the user should know before forecasting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.cli.output import Console
    from lstmcast.config.schema import Config
    from lstmcast.forecaster import Forecaster


def open_run(name: str, runs_dir: Path) -> Forecaster:
    """The forecaster of a run, verified.

    Raises:
        BundleError: If there is no such run, or it is damaged.
    """
    from lstmcast.forecaster import Forecaster
    from lstmcast.runtime.runs import find_run

    return Forecaster.load(find_run(name, runs_dir))


def warn_of_keras(forecaster: Forecaster, console: Console) -> None:
    """Say why the forecast takes seconds, where the run has no exported network."""
    if forecaster.bundle.network_file is None:
        why = forecaster.bundle.manifest.get("onnx", {}).get("left_out", "it was not exported.")
        console.warn([f"this run has no ONNX network, so Keras is loaded to forecast: {why}"])


def suggest_forecast(console: Console, run: str, config: Config) -> None:
    """Name the command that forecasts, or the one that must come before it."""
    if config.data.future_covariates:
        command = f"lstmcast predict {run} --template --output future.csv"
        console.suggest(command, "the future covariates to fill in")
    else:
        console.suggest(f"lstmcast predict {run}", "forecast from the last rows on")
