"""Cleaned columns become what the network reads: derived, encoded, scaled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Config
from lstmcast.data.categories import Category, row_categories, series_categories
from lstmcast.data.cleaned import Cleaned
from lstmcast.data.encoding import encode, one_hot
from lstmcast.data.features import Feature, Sources, calendar_features, derived_features
from lstmcast.data.holidays import HolidayDates, holiday_features
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.windows import Float32Array, Int32Array, WindowArrays
from lstmcast.errors import DataError

# The network reads float32.
LARGEST = float(np.finfo(np.float32).max)


def input_features(
    panel: Panel,
    cleaned: Cleaned,
    config: Config,
    *,
    indicators: tuple[str, ...],
    vocabularies: Mapping[str, tuple[str, ...]],
    holidays: HolidayDates | None,
) -> Iterator[tuple[Feature, FloatArray]]:
    """The input columns after the targets, in their fixed order, before scaling.

    Yields:
        The feature and its values, float64 `(n_rows,)`.
    """
    schema = panel.schema
    names = schema.names(kind="number")
    columns = {name: cleaned.values[:, i] for i, name in enumerate(names)}
    ahead = frozenset(name for name in names if schema.column(name).role == "future")
    for name in names[panel.n_targets :]:
        yield Feature(name, ahead=name in ahead), columns[name]
    sources = Sources(columns, ahead, cleaned.rows, reach=config.window.lookback)
    yield from derived_features(config.features, sources)
    yield from calendar_features(config.features, panel.times, schema.tz)
    if config.features.holidays is not None and holidays is not None:
        yield from holiday_features(config.features.holidays, holidays, panel.times, schema)
    for name in indicators:
        flag = cleaned.missing[:, names.index(name)].astype(np.float64)
        yield Feature(f"{name}.missing", ahead=name in ahead, scaled=False), flag
    for category in row_categories(panel, cleaned.codes, config):
        if category.embedded:
            continue
        vocabulary = vocabularies[category.name]
        ids = encode(category.codes, category.levels, vocabulary)
        for label, flags in one_hot(ids, category.name, vocabulary):
            yield Feature(label, ahead=category.ahead, scaled=False), flags


def window_arrays(
    panel: Panel, cleaned: Cleaned, preparation: Preparation, row_groups: IntArray
) -> WindowArrays:
    """What windows are gathered from, NaN where something is missing.

    Args:
        panel: As it was read.
        cleaned: Its columns.
        preparation: What was fitted.
        row_groups: int64, `(n_rows,)`, which fitted statistics serve each row.
    """
    past = _scaled_matrix(panel, cleaned, preparation, row_groups)
    ahead = [i for i, feature in enumerate(preparation.features) if feature.ahead]
    codes, future_codes, static_codes = _embedded_codes(panel, cleaned, preparation)
    return WindowArrays(
        past=past,
        future=past[:, [panel.n_targets + i for i in ahead]],
        static=_static_numbers(panel, preparation),
        past_codes=codes,
        future_codes=future_codes,
        static_codes=static_codes,
        series_of_row=panel.series_of_row,
        n_targets=panel.n_targets,
    )


def _scaled_matrix(
    panel: Panel, cleaned: Cleaned, preparation: Preparation, row_groups: IntArray
) -> Float32Array:
    """Targets and features in network units, float32 `(n_rows, n_past)`."""
    n_targets = panel.n_targets
    past = np.empty((panel.n_rows, n_targets + len(preparation.features)), dtype=np.float32)
    columns = input_features(
        panel,
        cleaned,
        preparation.config,
        indicators=preparation.indicators,
        vocabularies=preparation.vocabularies,
        holidays=preparation.holidays,
    )
    with np.errstate(over="ignore"):  # refused below, with its place
        for i in range(n_targets):
            values = cleaned.values[:, i]
            past[:, i] = preparation.target_scaler.apply(values, row_groups, i)
        for i, (_, values) in enumerate(columns):
            past[:, n_targets + i] = preparation.feature_scaler.apply(values, row_groups, i)
    names = (*panel.schema.targets, *(feature.name for feature in preparation.features))
    for i, name in enumerate(names):
        refuse_huge(panel, past[:, i], name)
    return past


def refuse_huge(panel: Panel, values: NDArray[np.floating], name: str) -> None:
    """Refuse a column that is too large for the network's type, before or after scaling.

    Raises:
        DataError: Naming the first such row.
    """
    huge = np.abs(values.astype(np.float64)) > LARGEST
    if huge.any():
        row = int(np.argmax(huge))
        names = panel.schema.names(kind="number")
        read = panel.values[row, names.index(name)] if name in names else None
        raise DataError(
            f"the value at {panel.spoken(row)} is too large to compute with: the network reads "
            "numbers up to 3.4e38. Correct it, leave the field empty to treat it as "
            "missing, or choose another unit for the column.",
            column=name,
            value=None if read is None else float(read),
            **panel.place(row),
        )


def _static_numbers(panel: Panel, preparation: Preparation) -> Float32Array:
    """Static covariates in network units, float32 `(n_series, n_static)`; a missing one is 0."""
    scaler = preparation.static_scaler
    scaled = (panel.static_values - scaler.centre[0]) / scaler.scale[0]
    columns = [np.nan_to_num(column) for column in scaled.T]
    for category in series_categories(panel, preparation.config):
        if category.embedded:
            continue
        vocabulary = preparation.vocabularies[category.name]
        ids = encode(category.codes, category.levels, vocabulary)
        columns += [flags for _, flags in one_hot(ids, category.name, vocabulary)]
    if not columns:
        return np.zeros((panel.n_series, 0), dtype=np.float32)
    return np.stack(columns, axis=1).astype(np.float32)


def _embedded_codes(
    panel: Panel, cleaned: Cleaned, preparation: Preparation
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Ids of embedded categories: of each row, of each row known ahead, of each series."""

    def ids(categories: Iterable[Category], n_rows: int) -> Int32Array:
        columns = [
            encode(each.codes, each.levels, preparation.vocabularies[each.name])
            for each in categories
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((n_rows, 0), dtype=np.int32)

    config = preparation.config
    categories = [c for c in row_categories(panel, cleaned.codes, config) if c.embedded]
    constant = [c for c in series_categories(panel, config) if c.embedded]
    rows = ids(categories, panel.n_rows)
    ahead = np.array([category.ahead for category in categories], dtype=bool)
    return rows, rows[:, ahead], ids(constant, panel.n_series)
