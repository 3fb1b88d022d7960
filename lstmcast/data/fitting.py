"""Fitting a preparation: the only code that computes a statistic of the data, on training rows."""

from __future__ import annotations

from functools import partial

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.cleaning import check_complete, outlier_bounds, treat_outliers
from lstmcast.data.encoding import fit_vocabulary
from lstmcast.data.features import Feature
from lstmcast.data.grouping import Grouping, group_by
from lstmcast.data.panel import FloatArray, Panel
from lstmcast.data.preparation import Cuts, Preparation, Scaler
from lstmcast.data.preparing import (
    Cleaned,
    check_domain,
    clean,
    input_features,
    rows_of,
    transform_targets,
)
from lstmcast.data.scaling import fit_exponent, fit_scaler
from lstmcast.data.splitting import Splits
from lstmcast.data.windows import BoolArray


def fit_preparation(panel: Panel, splits: Splits, config: Config) -> Preparation:
    """Fit all that is fitted, on the training rows of each series.

    Args:
        panel: The whole panel; rows outside the training split are not read by any statistic.
        splits: Where training ends.
        config: The experiment.

    Raises:
        DataError: If values are missing and `data.missing.strategy` is `error`, or a target is
            outside the domain of its transform.
    """
    if config.data.missing.strategy == "error":
        check_complete(panel)
    train = splits.rows("train", panel.n_rows)
    grouping = group_by(panel, train, config.scaling.per)
    cuts = Cuts(series=panel.series, times=splits.cuts)
    row_groups = grouping.of_series(panel.series)[panel.series_of_row]
    settings = config.data.outliers
    bounds = grouping.fit(panel.values, train, panel, partial(outlier_bounds, settings=settings))
    treated = treat_outliers(panel.values, bounds[row_groups], settings)
    means = grouping.fit(treated, train, panel, _means)
    cleaned = clean(panel, treated, rows_of(panel, cuts), config, means=means[row_groups])
    exponents = _fit_exponents(panel, cleaned, train, config)
    cleaned = transform_targets(panel, cleaned, exponents, config)
    vocabularies = _fit_vocabularies(panel, cleaned, train)
    names = panel.schema.names(kind="number")
    has_gaps = cleaned.missing[train].any(axis=0) & config.data.missing.indicator
    indicators = tuple(name for name, gaps in zip(names, has_gaps, strict=True) if gaps)
    columns = input_features(
        panel, cleaned, config, indicators=indicators, vocabularies=vocabularies
    )
    fitted = [
        (feature, _fit_column(values, feature, train, grouping, panel, config))
        for feature, values in columns
    ]
    targets = cleaned.values[:, : panel.n_targets]
    return Preparation(
        config=config,
        schema=panel.schema,
        grouping=grouping,
        cuts=cuts,
        bounds=bounds,
        means=means,
        indicators=indicators,
        vocabularies=vocabularies,
        exponents=exponents,
        target_scaler=_scaler(_fit(targets, train, grouping, panel, config.scaling.target)),
        features=tuple(feature for feature, _ in fitted),
        feature_scaler=_scaler(
            np.zeros((grouping.n_groups, 2, 0)), *(scaler for _, scaler in fitted)
        ),
        static_scaler=_fit_static(panel, train, config),
    )


def _means(values: FloatArray) -> FloatArray:
    """Mean of each column's known values, NaN where there is none."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _fit_exponents(
    panel: Panel, cleaned: Cleaned, train: BoolArray, config: Config
) -> tuple[float | None, ...]:
    transform = config.scaling.target_transform
    exponents = []
    for i in range(panel.n_targets):
        values = cleaned.values[:, i]
        check_domain(panel, values, transform, column=i)
        exponents.append(fit_exponent(values[train], transform))
    return tuple(exponents)


def _fit_vocabularies(
    panel: Panel, cleaned: Cleaned, train: BoolArray
) -> dict[str, tuple[str, ...]]:
    """Levels in training rows; of static categories, of the series that have training rows."""
    rows = {
        name: fit_vocabulary(cleaned.codes[train, i], panel.levels[i])
        for i, name in enumerate(panel.schema.names(kind="category"))
    }
    trained = np.unique(panel.series_of_row[train])
    static = {
        name: fit_vocabulary(panel.static_codes[trained, i], panel.static_levels[i])
        for i, name in enumerate(panel.schema.names(kind="category", roles=("static",)))
    }
    return {**rows, **static}


def _fit(
    values: FloatArray, train: BoolArray, grouping: Grouping, panel: Panel, kind: str
) -> FloatArray:
    """Centre and scale of each group, float64 `(n_groups, 2, n_columns)`."""
    return grouping.fit(values, train, panel, lambda rows: np.stack(fit_scaler(rows, kind)))


def _fit_column(
    values: FloatArray,
    feature: Feature,
    train: BoolArray,
    grouping: Grouping,
    panel: Panel,
    config: Config,
) -> FloatArray:
    kind = config.scaling.features if feature.scaled else "none"
    return _fit(values[:, None], train, grouping, panel, kind)


def _scaler(*fitted: FloatArray) -> Scaler:
    joined = np.concatenate(fitted, axis=2)
    return Scaler(centre=joined[:, 0], scale=joined[:, 1])


def _fit_static(panel: Panel, train: BoolArray, config: Config) -> Scaler:
    trained = np.unique(panel.series_of_row[train])
    centre, scale = fit_scaler(panel.static_values[trained], config.scaling.features)
    return Scaler(centre=centre[None], scale=scale[None])
