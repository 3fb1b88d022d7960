"""A run that a command names: opening it, and what the user should know before forecasting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from lstmcast.errors import ConfigError

if TYPE_CHECKING:
    from lstmcast.cli.output import Console
    from lstmcast.config.schema import Config
    from lstmcast.forecaster import Forecaster

_SHA256 = re.compile("[0-9a-f]{64}")


def open_run(name: str, runs_dir: Path, *, expect_sha256: str | None = None) -> Forecaster:
    """The forecaster of a run, verified.

    Args:
        name: As `find_run` takes it.
        runs_dir: Where ids are looked up.
        expect_sha256: As the option gives it.

    Raises:
        BundleError: If there is no such run, it is damaged, or not the one that is expected.
        ConfigError: If what is expected is no SHA-256.
    """
    expected = checked_sha256(expect_sha256)
    from lstmcast.forecaster import Forecaster
    from lstmcast.runtime.runs import find_run

    return Forecaster.load(find_run(name, runs_dir), expect_sha256=expected)


def checked_sha256(text: str | None) -> str | None:
    """What `--expect-sha256` was given, in small letters; None without it.

    Raises:
        ConfigError: If it is no SHA-256.
    """
    if text is None:
        return None
    expected = text.strip().lower()
    if not _SHA256.fullmatch(expected):
        raise ConfigError(
            f"--expect-sha256: must be 64 hexadecimal digits, such as `lstmcast runs show` tells "
            f"of a run. Received: {text!r}."
        )
    return expected


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
