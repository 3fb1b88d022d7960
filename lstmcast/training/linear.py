"""Fitting the linear share of a forecast: a ridge regression for each target, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.windows import Float32Array, WindowArrays, input_rows, target_rows
from lstmcast.errors import DataError
from lstmcast.models.blocks import level_of

if TYPE_CHECKING:
    import keras

# The penalties on the weights of a target's own lookback and of the last steps of all, in mean
# squares of what these are multiplied with; a third or three times as much changes little
# (docs/accuracy.md).
RIDGE, RIDGE_OF_ALL = 0.1, 1.0
# More windows than these, evenly spaced, are not read: they overlap, and the sums are as good.
MOST_WINDOWS = 20_000
_BLOCK = 512


def fit_linear(
    networks: Sequence[keras.Model], arrays: WindowArrays, train: IntArray, config: Config
) -> None:
    """Fit the linear layer of networks, where they have one, on the training windows.

    The kernel of a target is the mean of two ridge regressions (Hoerl and Kennard 1970, "Ridge
    regression"): one on its own windows, of its lookback and the last steps of all targets, and one
    on the windows of all targets, each as large as the others, of the lookback alone. A regression
    minimises `|Y - X W|^2 + a |W|^2` over `W`, where the rows of `X` are what is read and those of
    `Y` horizons, both without the level that `model.window_norm` takes out of the window, and `a`
    is `RIDGE` or `RIDGE_OF_ALL` mean squares of `X`, times the windows. Nothing is copied out but
    some windows at a time.

    Args:
        networks: What `build_network` made: the members of an ensemble, or one.
        arrays: The prepared rows.
        train: int64, `(n_train,)`, the windows to fit on; those of which a target is missing are
            left out.
        config: Its `model` and `window`.

    Raises:
        DataError: If no window has all its targets.
    """
    if not config.model.linear_share:
        return
    # A module of layers, which imports Keras.
    from lstmcast.models.linear import LINEAR, steps_of_all

    steps = steps_of_all(config.window.lookback, arrays.n_targets)
    kernels = _kernels(arrays, train, config, steps=steps)
    for network in networks:
        network.get_layer(LINEAR).kernel.assign(kernels)


def _kernels(arrays: WindowArrays, train: IntArray, config: Config, *, steps: int) -> Float32Array:
    """The kernel of each target, `(n_targets, lookback + n, horizon)`.

    Args:
        arrays: As above.
        train: As above.
        config: As above.
        steps: Last steps of all targets that each reads: `n` values together.
    """
    n_targets, lookback = arrays.n_targets, config.window.lookback
    n, horizon = steps * n_targets, config.window.horizon
    kernels: Float32Array = np.empty((n_targets, lookback + n, horizon), np.float32)
    squares_of_all: FloatArray = np.zeros((lookback, lookback))
    answers_of_all: FloatArray = np.zeros((lookback, horizon))
    for target in range(n_targets):
        squares, answers = _products(arrays, train, target, config, steps=steps)
        penalty = RIDGE * _mean_square(squares[:lookback])
        penalty_of_all = RIDGE_OF_ALL * _mean_square(squares[lookback:, lookback:])
        kernels[target] = _regression(squares, answers, [penalty] * lookback + [penalty_of_all] * n)
        size = _mean_square(squares[:lookback])
        squares_of_all += squares[:lookback, :lookback] / size
        answers_of_all += answers[:lookback] / size
    if n_targets > 1:
        penalties = [RIDGE * n_targets] * lookback
        kernels[:, :lookback] += _regression(squares_of_all, answers_of_all, penalties)
        kernels /= 2
    return kernels


def _products(
    arrays: WindowArrays, train: IntArray, target: int, config: Config, *, steps: int
) -> tuple[FloatArray, FloatArray]:
    """`X' X` and `X' Y` of a target, `(lookback + n, lookback + n)` and `(lookback + n, horizon)`.

    The columns of `X` are the target's lookback and, step by step, the last steps of all targets.
    """
    window, n = config.window, steps * arrays.n_targets
    train = _complete(arrays, train, target, config)
    train = train[:: -(-len(train) // MOST_WINDOWS)]
    squares: FloatArray = np.zeros((window.lookback + n, window.lookback + n))
    answers: FloatArray = np.zeros((window.lookback + n, window.horizon))
    for first in range(0, len(train), _BLOCK):
        block = train[first : first + _BLOCK]
        behind, ahead = (
            arrays.targets[rows(block, window)].astype(np.float64)
            for rows in (input_rows, target_rows)
        )
        level = level_of(behind, config.model.window_norm)
        if level is not None:
            behind, ahead = behind - np.asarray(level), ahead - np.asarray(level)
        last = behind[:, window.lookback - steps :].reshape(len(block), n)
        read = np.concatenate([behind[:, :, target], last], axis=1)
        squares += read.T @ read
        answers += read.T @ ahead[:, :, target]
    return squares, answers


def _mean_square(squares: FloatArray) -> float:
    """Of a column of `X`, times the windows; 1 where nothing ever moves, and any would do."""
    return float(np.mean(np.diagonal(squares))) or 1.0 if len(squares) else 0.0


def _regression(squares: FloatArray, answers: FloatArray, penalties: Sequence[float]) -> FloatArray:
    """The kernel that they come to, as large as `answers`."""
    from scipy import linalg

    kernel: FloatArray = linalg.solve(squares + np.diag(penalties), answers, assume_a="pos")
    return kernel


def _complete(arrays: WindowArrays, train: IntArray, target: int, config: Config) -> IntArray:
    """The windows all of whose values of a target were observed."""
    if arrays.observed is None:
        return train
    observed = arrays.observed[:, target] > 0
    gaps = np.concatenate([[0], np.cumsum(~observed)])
    first = train + config.window.lookback + config.window.lead
    complete: IntArray = train[gaps[first + config.window.horizon] == gaps[first]]
    if not len(complete):
        raise DataError(
            "model.linear_share is fitted on training windows that have all their targets, and "
            "there is none. Set it to 0, shorten window.horizon, or fill what is missing "
            "(data.missing.strategy)."
        )
    return complete
