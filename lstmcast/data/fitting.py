"""Fitting a preparation: the only code that computes a statistic of the data, on training rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.categories import row_categories, series_categories
from lstmcast.data.classes import check_classes
from lstmcast.data.cleaned import (
    Cleaned,
    check_counts,
    check_domain,
    clean,
    rows_of,
    transform_targets,
)
from lstmcast.data.cleaning import check_complete, outlier_bounds, treat_outliers
from lstmcast.data.encoding import fit_vocabulary
from lstmcast.data.features import Feature
from lstmcast.data.grouping import Grouping, group_by
from lstmcast.data.holidays import look_up_holidays
from lstmcast.data.inputs import input_features, refuse_huge
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Cuts, Preparation, Scaler
from lstmcast.data.scaling import fit_exponent, fit_scaler
from lstmcast.data.splitting import Splits
from lstmcast.data.windows import BoolArray


@dataclass(frozen=True)
class _Training:
    """What every statistic is computed of.

    Attributes:
        panel: The whole panel.
        rows: bool, `(n_rows,)`, which of them are training rows.
        grouping: Which series have statistics of their own.
        config: The experiment.
    """

    panel: Panel
    rows: BoolArray
    grouping: Grouping
    config: Config

    def fit(self, values: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """A statistic of each group's training rows, `(n_groups, …)`."""
        return self.grouping.fit(values, self.rows, self.panel, statistic)

    @property
    def trained_series(self) -> IntArray:
        """The series that have training rows, int64 `(n,)`."""
        return np.unique(self.panel.series_of_row[self.rows]).astype(np.int64)


def fit_preparation(panel: Panel, splits: Splits, config: Config) -> Preparation:
    """Fit all that is fitted, on the training rows of each series.

    Args:
        panel: The whole panel; rows outside the training split are not read by any statistic.
        splits: Where training ends.
        config: The experiment.

    Raises:
        DataError: If values are missing and `data.missing.strategy` is `error`, a target is
            outside the domain of its transform or no count where the output is one, or a value is
            too large to compute with.
    """
    if config.data.missing.strategy == "error":
        check_complete(panel)
    # Targets also as they are: forecasts are measured against what was, not what was treated.
    for i, name in enumerate(panel.schema.targets):
        refuse_huge(panel, panel.targets[:, i], name)
        if config.output.type == "negative_binomial":
            check_counts(panel, panel.targets[:, i], name)
    train = splits.rows("train", panel.n_rows)
    training = _Training(panel, train, group_by(panel, train, config.scaling.per), config)
    cuts = Cuts(series=panel.series, times=splits.cuts)
    bounds, means, cleaned = _fit_cleaning(training, cuts)
    exponents = _fit_exponents(training, cleaned)
    cleaned = transform_targets(panel, cleaned, exponents, config)
    vocabularies = _fit_vocabularies(training, cleaned)
    check_classes(panel.schema, vocabularies)
    indicators = _fit_indicators(training, cleaned)
    asked = config.features.holidays
    holidays = None if asked is None else look_up_holidays(asked, panel.times)
    columns = input_features(
        panel,
        cleaned,
        config,
        indicators=indicators,
        vocabularies=vocabularies,
        holidays=holidays,
    )
    features, feature_scaler = _fit_features(training, columns)
    return Preparation(
        config=config,
        schema=panel.schema,
        grouping=training.grouping,
        cuts=cuts,
        bounds=bounds,
        means=means,
        indicators=indicators,
        vocabularies=vocabularies,
        exponents=exponents,
        target_scaler=_fit_target_scaler(training, cleaned),
        features=features,
        feature_scaler=feature_scaler,
        static_scaler=_fit_static_scaler(training),
        trained=panel.series,
        holidays=holidays,
    )


