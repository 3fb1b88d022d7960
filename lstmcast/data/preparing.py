"""A panel made ready for the network: cleaned, its features derived, encoded and scaled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.classes import class_rows, class_targets, compares_with_origin
from lstmcast.data.cleaned import (
    Cleaned,
    clean,
    observed_targets,
    rows_of,
    transform_targets,
    treat,
)
from lstmcast.data.inputs import window_arrays
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.windows import BoolArray, Usable, WindowArrays


@dataclass(frozen=True)
class Prepared:
    """A panel made ready for the network.

    Attributes:
        panel: The panel as it was read.
        arrays: What windows are gathered from, in network units.
        observed: Usable rows where the targets are those that the data hold: for scoring.
        trainable: The same without masked outliers: for training and validation.
        learnable: What a fit may read: `trainable`, or with `missing.strategy: mask` windows of
            which a part of the targets is missing, too.
        actual: float64, `(n_rows, n_targets)`, the observed targets in the user's units, NaN where
            missing; of a category the class, NaN also where training did not see it.
        groups: int64, `(n_series,)`, which fitted statistics serve each series.
    """

    panel: Panel
    arrays: WindowArrays
    observed: Usable
    trainable: Usable
    learnable: Usable
    actual: FloatArray
    groups: IntArray


def prepare(panel: Panel, preparation: Preparation) -> Prepared:
    """Apply what was fitted to a panel.

    Raises:
        DataError: If a target is outside the domain of its transform, or a value is too large for
            the network.
    """
    config = preparation.config
    groups = preparation.grouping.of_series(panel.series)
    row_groups = groups[panel.series_of_row]
    treated = treat(panel, preparation)
    rows = rows_of(panel, preparation.cuts)
    cleaned = clean(panel, treated, rows, config, means=preparation.means[row_groups])
    actual = observed_targets(panel, cleaned, config)
    if panel.schema.columns[0].kind != "number":
        actual = class_rows(panel, preparation.classes)
    cleaned = transform_targets(panel, cleaned, preparation.exponents, config)
    arrays = window_arrays(panel, cleaned, preparation, row_groups)
    arrays = replace(arrays, classes=class_targets(panel, actual, config))
    observed = _usable(arrays, cleaned, actual, preparation)
    masked = np.isnan(treated[:, : panel.n_targets]) & ~np.isnan(panel.targets)
    trainable = learnable = replace(observed, targets=observed.targets & ~masked.any(axis=1))
    if config.data.missing.strategy == "mask":
        known = ~np.isnan(actual) & ~masked
        if not known.all():
            arrays = replace(arrays, observed=known.astype(np.float32))
        learnable = replace(observed, targets=np.asarray(known.any(axis=1)), partly=True)
    for matrix in (arrays.past, arrays.future):
        # Rows that no window reads; or masked ones, whose value is then that of the mean.
        np.nan_to_num(matrix, copy=False)
    return Prepared(panel, arrays, observed, trainable, learnable, actual, groups)


def _usable(
    arrays: WindowArrays, cleaned: Cleaned, actual: FloatArray, preparation: Preparation
) -> Usable:
    inputs, ahead, targets = (_complete(m) for m in (arrays.past, arrays.future, actual))
    if preparation.config.data.missing.strategy == "mask":
        inputs, ahead = np.ones_like(inputs), np.ones_like(ahead)
    if preparation.config.data.missing.strategy == "drop":
        schema = preparation.schema
        names = schema.names(kind="category")
        known_ahead = np.array([schema.column(name).role == "future" for name in names], dtype=bool)
        inputs &= (cleaned.codes >= 0).all(axis=1)
        ahead &= (cleaned.codes[:, known_ahead] >= 0).all(axis=1)
    # A direction is that from the origin.
    origins = targets if compares_with_origin(preparation.config) else None
    return Usable(inputs=inputs, ahead=ahead, targets=targets, origins=origins)


def _complete(matrix: NDArray[np.floating]) -> BoolArray:
    return np.asarray(~np.isnan(matrix).any(axis=1))
