"""The pipeline as one readable function: a config in, a trained run out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcast.config.class_defaults import CLASSIFICATION
from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset, build_dataset, fingerprint, load_panel
from lstmcast.execution.work import Executor
from lstmcast.experiment.apart import check_apart
from lstmcast.experiment.classified import (
    MeasuredClasses,
    measure_classes,
    write_class_report,
    write_class_results,
)
from lstmcast.experiment.measuring import measure
from lstmcast.experiment.network import fit
from lstmcast.experiment.recording import (
    manifest_of,
    write_data,
    write_ranks,
    write_report,
    write_results,
)
from lstmcast.machine import release_memory
from lstmcast.runtime.bundle import RunWriter
from lstmcast.training.progress import Progress, SilentProgress

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrainedRun:
    """A run that was trained and written.

    Attributes:
        path: Its directory.
        manifest: What `manifest.json` holds, the list of files apart.
        metrics: What `metrics.json` holds.
        warnings: What the user should know.
        seconds: `total` and `fit`.
    """

    path: Path
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]


def train(
    config: Config,
    *,
    frame: pd.DataFrame | None = None,
    runs_dir: Path | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    show_chatter: bool = False,
) -> TrainedRun:
    """Train one experiment and write its run directory.

    Args:
        config: The experiment.
        frame: The data, in place of `data.path`.
        runs_dir: Where the run is written, in place of the config's `runs_dir`.
        progress: Told of each epoch.
        executor: What trains the members of an ensemble side by side; None for one after the other.
        show_chatter: Let the libraries' own lines through to stderr, not into the run's log.

    Returns:
        The run, whole on disk.

    Raises:
        ConfigError: If there are no members to train side by side.
        DataError: If the data cannot be used; nothing is written then.
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the disk, the device or a package is not there.
    """
    began = time.perf_counter()
    if executor is not None:
        check_apart(config)
    dataset = build_dataset(config, load_panel(config, frame=frame))
    release_memory()
    created = datetime.now(UTC)
    writer = RunWriter(runs_dir or Path(config.runs_dir), _run_id(config, dataset, created))
    try:
        writer.log("data", rows=dataset.panel.n_rows, series=dataset.panel.n_series)
        write_data(writer, dataset)
        fitted = fit(
            dataset,
            writer,
            progress or SilentProgress(),
            executor=executor,
            show_chatter=show_chatter,
        )
        release_memory()
        classifies = config.task == CLASSIFICATION
        measured = measure_classes(dataset, fitted) if classifies else measure(dataset, fitted)
        warnings = (*dataset.warnings, *fitted.warnings)
        fitting = sum(history.seconds for history in fitted.histories)
        seconds = {"total": time.perf_counter() - began, "fit": fitting}
        manifest = manifest_of(dataset, fitted, created)
        manifest |= {"warnings": list(warnings), "seconds": seconds}
        if isinstance(measured, MeasuredClasses):
            write_class_results(writer, dataset.panel.schema, fitted, measured)
            write_class_report(writer, manifest, dataset, fitted, measured)
        else:
            write_ranks(writer, dataset, fitted)
            write_results(writer, dataset.panel.schema, fitted, measured)
            write_report(writer, manifest, dataset, fitted, measured)
        path = writer.finish(manifest)
    except BaseException:
        writer.discard()
        raise
    return TrainedRun(path, manifest, measured.metrics, warnings, seconds)


def _run_id(config: Config, dataset: Dataset, created: datetime) -> str:
    """Name, time and a hash of config and data, so that two runs of one second differ."""
    content = dump_config(config) + fingerprint(dataset.panel) + created.isoformat()
    short = hashlib.sha256(content.encode()).hexdigest()[:6]
    return f"{config.name}-{created:%Y%m%dT%H%M%SZ}-{short}"
