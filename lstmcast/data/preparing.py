"""A panel made ready for the network, stage by stage: clean, derive, encode, scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Config
from lstmcast.data.cleaning import Rows, fill_missing, shift_rows, treat_outliers
from lstmcast.data.encoding import encode, one_hot
from lstmcast.data.features import Feature, Sources, calendar_features, derived_features
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Cuts, Preparation
from lstmcast.data.scaling import outside_domain, transform_target
from lstmcast.data.windows import BoolArray, Float32Array, Int32Array, Usable, WindowArrays
from lstmcast.errors import DataError

# The variance of larger numbers overflows float64.
LARGEST = 1e150


@dataclass(frozen=True)
class Prepared:
    """A panel made ready for the network.

    Attributes:
        panel: The panel as it was read.
        arrays: What windows are gathered from, in network units.
        observed: Usable rows where the targets are those that the data hold: for scoring.
        trainable: The same without masked outliers: for training and validation.
        actual: float64, `(n_rows, n_targets)`, the observed targets in the user's units, NaN where
            missing.
        groups: int64, `(n_series,)`, which fitted statistics serve each series.
    """

    panel: Panel
    arrays: WindowArrays
    observed: Usable
    trainable: Usable
    actual: FloatArray
    groups: IntArray


@dataclass(frozen=True)
class Cleaned:
    """Columns in the user's units, nothing missing that could be filled.

    Attributes:
        values: float64, `(n_rows, n_numbers)`: outliers treated, gaps filled, late columns shifted.
        codes: int32, `(n_rows, n_categories)`, late columns shifted.
        missing: bool, `(n_rows, n_numbers)`: had no value before filling.
        rows: Where each row stands.
    """

    values: FloatArray
    codes: Int32Array
    missing: BoolArray
    rows: Rows


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
    cleaned = transform_targets(panel, cleaned, preparation.exponents, config)
    arrays = _window_arrays(panel, cleaned, preparation, row_groups)
    observed = _usable(arrays, cleaned, actual, preparation)
    masked = np.isnan(treated[:, : panel.n_targets]) & ~np.isnan(panel.targets)
    trainable = replace(observed, targets=observed.targets & ~masked.any(axis=1))
    for matrix in (arrays.past, arrays.future):
        np.nan_to_num(matrix, copy=False)  # unusable rows, which no window reads
    return Prepared(panel, arrays, observed, trainable, actual, groups)


def treat(panel: Panel, preparation: Preparation) -> FloatArray:
    """The numbers of a panel with outliers treated, float64 `(n_rows, n_numbers)`."""
    groups = preparation.grouping.of_series(panel.series)[panel.series_of_row]
    settings = preparation.config.data.outliers
    return treat_outliers(panel.values, preparation.bounds[groups], settings)


def unfilled(panel: Panel, preparation: Preparation) -> BoolArray:
    """Where a number is missing still after cleaning, bool `(n_rows, n_numbers)`."""
    groups = preparation.grouping.of_series(panel.series)[panel.series_of_row]
    values = fill_missing(
        treat(panel, preparation),
        rows_of(panel, preparation.cuts),
        preparation.config.data.missing,
        means=preparation.means[groups],
    )
    return np.isnan(values)


def _usable(
    arrays: WindowArrays, cleaned: Cleaned, actual: FloatArray, preparation: Preparation
) -> Usable:
    inputs, ahead, targets = (_complete(m) for m in (arrays.past, arrays.future, actual))
    if preparation.config.data.missing.strategy == "drop":
        schema = preparation.schema
        names = schema.names(kind="category")
        known_ahead = np.array([schema.column(name).role == "future" for name in names], dtype=bool)
        inputs &= (cleaned.codes >= 0).all(axis=1)
        ahead &= (cleaned.codes[:, known_ahead] >= 0).all(axis=1)
    return Usable(inputs=inputs, ahead=ahead, targets=targets)


def _complete(matrix: NDArray[np.floating]) -> BoolArray:
    return np.asarray(~np.isnan(matrix).any(axis=1))


def rows_of(panel: Panel, cuts: Cuts) -> Rows:
    """Where each row stands: its series' first row, and the cuts before it."""
    known = {name: i for i, name in enumerate(cuts.series)}
    never = np.full((1, cuts.times.shape[1]), np.datetime64("9999-01-01", "us"))
    times = np.concatenate([cuts.times, never])
    times = times[[known.get(name, len(known)) for name in panel.series]]
    side = (panel.times[:, None] >= times[panel.series_of_row]).sum(axis=1)
    first = np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    return Rows(first=first, side=side, season_length=panel.schema.season_length)


def clean(
    panel: Panel, treated: FloatArray, rows: Rows, config: Config, *, means: FloatArray
) -> Cleaned:
    """Fill what is missing, then shift the columns that come in late.

    Args:
        panel: The panel.
        treated: float64, `(n_rows, n_numbers)`, its values with outliers treated.
        rows: Where each row stands.
        config: The experiment.
        means: float64, `(n_rows | 1, n_numbers)`, training means.
    """
    missing = np.isnan(treated)
    values = fill_missing(treated, rows, config.data.missing, means=means)
    codes = panel.codes
    delays = [panel.schema.column(name).delay for name in panel.schema.names(kind="number")]
    if any(delays):
        values, missing = values.copy(), missing.copy()
        for i in np.flatnonzero(delays):
            values[:, i] = shift_rows(values[:, i], rows, delays[i])
            missing[:, i] = np.nan_to_num(shift_rows(missing[:, i] * 1.0, rows, delays[i])) > 0
    delays = [panel.schema.column(name).delay for name in panel.schema.names(kind="category")]
    if any(delays):
        shifted = [shift_rows(codes[:, i], rows, steps) for i, steps in enumerate(delays)]
        codes = np.stack(shifted, axis=1)
    return Cleaned(values=values, codes=codes, missing=missing, rows=rows)


