"""A run that a command names becomes a forecaster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.cli.output import Console
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
