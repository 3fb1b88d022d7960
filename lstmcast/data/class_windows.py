"""Classes of windows: what came true at each target step, and how much each class counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstmcast.data.classes import direction_of
from lstmcast.data.panel import IntArray, listing
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import origins, target_rows
from lstmcast.errors import ConfigError, Problem

UNKNOWN = -1
# Windows whose rows are gathered at once.
_BLOCK = 16_384


def window_classes(prepared: Prepared, preparation: Preparation, starts: IntArray) -> IntArray:
    """The class that came true at each target step.

    Args:
        prepared: The panel, made ready.
        preparation: What was fitted; its target is one.
        starts: int64, `(n_windows,)`.

    Returns:
        int64, `(n_windows, horizon)`, numbers of `preparation.classes`; `UNKNOWN` where the target
        was not observed, or is of no such class.
    """
    window = preparation.config.window
    found = np.empty((len(starts), window.horizon), dtype=np.int64)
    for first in range(0, len(starts), _BLOCK):
        block = starts[first : first + _BLOCK]
        ahead = target_rows(block, window)
        found[first : first + _BLOCK] = classes_between(
            prepared, origins(block, window)[:, None], ahead
        )
    return found


def classes_between(prepared: Prepared, origin: IntArray, rows: IntArray) -> IntArray:
    """The class of some rows, as seen from others.

    Args:
        prepared: The panel, made ready.
        origin: int64, rows that a direction starts from; they broadcast to `rows`.
        rows: int64, any shape.

    Returns:
        int64, of the shape of `rows`; `UNKNOWN` where one of the two was not observed.
    """
    told_by = prepared.arrays.classes
    if told_by is None:
        raise ValueError("the target is a number without classes.")
    actual = prepared.actual[:, 0]
    if told_by.threshold is None:
        return np.nan_to_num(actual[rows], nan=UNKNOWN).astype(np.int64)
    change = actual[rows] - actual[origin]
    with np.errstate(invalid="ignore"):
        numbers = np.sum(direction_of(change, told_by.threshold), axis=0)
    return np.where(np.isnan(change), UNKNOWN, numbers).astype(np.int64)


def class_counts(classes: IntArray, n_classes: int) -> IntArray:
    """How often each class occurs, int64 `(n_classes,)`; what is `UNKNOWN` is left out."""
    return np.bincount(classes[classes >= 0], minlength=n_classes)


def with_class_weights(prepared: Prepared, preparation: Preparation, starts: IntArray) -> Prepared:
    """The panel with what each class counts in the loss, as `training.class_weights` asks.

    Args:
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`, the windows to train on.

    Raises:
        ConfigError: If a weight is of no class.
    """
    asked, told_by = preparation.config.training.class_weights, prepared.arrays.classes
    if asked is None or told_by is None:
        return prepared
    classes = preparation.classes
    if isinstance(asked, dict):
        unknown = sorted(set(asked) - set(classes))
        if unknown:
            message = f"there is no class {listing(unknown)}. There are: {listing(classes)}."
            raise ConfigError([Problem("training.class_weights", message)])
        weights = tuple(float(asked.get(name, 1.0)) for name in classes)
    else:
        counts = class_counts(window_classes(prepared, preparation, starts), len(classes))
        weights = balanced_weights(counts)
    told_by = replace(told_by, weights=weights)
    return replace(prepared, arrays=replace(prepared.arrays, classes=told_by))


def balanced_weights(counts: IntArray) -> tuple[float, ...]:
    """Weights with which all classes that occur count alike, and all windows 1 in the mean.

    The number of examples over that of the classes that occur times that of the class, after King
    and Zeng 2001, "Logistic regression in rare events data".

    Args:
        counts: int64, `(n_classes,)`, how often each class occurs.
    """
    occurring = max(1, int((counts > 0).sum()))
    weights = np.where(counts > 0, counts.sum() / (occurring * np.maximum(counts, 1)), 1.0)
    return tuple(weights.tolist())
