from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lstmcast.config.schema import Config
from lstmcast.data.windows import WindowArrays
from lstmcast.errors import DataError
from lstmcast.training import linear
from lstmcast.training.linear import RIDGE, RIDGE_OF_ALL, fit_linear
from tests.networks import FULL, HORIZON, LOOKBACK, make_arrays, make_config, make_network

TRAIN = np.arange(40)
ROWS = (70,)


def config_of(norm: str = "last", lead: int = 0) -> Config:
    model = {"linear_share": 0.3, "window_norm": norm}
    return make_config(window=(LOOKBACK, HORIZON, lead), model=model)


def kernel_of(
    arrays: WindowArrays, config: Config | None = None, train: np.ndarray = TRAIN
) -> np.ndarray:
    import keras

    networks = [make_network("lstm", FULL, linear_share=0.3, seed=seed) for seed in range(2)]
    fit_linear(networks, arrays, train, config or config_of())
    one, other = (
        keras.ops.convert_to_numpy(network.get_layer("linear").kernel) for network in networks
    )
    np.testing.assert_array_equal(one, other)
    return one


def windows_of(
    arrays: WindowArrays, norm: str, lead: int, train: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    values = arrays.targets.astype(np.float64)
    behind = np.stack([values[start : start + LOOKBACK] for start in train])
    ahead = np.stack(
        [values[start + LOOKBACK + lead : start + LOOKBACK + lead + HORIZON] for start in train]
    )
    levels = {"none": 0.0 * behind[:, :1], "last": behind[:, -1:]}
    level = levels.get(norm, behind.mean(axis=1, keepdims=True))
    return behind - level, ahead - level


@pytest.mark.parametrize("lead", [0, 2])
@pytest.mark.parametrize("norm", ["none", "last", "mean_std"])
def test_it_is_the_mean_of_a_ridge_regression_of_its_own_and_one_of_all(
    norm: str, lead: int
) -> None:
    arrays = make_arrays(FULL, ROWS)
    arrays.past[:, 1] *= 20.0
    found = kernel_of(arrays, config_of(norm, lead))
    behind, ahead = windows_of(arrays, norm, lead, TRAIN)
    # All count alike, whatever their units.
    sizes = np.sqrt((behind**2).mean(axis=(0, 1)))
    together = library(
        np.concatenate([behind[:, :, target] / sizes[target] for target in (0, 1)]),
        np.concatenate([ahead[:, :, target] / sizes[target] for target in (0, 1)]),
    )
    last = behind[:, -LOOKBACK // 2 :].reshape(len(behind), -1)
    for target in range(FULL.n_targets):
        own = library(behind[:, :, target], ahead[:, :, target], last)
        expected = own.copy()
        expected[:LOOKBACK] += together
        np.testing.assert_allclose(found[target], expected / 2, rtol=1e-3, atol=1e-5)


def test_of_a_target_alone_it_is_its_own_regression() -> None:
    arrays = replace(make_arrays(FULL, ROWS), n_targets=1)
    network = make_network("lstm", replace(FULL, n_targets=1), linear_share=0.3)
    fit_linear([network], arrays, TRAIN, config_of())
    behind, ahead = windows_of(arrays, "last", 0, TRAIN)
    np.testing.assert_allclose(
        network.get_layer("linear").kernel[0],
        library(behind[:, :, 0], ahead[:, :, 0]),
        rtol=1e-3,
        atol=1e-5,
    )


def library(own: np.ndarray, ahead: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """The kernel as scikit-learn has it, which has one penalty: columns are divided instead."""
    parts = [(own, RIDGE)] + ([(last, RIDGE_OF_ALL)] if last is not None else [])
    roots = [np.sqrt(share * (part**2).sum(axis=0).mean()) for part, share in parts]
    read = np.concatenate(
        [part / root for (part, _), root in zip(parts, roots, strict=True)], axis=1
    )
    weights = Ridge(alpha=1.0, fit_intercept=False).fit(read, ahead).coef_.T
    columns = [part.shape[1] for part, _ in parts]
    return weights / np.repeat(roots, columns)[:, None]


def test_windows_are_summed_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = make_arrays(FULL, ROWS)
    whole = kernel_of(arrays)
    monkeypatch.setattr(linear, "_COPIED", 100)
    np.testing.assert_allclose(kernel_of(arrays), whole, rtol=1e-5, atol=1e-7)


def test_of_very_many_windows_some_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = make_arrays(FULL, ROWS)
    every_third = kernel_of(arrays, train=TRAIN[::3])
    monkeypatch.setattr(linear, "MOST_WINDOWS", 14)
    np.testing.assert_array_equal(kernel_of(arrays), every_third)


def test_rows_beyond_the_training_windows_are_not_read() -> None:
    arrays = make_arrays(FULL, ROWS)
    past = arrays.past.copy()
    past[TRAIN[-1] + LOOKBACK + HORIZON :] += 100.0
    changed = replace(arrays, past=past)
    np.testing.assert_array_equal(kernel_of(changed), kernel_of(arrays))
    past[TRAIN[-1] + LOOKBACK + HORIZON - 1] += 100.0
    assert (kernel_of(replace(arrays, past=past)) != kernel_of(arrays)).any()


def test_windows_without_all_values_of_a_target_are_left_out() -> None:
    arrays = make_arrays(FULL, ROWS)
    observed = np.ones((ROWS[0], FULL.n_targets), np.float32)
    observed[30] = 0
    arrays.past[30, :2] = 50.0
    found = kernel_of(replace(arrays, observed=observed))
    # A window whose lookback holds the row reads it as it is; one that was to forecast it does not.
    own = TRAIN[(TRAIN + LOOKBACK > 30) | (TRAIN + LOOKBACK + HORIZON <= 30)]
    assert 0 < len(own) < len(TRAIN)
    np.testing.assert_array_equal(found, kernel_of(arrays, train=own))


def test_without_a_window_that_has_all_it_says_what_to_do() -> None:
    observed = np.zeros((ROWS[0], FULL.n_targets), np.float32)
    observed[::2] = 1
    arrays = replace(make_arrays(FULL, ROWS), observed=observed)
    with pytest.raises(DataError, match=r"model\.linear_share is fitted .* Set it to 0"):
        kernel_of(arrays)


def test_a_series_that_never_moves_has_no_changes() -> None:
    arrays = make_arrays(FULL, ROWS)
    arrays = replace(arrays, past=np.full_like(arrays.past, 3.0))
    assert (kernel_of(arrays) == 0).all()


def test_without_a_share_nothing_is_fitted() -> None:
    network = make_network("lstm", FULL)
    before = network.get_weights()
    fit_linear([network], make_arrays(FULL, ROWS), TRAIN, make_config())
    for own, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)
