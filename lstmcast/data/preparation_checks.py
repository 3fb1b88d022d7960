"""Whether the parts of a preparation that was read belong together, and to its config.

So that applying it to data cannot go wrong.
"""

from __future__ import annotations

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.categories import category_names
from lstmcast.data.cleaned import Cleaned
from lstmcast.data.cleaning import Rows
from lstmcast.data.features import Feature
from lstmcast.data.inputs import input_features
from lstmcast.data.panel import Panel, Schema
from lstmcast.data.preparation import Preparation, Scaler
from lstmcast.data.times.frequency import offset_of
from lstmcast.data.times.zones import check_zone


def check_preparation(preparation: Preparation) -> None:
    """Refuse a preparation whose parts do not belong together, or not to its config.

    Raises:
        ValueError: Naming the part.
    """
    schema, config = preparation.schema, preparation.config
    _check_schema(schema, config)
    groups, n_targets = preparation.grouping.n_groups, len(schema.targets)
    n_numbers, n_features = len(schema.names(kind="number")), len(preparation.features)
    n_static = len(schema.names(kind="number", roles=("static",)))
    _check_shape("bounds", preparation.bounds, (groups, 2, n_numbers))
    _check_shape("means", preparation.means, (groups, n_numbers))
    _check_scaler("target_scaler", preparation.target_scaler, (groups, n_targets))
    _check_scaler("feature_scaler", preparation.feature_scaler, (groups, n_features))
    _check_scaler("static_scaler", preparation.static_scaler, (1, n_static))
    if len(preparation.exponents) != n_targets:
        raise ValueError("exponents: there is one for each target")
    _check_names(preparation)
    _check_cuts(preparation)
    # Not by their names, which earlier versions gave otherwise.
    found, expected = (
        [(feature.ahead, feature.scaled) for feature in features]
        for features in (preparation.features, _features_of(preparation))
    )
    if found != expected:
        raise ValueError("features: are not those of the config")


def _check_schema(schema: Schema, config: Config) -> None:
    data, label = config.data, config.data.target_type == "label"
    expected = [(name, "target") for name in data.targets]
    for role, covariates in (
        ("past", data.past_covariates),
        ("future", data.future_covariates),
        ("static", data.static_covariates),
    ):
        expected += [(covariate.column, role) for covariate in covariates]
    expected += [(name, "static") for name in data.targets if label]
    found = [(column.name, str(column.role)) for column in schema.columns]
    if found != expected or list(schema.time) != data.time_columns or schema.series != data.series:
        raise ValueError("schema: its columns are not those of the config")
    offset_of(schema.freq)
    check_zone(schema.tz)


def _check_shape(name: str, values: np.ndarray, expected: tuple[int, ...]) -> None:
    if values.shape != expected:
        raise ValueError(f"{name}: has the shape {values.shape}, not {expected}")


def _check_scaler(name: str, scaler: Scaler, expected: tuple[int, int]) -> None:
    _check_shape(f"{name}.centre", scaler.centre, expected)
    _check_shape(f"{name}.scale", scaler.scale, expected)
    if not np.isfinite(scaler.centre).all() or not np.isfinite(scaler.scale).all():
        raise ValueError(f"{name}: holds numbers that are not finite")
    if (scaler.scale == 0).any():
        raise ValueError(f"{name}.scale: holds a 0")


def _check_names(preparation: Preparation) -> None:
    """That what is named is there, and nothing twice."""
    schema = preparation.schema
    named = {
        "series": preparation.grouping.series,
        "cuts.series": preparation.cuts.series,
        "trained": preparation.trained,
        "features": tuple(feature.name for feature in preparation.features),
        **{f"vocabularies.{name}": levels for name, levels in preparation.vocabularies.items()},
    }
    for place, names in named.items():
        if len(set(names)) < len(names):
            raise ValueError(f"{place}: names one thing twice")
    numbers = schema.names(kind="number")
    if not set(preparation.indicators) <= set(numbers):
        raise ValueError("indicators: are not among the columns of numbers")
    categories = {*category_names(schema, preparation.config.features)}
    categories |= {*schema.names(kind="category", roles=("static",))}
    if schema.series is not None and preparation.config.features.series_embedding:
        categories.add(schema.series)
    if missing := categories - preparation.vocabularies.keys():
        raise ValueError(f"vocabularies: have no levels of {min(missing)!r}")
    if not preparation.trained:
        raise ValueError("trained: names no series")


def _check_cuts(preparation: Preparation) -> None:
    cuts = preparation.cuts
    _check_shape("cuts.times", cuts.times, (len(cuts.series), 3))
    if np.isnat(cuts.times).any():
        raise ValueError("cuts.times: holds what is no time")


def _features_of(preparation: Preparation) -> tuple[Feature, ...]:
    """The features that are made of any rows: told by making those of one row."""
    schema, known = preparation.schema, preparation.holidays
    numbers, categories = schema.names(kind="number"), schema.names(kind="category")
    n_static = len(schema.names(kind="number", roles=("static",)))
    n_constant = len(schema.names(kind="category", roles=("static",)))
    year = 2000 if known is None else known.first
    panel = Panel(
        schema=schema,
        times=np.array([f"{year}-06-01"], dtype="datetime64[us]"),
        values=np.zeros((1, len(numbers))),
        codes=np.full((1, len(categories)), -1, dtype=np.int32),
        levels=((),) * len(categories),
        static_values=np.zeros((1, n_static)),
        static_codes=np.full((1, n_constant), -1, dtype=np.int32),
        static_levels=((),) * n_constant,
        offsets=np.array([0, 1]),
        series=("",),
    )
    first = np.zeros(1, dtype=np.int64)
    cleaned = Cleaned(
        values=panel.values,
        codes=panel.codes,
        missing=np.zeros(panel.values.shape, dtype=bool),
        rows=Rows(first=first, side=first, season_length=schema.season_length),
    )
    columns = input_features(
        panel,
        cleaned,
        preparation.config,
        indicators=preparation.indicators,
        vocabularies=preparation.vocabularies,
        holidays=known,
    )
    return tuple(feature for feature, _ in columns)
