"""The run directory on disk: its files, and reading them; `run_writer` writes them.

A run grows in `<runs_dir>/.partial/<id>/run/` and is moved to `<runs_dir>/<id>/` when it is whole;
from then on it never changes. Everything in it is data: JSON, YAML, CSV, safetensors, ONNX, npz
without objects, pictures and a page. Loading checks `manifest.json` before any parser sees a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparation_checks import check_preparation
from lstmcast.errors import BundleError, ConfigError, DataError
from lstmcast.runtime.forms import check_manifest, check_metrics
from lstmcast.runtime.inventory import MANIFEST as MANIFEST
from lstmcast.runtime.inventory import MANIFEST_BYTES, check_files, check_inventory
from lstmcast.runtime.reading import parse_json, read_bytes, read_json

if TYPE_CHECKING:
    from lstmcast.runtime.adapting import Learned
    from lstmcast.runtime.calibration import Calibration

FORMAT = 1
CONFIG = "config.yaml"
PREPARATION = "preparation.json"
CALIBRATION = "calibration.json"
WEIGHTS = "weights.safetensors"
NETWORK = "model.onnx"
CONTEXT = "context.csv"
HISTORY = "history.csv"
METRICS = "metrics.json"
LOG = "log.jsonl"
REPORT = "report.html"
PLOTS = "plots"
FORECASTS = "forecasts.npz"
FORECASTS_CSV = "forecasts.csv"
BY_SERIES = "metrics_by_series.csv"
TENSORBOARD = "tensorboard"
FOLDS = "folds.csv"
RANKS = "ranks.npz"
SCORES = "scores.npz"
PROBE = "probe.npz"
PARTIAL = ".partial"
GROWING = "run"
# What a directory under `runs_dir` may be. The manifest of a run, the first kind that there was,
# does not name it.
RUN, BACKTEST = "run", "backtest"
_REQUIRED = {
    RUN: (CONFIG, PREPARATION, METRICS, WEIGHTS),
    BACKTEST: (CONFIG, METRICS, FORECASTS, FOLDS),
}


@dataclass(frozen=True)
class Bundle:
    """A run that was verified and read.

    Attributes:
        path: Its directory.
        manifest: `manifest.json`, parsed.
        config: The resolved config.
        preparation: What was fitted on training rows.
        sha256: Of `manifest.json`, and so of all files, in hexadecimal.
    """

    path: Path
    manifest: dict[str, Any]
    config: Config
    preparation: Preparation
    sha256: str

    @property
    def id(self) -> str:
        """Name of the directory."""
        return self.path.name

    @property
    def network_file(self) -> Path | None:
        """The ONNX file, None where the export was impossible."""
        path = self.path / NETWORK
        return path if NETWORK in self.manifest["files"] else None

    def metrics(self) -> dict[str, Any]:
        """`metrics.json`, parsed."""
        return read_metrics(self.path)

    def calibration(self) -> tuple[Calibration, Learned | None] | None:
        """How the quantiles are calibrated, and what they had learned by the end of the data.

        Returns:
            None of a run without a calibration; nothing learned where nothing learns, or the test
            split has no window to learn from.

        Raises:
            BundleError: If it cannot be read.
        """
        if CALIBRATION not in self.manifest["files"]:
            return None
        from lstmcast.runtime.kept_calibration import read_calibration

        return read_calibration(self.path / CALIBRATION, self.preparation)

    def weights(self) -> dict[str, np.ndarray]:
        """Weights by name, float32."""
        from lstmcast.runtime.weights_file import read_weights

        return read_weights(self.path / WEIGHTS)


def load_bundle(path: Path, *, expect_sha256: str | None = None) -> Bundle:
    """Verify and read a run.

    Args:
        path: Its directory.
        expect_sha256: As `verify_bundle`.

    Raises:
        BundleError: If it is missing, damaged, of a newer format, not one of ours, not the one
            that is expected, or no run but a backtest.
    """
    manifest = verify_bundle(path, expect_sha256=expect_sha256)
    if kind_of(manifest) != RUN:
        raise BundleError(
            f"{path}: is a {kind_of(manifest)}, not a run: it holds no network. `lstmcast train` "
            f"makes a run, also of {path / CONFIG}."
        )
    from lstmcast.config.loading import load_config

    try:
        config = load_config(path / CONFIG).config
    except ConfigError as error:
        raise BundleError(f"{path}: cannot be read: {error} Train the run again.") from error
    preparation = _read_preparation(path / PREPARATION, config)
    return Bundle(path, manifest, config, preparation, sha256=manifest_hash(path))


def _read_preparation(file: Path, config: Config) -> Preparation:
    """What was fitted on training rows.

    Raises:
        BundleError: If it cannot be read, or does not fit the config.
    """
    values = read_json(file)
    try:
        preparation = Preparation.from_json(values, config)
        check_preparation(preparation)
    # A frequency or a zone that is none is a ConfigError, holidays of other years a DataError.
    except (ConfigError, DataError, OverflowError, ValueError) as error:
        raise BundleError(f"{file}: cannot be read: {error}. Train the run again.") from error
    return preparation


def verify_bundle(path: Path, *, expect_sha256: str | None = None) -> dict[str, Any]:
    """Check every file of a run against its manifest.

    Args:
        path: Its directory.
        expect_sha256: What `manifest_hash` gave of the run that is meant; None for any.

    Returns:
        The manifest.

    Raises:
        BundleError: Naming the first file that is missing, changed, extra, or a link; or if the
            run is not the one that is expected.
    """
    manifest = read_manifest(path, expect_sha256=expect_sha256)
    files, kind = manifest["files"], kind_of(manifest)
    for required in _REQUIRED[kind]:
        if required not in files:
            raise BundleError(f"{path / MANIFEST}: does not list {required}: not a whole {kind}.")
    check_files(path, files)
    return manifest


def read_manifest(path: Path, *, expect_sha256: str | None = None) -> dict[str, Any]:
    """The manifest of a run, its form checked but not its files.

    Args:
        path: Directory of the run.
        expect_sha256: As `verify_bundle`.

    Raises:
        BundleError: If there is none that this version can read, or it is not the one expected.
    """
    file, content = path / MANIFEST, _manifest_bytes(path)
    found = hashlib.sha256(content).hexdigest()
    if expect_sha256 is not None and found != expect_sha256.lower():
        raise BundleError(
            f"{file}: has the SHA-256 {found}, and {expect_sha256} is expected: this is not the "
            "run that was meant."
        )
    manifest = parse_json(content, file)
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BundleError(f"{file}: is not a manifest of lstmcast.")
    if version > FORMAT:
        raise BundleError(
            f"{path}: has format {version}, this version reads up to {FORMAT}. Upgrade lstmcast."
        )
    if kind_of(manifest) not in _REQUIRED:
        raise BundleError(
            f"{path}: is a {kind_of(manifest)!r}, which this version does not know. Upgrade "
            "lstmcast."
        )
    check_inventory(path, manifest.get("files"))
    check_manifest(manifest, file, is_run=kind_of(manifest) == RUN)
    return dict(manifest)


def manifest_hash(path: Path) -> str:
    """SHA-256 of a run's manifest, and so of all its files, in hexadecimal.

    Raises:
        BundleError: If there is none.
    """
    return hashlib.sha256(_manifest_bytes(path)).hexdigest()


def _manifest_bytes(path: Path) -> bytes:
    """What the manifest of a directory holds, never more than one may.

    Raises:
        BundleError: If there is none.
    """
    file = path / MANIFEST
    if not path.is_dir():
        raise BundleError(f"{path}: no such run. `lstmcast runs list` shows those that are there.")
    if file.is_symlink() or not file.is_file():
        raise BundleError(f"{path}: is not a run (no {MANIFEST}).")
    return read_bytes(file, most=MANIFEST_BYTES)


def kind_of(manifest: Mapping[str, Any]) -> str:
    """What a manifest is of: `run` or `backtest`."""
    return str(manifest.get("kind", RUN))


def read_metrics(path: Path) -> dict[str, Any]:
    """`metrics.json` of a run, parsed but not verified.

    Raises:
        BundleError: If it cannot be read.
    """
    values: dict[str, Any] = read_json(path / METRICS)
    check_metrics(values, path / METRICS)
    return values
