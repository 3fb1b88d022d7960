"""The losses, each as one number a window."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from lstmcast.config.schema import Config

Tensor: TypeAlias = Any  # a tensor of any backend
# (y_true [batch, horizon, n_targets], y_pred [batch, horizon, n_targets, n_outputs]) -> [batch]
WindowLoss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def window_loss(config: Config, *, class_weights: Sequence[float] = ()) -> WindowLoss:
    """The loss that a config asks for: the mean over the steps and targets of each window.

    Args:
        config: Its `training.loss`, and `output`: the levels of the quantiles, or the distribution.
        class_weights: How much each class counts; empty where all count alike.

    Returns:
        A function of `y_true` `[batch, horizon, n_targets]` and `y_pred`
        `[batch, horizon, n_targets, n_outputs]` that gives `[batch]`.
    """
    import keras

    training = config.training
    if config.output.type == "quantiles":
        return _pinball(config.output.levels)
    if config.output.type == "classes":
        return _of_densities(_cross_entropy(class_weights))
    if config.output.type != "point":
        return _of_densities(_NEGATIVE_LOG_LIKELIHOODS[config.output.type])
    if training.loss == "huber":
        return _of_points(
            lambda true, predicted: keras.losses.huber(true, predicted, training.huber_delta)
        )
    return _of_points(
        {"mse": keras.losses.mean_squared_error, "mae": keras.losses.mean_absolute_error}[
            training.loss
        ]
    )


def masked_loss(loss: WindowLoss, true: Tensor, predicted: Tensor, observed: Tensor) -> Tensor:
    """The loss of each window over the targets that were observed alone.

    Any loss that is a mean over steps and targets: it is taken of each of them as of a window of
    one step.

    Args:
        loss: The loss of whole windows.
        true: `[batch, horizon, n_targets]`; what is missing may be any finite number.
        predicted: `[batch, horizon, n_targets, n_outputs]`.
        observed: `[batch, horizon, n_targets]`, 1 where observed and 0 where missing.

    Returns:
        `[batch]`, the mean over what was observed; 0 where nothing was.
    """
    from keras import ops

    shape = (-1, true.shape[1] * true.shape[2])
    each = loss(
        ops.reshape(true, (-1, 1, 1)), ops.reshape(predicted, (-1, 1, 1, predicted.shape[3]))
    )
    weights = ops.cast(ops.reshape(observed, shape), each.dtype)
    known = ops.where(weights > 0, ops.reshape(each, shape), 0.0)
    return ops.sum(known, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)


def _of_points(loss: WindowLoss) -> WindowLoss:
    """A Keras loss, which takes the mean over the last axis, over all steps and targets."""
    from keras import ops

    def of_windows(y_true: Tensor, y_pred: Tensor) -> Tensor:
        size = y_true.shape[1] * y_true.shape[2]
        return loss(ops.reshape(y_true, (-1, size)), ops.reshape(y_pred, (-1, size)))

    return of_windows


def _pinball(levels: Sequence[float]) -> WindowLoss:
    """The pinball loss (Koenker and Bassett, 1978), the mean over the levels too.

    `max(level · error, (level - 1) · error)` with error = actual - quantile: the expected loss is
    least where the quantile is the true one.
    """
    from keras import ops

    def of_windows(y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = ops.expand_dims(y_true, -1) - y_pred
        of_level = ops.convert_to_tensor(list(levels), dtype=error.dtype)
        return ops.mean(ops.maximum(of_level * error, (of_level - 1.0) * error), axis=(1, 2, 3))

    return of_windows


def _of_densities(loss: WindowLoss) -> WindowLoss:
    """The mean over the steps and targets of a loss `[batch, horizon, n_targets]`."""
    from keras import ops

    def of_windows(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ops.mean(loss(y_true, y_pred), axis=(1, 2))

    return of_windows


def _cross_entropy(weights: Sequence[float]) -> WindowLoss:
    """The negative logarithm of the probability of the class that came true, by its weight."""
    from keras import ops

    def of_steps(y_true: Tensor, log_probabilities: Tensor) -> Tensor:
        n_classes = log_probabilities.shape[-1]
        true = ops.one_hot(ops.cast(y_true, "int32"), n_classes, dtype=log_probabilities.dtype)
        if weights:
            true = true * ops.convert_to_tensor(list(weights), dtype=log_probabilities.dtype)
        return -ops.sum(true * log_probabilities, axis=-1)

    return of_steps


def _normal(y_true: Tensor, parameters: Tensor) -> Tensor:
    """Negative log-likelihood of mean and deviation."""
    from keras import ops

    scale = parameters[..., 1]
    z = (y_true - parameters[..., 0]) / scale
    return ops.log(scale) + ops.square(z) / 2.0 + math.log(2 * math.pi) / 2


def _student_t(y_true: Tensor, parameters: Tensor) -> Tensor:
    """Negative log-likelihood of centre, scale and degrees of freedom."""
    from keras import ops

    scale, df = parameters[..., 1], parameters[..., 2]
    z = (y_true - parameters[..., 0]) / scale
    half = df / 2.0
    constant = log_gamma(half) - log_gamma(half + 0.5) + ops.log(df * math.pi) / 2.0
    return constant + ops.log(scale) + (half + 0.5) * ops.log1p(ops.square(z) / df)


def _negative_binomial(y_true: Tensor, parameters: Tensor) -> Tensor:
    """Negative log-likelihood of mean and dispersion; its `size` is one over the dispersion."""
    from keras import ops

    mean, dispersion = parameters[..., 0], parameters[..., 1]
    size, spread = 1.0 / dispersion, dispersion * mean
    ways = log_gamma(size) + log_gamma(y_true + 1.0) - log_gamma(y_true + size)
    failures = ops.log1p(spread) - ops.log(spread)
    return ways + size * ops.log1p(spread) + y_true * failures


def log_gamma(x: Tensor) -> Tensor:
    """The logarithm of the gamma function, of numbers above 0; Keras has none.

    Stirling's series (Abramowitz & Stegun 1964, 6.1.41), which three terms make exact to single
    precision from 8 on; below, by the recurrence from 7 further on (6.1.15).
    """
    from keras import ops

    small = x < 8.0
    # Also where it is not taken, a product of large numbers would spoil the gradient.
    shifted = ops.where(small, x, ops.ones_like(x))
    product = shifted
    for step in range(1, 7):
        product = product * (shifted + step)
    z = ops.where(small, x + 7.0, x)
    correction = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * z * z)) / (z * z)) / z
    series = (z - 0.5) * ops.log(z) - z + math.log(2 * math.pi) / 2 + correction
    return series - ops.where(small, ops.log(product), ops.zeros_like(x))


_NEGATIVE_LOG_LIKELIHOODS: dict[str, WindowLoss] = {
    "normal": _normal,
    "student_t": _student_t,
    "negative_binomial": _negative_binomial,
}
