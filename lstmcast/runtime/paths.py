"""Sample paths: forecasts drawn at random, block after block, each reading what it drew.

How the steps of one block go together is taken from the validation windows: the ranks of what came
true within its forecasts, the empirical copula (as in the ensemble copula coupling of Schefzik,
Thorarinsdottir & Gneiting 2013, Statistical Science 28(4)). So paths are as smooth as real ones,
while each step alone has the distribution that the network forecasts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.inputs import LARGEST
from lstmcast.data.panel import FloatArray, IntArray, Panel, select
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.windows import target_rows
from lstmcast.errors import BundleError
from lstmcast.runtime.bundle import RANKS, Bundle
from lstmcast.runtime.calibration import Calibration
from lstmcast.runtime.context import read_by_block
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import BATCH, has_paths, in_units, paths_of, raw_outputs
from lstmcast.runtime.predictive import Predictive, predictive_of
from lstmcast.runtime.reading import open_arrays

# Validation windows whose ranks a run keeps.
KEPT_WINDOWS = 256
# Rows of history and forecast, of all paths, that are in memory at once.
ROWS = 200_000
# Closer to 0 or 1 no probability is drawn: at these a normal distribution is infinite.
EDGE = 1e-6
# A path that runs away stays below, in network units: beyond, single precision overflows.
FARTHEST = 1e15
# The least number that a transform takes: what is drawn must be read again.
_LOWEST = {
    "log": np.finfo(np.float64).tiny,
    "box_cox": np.finfo(np.float64).tiny,
    "log1p": np.nextafter(-1.0, 0.0),
}


@dataclass(frozen=True)
class Ranks:
    """The ranks of what came true within its forecasts, of some windows.

    Attributes:
        values: uint16, `(n, horizon, n_targets)`: at each step of each target 0 to n - 1.
    """

    values: NDArray[np.uint16]

    def uniform(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Probabilities `(n, horizon, n_targets)`, uniform, as dependent as the ranks are."""
        chosen = self.values[rng.integers(len(self.values), size=n)]
        return np.asarray((chosen + rng.random(chosen.shape)) / len(self.values))


@dataclass(frozen=True)
class Sampling:
    """How sample paths are drawn.

    Attributes:
        ranks: How the steps of a block go together; None draws them apart.
        n_paths: How many for each series; None for `output.paths`.
        kept: Whether the forecast holds the paths, not only their quantiles.
        calibration: Of the run; None for the network's own quantiles.
    """

    ranks: Ranks | None = None
    n_paths: int | None = None
    kept: bool = False
    calibration: Calibration | None = None


