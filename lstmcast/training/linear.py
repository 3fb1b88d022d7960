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

# The penalty, in mean squares of the lookback's steps; from 0.03 to 1 it changes little
# (docs/accuracy.md).
RIDGE = 0.1
# More windows than these, evenly spaced, are not read: they overlap, and the sums are as good.
MOST_WINDOWS = 50_000
_BLOCK = 512


def fit_linear(
    networks: Sequence[keras.Model], arrays: WindowArrays, train: IntArray, config: Config
) -> None:
    """Fit the linear layer of networks, where they have one, on the training windows.

    The kernel of a target is the mean of two ridge regressions (Hoerl and Kennard 1970, "Ridge
    regression"), one on its own windows and one on those of all targets, each as large as the
    others: its own alone follows the training rows too closely. A regression minimises
    `|Y - X W|^2 + a |W|^2` over `W`, where the rows of `X` are lookbacks and those of `Y` horizons,
    both without the level that `model.window_norm` takes out of the window, and `a` is 0.1 of the
    mean square of a step of `X`, times the windows. Nothing is copied out but some windows at a
    time.

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
    from lstmcast.models.linear import LINEAR

    kernels = _kernels(arrays, train, config)
    for network in networks:
        network.get_layer(LINEAR).kernel.assign(kernels)


def _kernels(arrays: WindowArrays, train: IntArray, config: Config) -> Float32Array:
    """The kernel of each target, `(n_targets, lookback, horizon)`."""
    window, n_targets = config.window, arrays.n_targets
    kernels: Float32Array = np.empty((n_targets, window.lookback, window.horizon), np.float32)
    together: FloatArray = np.zeros((window.lookback, window.lookback + window.horizon))
    for target in range(n_targets):
        products = _products(arrays, train, target, config)
        kernels[target] = _regression(products)
        together += products / (_mean_square(products) or 1.0)
    if n_targets > 1:
        kernels += _regression(together)
        kernels /= 2
    return kernels


def _products(arrays: WindowArrays, train: IntArray, target: int, config: Config) -> FloatArray:
    """`X' X` and `X' Y` of a target side by side, `(lookback, lookback + horizon)`."""
    window, values = config.window, arrays.targets[:, target]
    train = _complete(arrays, train, target, config)
    train = train[:: -(-len(train) // MOST_WINDOWS)]
    products: FloatArray = np.zeros((window.lookback, window.lookback + window.horizon))
    for first in range(0, len(train), _BLOCK):
        block = train[first : first + _BLOCK]
        behind, ahead = (
            values[rows(block, window)].astype(np.float64) for rows in (input_rows, target_rows)
        )
        level = level_of(behind[:, :, None], config.model.window_norm)
        if level is not None:
            taken_out = np.asarray(level)[:, :, 0]
            behind, ahead = behind - taken_out, ahead - taken_out
        products += behind.T @ np.concatenate([behind, ahead], axis=1)
    return products


def _regression(products: FloatArray) -> Float32Array:
    """The kernel that they come to, `(lookback, horizon)`."""
    from scipy import linalg

    lookback = len(products)
    # Where nothing ever moves there is nothing to learn; any penalty gives zeros.
    penalty = RIDGE * _mean_square(products) or 1.0
    penalised = products[:, :lookback] + penalty * np.eye(lookback)
    kernel: FloatArray = linalg.solve(penalised, products[:, lookback:], assume_a="pos")
    return kernel.astype(np.float32)


def _mean_square(products: FloatArray) -> float:
    """Of a step of the lookback, times the windows."""
    return float(np.mean(np.diagonal(products)))


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
