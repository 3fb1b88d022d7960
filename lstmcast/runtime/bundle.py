"""The run directory on disk: its files, and reading them; `run_writer` writes them.

A run grows in `<runs_dir>/.partial/<id>/run/` and is moved to `<runs_dir>/<id>/` when it is whole;
from then on it never changes. Everything in it is data: JSON, YAML, CSV, safetensors, ONNX, npz
without objects, pictures and a page. Loading checks `manifest.json` before any parser sees a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.preparation import Preparation
from lstmcast.errors import BundleError, ConfigError
from lstmcast.files import sha256_of

if TYPE_CHECKING:
    from lstmcast.runtime.adapting import Learned
    from lstmcast.runtime.calibration import Calibration

FORMAT = 1
MANIFEST = "manifest.json"
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
PARTIAL = ".partial"
GROWING = "run"
# What a directory under `runs_dir` may be. The manifest of a run, the first kind that there was,
# does not name it.
RUN, BACKTEST = "run", "backtest"
_REQUIRED = {
    RUN: (CONFIG, PREPARATION, METRICS, WEIGHTS),
    BACKTEST: (CONFIG, METRICS, FORECASTS, FOLDS),
}
# A manifest lists some dozens of files; beyond this it is not one of ours.
MANIFEST_BYTES = 10_000_000


@dataclass(frozen=True)
class Bundle:
    """A run that was verified and read.

    Attributes:
        path: Its directory.
        manifest: `manifest.json`, parsed.
        config: The resolved config.
        preparation: What was fitted on training rows.
    """

    path: Path
    manifest: dict[str, Any]
    config: Config
    preparation: Preparation

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
        from lstmcast.runtime.adapting import Learned
        from lstmcast.runtime.calibration import Calibration

        values = _read_json(self.path / CALIBRATION)
        try:
            calibration = Calibration.from_json(values["static"])
            learned = values["learned"]
            return calibration, learned and Learned.from_json(learned, calibration)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BundleError(f"{self.path / CALIBRATION}: cannot be read: {error}") from error

    def weights(self) -> dict[str, np.ndarray]:
        """Weights by name, float32."""
        from safetensors.numpy import load_file

        try:
            weights: dict[str, np.ndarray] = load_file(self.path / WEIGHTS)
        except Exception as error:  # safetensors raises an exception class of its own
            raise BundleError(f"{self.path / WEIGHTS}: cannot be read: {error}") from error
        return weights


def load_bundle(path: Path) -> Bundle:
    """Verify and read a run.

    Raises:
        BundleError: If it is missing, damaged, of a newer format, not one of ours, or no run but a
            backtest.
    """
    manifest = verify_bundle(path)
    if kind_of(manifest) != RUN:
        raise BundleError(
            f"{path}: is a {kind_of(manifest)}, not a run: it holds no network. `lstmcast train` "
            f"makes a run, also of {path / CONFIG}."
        )
    from lstmcast.config.loading import load_config

    try:
        config = load_config(path / CONFIG).config
        preparation = Preparation.from_json(_read_json(path / PREPARATION), config)
    except (ConfigError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read: {error}. Train the run again.") from error
    return Bundle(path=path, manifest=manifest, config=config, preparation=preparation)


def verify_bundle(path: Path) -> dict[str, Any]:
    """Check every file of a run against its manifest.

    Returns:
        The manifest.

    Raises:
        BundleError: Naming the first file that is missing, changed, extra, or a link.
    """
    manifest = read_manifest(path)
    files: dict[str, dict[str, Any]] = manifest["files"]
    for name, expected in files.items():
        _check_name(path, name)
        file = path / name
        if file.is_symlink() or not file.is_file():
            raise BundleError(f"{file}: is missing (or a link). Restore it or train the run again.")
        if file.stat().st_size != expected["size"] or sha256_of(file) != expected["sha256"]:
            raise BundleError(
                f"{file}: was changed after the run was written. Restore it or train the run again."
            )
    kind = kind_of(manifest)
    for required in _REQUIRED[kind]:
        if required not in files:
            raise BundleError(f"{path / MANIFEST}: does not list {required}: not a whole {kind}.")
    # A link to a directory is a directory too, but none of a run's.
    found = (p for p in path.rglob("*") if p.is_symlink() or not p.is_dir())
    present = {p.relative_to(path).as_posix() for p in found}
    extra = sorted(present - set(files) - {MANIFEST})
    if extra:
        raise BundleError(f"{path / extra[0]}: does not belong to the run. Remove it.")
    return manifest


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run, its form checked but not its files.

    Raises:
        BundleError: If there is none that this version can read.
    """
    file = path / MANIFEST
    if not path.is_dir():
        raise BundleError(f"{path}: no such run. `lstmcast runs list` shows those that are there.")
    if file.is_symlink() or not file.is_file() or file.stat().st_size > MANIFEST_BYTES:
        raise BundleError(f"{path}: is not a run (no {MANIFEST}).")
    manifest = _read_json(file)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise BundleError(f"{file}: is not a manifest of lstmcast.")
    if manifest["format"] > FORMAT:
        raise BundleError(
            f"{path}: has format {manifest['format']}, this version reads up to {FORMAT}. Upgrade "
            "lstmcast."
        )
    if kind_of(manifest) not in _REQUIRED:
        raise BundleError(
            f"{path}: is a {kind_of(manifest)!r}, which this version does not know. Upgrade "
            "lstmcast."
        )
    files = manifest.get("files")
    whole = isinstance(files, dict) and all(
        isinstance(entry, dict) and {"sha256", "size"} <= entry.keys() for entry in files.values()
    )
    if not whole:
        raise BundleError(f"{file}: its list of files is damaged.")
    return manifest


def kind_of(manifest: Mapping[str, Any]) -> str:
    """What a manifest is of: `run` or `backtest`."""
    return str(manifest.get("kind", RUN))


def read_metrics(path: Path) -> dict[str, Any]:
    """`metrics.json` of a run, parsed but not verified.

    Raises:
        BundleError: If it cannot be read.
    """
    values: dict[str, Any] = _read_json(path / METRICS)
    return values


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name)
    odd = not name or not name.isprintable() or "\\" in name
    if odd or parts.is_absolute() or ".." in parts.parts:
        raise BundleError(f"{path / MANIFEST}: names a file outside the run: {name!r}.")
    for parent in parts.parents:
        if (path / parent).is_symlink() and str(parent) != ".":
            raise BundleError(f"{path / parent}: is a link; a run holds none.")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error
