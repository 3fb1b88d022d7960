"""The columns of a panel, cleaned: outliers treated, gaps filled, late columns shifted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.cleaning import Rows, fill_missing, shift_rows, treat_outliers
from lstmcast.data.panel import FloatArray, Panel
from lstmcast.data.preparation import Cuts, Preparation
from lstmcast.data.scaling import outside_domain, transform_target
from lstmcast.data.windows import BoolArray, Int32Array
from lstmcast.errors import DataError


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


def rows_of(panel: Panel, cuts: Cuts) -> Rows:
    """Where each row stands: its series' first row, and the cuts before it."""
    known = {name: i for i, name in enumerate(cuts.series)}
    never = np.full((1, cuts.times.shape[1]), np.datetime64("9999-01-01", "us"))
    times = np.concatenate([cuts.times, never])
    times = times[[known.get(name, len(known)) for name in panel.series]]
    side = (panel.times[:, None] >= times[panel.series_of_row]).sum(axis=1)
    first = np.repeat(panel.offsets[:-1], np.diff(panel.offsets))
    return Rows(first=first, side=side, season_length=panel.schema.season_length)


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


def targets_to_score(panel: Panel, cuts: Cuts, config: Config) -> FloatArray:
    """What `observed_targets` gives, without a preparation: it depends on nothing fitted."""
    if config.data.missing.strategy != "zero":
        return panel.targets
    unfitted = np.zeros((1, panel.n_targets))
    return fill_missing(panel.targets, rows_of(panel, cuts), config.data.missing, means=unfitted)


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


def check_counts(panel: Panel, values: FloatArray, name: str) -> None:
    """Refuse a target that is no count: negative, or not whole.

    Raises:
        DataError: Naming the first such row.
    """
    wrong = ~np.isnan(values) & ((values < 0) | (values != np.floor(values)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"at {panel.spoken(row)}: output.type: negative_binomial takes only whole numbers from "
            "0 on. Set it to normal, student_t or quantiles.",
            column=name,
            value=float(values[row]),
            **panel.place(row),
        )


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
