"""The forecasts that a run or a backtest kept in `forecasts.npz`, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.class_checks import refuse_classes
from lstmcast.config.loading import load_config
from lstmcast.config.schema import Config
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.errors import BundleError, ConfigError
from lstmcast.runtime.bundle import (
    CONFIG,
    FORECASTS,
    PREPARATION,
    kind_of,
    read_metrics,
    verify_bundle,
)
from lstmcast.runtime.outputs import levels_of
from lstmcast.runtime.reading import open_arrays, read_json

MODEL = "y_pred"
PROBABILITIES = "probabilities"
QUANTILES = "quantiles"
BASELINE = "baseline_"


@dataclass(frozen=True)
class KeptForecasts:
    """The test forecasts of a run, or those of a backtest's folds.

    `W` windows, `H` steps, `T` targets, `Q` quantiles. What is as large as the forecasts is read
    when asked for.

    Attributes:
        path: The directory.
        kind: `run` or `backtest`.
        config: The resolved config.
        targets: Names of the targets.
        series: `(W,)`, the id of each window's series.
        starts: int64 `(W,)`, the row of the panel at which each window starts.
        origin_times: datetime64[us] `(W,)`, time of the last observed step.
        fold: int32 `(W,)`, the fold of each window; None of a run.
        levels: The `Q` levels; empty for a point forecast.
        shape: `(W, H, T)`.
        names: Of the arrays in the file.
    """

    path: Path
    kind: str
    config: Config
    targets: tuple[str, ...]
    series: NDArray[Any]
    starts: IntArray
    origin_times: NDArray[np.datetime64]
    fold: NDArray[np.int32] | None
    levels: tuple[float, ...]
    shape: tuple[int, int, int]
    names: frozenset[str]

    @property
    def id(self) -> str:
        """Name of the directory."""
        return self.path.resolve().name

    @property
    def baselines(self) -> tuple[str, ...]:
        """Names of the baselines that were kept, in alphabetical order."""
        found = (name for name in self.names if name.startswith(BASELINE))
        return tuple(sorted(name.removeprefix(BASELINE) for name in found))

    @property
    def ahead(self) -> IntArray:
        """Distance of each step from the origin, int64 `(H,)`."""
        return self.config.window.lead + 1 + np.arange(self.shape[1])

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """`metrics.json`, parsed."""
        return read_metrics(self.path)

    def array(self, name: str) -> FloatArray:
        """Forecasts or actuals, float64 `(W, H, T)`, or `(W, H, T, Q)` of the quantiles.

        Raises:
            BundleError: If they are not there, or not of this shape.
        """
        with open_arrays(self.path / FORECASTS) as arrays:
            values = np.asarray(arrays[name], dtype=np.float64)
        expected = (*self.shape, len(self.levels)) if name == QUANTILES else self.shape
        if values.shape != expected:
            raise BundleError(
                f"{self.path / FORECASTS}: {name} has the shape {values.shape}, not {expected}."
            )
        return values


def read_kept(path: Path) -> KeptForecasts:
    """Verify a run or a backtest, and read which forecasts it kept.

    Raises:
        BundleError: If it is missing, damaged, of a newer format, or kept no forecasts.
        ConfigError: If it is a classification.
    """
    manifest = verify_bundle(path)
    if FORECASTS not in manifest["files"]:
        raise BundleError(
            f"{path}: kept no forecasts ({FORECASTS}), so there is nothing to compare."
        )
    try:
        config = load_config(path / CONFIG).config
    except ConfigError as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error
    refuse_classes(config, "compare")
    with open_arrays(path / FORECASTS) as arrays:
        names = frozenset(arrays)
        targets, series = _names(path, config, arrays)
        shape = arrays[MODEL].shape
        kept = KeptForecasts(
            path=path,
            kind=kind_of(manifest),
            config=config,
            targets=targets,
            series=series[arrays["series"]],
            starts=arrays["starts"],
            origin_times=arrays["origin_times"].astype("datetime64[us]"),
            fold=arrays["fold"] if "fold" in names else None,
            levels=_levels(config, arrays),
            shape=shape,
            names=names,
        )
    _check(kept)
    return kept


def read_probabilities(path: Path) -> NDArray[np.float64]:
    """The probabilities that a classification kept of its test windows, `(W, H, C)`.

    Raises:
        BundleError: If they cannot be read.
    """
    with open_arrays(path / FORECASTS) as arrays:
        return np.asarray(arrays[PROBABILITIES])


def _names(
    path: Path, config: Config, arrays: Mapping[str, NDArray[Any]]
) -> tuple[tuple[str, ...], NDArray[Any]]:
    """Targets and series; those of a run that did not name them beside its forecasts, elsewhere."""
    if "targets" in arrays:
        return tuple(map(str, arrays["targets"])), arrays["series_names"].astype(str)
    values = read_json(path / PREPARATION)
    preparation = Preparation.from_json(values, config)
    return preparation.schema.targets, np.array(preparation.cuts.series, dtype=str)


def _levels(config: Config, arrays: Mapping[str, NDArray[Any]]) -> tuple[float, ...]:
    if QUANTILES not in arrays:
        return ()
    if "levels" in arrays:
        return tuple(map(float, arrays["levels"]))
    return levels_of(config)


def _check(kept: KeptForecasts) -> None:
    """Refuse arrays that do not belong together."""
    n = len(kept.series)
    numbered: list[NDArray[Any]] = [kept.starts, *([] if kept.fold is None else [kept.fold])]
    by_window: list[NDArray[Any]] = [kept.series, kept.origin_times, *numbered]
    kinds = all(np.issubdtype(each.dtype, np.integer) for each in numbered)
    kinds &= not np.isnat(kept.origin_times).any()
    whole = len(kept.shape) == 3 and kept.shape[0] == n and kept.shape[2] == len(kept.targets)
    if not kinds or not whole or any(each.shape != (n,) for each in by_window):
        raise BundleError(f"{kept.path / FORECASTS}: its arrays do not fit each other.")
