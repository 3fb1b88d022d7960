"""Fitting the linear share of a forecast: a ridge regression for each target, in closed form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.windows import BoolArray, Float32Array, WindowArrays, input_rows, target_rows
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
# Numbers that are copied out of the rows at once.
_COPIED = 2_000_000


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
    train = train[:: -(-len(train) // MOST_WINDOWS)]
    last = _last_steps(arrays, train, config, steps=steps)
    kernels: Float32Array = np.empty((n_targets, lookback + n, horizon), np.float32)
    squares_of_all: FloatArray = np.zeros((lookback, lookback))
    answers_of_all: FloatArray = np.zeros((lookback, horizon))
    for target in range(n_targets):
        whole = _complete(arrays, train, target, config)
        values = arrays.targets[:, target]
        squares, answers = _products(values, train[whole], last[whole], config)
        size = _mean_square(squares[:lookback])
        size_of_all = _mean_square(squares[lookback:, lookback:])
        penalties = [RIDGE * size] * lookback + [RIDGE_OF_ALL * size_of_all] * n
        kernels[target] = _regression(squares, answers, penalties)
        squares_of_all += squares[:lookback, :lookback] / size
        answers_of_all += answers[:lookback] / size
    if n_targets > 1:
        penalties = [RIDGE * n_targets] * lookback
        kernels[:, :lookback] += _regression(squares_of_all, answers_of_all, penalties)
        kernels /= 2
    return kernels


def _last_steps(
    arrays: WindowArrays, starts: IntArray, config: Config, *, steps: int
) -> Float32Array:
    """The last steps of all targets without their levels, step by step: `(n_windows, n)`."""
    window, n_targets = config.window, arrays.n_targets
    last: Float32Array = np.empty((len(starts), steps * n_targets), np.float32)
    if not steps:
        return last
    for block in _blocks(len(starts), window.lookback * n_targets):
        behind = arrays.targets[input_rows(starts[block], window)]
        level = level_of(behind, config.model.window_norm)
        changes = behind[:, window.lookback - steps :]
        changes = changes if level is None else changes - np.asarray(level)
        last[block] = changes.reshape(len(changes), -1)
    return last


def _products(
    values: Float32Array, starts: IntArray, last: Float32Array, config: Config
) -> tuple[FloatArray, FloatArray]:
    """`X' X` and `X' Y` of a target, `(lookback + n, lookback + n)` and `(lookback + n, horizon)`.

    The columns of `X` are the target's lookback and the last steps of all targets.

    Args:
        values: The target, `(n_rows,)`.
        starts: The windows.
        last: Of each of them, `(n_windows, n)`.
        config: As above.
    """
    window, n = config.window, last.shape[1]
    squares: FloatArray = np.zeros((window.lookback + n, window.lookback + n))
    answers: FloatArray = np.zeros((window.lookback + n, window.horizon))
    for block in _blocks(len(starts), window.lookback + n + window.horizon):
        behind, ahead = (
            values[rows(starts[block], window)].astype(np.float64)
            for rows in (input_rows, target_rows)
        )
        level = level_of(behind[:, :, None], config.model.window_norm)
        if level is not None:
            taken_out = np.asarray(level)[:, :, 0]
            behind, ahead = behind - taken_out, ahead - taken_out
        read = np.concatenate([behind, last[block]], axis=1)
        squares += read.T @ read
        answers += read.T @ ahead
    return squares, answers


def _blocks(n_windows: int, size: int) -> Iterator[slice]:
    """Windows of so many numbers each, some at a time."""
    n = max(1, _COPIED // size)
    return (slice(first, first + n) for first in range(0, n_windows, n))


def _mean_square(squares: FloatArray) -> float:
    """Of a column of `X`, times the windows; 1 where nothing ever moves, and any would do."""
    return float(np.mean(np.diagonal(squares))) or 1.0 if len(squares) else 0.0


def _regression(squares: FloatArray, answers: FloatArray, penalties: Sequence[float]) -> FloatArray:
    """The kernel that they come to, as large as `answers`."""
    from scipy import linalg

    kernel: FloatArray = linalg.solve(squares + np.diag(penalties), answers, assume_a="pos")
    return kernel


def _complete(
    arrays: WindowArrays, starts: IntArray, target: int, config: Config
) -> BoolArray | slice:
    """The windows all of whose values of a target were observed."""
    if arrays.observed is None:
        return slice(None)
    gaps = np.concatenate([[0], np.cumsum(arrays.observed[:, target] == 0)])
    first = starts + config.window.lookback + config.window.lead
    whole: BoolArray = gaps[first + config.window.horizon] == gaps[first]
    if not whole.any():
        raise DataError(
            "model.linear_share is fitted on training windows that have all their targets, and "
            "there is none. Set it to 0, shorten window.horizon, or fill what is missing "
            "(data.missing.strategy)."
        )
    return whole
