"""The formulas of the metrics: pure functions of what came true and what was forecast.

All take float64 arrays `(W, H, T)` of windows, steps and targets, not empty, and return one number:
a flat mean over the three axes unless the docstring says otherwise. Error = prediction - actual.
A metric that is undefined, or whose input holds a NaN, is NaN. The windows are taken block by
block, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lstmcast.data.panel import FloatArray

# Windows whose errors are computed at once.
BLOCK = 8192


def _blocks(*arrays: FloatArray) -> Iterator[tuple[FloatArray, ...]]:
    for first in range(0, len(arrays[0]), BLOCK):
        yield tuple(array[first : first + BLOCK] for array in arrays)


def _mean(error: Callable[..., FloatArray], y_true: FloatArray, *others: FloatArray) -> float:
    """The mean over all values of an error that is computed value by value."""
    return float(sum(np.sum(error(*block)) for block in _blocks(y_true, *others)) / y_true.size)


def mse(y_true: FloatArray, y_pred: FloatArray, *, unit: FloatArray | float = 1.0) -> float:
    """Mean squared error; each error is in `unit`, a number or `(T,)`."""
    return _mean(lambda y, forecast: np.square((forecast - y) / unit), y_true, y_pred)


def rmse(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Root of the flat mean squared error (not the mean of each target's root)."""
    return float(np.sqrt(mse(y_true, y_pred)))


def mae(y_true: FloatArray, y_pred: FloatArray, *, unit: FloatArray | float = 1.0) -> float:
    """Mean absolute error; each error is in `unit`, a number or `(T,)`."""
    return _mean(lambda y, forecast: np.abs(forecast - y) / unit, y_true, y_pred)


def r2(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Coefficient of determination, R².

    For each target over windows and steps, then the plain mean over targets: scikit-learn's
    `r2_score` with its default `multioutput`. Unlike there, a target that is constant makes it NaN
    rather than 0 or 1.
    """
    n_values = y_true.shape[0] * y_true.shape[1]
    mean = sum(np.sum(y, axis=(0, 1)) for (y,) in _blocks(y_true)) / n_values
    residual, total = (
        sum(np.sum(np.square(other - y), axis=(0, 1)) for y, other in pairs)
        for pairs in (_blocks(y_true, y_pred), ((y, mean) for (y,) in _blocks(y_true)))
    )
    # By the range: the mean of equal numbers may differ from them by a rounding error.
    constant = y_true.max(axis=(0, 1)) == y_true.min(axis=(0, 1))
    return float(np.mean(1 - residual / np.where(constant, np.nan, total)))


def smape(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Symmetric mean absolute percentage error, in percent, from 0 to 200.

    The mean of 200·|ŷ - y| / (|y| + |ŷ|), with 0/0 counted as 0: the definition of the M4
    competition (Makridakis, Spiliotis & Assimakopoulos 2020, Int. J. Forecasting 36(1)).
    """

    def error(y: FloatArray, forecast: FloatArray) -> FloatArray:
        size = np.abs(y) + np.abs(forecast)
        absolute = 200 * np.abs(forecast - y)
        return np.asarray(np.divide(absolute, size, out=np.zeros_like(size), where=size != 0))

    return _mean(error, y_true, y_pred)


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
    positive = np.where(scale > 0, scale, np.nan)[:, None, :]
    return _mean(lambda y, forecast, unit: np.abs(forecast - y) / unit, y_true, y_pred, positive)


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
