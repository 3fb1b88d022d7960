"""The pipeline as one readable function: a config in, a trained run out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcast import __version__
from lstmcast.config.class_defaults import CLASSIFICATION
from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset, build_dataset, fingerprint, load_panel
from lstmcast.errors import ConfigError, DataError, DivergedError
from lstmcast.execution.work import Executor
from lstmcast.experiment.apart import check_apart
from lstmcast.experiment.calibrating import Calibrated, calibrate
from lstmcast.experiment.classified import (
    MeasuredClasses,
    measure_classes,
    write_class_report,
    write_class_results,
)
from lstmcast.experiment.measuring import Measured, measure
from lstmcast.experiment.network import Fitted, fit
from lstmcast.experiment.recording import (
    keep_probe,
    manifest_of,
    write_calibration,
    write_data,
    write_ranks,
    write_report,
    write_results,
    write_scores,
)
from lstmcast.experiment.room import run_bytes
from lstmcast.machine import keep_no_large_blocks, release_memory
from lstmcast.runtime.run_writer import RunWriter
from lstmcast.training.checkpoints import SUFFIX, Checkpoints, interrupted
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
    resume: bool = False,
    show_chatter: bool = False,
) -> TrainedRun:
    """Train one experiment and write its run directory.

    Args:
        config: The experiment.
        frame: The data, in place of `data.path`.
        runs_dir: Where the run is written, in place of the config's `runs_dir`.
        progress: Told of each epoch.
        executor: What trains the members of an ensemble side by side; None for one after the other.
        resume: Go on with the newest training of this config and data that was interrupted, if
            there is one.
        show_chatter: Let the libraries' own lines through to stderr, not into the run's log.

    Returns:
        The run, whole on disk.

    Raises:
        ConfigError: If there are no members to train side by side, or what was interrupted was a
            training of another config or other data.
        DataError: If the data cannot be used; nothing is written then.
        DivergedError: If the loss became NaN or infinite; after the first epoch the run is written
            all the same, with the best weights so far.
        ResourceError: If the disk, the device or a package is not there.
    """
    began = time.perf_counter()
    if executor is not None:
        check_apart(config)
    dataset = build_dataset(config, load_panel(config, frame=frame))
    release_memory()
    created = datetime.now(UTC)
    writer = RunWriter(
        runs_dir or Path(config.runs_dir),
        _run_id(config, dataset, created),
        n_bytes=run_bytes(dataset),
    )
    try:
        with _kept_fits(writer, dataset, resume=resume) as checkpoints:
            writer.log("data", rows=dataset.panel.n_rows, series=dataset.panel.n_series)
            write_data(writer, dataset)
            fitted = fit(
                dataset,
                writer,
                progress or SilentProgress(),
                executor=executor,
                checkpoints=checkpoints,
                show_chatter=show_chatter,
            )
            run = _finish(writer, dataset, fitted, created, began=began)
    except BaseException:
        writer.discard()
        raise
    if fitted.diverged is not None:
        raise DivergedError(f"{fitted.diverged} {_BEST_KEPT.format(run.path)}", run=run.path)
    return run


def _finish(
    writer: RunWriter, dataset: Dataset, fitted: Fitted, created: datetime, *, began: float
) -> TrainedRun:
    """Measure what was trained, and write all that a run holds of it."""
    keep_no_large_blocks()
    release_memory()
    recorded = _measured(dataset, fitted)
    diverged = () if fitted.diverged is None else (fitted.diverged,)
    notes = recorded.calibrated.notes
    warnings = (*diverged, *dataset.warnings, *fitted.warnings, *notes)
    fitting = sum(history.seconds for history in fitted.histories)
    seconds = {"total": time.perf_counter() - began, "fit": fitting}
    manifest = manifest_of(dataset, fitted, created)
    manifest |= {"warnings": list(warnings), "seconds": seconds}
    _record(writer, manifest, dataset, fitted, recorded)
    path = writer.finish(manifest)
    return TrainedRun(path, manifest, recorded.measured.metrics, warnings, seconds)


@dataclass(frozen=True)
class _Recorded:
    """What is recorded of a network beside its weights.

    Attributes:
        measured: How good it is.
        calibrated: Its intervals; without any of classes.
    """

    measured: Measured | MeasuredClasses
    calibrated: Calibrated = field(default_factory=Calibrated)


def _measured(dataset: Dataset, fitted: Fitted) -> _Recorded:
    """Calibrate and measure what a config asks for."""
    if dataset.preparation.config.task == CLASSIFICATION:
        return _Recorded(measure_classes(dataset, fitted))
    calibrated = calibrate(dataset, fitted.network)
    return _Recorded(measure(dataset, fitted, calibrated), calibrated)


def _record(
    writer: RunWriter,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    fitted: Fitted,
    recorded: _Recorded,
) -> None:
    """Write the files of what was measured."""
    measured, calibration = recorded.measured, recorded.calibrated.calibration
    keep_probe(writer, dataset, fitted.network)
    if isinstance(measured, MeasuredClasses):
        write_class_results(writer, dataset.panel.schema, fitted, measured)
        write_class_report(writer, manifest, dataset, fitted, measured)
        return
    write_ranks(writer, dataset, fitted.network, calibration)
    write_results(writer, dataset.panel.schema, fitted, measured)
    if calibration is not None:
        write_calibration(writer, calibration, measured.learned)
        write_scores(writer, dataset, fitted.network, recorded.calibrated)
    write_report(writer, manifest, dataset, fitted, measured)


_BEST_KEPT = (
    "The best weights until then are kept in {}, which only its own name means: `latest` does not."
)
_KEPT = "What was trained so far is kept: the same command with --resume goes on with it."


@contextmanager
def _kept_fits(writer: RunWriter, dataset: Dataset, *, resume: bool) -> Iterator[Checkpoints]:
    """What is kept of the fits beside the growing run, until the run is whole.

    Raises:
        ConfigError: If what was interrupted was another training.
        ResourceError: If another process goes on with it, or it cannot be written.
    """
    config = dataset.preparation.config
    identity = {
        "version": __version__,
        "data": fingerprint(dataset.panel),
        "config": config.model_dump(mode="json", exclude={"runs_dir", "resources", "tune"}),
    }
    checkpoints = interrupted(writer.folder.parent, config.name, identity) if resume else None
    if checkpoints is None:
        checkpoints = Checkpoints(writer.folder.with_name(f"{writer.folder.name}{SUFFIX}"))
        checkpoints.begin(identity)
    with checkpoints.locked():
        try:
            yield checkpoints
        except BaseException as error:
            # The same would happen again, or there is nothing to go on with.
            if isinstance(error, ConfigError | DataError | DivergedError) or checkpoints.is_empty:
                checkpoints.discard()
            else:
                error.add_note(_KEPT)
            raise
        checkpoints.discard()


def _run_id(config: Config, dataset: Dataset, created: datetime) -> str:
    """Name, time and a hash of config and data, so that two runs of one second differ."""
    content = dump_config(config) + fingerprint(dataset.panel) + created.isoformat()
    short = hashlib.sha256(content.encode()).hexdigest()[:6]
    return f"{config.name}-{created:%Y%m%dT%H%M%SZ}-{short}"