def observed_targets(panel: Panel, cleaned: Cleaned, config: Config) -> FloatArray:
    """The targets that count as observed, float64 `(n_rows, n_targets)`, NaN where missing.

    A filled value is an input but never an observation; `zero`, which states that a missing value
    means zero, is the exception.
    """
    if config.data.missing.strategy != "zero":
        return panel.targets
    filled = cleaned.values[:, : panel.n_targets]
    return np.where(np.isnan(panel.targets), filled, panel.targets)


def transform_targets(
    panel: Panel, cleaned: Cleaned, exponents: tuple[float | None, ...], config: Config
) -> Cleaned:
    """Apply `scaling.target_transform` to the target columns.

    Raises:
        DataError: Naming the first value outside the transform's domain.
    """
    transform = config.scaling.target_transform
    if transform == "none":
        return cleaned
    values = cleaned.values.copy()
    for i, exponent in enumerate(exponents):
        check_domain(panel, values[:, i], transform, column=i)
        values[:, i] = transform_target(values[:, i], transform, exponent)
    return replace(cleaned, values=values)


def check_domain(panel: Panel, values: FloatArray, transform: str, *, column: int) -> None:
    """Refuse values that the transform is not defined for.

    Raises:
        DataError: Naming the first one.
    """
    outside = outside_domain(values, transform)
    if outside.any():
        row = int(np.argmax(outside))
        lowest = "above -1" if transform == "log1p" else "above 0"
        raise DataError(
            f"at {panel.spoken(row)}: scaling.target_transform: {transform} takes only values "
            f"{lowest}. Set it to yeo_johnson or none.",
            column=panel.schema.targets[column],
            value=float(values[row]),
            **panel.place(row),
        )


def input_features(
    panel: Panel,
    cleaned: Cleaned,
    config: Config,
    *,
    indicators: tuple[str, ...],
    vocabularies: Mapping[str, tuple[str, ...]],
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
    for name in indicators:
        flag = cleaned.missing[:, names.index(name)].astype(np.float64)
        yield Feature(f"{name}.missing", ahead=name in ahead, scaled=False), flag
    if config.features.categories.encoding == "one_hot":
        for i, name in enumerate(schema.names(kind="category")):
            ids = encode(cleaned.codes[:, i], panel.levels[i], vocabularies[name])
            known_ahead = schema.column(name).role == "future"
            for label, flags in one_hot(ids, name, vocabularies[name]):
                yield Feature(label, ahead=known_ahead, scaled=False), flags


def _window_arrays(
    panel: Panel, cleaned: Cleaned, preparation: Preparation, row_groups: IntArray
) -> WindowArrays:
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
    """Refuse a column that is too large for its type, or to be squared.

    Raises:
        DataError: Naming the first such row.
    """
    huge = np.abs(values.astype(np.float64)) > LARGEST
    if huge.any():
        row = int(np.argmax(huge))
        raise DataError(
            f"the value at {panel.spoken(row)} is too large to compute with. Correct it, or treat "
            "outliers with data.outliers.",
            column=name,
            **panel.place(row),
        )


def _static_numbers(panel: Panel, preparation: Preparation) -> Float32Array:
    """Static covariates in network units, float32 `(n_series, n_static)`; a missing one is 0."""
    scaler = preparation.static_scaler
    scaled = (panel.static_values - scaler.centre[0]) / scaler.scale[0]
    columns = [np.nan_to_num(column) for column in scaled.T]
    if preparation.config.features.categories.encoding == "one_hot":
        names = panel.schema.names(kind="category", roles=("static",))
        for i, name in enumerate(names):
            vocabulary = preparation.vocabularies[name]
            ids = encode(panel.static_codes[:, i], panel.static_levels[i], vocabulary)
            columns += [flags for _, flags in one_hot(ids, name, vocabulary)]
    if not columns:
        return np.zeros((panel.n_series, 0), dtype=np.float32)
    return np.stack(columns, axis=1).astype(np.float32)


def _embedded_codes(
    panel: Panel, cleaned: Cleaned, preparation: Preparation
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Ids of embedded categories: of each row, of each row known ahead, of each series."""
    schema = panel.schema
    if preparation.config.features.categories.encoding != "embedding":
        none = np.zeros((panel.n_rows, 0), dtype=np.int32)
        return none, none, np.zeros((panel.n_series, 0), dtype=np.int32)

    def ids(
        names: tuple[str, ...], codes: Int32Array, levels: tuple[tuple[str, ...], ...]
    ) -> Int32Array:
        encoded = np.zeros(codes.shape, dtype=np.int32)
        for i, name in enumerate(names):
            encoded[:, i] = encode(codes[:, i], levels[i], preparation.vocabularies[name])
        return encoded

    names = schema.names(kind="category")
    rows = ids(names, cleaned.codes, panel.levels)
    ahead = [schema.column(name).role == "future" for name in names]
    static_names = schema.names(kind="category", roles=("static",))
    static = ids(static_names, panel.static_codes, panel.static_levels)
    return rows, rows[:, np.array(ahead, dtype=bool)], static
