"""What must not change when later values do: fitted statistics, features, windows, forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstmcast.auditing.checks import leaves
from lstmcast.data.dataset import Dataset, served
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import BoolArray, Usable, gather_inputs, target_rows, window_starts
from lstmcast.runtime.network import Network
from lstmcast.runtime.network_shapes import shapes_of
from lstmcast.runtime.outputs import n_outputs_of, window_inputs, window_outputs

# The parts of `preparation.json`, by the name of the check that looks at them.
PARTS: Mapping[str, tuple[str, ...]] = {
    "scalers": ("target_scaler", "feature_scaler", "static_scaler"),
    "cleaning": ("bounds", "means", "indicators"),
    "vocabularies": ("vocabularies",),
    "exponents": ("exponents",),
    "columns": ("schema", "series", "cuts", "features", "trained", "holidays"),
}
WHAT: Mapping[str, str] = {
    "scalers": "centres and scales of targets, features and static numbers",
    "cleaning": "outlier bounds, fill means and missing-indicators",
    "vocabularies": "levels of the categories",
    "exponents": "exponents of the target transform",
    "columns": "columns, series and cuts",
    "features": "prepared rows before the cut",
    "windows": "rows, inputs and targets of the windows that a fit reads",
    "weights": "weights after a few steps of training",
    "forecasts": "inputs and forecasts of origins before the cut",
}
# Origins before a cut that are forecast: the nearest ones.
FORECAST_ORIGINS = 512
# Windows of a fit that are gathered, and values of their past: an even sample beyond.
GATHERED_WINDOWS, GATHERED_VALUES = 4_096, 20_000_000


def fitted_parts(preparation: Preparation) -> dict[str, dict[str, Any]]:
    """All that was fitted in preparation, by check and dotted path."""
    values = preparation.to_json()
    return {
        check: dict(leaves({key: values[key] for key in keys})) for check, keys in PARTS.items()
    }


def rows_before(prepared: Prepared, first: IntArray) -> dict[str, np.ndarray]:
    """The prepared rows before some rows of each series, and what does not change with time.

    Args:
        prepared: The panel, made ready.
        first: int64, `(n_series,)`, a row of the panel for each series.
    """
    arrays, panel = prepared.arrays, prepared.panel
    before = np.arange(panel.n_rows) < first[panel.series_of_row]
    rows: dict[str, np.ndarray] = {
        "past": arrays.past[before],
        "future": arrays.future[before],
        "past_codes": arrays.past_codes[before],
        "future_codes": arrays.future_codes[before],
        "actual": prepared.actual[before],
        "usable": prepared.learnable.inputs[before],
        "static": arrays.static,
        "static_codes": arrays.static_codes,
    }
    if arrays.observed is not None:
        rows["observed"] = arrays.observed[before]
    return rows


def fitted_windows(dataset: Dataset, *, validated: bool = True) -> dict[str, np.ndarray]:
    """The windows that a fit reads, and all that it reads of them.

    Args:
        dataset: What is trained on.
        validated: Those to validate on, too.

    Returns:
        `starts`, of all windows; the rows that these read, each once, under `rows_…`; and, gathered
        as a fit does it, the inputs by name and `targets` `(n, …)` of an even sample of windows, or
        of all where that is not much. With masked targets also `observed`.
    """
    fitted, arrays = dataset.fitted_starts, dataset.prepared.arrays
    starts = np.concatenate([fitted.train, fitted.validation]) if validated else fitted.train
    window = dataset.preparation.config.window
    behind = _covered(starts, window.lookback, dataset.panel.n_rows)
    first_target = starts + window.lookback + window.lead
    ahead = _covered(first_target, window.horizon, dataset.panel.n_rows)
    sample = _sampled(starts, arrays.past.shape[1] * window.lookback)
    rows = target_rows(sample, window)
    read: dict[str, np.ndarray] = {
        "starts": starts,
        "rows_past": arrays.past[behind],
        "rows_past_codes": arrays.past_codes[behind],
        "rows_future": arrays.future[ahead],
        "rows_future_codes": arrays.future_codes[ahead],
        "rows_targets": arrays.targets[ahead],
        "targets": arrays.targets[rows],
    }
    read.update(gather_inputs(arrays, sample, window))
    if arrays.observed is not None:
        read["rows_observed"] = arrays.observed[ahead]
        read["observed"] = arrays.observed[rows]
    return read


def _covered(first: IntArray, length: int, n_rows: int) -> BoolArray:
    """Which rows are among `length` ones from some rows on, bool `(n_rows,)`."""
    edges = np.zeros(n_rows + 1, dtype=np.int64)
    np.add.at(edges, first, 1)
    np.add.at(edges, first + length, -1)
    return np.asarray(np.cumsum(edges[:-1]) > 0)


def _sampled(starts: IntArray, size: int) -> IntArray:
    """An even sample of windows of so many values each, the first and the last among them."""
    most = min(GATHERED_WINDOWS, max(2, GATHERED_VALUES // max(1, size)))
    if len(starts) <= most:
        return starts
    return np.asarray(starts[np.linspace(0, len(starts) - 1, most).astype(np.int64)])


def origins_before(dataset: Dataset, first: IntArray) -> IntArray:
    """The windows that can be forecast from the last origins before some rows of each series.

    Whether their targets came true does not matter.

    Returns:
        int64, `(n_windows,)`, at most `FORECAST_ORIGINS`, ascending.
    """
    panel, window = dataset.panel, dataset.preparation.config.window
    usable = dataset.prepared.observed
    any_target = Usable(usable.inputs, usable.ahead, np.ones(panel.n_rows, dtype=bool))
    last = np.minimum(first + window.lead + window.horizon, panel.offsets[1:])
    bounds = np.column_stack([panel.offsets[:-1], last])
    starts = window_starts(any_target, window, offsets=panel.offsets, bounds=bounds)
    starts = served(starts, panel, dataset.preparation)
    distance = first[panel.series_of_row[starts]] - starts
    return np.sort(starts[np.argsort(distance, kind="stable")[:FORECAST_ORIGINS]])


def forecasts(
    dataset: Dataset, network: Network, starts: IntArray, *, trained_on: Dataset
) -> dict[str, np.ndarray]:
    """What a network reads of some windows, and says of them in the user's units.

    Args:
        dataset: What is forecast.
        network: From inputs to outputs.
        starts: int64, `(n_windows,)`.
        trained_on: What the network was made for. Where other columns were made of the data, it
            cannot read them, and says nothing.
    """
    prepared, preparation = dataset.prepared, dataset.preparation
    said: dict[str, np.ndarray] = dict(window_inputs(prepared, preparation, starts))
    if shapes_of(preparation) != shapes_of(trained_on.preparation):
        return said
    outputs = window_outputs(network, prepared, preparation, starts)
    said["forecast"] = outputs.points
    if outputs.quantiles is not None:
        said["quantiles"] = outputs.quantiles[:]
    return said


class Probe:
    """A network without training that weighs every number it is given: none can differ unseen.

    Args:
        preparation: Says what it gives.
    """

    def __init__(self, preparation: Preparation) -> None:
        config = preparation.config
        n_targets = len(preparation.schema.targets)
        self._shape = (config.window.horizon, n_targets, n_outputs_of(config.output))

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> FloatArray:
        """Outputs `[batch, horizon, n_targets, n_outputs]`, ascending along the last axis."""
        batch = len(inputs["past"])
        total = np.zeros(batch)
        for name in sorted(inputs):
            flat = inputs[name].reshape(batch, -1).astype(np.float64)
            total += flat @ np.cos(np.arange(flat.shape[1]) + len(name))
        steps = np.arange(1, np.prod(self._shape) + 1).reshape(self._shape)
        return np.asarray((2 + np.tanh(total / 10))[:, None, None, None] * steps / steps.size)
