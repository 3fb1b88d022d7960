"""The formulas of the metrics: pure functions of what came true and what was forecast.

All take float64 arrays `(W, H, T)` of windows, steps and targets, not empty, and return one number:
a flat mean over the three axes unless the docstring says otherwise. Error = prediction - actual.
A metric that is undefined, or whose input holds a NaN, is NaN.
"""

from __future__ import annotations

import numpy as np

from lstmcast.data.panel import FloatArray


def mse(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Mean squared error."""
    return float(np.mean(np.square(y_pred - y_true)))


def rmse(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Root of the flat mean squared error (not the mean of each target's root)."""
    return float(np.sqrt(mse(y_true, y_pred)))


def mae(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(y_pred - y_true)))


def r2(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Coefficient of determination, R².

    For each target over windows and steps, then the plain mean over targets: scikit-learn's
    `r2_score` with its default `multioutput`. Unlike there, a target that is constant makes it NaN
    rather than 0 or 1.
    """
    actual, forecast = (y.reshape(-1, y.shape[-1]) for y in (y_true, y_pred))
    residual = np.sum(np.square(forecast - actual), axis=0)
    total = np.sum(np.square(actual - actual.mean(axis=0)), axis=0)
    # By the range: the mean of equal numbers may differ from them by a rounding error.
    constant = actual.max(axis=0) == actual.min(axis=0)
    return float(np.mean(1 - residual / np.where(constant, np.nan, total)))


def smape(y_true: FloatArray, y_pred: FloatArray) -> float:
    """Symmetric mean absolute percentage error, in percent, from 0 to 200.

    The mean of 200·|ŷ - y| / (|y| + |ŷ|), with 0/0 counted as 0: the definition of the M4
    competition (Makridakis, Spiliotis & Assimakopoulos 2020, Int. J. Forecasting 36(1)).
    """
    size = np.abs(y_true) + np.abs(y_pred)
    error = 200 * np.abs(y_pred - y_true)
    return float(np.mean(np.divide(error, size, out=np.zeros_like(size), where=size != 0)))


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
    positive = np.where(scale > 0, scale, np.nan)
    return float(np.mean(np.abs(y_pred - y_true) / positive[:, None, :]))


def pinball(y_true: FloatArray, y_quantile: FloatArray, level: float) -> float:
    """Mean pinball (quantile) loss of the quantile of one level.

    The mean of max(τ·(y - q), (τ - 1)·(y - q)) (Koenker & Bassett 1978, Econometrica 46(1)).
    """
    excess = y_true - y_quantile
    return float(np.mean(np.maximum(level * excess, (level - 1) * excess)))


def coverage(y_true: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    """Fraction of actual values within an interval, its ends included."""
    return float(np.mean((lower <= y_true) & (y_true <= upper)))
