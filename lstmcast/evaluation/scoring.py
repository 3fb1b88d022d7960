"""Metrics of a split's forecasts: overall, by step and by target, beside the baselines.

Memory is that of one baseline's forecasts at a time, whatever the number of metrics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.config.schema import MetricName
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation import metrics as formulas
from lstmcast.evaluation.forecasts import ByWindow, WindowForecasts
from lstmcast.evaluation.probabilistic import add_scores, crps_scores, distribution_crps

# Windows whose quantiles are in memory at once.
BLOCK = 4_096
_EVERYWHERE = (slice(None), slice(None))
# Of what each metric is a mean, or the root of one.
_ERRORS: Mapping[MetricName, formulas.Errors] = {
    "mse": formulas.squared,
    "rmse": formulas.squared,
    "mae": formulas.absolute,
    "r2": formulas.squared,
    "smape": formulas.symmetric,
    "mase": formulas.scaled,
}


@dataclass(frozen=True)
class _Scored:
    """What some metrics follow from, for any steps and targets.

    Attributes:
        means: Of the errors of each metric over the windows, `(H, T)`; empty without windows.
        actual: How the actual values lie; where R² is asked for.
    """

    means: Mapping[MetricName, FloatArray]
    actual: formulas.Spread | None

    def value(self, name: MetricName, cells: tuple[slice, slice] = _EVERYWHERE) -> float | None:
        """A metric of some steps and targets."""
        if not self.means:
            return None
        errors = self.means[name][cells]
        with np.errstate(over="ignore", invalid="ignore"):
            if self.actual is not None and name == "r2":
                return _json_number(formulas.r2_of(errors, self.actual[cells]))
            mean = float(errors.mean())
            return _json_number(math.sqrt(mean) if name == "rmse" else mean)


def _scored(
    y_true: FloatArray,
    y_pred: FloatArray,
    metrics: Sequence[MetricName],
    *,
    scale: FloatArray,
    actual: formulas.Spread | None = None,
) -> _Scored:
    """Actuals and forecasts `(W, H, T)` with the MASE scale `(W, T)` of each window, once."""
    if not y_true.size:
        return _Scored({}, None)
    found: dict[formulas.Errors, FloatArray] = {}
    if actual is None and "r2" in metrics:
        actual = _spread(y_true)
    with np.errstate(over="ignore", invalid="ignore"):
        for errors in dict.fromkeys(_ERRORS[name] for name in metrics):
            scales = (scale,) if errors is formulas.scaled else ()
            found[errors] = formulas.means(errors, y_true, y_pred, *scales)
    return _Scored({name: found[_ERRORS[name]] for name in metrics}, actual)


def _spread(y_true: FloatArray) -> formulas.Spread:
    with np.errstate(over="ignore", invalid="ignore"):
        return formulas.spread(y_true)


def _json_number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def mase_scale(
    actual: FloatArray, *, offsets: IntArray, train_bounds: IntArray, season_length: int
) -> FloatArray:
    """What MASE divides by: the in-sample error of the seasonal naive forecast.

    The mean of |y_t - y_(t - season_length)| over pairs of observed training rows. Where a series
    has no such pair (fewer training rows than a season and one), of |y_t - y_(t - 1)|; where that
    is missing or zero too (a new or a constant series), the mean over the pairs of all series.

    Args:
        actual: float64 `(n_rows, T)`, the raw targets, NaN where missing.
        offsets: int64 `(n_series + 1,)`, where each series begins.
        train_bounds: int64 `(n_series, 2)`, rows of the whole panel from and before which the
            training rows of each series lie.
        season_length: Steps of a season.

    Returns:
        float64 `(n_series, T)`, in units of the target. Zero where every series is constant, NaN
        where none has two observed training rows.
    """
    first = np.maximum(train_bounds[:, 0], offsets[:-1])
    last = np.maximum(np.minimum(train_bounds[:, 1], offsets[1:]), first)
    training = [actual[a:b] for a, b in zip(first, last, strict=True)]
    seasonal, stepwise = (
        np.array([_difference_sums(rows, lag) for rows in training]) for lag in (season_length, 1)
    )
    # [n_series, 2 (sum, count), T]: by season where there is a pair, else by step.
    sums = np.where(seasonal[:, 1:] > 0, seasonal, stepwise)
    own, pooled = (_ratio(s[..., 0, :], s[..., 1, :]) for s in (sums, sums.sum(axis=0)))
    return np.where(own > 0, own, pooled)


def _difference_sums(rows: FloatArray, lag: int) -> FloatArray:
    """Sum and number of the absolute differences over `lag` rows, `(2, T)`, NaN pairs skipped."""
    differences = np.abs(rows[lag:] - rows[:-lag])
    return np.stack([np.nansum(differences, axis=0), np.sum(~np.isnan(differences), axis=0)])


def _ratio(total: FloatArray, count: FloatArray) -> FloatArray:
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def flat_scores(
    y_true: FloatArray, y_pred: FloatArray, metrics: Sequence[MetricName], *, scale: FloatArray
) -> dict[str, float | None]:
    """Each metric by name, of all steps and targets together; else as `score`."""
    scored = _scored(y_true, y_pred, metrics, scale=scale)
    return {name: scored.value(name) for name in metrics}


def score(
    y_true: FloatArray,
    y_pred: FloatArray,
    metrics: Sequence[MetricName],
    *,
    scale: FloatArray,
    targets: Sequence[str],
    actual: formulas.Spread | None = None,
) -> dict[str, Any]:
    """The metrics of one forecast.

    Args:
        y_true: float64 `(W, H, T)`.
        y_pred: float64 `(W, H, T)`.
        metrics: Which of them.
        scale: float64 `(W, T)`, the `mase_scale` of each window's series.
        targets: Names of the `T` targets.
        actual: How the actual values lie, where that is known.

    Returns:
        Each metric by name, `by_step` with a list of `H` values for each and, with several targets,
        `by_target` with each metric for each target. JSON values: what is undefined, or has no
        window, is None.
    """
    scored = _scored(y_true, y_pred, metrics, scale=scale, actual=actual)
    steps = [(slice(step, step + 1), slice(None)) for step in range(y_true.shape[1])]
    values: dict[str, Any] = {name: scored.value(name) for name in metrics}
    values["by_step"] = {name: [scored.value(name, step) for step in steps] for name in metrics}
    if len(targets) > 1:
        values["by_target"] = {
            target: {name: scored.value(name, (slice(None), slice(i, i + 1))) for name in metrics}
            for i, target in enumerate(targets)
        }
    return values


def score_split(
    forecasts: WindowForecasts, metrics: Sequence[MetricName], mase_scale: FloatArray
) -> dict[str, dict[str, Any]]:
    """The metrics of the model and of each baseline on the same windows.

    Args:
        forecasts: Of one split.
        metrics: Which metrics.
        mase_scale: float64 `(n_series, T)`, from `mase_scale`.

    Returns:
        `score` under `model` and under the name of each baseline. Where the model gives quantiles,
        its values also hold `pinball` (mean over the levels) and `coverage` (of the interval
        between the outermost levels; None for a single level). Where it gives a distribution, they
        hold `crps`, also by step and by target.
    """
    scale = mase_scale[forecasts.series]
    y_true = forecasts.y_true[:]
    actual = None
    if y_true.size and "r2" in metrics:
        actual = _spread(y_true)  # of every baseline, too

    def scores_of(y_pred: FloatArray) -> dict[str, Any]:
        targets = forecasts.targets
        return score(y_true, y_pred, metrics, scale=scale, targets=targets, actual=actual)

    scores = {"model": scores_of(forecasts.y_pred)}
    for name, baseline in forecasts.baselines.items():
        scores[name] = scores_of(baseline[:])  # one at a time: it is as large as the forecasts
    if forecasts.quantiles is not None:
        scores["model"].update(quantile_scores(y_true, forecasts.quantiles, forecasts.levels))
    crps = distribution_crps(forecasts)
    if crps is not None:
        add_scores(scores["model"], crps_scores(crps, forecasts.targets))
    return scores


def quantile_scores(
    y_true: FloatArray, quantiles: ByWindow, levels: Sequence[float]
) -> dict[str, float | None]:
    """`pinball` and `coverage` of `score_split`, of quantiles `(W, H, T, Q)`, block by block."""
    if not y_true.size:
        return {"pinball": None, "coverage": None}
    loss = covered = 0.0
    for first in range(0, len(y_true), BLOCK):
        true, found = y_true[first : first + BLOCK], quantiles[first : first + BLOCK]
        losses = [formulas.pinball(true, found[..., i], tau) for i, tau in enumerate(levels)]
        loss += float(np.mean(losses)) * len(true)
        covered += formulas.coverage(true, found[..., 0], found[..., -1]) * len(true)
    coverage = covered / len(y_true) if len(levels) > 1 else None
    return {"pinball": _json_number(loss / len(y_true)), "coverage": coverage}


def scaled_scores(forecasts: WindowForecasts, deviation: FloatArray) -> dict[str, float | None]:
    """The model's errors on standardised values, the way papers report them.

    A flat mean over windows, steps and targets. The mean that standardising subtracts cancels in an
    error, so only the deviation is asked for.

    Args:
        forecasts: Of one split.
        deviation: float64 `(T,)`, population deviation of each target over the training rows.

    Returns:
        `mse` and `mae`; None without windows or where a deviation is zero.
    """
    y_true, y_pred = forecasts.y_true[:], forecasts.y_pred
    if not y_true.size:
        return {"mse": None, "mae": None}
    unit = np.where(deviation > 0, deviation, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "mse": _json_number(formulas.mse(y_true, y_pred, unit=unit)),
            "mae": _json_number(formulas.mae(y_true, y_pred, unit=unit)),
        }
