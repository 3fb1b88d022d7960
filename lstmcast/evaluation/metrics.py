"""The formulas of the metrics: pure functions of what came true and what was forecast.

All take float64 arrays `(W, H, T)` of windows, steps and targets, not empty, and return one number:
a flat mean over the three axes unless the docstring says otherwise. Error = prediction - actual.
A metric that is undefined, or whose input holds a NaN, is NaN. The windows are taken block by
block, so that memory does not grow with their number.

What is wanted by step and by target as well is had from means over the windows, `(H, T)`, in one
pass: `means` and `spread`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lstmcast.data.panel import FloatArray

# Values whose errors are computed at once: few enough to stay in the processor's cache.
BLOCK = 1 << 16

Errors = Callable[..., FloatArray]


def blocks(values: FloatArray) -> Iterator[slice]:
    """Some windows of `(W, …)` at a time, all of them in the end."""
    at_once = max(1, BLOCK // max(1, values[:1].size))
    return (slice(first, first + at_once) for first in range(0, len(values), at_once))


def means(errors: Errors, y_true: FloatArray, *others: FloatArray) -> FloatArray:
    """The means over the windows, `(H, T)`, of errors that are computed value by value."""
    arrays = (y_true, *others)
    sums = (errors(*(array[some] for array in arrays)).sum(axis=0) for some in blocks(y_true))
    return np.asarray(sum(sums) / len(y_true))


def squared(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """Squared errors, value by value."""
    return np.square(y_pred - y_true)


def absolute(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """Absolute errors, value by value."""
    return np.abs(y_pred - y_true)


def symmetric(y_true: FloatArray, y_pred: FloatArray) -> FloatArray:
    """What `smape` is the mean of, value by value."""
    size = np.abs(y_true) + np.abs(y_pred)
    errors = 200 * absolute(y_true, y_pred)
    return np.asarray(np.divide(errors, size, out=np.zeros_like(size), where=size != 0))


def scaled(y_true: FloatArray, y_pred: FloatArray, scale: FloatArray) -> FloatArray:
    """What `mase` is the mean of, value by value; `scale` is `(W, T)`."""
    return absolute(y_true, y_pred) / np.where(scale > 0, scale, np.nan)[:, None, :]


def mse(y_true: FloatArray, y_pred: FloatArray, *, unit: FloatArray | float = 1.0) -> float:
    """Mean squared error; each error is in `unit`, a number or `(T,)`."""
    return float(np.mean(means(squared, y_true, y_pred) / np.square(unit)))


def rmse(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Root of the flat mean squared error (not the mean of each target's root)."""
    return float(np.sqrt(mse(y_true, y_pred)))


def mae(y_true: FloatArray, y_pred: FloatArray, *, unit: FloatArray | float = 1.0) -> float:
    """Mean absolute error; each error is in `unit`, a number or `(T,)`."""
    return float(np.mean(means(absolute, y_true, y_pred) / unit))


@dataclass(frozen=True)
class Spread:
    """How the actual values of each step and target lie over the windows, all `(H, T)`.

    Attributes:
        mean: Their mean.
        variance: Their population variance.
        least: The least of them.
        largest: The largest of them.
    """

    mean: FloatArray
    variance: FloatArray
    least: FloatArray
    largest: FloatArray

    def __getitem__(self, cells: tuple[slice, slice], /) -> Spread:
        """Of some steps and targets."""
        parts = (self.mean, self.variance, self.least, self.largest)
        return Spread(*(part[cells] for part in parts))


def spread(y_true: FloatArray) -> Spread:
    """How the actual values lie over the windows."""
    mean = means(lambda y: y, y_true)
    variance = means(lambda y: np.square(y - mean), y_true)
    return Spread(mean, variance, y_true.min(axis=0), y_true.max(axis=0))


def r2(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Coefficient of determination, R².

    For each target over windows and steps, then the plain mean over targets: scikit-learn's
    `r2_score` with its default `multioutput`. Unlike there, a target that is constant makes it NaN
    rather than 0 or 1.
    """
    return r2_of(means(squared, y_true, y_pred), spread(y_true))


def r2_of(squared_errors: FloatArray, actual: Spread) -> float:
    """`r2` of the mean squared errors `(H, T)` and the spread of the actual values."""
    between = np.square(actual.mean - actual.mean.mean(axis=0))
    variance = (actual.variance + between).mean(axis=0)
    # By the range: the mean of equal numbers may differ from them by a rounding error.
    constant = actual.largest.max(axis=0) == actual.least.min(axis=0)
    unexplained = squared_errors.mean(axis=0) / np.where(constant, np.nan, variance)
    return float(np.mean(1 - unexplained))


def smape(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Symmetric mean absolute percentage error, in percent, from 0 to 200.

    The mean of 200·|ŷ - y| / (|y| + |ŷ|), with 0/0 counted as 0: the definition of the M4
    competition (Makridakis, Spiliotis & Assimakopoulos 2020, Int. J. Forecasting 36(1)).
    """
    return _mean(symmetric, y_true, y_pred)


def mase(y_true: FloatArray, y_pred: FloatArray, scale: FloatArray) -> float:
    """Mean absolute scaled error.

    Each absolute error is divided by the in-sample error of the (seasonal) naive forecast on that
    series (Hyndman & Koehler 2006, Int. J. Forecasting 22(4)); see `scoring.mase_scale`.

    Args:
        y_true: `(W, H, T)`.
        y_pred: `(W, H, T)`.
        scale: `(W, T)`, of the series of each window, in units of the target. One that is zero
            makes the metric NaN.
    """
    return _mean(scaled, y_true, y_pred, scale)


def _mean(errors: Errors, y_true: FloatArray, *others: FloatArray) -> float:
    return float(means(errors, y_true, *others).mean())


def pinball(y_true: FloatArray, y_quantile: FloatArray, level: float) -> float:
    """Mean pinball (quantile) loss of the quantile of one level.

    The mean of max(τ·(y - q), (τ - 1)·(y - q)) (Koenker & Bassett 1978, Econometrica 46(1)).
    """

    def loss(y: FloatArray, quantile: FloatArray) -> FloatArray:
        excess = y - quantile
        return np.maximum(level * excess, (level - 1) * excess)

    return _mean(loss, y_true, y_quantile)


def coverage(y_true: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    """Fraction of actual values within an interval, its ends included."""
    return _mean(lambda y, low, high: (low <= y) & (y <= high), y_true, lower, upper)
