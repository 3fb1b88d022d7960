"""How far off the forecasts of validation windows were: what anomalies are ranked among."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lstmcast.data.grouping import Grouping
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.errors import BundleError
from lstmcast.evaluation.anomalies import conformity
from lstmcast.runtime.adapting import actual_in_network_units
from lstmcast.runtime.bundle import SCORES, Bundle
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import all_outputs
from lstmcast.runtime.reading import open_arrays

# Numbers that a run keeps, of all groups, steps and targets together.
KEPT_VALUES = 1_000_000
# Windows of a group that it keeps, at most, and at most where there are very many numbers.
MOST_WINDOWS, FEW_WINDOWS = 4_000, 500


@dataclass(frozen=True)
class Scores:
    """The scores of validation windows, in network units. `G` groups as those of the calibration.

    Attributes:
        grouping: Which series go by scores of their own.
        ordered: For each group float64 `(n, H, T)`, ascending along the first axis.
        size: float64 `(G, H, T)`, what a score is told in: the mean absolute validation error.
    """

    grouping: Grouping
    ordered: tuple[FloatArray, ...]
    size: FloatArray

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """What a run keeps, by name."""
        return ((_name(group), values) for group, values in enumerate(self.ordered))


def fit_scores(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    calibration: Calibration,
    said: Outputs | None = None,
) -> Scores:
    """The scores of validation windows; of a random choice of them where there are very many.

    Args:
        network: From inputs to outputs.
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`, one or more that the network was not fitted on.
        calibration: Of the run, from the same windows.
        said: What the network says of the windows, where it was asked already.
    """
    rng = np.random.default_rng(preparation.config.seed)
    most = _most_windows(calibration.size.size)
    of_series = calibration.grouping.of_series(prepared.panel.series)
    of_window = of_series[prepared.arrays.series_of_row[starts]]
    ordered = []
    for group in range(calibration.grouping.n_groups):
        # The last group is that of all series together.
        is_whole = group == len(calibration.grouping.series)
        own = np.flatnonzero((of_window == group) | is_whole)
        chosen = np.sort(rng.permutation(own)[:most])
        lower, upper = ends(
            said.take(chosen)
            if said is not None
            else all_outputs(network, prepared, preparation, starts[chosen])
        )
        actual = actual_in_network_units(prepared, preparation, starts[chosen])
        ordered.append(np.sort(conformity(actual, lower, upper), axis=0))
    return Scores(calibration.grouping, tuple(ordered), calibration.size)


def ends(outputs: Outputs) -> tuple[FloatArray, FloatArray]:
    """The interval that a score is the distance from: the outermost quantiles, or the point."""
    if outputs.quantiles is None:
        return outputs.points, outputs.points
    return outputs.quantiles[..., 0], outputs.quantiles[..., -1]


def read_scores(bundle: Bundle) -> Scores | None:
    """The scores that a run keeps; None of one without.

    Raises:
        BundleError: If they cannot be read, or are none of this run.
    """
    calibrated = bundle.calibration()
    if calibrated is None or SCORES not in bundle.manifest["files"]:
        return None
    calibration, file = calibrated[0], bundle.path / SCORES
    groups = range(calibration.grouping.n_groups)
    with open_arrays(file) as arrays:
        ordered = tuple(arrays[_name(group)] for group in groups)
    shape = calibration.size.shape[1:]
    if any(own.dtype != np.float64 or own.shape[1:] != shape or not len(own) for own in ordered):
        raise BundleError(f"{file}: its scores do not fit the run. Train the run again.")
    return Scores(calibration.grouping, ordered, calibration.size)


def needed_scores(bundle: Bundle) -> Scores:
    """The scores that a run keeps.

    Raises:
        BundleError: If it keeps none, or they cannot be read.
    """
    scores = read_scores(bundle)
    if scores is not None:
        return scores
    why, first = "an earlier version wrote it", ""
    if bundle.calibration() is None:
        why = "it is not calibrated"
        first = ", with calibration.method auto and a validation split"
    raise BundleError(
        f"{bundle.path}: keeps no scores of validation windows to rank new values among ({why}). "
        f"Train it again{first}."
    )


def _name(group: int) -> str:
    return f"scores_{group}"


def _most_windows(n_each: int) -> int:
    """Windows to keep of a group where one of each takes so many numbers."""
    return min(MOST_WINDOWS, max(FEW_WINDOWS, KEPT_VALUES // n_each))
