"""Training a run again, from what it says of itself, and comparing."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from lstmcast.auditing.again import (
    Arrays,
    Change,
    Metric,
    changes,
    compare_forecasts,
    compare_metrics,
    compare_weights,
)
from lstmcast.auditing.kept import data_differences
from lstmcast.config.schema import Config
from lstmcast.data.dataset import load_panel
from lstmcast.errors import ConfigError, DataError
from lstmcast.experiment.pipeline import train
from lstmcast.runtime.bundle import Bundle, load_bundle
from lstmcast.training.progress import Progress

# Largest relative difference of a metric: of a deterministic training, and of others, in which
# threads add in any order.
DETERMINISTIC, USUAL = 1e-6, 1e-3


@dataclass(frozen=True)
class Reproduction:
    """A run, and the same trained again.

    Attributes:
        weights: How far apart their weights are.
        forecasts: How far apart their test forecasts are; None where the run kept none.
        metrics: Every number that was measured, of both.
        tolerance: Largest relative difference of a metric.
        changes: What differs in what they ran on.
        other_data: How the data differ, in words; nothing where they are the same.
        path: The new run; None where it was not kept.
    """

    weights: Arrays
    forecasts: Arrays | None
    metrics: tuple[Metric, ...]
    tolerance: float
    changes: tuple[Change, ...]
    other_data: tuple[str, ...]
    path: Path | None

    @property
    def beyond(self) -> tuple[Metric, ...]:
        """The metrics that differ by more than the tolerance, the most different first."""
        found = [each for each in self.metrics if not each.within(self.tolerance)]
        # What one of them lacks differs most.
        return tuple(sorted(found, key=lambda each: -(each.difference or float("inf"))))

    @property
    def passed(self) -> bool:
        """Whether no metric differs beyond the tolerance."""
        return not self.beyond

    @property
    def identical(self) -> bool:
        """Whether weights and forecasts are the same to the bit."""
        return self.weights.identical and (self.forecasts is None or self.forecasts.identical)

    @property
    def verdict(self) -> str:
        """In one sentence."""
        n = len(self.metrics)
        if self.beyond:
            first = self.beyond[0]
            numbers = ", ".join("–" if v is None else f"{v:.6g}" for v in (first.run, first.again))
            return (
                f"Not reproduced: {len(self.beyond):,} of {n:,} metrics differ by more than "
                f"{self.tolerance:g} (relative), most {first.name} ({numbers})."
            )
        if self.identical:
            return f"Reproduced to the bit: weights, forecasts and {n:,} metrics."
        largest = max((each.difference or 0.0 for each in self.metrics), default=0.0)
        return (
            f"Reproduced: {n:,} metrics are the same to {largest:.1e} (relative; allowed is "
            f"{self.tolerance:g}), though not every weight or forecast is the same to the bit."
        )


def default_tolerance(config: Config) -> float:
    """How far metrics of the same training may be apart, relative."""
    return DETERMINISTIC if config.training.deterministic else USUAL


def reproduce(
    bundle: Bundle,
    config: Config,
    *,
    tolerance: float | None = None,
    other_data: bool = False,
    keep_in: Path | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Train a run again and compare.

    Args:
        bundle: The run.
        config: Its config, with the data to train on.
        tolerance: Largest relative difference of a metric; None for the usual one.
        other_data: Train though the data are not those of the run.
        keep_in: Where the new run is kept; None to keep nothing.
        progress: Told of each epoch.

    Raises:
        ConfigError: If the data can be read but once.
        DataError: If the data are others, or cannot be used.
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the disk, the device or a package is not there.
    """
    differences = _checked_data(bundle, config, allowed=other_data)
    tolerance = default_tolerance(config) if tolerance is None else tolerance
    with tempfile.TemporaryDirectory(prefix="lstmcast-") as scratch:
        trained = train(config, runs_dir=keep_in or Path(scratch), progress=progress)
        again = load_bundle(trained.path)
        return Reproduction(
            weights=compare_weights(bundle, again),
            forecasts=compare_forecasts(bundle, again),
            metrics=compare_metrics(bundle.metrics(), again.metrics()),
            tolerance=tolerance,
            changes=changes(bundle.manifest, again.manifest),
            other_data=differences,
            path=None if keep_in is None else trained.path,
        )


def _checked_data(bundle: Bundle, config: Config, *, allowed: bool) -> tuple[str, ...]:
    if config.data.path in ("-", ["-"]):
        raise ConfigError("the data are read twice, so not from standard input: name a file.")
    differences = data_differences(bundle.manifest.get("data", {}), load_panel(config))
    if differences and not allowed:
        raise DataError(
            f"these are not the data that {bundle.id} was trained on ({'; '.join(differences)}). "
            "Name those with --data, or train on these all the same with --other-data."
        )
    return tuple(differences)
