"""Two runs of one config held side by side: weights, metrics, forecasts, and what they ran on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.config.class_defaults import CLASSIFICATION
from lstmcast.runtime.bundle import FORECASTS, Bundle
from lstmcast.runtime.kept_forecasts import (
    MODEL,
    PROBABILITIES,
    QUANTILES,
    read_kept,
    read_probabilities,
)

# The parts of `metrics.json` that are compared number by number.
MEASURED = ("windows", "metrics", "metrics_scaled", "over_series")
# Numbers this near to 0 are the same: a mean error, say, of a forecast without one.
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Arrays:
    """How far apart the arrays of two runs are.

    Attributes:
        values: How many numbers there are.
        identical: Whether all are the same to the bit.
        largest: Of all arrays, the largest difference over the array's largest number; None where
            they are not of the same names and shapes, or one is not finite.
    """

    values: int
    identical: bool
    largest: float | None


@dataclass(frozen=True)
class Metric:
    """A number of `metrics.json`, of both runs.

    Attributes:
        name: Its dotted path, such as `metrics.test.model.mase`.
        run: Of the run; None where it is undefined.
        again: Of the one trained again.
        difference: Over the larger of them; 0 where both are undefined, None where one is.
    """

    name: str
    run: float | None
    again: float | None
    difference: float | None

    def within(self, tolerance: float) -> bool:
        """Whether they are the same, to a relative difference."""
        return self.difference is not None and self.difference <= tolerance


@dataclass(frozen=True)
class Change:
    """What two runs ran on, where it differs.

    Attributes:
        name: Such as `versions.keras`.
        run: Of the run; None where it does not say.
        again: Of the one trained again.
    """

    name: str
    run: str | None
    again: str | None

    def __str__(self) -> str:
        """In words."""
        return f"{self.name} {self.run or 'unknown'} in the run, {self.again or 'unknown'} now"


def compare_weights(run: Bundle, again: Bundle) -> Arrays:
    """The weights of two runs."""
    return compare_arrays(run.weights(), again.weights())


def compare_forecasts(run: Bundle, again: Bundle) -> Arrays | None:
    """The test forecasts of two runs; None where the run kept none."""
    if FORECASTS not in run.manifest["files"]:
        return None
    return compare_arrays(*(_forecasts(each) for each in (run, again)))


def _forecasts(bundle: Bundle) -> dict[str, np.ndarray]:
    if bundle.config.task == CLASSIFICATION:
        return {PROBABILITIES: read_probabilities(bundle.path)}
    kept = read_kept(bundle.path)
    return {name: kept.array(name) for name in (MODEL, QUANTILES) if name in kept.names}


def compare_arrays(run: Mapping[str, np.ndarray], again: Mapping[str, np.ndarray]) -> Arrays:
    """Arrays by name."""
    n_values = sum(each.size for each in run.values())
    shapes = ({name: each.shape for name, each in arrays.items()} for arrays in (run, again))
    first, second = shapes
    if first != second:
        return Arrays(n_values, identical=False, largest=None)
    pairs = [(run[name], again[name]) for name in run]
    identical = all(one.tobytes() == other.tobytes() for one, other in pairs)
    largest = max((_apart(one, other) for one, other in pairs), default=0.0)
    return Arrays(n_values, identical, largest if math.isfinite(largest) else None)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference over the largest number; infinite where it is not known."""
    if not one.size:
        return 0.0
    one, other = one.astype(np.float64), other.astype(np.float64)
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return 0.0
    apart = np.abs(np.where(same, 0.0, one) - np.where(same, 0.0, other)).max()
    if not np.isfinite(apart):
        return math.inf
    return float(apart / max(np.nanmax(np.abs(one)), np.nanmax(np.abs(other))))


def compare_metrics(run: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Every number that both, or one, have measured; `metrics.json` of each."""
    first, second = (
        {name: value for part in MEASURED for name, value in _numbers(each.get(part), part)}
        for each in (run, again)
    )
    return tuple(
        Metric(name, first.get(name), second.get(name), _difference(first, second, name))
        for name in dict.fromkeys([*first, *second])
    )


def _numbers(values: Any, name: str) -> Iterator[tuple[str, float | None]]:
    if isinstance(values, Mapping):
        for key, each in values.items():
            yield from _numbers(each, f"{name}.{key}")
    elif isinstance(values, list):
        for i, each in enumerate(values):
            yield from _numbers(each, f"{name}[{i}]")
    elif isinstance(values, int | float) or (values is None and "." in name):
        yield name, values


def _difference(
    first: Mapping[str, float | None], second: Mapping[str, float | None], name: str
) -> float | None:
    if name not in first or name not in second:
        return None
    one, other = first[name], second[name]
    if one is None or other is None:
        return 0.0 if one is other else None
    apart = abs(one - other)
    return apart / max(abs(one), abs(other)) if apart > NEGLIGIBLE else 0.0


def changes(run: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs in versions, backend, hardware and kernel; two manifests."""
    first, second = (dict(_facts(each)) for each in (run, again))
    return tuple(
        Change(name, first.get(name), second.get(name))
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    )


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part in ("backend", "kernel"):
        if part in manifest:
            yield part, str(manifest[part])
    for part in ("versions", "hardware"):
        for name, value in manifest.get(part, {}).items():
            yield f"{part}.{name}", str(value)
    if "data" in manifest:
        yield "data.fingerprint", str(manifest["data"].get("fingerprint"))[:16]