def sample_paths(
    ahead: Panel,
    preparation: Preparation,
    network: Network,
    *,
    n_steps: int,
    sampling: Sampling,
) -> Iterator[tuple[slice, FloatArray]]:
    """Draw paths, of a few series at a time.

    The draws of a series depend on the seed of the config and its name alone, so that they are the
    same among whatever others.

    Args:
        ahead: History, and after it the rows to forecast, their targets missing.
        preparation: What was fitted in training.
        network: From inputs to outputs.
        n_steps: Last rows of each series to forecast, in whole blocks of the horizon.
        sampling: How they are drawn.

    Yields:
        Which series, and their paths, float64 `(s, paths, n_steps, T)`, in the user's units.
    """
    shape = (n_steps, ahead.n_targets)
    n_paths = sampling.n_paths or paths_of(preparation.config.output)
    longest = int(np.diff(ahead.offsets).max())
    at_once = max(1, ROWS // longest)
    n_series = max(1, at_once // n_paths)
    for first in range(0, ahead.n_series, n_series):
        some = slice(first, min(first + n_series, ahead.n_series))
        drawn = [
            _probabilities(name, preparation, sampling.ranks, (n_paths, *shape))
            for name in ahead.series[some]
        ]
        probabilities = np.concatenate(drawn)
        which = np.repeat(np.arange(some.start, some.stop), n_paths)
        values = np.empty_like(probabilities)
        for begin in range(0, len(which), at_once):
            part = slice(begin, begin + at_once)
            panel = select(ahead, which[part])
            values[part] = _walk(
                panel,
                preparation,
                network,
                probabilities[part],
                calibration=sampling.calibration,
            )
        yield some, values.reshape(-1, n_paths, *shape)


def _probabilities(
    series: str, preparation: Preparation, ranks: Ranks | None, shape: tuple[int, int, int]
) -> FloatArray:
    """What the paths of a series draw, float64 `(n_paths, n_steps, T)`."""
    n_paths, n_steps, n_targets = shape
    horizon = preparation.config.window.horizon
    rng = np.random.default_rng([preparation.config.seed, zlib.crc32(series.encode())])
    # One window of rank 0 is any probability at any step: all apart.
    ranks = ranks or Ranks(np.zeros((1, horizon, n_targets), dtype=np.uint16))
    blocks = [ranks.uniform(n_paths, rng) for _ in range(n_steps // horizon)]
    return np.clip(np.concatenate(blocks, axis=1), EDGE, 1 - EDGE)


def _walk(
    panel: Panel,
    preparation: Preparation,
    network: Network,
    probabilities: FloatArray,
    *,
    calibration: Calibration | None,
) -> FloatArray:
    """One path for each series of a panel, `(n_series, n_steps, T)`."""
    window, n_steps = preparation.config.window, probabilities.shape[1]
    rows = panel.offsets[1:, None] + np.arange(-n_steps, 0)
    values = np.empty_like(probabilities)
    for first in range(0, n_steps, window.horizon):
        block = slice(first, first + window.horizon)
        recent = read_by_block(panel, preparation, begin=first, n_steps=n_steps)
        starts = recent.offsets[1:] - window.horizon - window.lead - window.lookback
        prepared = prepare(recent, preparation)
        values[:, block] = _drawn(
            network,
            prepared,
            preparation,
            starts,
            probabilities=probabilities[:, block],
            calibration=calibration,
        )
        panel = with_targets(panel, rows[:, block], values[:, block])
    return values


def _drawn(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    probabilities: FloatArray,
    calibration: Calibration | None,
) -> FloatArray:
    """What the forecasts of some windows hold at probabilities, in the user's units."""
    config = preparation.config
    values = np.empty_like(probabilities)
    for first in range(0, len(starts), BATCH):
        batch = slice(first, first + BATCH)
        predictive = _predictive(network, prepared, preparation, starts[batch], calibration)
        drawn = predictive.values_at(probabilities[batch])
        groups = prepared.groups[prepared.arrays.series_of_row[starts[batch]]]
        with np.errstate(over="ignore"):
            units = in_units(np.clip(drawn, -FARTHEST, FARTHEST), preparation, groups)
        lowest = _LOWEST.get(config.scaling.target_transform, -LARGEST)
        values[batch] = np.clip(units, lowest, LARGEST)
    return values


def _predictive(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    calibration: Calibration | None,
) -> Predictive:
    """The distribution that is forecast of some windows."""
    outputs = raw_outputs(network, prepared, preparation, starts)
    own = np.zeros(len(starts), dtype=np.int64)
    if calibration is not None:
        of_series = calibration.grouping.of_series(prepared.panel.series)
        own = of_series[prepared.arrays.series_of_row[starts]]
    found = predictive_of(outputs, preparation.config, calibration, own)
    if found is None:
        raise ValueError("a point forecast without a calibration has no distribution")
    return found


def with_targets(panel: Panel, rows: IntArray, targets: FloatArray) -> Panel:
    """The panel with forecasts `(…, T)` in place of the targets of some rows `(…)`."""
    values = panel.values.copy()
    values[rows, : panel.n_targets] = targets
    return replace(panel, values=values)


def fit_ranks(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    calibration: Calibration | None = None,
) -> Ranks | None:
    """The ranks of a random choice of windows; None where there are none, or no distribution.

    Args:
        network: From inputs to outputs.
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`, windows that the network was not fitted on.
        calibration: Of the run.
    """
    config = preparation.config
    if not has_paths(config, calibration) or not len(starts):
        return None
    rng = np.random.default_rng(config.seed)
    chosen = np.sort(rng.permutation(starts)[:KEPT_WINDOWS])
    predictive = _predictive(network, prepared, preparation, chosen, calibration)
    true = prepared.arrays.targets[target_rows(chosen, config.window)].astype(np.float64)
    found = predictive.probability_of(true, u=rng.random(true.shape))
    # Those beyond the outermost quantiles are alike: in any order.
    order = np.lexsort((rng.random(found.shape), found), axis=0)
    return Ranks(np.argsort(order, axis=0).astype(np.uint16))


def read_ranks(bundle: Bundle) -> Ranks | None:
    """The ranks that a run keeps; None of one without.

    Raises:
        BundleError: If they cannot be read, or are none of this run.
    """
    if RANKS not in bundle.manifest["files"]:
        return None
    file = bundle.path / RANKS
    with open_arrays(file) as arrays:
        values = arrays["ranks"]
    expected = (bundle.config.window.horizon, len(bundle.preparation.schema.targets))
    if values.dtype != np.uint16 or values.shape[1:] != expected or not len(values):
        raise BundleError(f"{file}: its ranks do not fit the run. Train the run again.")
    return Ranks(values)
