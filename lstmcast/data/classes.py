"""Classes of rows: the levels of a category target, and what a direction is told by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.class_checks import PROBABILITY
from lstmcast.config.schema import ClassesOutput, Config
from lstmcast.data.encoding import encode
from lstmcast.data.panel import FloatArray, Panel, Schema, listing
from lstmcast.data.preparation import Preparation
from lstmcast.data.windows import ClassTargets
from lstmcast.errors import DataError

# Of the threshold of a direction: what float32 may lose, so that a change of exactly the threshold
# is flat.
TOLERANCE = 1e-5
_FRACTION = re.compile(r"[-+]?\d+\.\d+")
# Rows named in one warning.
_SHOWN = 3


def compares_with_origin(config: Config) -> bool:
    """Whether the class of a step follows from the target at the origin, too."""
    return isinstance(config.output, ClassesOutput) and config.output.direction is not None


def class_rows(panel: Panel, classes: Sequence[str]) -> FloatArray:
    """The class of each row, by its number.

    Args:
        panel: Its target is a category, or a label of each series.
        classes: Those that training saw.

    Returns:
        float64, `(n_rows, 1)`; NaN where the target is missing or none of the classes.
    """
    codes, levels = _held(panel)
    ids = encode(codes, levels, classes).astype(np.float64) - 1
    return np.where(ids < 0, np.nan, ids)[:, None]


def _held(panel: Panel) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The code of the target in each row, int32 `(n_rows,)`, -1 where missing; and its levels."""
    label = panel.schema.label
    if label is not None:
        return panel.static_codes[panel.series_of_row, label], panel.static_levels[label]
    column = panel.schema.category_target or 0
    return panel.codes[:, column], panel.levels[column]


def class_targets(panel: Panel, actual: FloatArray, config: Config) -> ClassTargets | None:
    """What the classes of windows are told by; None where numbers are forecast.

    Args:
        panel: The panel.
        actual: float64, `(n_rows, n_targets)`, the classes of a category, else the target.
        config: The experiment.
    """
    if not isinstance(config.output, ClassesOutput):
        return None
    if config.output.direction is None:
        return ClassTargets(np.nan_to_num(actual).astype(np.float32))
    return ClassTargets(_from_the_first(panel, actual), config.output.direction.threshold)


def _from_the_first(panel: Panel, actual: FloatArray) -> NDArray[np.float32]:
    """By how much each value is above the first of its series; 0 where it is missing.

    So float32 tells apart values that are large and differ by little.
    """
    known = ~np.isnan(actual[:, 0])
    first = np.zeros(panel.n_series)
    series, rows = np.unique(panel.series_of_row[known], return_index=True)
    first[series] = actual[known, 0][rows]
    above = actual - first[panel.series_of_row][:, None]
    return np.nan_to_num(above).astype(np.float32)


def direction_of(change: Any, threshold: float) -> tuple[Any, ...]:
    """What tells the directions of some changes since the origin.

    Args:
        change: Numbers, an array or a tensor of any backend.
        threshold: In their units.

    Returns:
        Truth values of the shape of `change`; how many of them hold is the number of the class, in
        `direction_classes`.
    """
    if not threshold:
        return (change > 0,)
    beyond = threshold * (1 + TOLERANCE)
    return (change >= -beyond, change > beyond)


def check_classes(schema: Schema, vocabularies: Mapping[str, tuple[str, ...]]) -> None:
    """See that there are classes to tell apart, and that tables of forecasts can name them.

    Raises:
        DataError: If the training rows hold fewer than two, or numbers that are not whole, or the
            name of a column is taken.
    """
    if schema.columns[0].kind == "number":
        return
    (name,) = schema.targets
    classes = vocabularies[name]
    broken = next((each for each in classes if _FRACTION.fullmatch(each)), None)
    if broken is not None:
        raise DataError(
            "holds numbers, not classes, which are text or whole numbers. Ask for their direction "
            "with output.direction: {threshold: 0}, or name another target.",
            column=name,
            value=broken,
        )
    if len(classes) < 2:
        raise DataError(
            f"the training rows hold {len(classes)} class ({listing(classes)}), and there is "
            "nothing to tell apart. Give more rows to split.train, or name another target.",
            column=name,
        )
    taken = {*schema.time, schema.series} & {f"{PROBABILITY}{each}" for each in classes}
    if taken:
        raise DataError(
            f"`{', '.join(map(str, taken))}` is the name of a column of probabilities in the "
            "tables of forecasts, too. Rename the column in the data."
        )


def unseen_classes(panel: Panel, preparation: Preparation) -> tuple[str, ...]:
    """A sentence on the rows whose class training did not see."""
    if panel.schema.columns[0].kind == "number":
        return ()
    codes, levels = _held(panel)
    rows = np.flatnonzero((codes >= 0) & np.isnan(class_rows(panel, preparation.classes)[:, 0]))
    if not len(rows):
        return ()
    names = listing([levels[code] for code in np.unique(codes[rows])])
    where = "; ".join(panel.spoken(int(row)) for row in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN:,} more rows" if len(rows) > _SHOWN else ""
    return (
        f"{panel.schema.targets[0]} {names}: not in the training rows, so no class of the network; "
        f"windows that end in one are not scored ({where}{more})",
    )