def _fit_cleaning(training: _Training, cuts: Cuts) -> tuple[FloatArray, FloatArray, Cleaned]:
    """Outlier bounds, means, and the panel cleaned with them."""
    panel, config = training.panel, training.config
    settings = config.data.outliers
    groups = training.grouping.of_series(panel.series)[panel.series_of_row]
    bounds = training.fit(panel.values, partial(outlier_bounds, settings=settings))
    if panel.schema.category_target is not None:  # codes lie anywhere
        bounds[..., 0] = (-np.inf, np.inf)
    treated = treat_outliers(panel.values, bounds[groups], settings)
    means = training.fit(treated, _means)
    cleaned = clean(panel, treated, rows_of(panel, cuts), config, means=means[groups])
    return bounds, means, cleaned


# A sum of huge values may overflow; `refuse_huge` then names the value.
@np.errstate(over="ignore")
def _means(values: FloatArray) -> FloatArray:
    """Mean of each column's known values, NaN where there is none."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _fit_exponents(training: _Training, cleaned: Cleaned) -> tuple[float | None, ...]:
    transform = training.config.scaling.target_transform
    exponents = []
    for i in range(training.panel.n_targets):
        values = cleaned.values[:, i]
        check_domain(training.panel, values, transform, column=i)
        exponents.append(fit_exponent(values[training.rows], transform))
    return tuple(exponents)


def _fit_vocabularies(training: _Training, cleaned: Cleaned) -> dict[str, tuple[str, ...]]:
    """Levels in training rows; of static categories, of the series that have training rows."""
    panel = training.panel
    rows = {
        each.name: fit_vocabulary(each.codes[training.rows], each.levels)
        for each in row_categories(panel, cleaned.codes, training.config)
    }
    static = {
        each.name: fit_vocabulary(each.codes[training.trained_series], each.levels)
        for each in series_categories(panel, training.config)
    }
    label = panel.schema.label
    if label is None:
        return {**rows, **static}
    codes = panel.static_codes[training.trained_series, label]
    classes = fit_vocabulary(codes, panel.static_levels[label])
    return {**rows, **static, panel.schema.targets[0]: classes}


def _fit_indicators(training: _Training, cleaned: Cleaned) -> tuple[str, ...]:
    """The number columns that had gaps in training rows, where indicators are asked for."""
    missing = training.config.data.missing
    if not missing.indicator and missing.strategy != "mask":
        return ()
    names = training.panel.schema.names(kind="number")
    has_gaps = np.asarray(cleaned.missing[training.rows].any(axis=0))
    return tuple(name for name, gaps in zip(names, has_gaps, strict=True) if gaps)


def _fit_features(
    training: _Training, columns: Iterable[tuple[Feature, FloatArray]]
) -> tuple[tuple[Feature, ...], Scaler]:
    """The input columns after the targets, and their scaler."""
    features, fitted = [], [np.zeros((training.grouping.n_groups, 2, 0))]
    with np.errstate(over="ignore"):  # refused with its place
        for feature, values in columns:
            refuse_huge(training.panel, values, feature.name)
            kind = training.config.scaling.features if feature.scaled else "none"
            features.append(feature)
            fitted.append(training.fit(values[:, None], partial(_centre_and_scale, kind=kind)))
    return tuple(features), _scaler(np.concatenate(fitted, axis=2))


def _fit_target_scaler(training: _Training, cleaned: Cleaned) -> Scaler:
    targets = cleaned.values[:, : training.panel.n_targets]
    for i, name in enumerate(training.panel.schema.targets):
        refuse_huge(training.panel, targets[:, i], name)
    kind = training.config.scaling.target
    return _scaler(training.fit(targets, partial(_centre_and_scale, kind=kind)))


def _fit_static_scaler(training: _Training) -> Scaler:
    values = training.panel.static_values[training.trained_series]
    return _scaler(_centre_and_scale(values, kind=training.config.scaling.features)[None])


def _centre_and_scale(values: FloatArray, *, kind: str) -> FloatArray:
    """What `fit_scaler` gives, float64 `(2, n_columns)`."""
    return np.stack(fit_scaler(values, kind))


def _scaler(fitted: FloatArray) -> Scaler:
    """The scaler of `(n_groups, 2, n_columns)`; a column without any value is left as it is."""
    centre, scale = fitted[:, 0], fitted[:, 1]
    return Scaler(
        centre=np.where(np.isnan(centre), 0.0, centre), scale=np.where(np.isnan(scale), 1.0, scale)
    )
