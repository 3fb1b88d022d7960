"""The losses, each as one number a window."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from lstmcast.config.schema import Config

Tensor: TypeAlias = Any  # a tensor of any backend
# (y_true [batch, horizon, n_targets], y_pred [batch, horizon, n_targets, n_outputs]) -> [batch]
PlainLoss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


class WindowLoss(Protocol):
    """The loss of each window."""

    def __call__(self, y_true: Tensor, y_pred: Tensor, observed: Tensor = None) -> Tensor:
        """One number a window, `[batch]`; 0 for a window where nothing was observed.

        Args:
            y_true: `[batch, horizon, n_targets]`; what is missing may be any finite number.
            y_pred: `[batch, horizon, n_targets, n_outputs]`.
            observed: `[batch, horizon, n_targets]`, 1 where observed and 0 where missing; None
                where nothing is missing.
        """


def window_loss(config: Config, *, class_weights: Sequence[float] = ()) -> WindowLoss:
    """The loss that a config asks for: the mean over the steps and targets of each window.

    Args:
        config: Its `training.loss` and `training.frequency_loss`, and `output`: the levels of the
            quantiles, or the distribution.
        class_weights: How much each class counts; empty where all count alike.
    """
    loss = _of_observed(_plain_loss(config, class_weights))
    share = config.training.frequency_loss
    if not share:
        return loss
    of_frequencies = _of_frequencies(config.window.horizon)

    def of_both(y_true: Tensor, y_pred: Tensor, observed: Tensor = None) -> Tensor:
        of_steps = loss(y_true, y_pred, observed)
        return (1 - share) * of_steps + share * of_frequencies(y_true, y_pred, observed)

    return of_both


def _plain_loss(config: Config, class_weights: Sequence[float]) -> PlainLoss:
    """The loss of the steps, where nothing is missing."""
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


def _of_observed(loss: PlainLoss) -> WindowLoss:
    """The loss of each window over the targets that were observed alone.

    Any loss that is a mean over steps and targets: where something is missing, it is taken of each
    of them as of a window of one step.
    """
    from keras import ops

    def of_windows(y_true: Tensor, y_pred: Tensor, observed: Tensor = None) -> Tensor:
        if observed is None:
            return loss(y_true, y_pred)
        shape = (-1, y_true.shape[1] * y_true.shape[2])
        each = loss(
            ops.reshape(y_true, (-1, 1, 1)), ops.reshape(y_pred, (-1, 1, 1, y_pred.shape[3]))
        )
        weights = ops.cast(ops.reshape(observed, shape), each.dtype)
        known = ops.where(weights > 0, ops.reshape(each, shape), 0.0)
        return ops.sum(known, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1.0)

    return of_windows


def _of_frequencies(horizon: int) -> WindowLoss:
    """The mean absolute error of the cosine transform of each target over the horizon.

    Steps of one window miss together, and a mean over them counts each as if it were alone; their
    frequencies are nearly uncorrelated. After Wang et al. 2025, "FreDF: Learning to forecast in the
    frequency domain", with cosines in place of Fourier's transform. What is missing counts as no
    error.
    """
    from keras import ops

    from lstmcast.training.transforms import cosines

    waves = cosines(horizon)

    def of_windows(y_true: Tensor, y_pred: Tensor, observed: Tensor = None) -> Tensor:
        errors = y_pred[..., 0] - y_true
        if observed is not None:
            errors = ops.where(observed > 0, errors, 0.0)
        transformed = ops.einsum("fh,bht->bft", ops.convert_to_tensor(waves), errors)
        return ops.mean(ops.abs(transformed), axis=(1, 2))

    return of_windows


def _of_points(loss: PlainLoss) -> PlainLoss:
    """A Keras loss, which takes the mean over the last axis, over all steps and targets."""
    from keras import ops

    def of_windows(y_true: Tensor, y_pred: Tensor) -> Tensor:
        size = y_true.shape[1] * y_true.shape[2]
        return loss(ops.reshape(y_true, (-1, size)), ops.reshape(y_pred, (-1, size)))

    return of_windows


def _pinball(levels: Sequence[float]) -> PlainLoss:
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


def _of_densities(loss: PlainLoss) -> PlainLoss:
    """The mean over the steps and targets of a loss `[batch, horizon, n_targets]`."""
    from keras import ops

    def of_windows(y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ops.mean(loss(y_true, y_pred), axis=(1, 2))

    return of_windows


def _cross_entropy(weights: Sequence[float]) -> PlainLoss:
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


_NEGATIVE_LOG_LIKELIHOODS: dict[str, PlainLoss] = {
    "normal": _normal,
    "student_t": _student_t,
    "negative_binomial": _negative_binomial,
}
