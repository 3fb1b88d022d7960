"""Verifying a run or a backtest: every file that some command reads is read here, and none else.

Keras is not needed: whether weights are those of the config's network is told where a network is
built of them.
"""

from __future__ import annotations

from pathlib import Path

from lstmcast.config.loading import load_config
from lstmcast.errors import BundleError, ConfigError
from lstmcast.runtime.bundle import (
    CONFIG,
    CONTEXT,
    FORECASTS,
    RUN,
    WEIGHTS,
    Bundle,
    kind_of,
    load_bundle,
    read_metrics,
    verify_bundle,
)
from lstmcast.runtime.inputs import history_panel
from lstmcast.runtime.network import OnnxNetwork
from lstmcast.runtime.network_shapes import interface_of
from lstmcast.runtime.paths import read_ranks
from lstmcast.runtime.probe import check_probe
from lstmcast.runtime.reading import open_arrays
from lstmcast.runtime.scores import read_scores
from lstmcast.runtime.weights_file import count_weights


def verify_whole(path: Path, *, expect_sha256: str | None = None) -> None:
    """Check what a run or a backtest holds: names, sizes and hashes, then each file's form.

    The exported network is looked through, loaded, and asked for its probe.

    Args:
        path: The directory.
        expect_sha256: As `verify_bundle`.

    Raises:
        BundleError: Naming the first thing that is wrong.
    """
    manifest = verify_bundle(path, expect_sha256=expect_sha256)
    if kind_of(manifest) == RUN:
        _verify_run(load_bundle(path))
    else:
        _read_config(path)
    read_metrics(path)
    if FORECASTS in manifest["files"]:
        _read_forecasts(path)


def _verify_run(bundle: Bundle) -> None:
    _check_weights(bundle)
    bundle.calibration()
    read_scores(bundle)
    read_ranks(bundle)
    if CONTEXT in bundle.manifest["files"]:
        history_panel(bundle)
    if bundle.network_file is not None:
        interface = interface_of(bundle.preparation)
        check_probe(bundle, OnnxNetwork(bundle.network_file, interface=interface))


def _check_weights(bundle: Bundle) -> None:
    """Refuse another number of weights than was trained; the numbers themselves are not read."""
    file = bundle.path / WEIGHTS
    found, trained = count_weights(file), bundle.manifest["network"]["parameters"]
    if found != trained:
        raise BundleError(
            f"{file}: holds {found:,} weights, and {trained:,} were trained. Train the run again."
        )


def _read_config(path: Path) -> None:
    try:
        load_config(path / CONFIG)
    except ConfigError as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error


def _read_forecasts(path: Path) -> None:
    with open_arrays(path / FORECASTS) as arrays:
        for name in arrays:
            arrays[name]
