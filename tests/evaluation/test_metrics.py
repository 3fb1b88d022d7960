from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error, r2_score

from lstmcast.evaluation import metrics

shapes = st.tuples(st.integers(2, 12), st.integers(1, 5), st.integers(1, 3))


@pytest.fixture(autouse=True, scope="module")
def few_windows_make_several_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "BLOCK", 5)
        yield


def random_pair(shape, seed):
    rng = np.random.default_rng(seed)
    y_true = rng.normal(size=shape) * 10 ** rng.uniform(-3, 4, size=shape[-1])
    return y_true, y_true + rng.normal(size=shape)


@given(shapes, st.integers(0, 10_000))
def test_squared_absolute_and_r2_equal_scikit_learn(shape, seed):
    y_true, y_pred = random_pair(shape, seed)
    flat_true, flat_pred = y_true.reshape(-1, shape[-1]), y_pred.reshape(-1, shape[-1])
    mse = mean_squared_error(flat_true, flat_pred)
    assert metrics.mse(y_true, y_pred) == pytest.approx(mse)
    assert metrics.rmse(y_true, y_pred) == pytest.approx(math.sqrt(mse))
    assert metrics.mae(y_true, y_pred) == pytest.approx(mean_absolute_error(flat_true, flat_pred))
    assert metrics.r2(y_true, y_pred) == pytest.approx(r2_score(flat_true, flat_pred))


@given(shapes, st.integers(0, 10_000))
def test_percentage_and_scaled_errors_equal_a_naive_loop(shape, seed):
    y_true, y_pred = random_pair(shape, seed)
    scale = np.random.default_rng(seed + 1).uniform(0.1, 5, size=(shape[0], shape[2]))
    percentages, scaled = [], []
    for w, h, t in np.ndindex(*shape):
        error = abs(y_pred[w, h, t] - y_true[w, h, t])
        percentages.append(200 * error / (abs(y_true[w, h, t]) + abs(y_pred[w, h, t])))
        scaled.append(error / scale[w, t])
    assert metrics.smape(y_true, y_pred) == pytest.approx(sum(percentages) / len(percentages))
    assert metrics.mase(y_true, y_pred, scale) == pytest.approx(sum(scaled) / len(scaled))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.95])
def test_pinball_equals_scikit_learn(level):
    y_true, y_quantile = random_pair((20, 3, 2), seed=1)
    expected = mean_pinball_loss(y_true.ravel(), y_quantile.ravel(), alpha=level)
    assert metrics.pinball(y_true, y_quantile, level) == pytest.approx(expected)


def cube(*values):
    return np.array(values, dtype=float).reshape(-1, 1, 1)


def test_smape_counts_zero_forecast_of_zero_as_no_error():
    # 0/0 -> 0, |3 - 1| / (1 + 3) -> 200 * 0.5, so the mean is 50.
    assert metrics.smape(cube(0, 1), cube(0, 3)) == pytest.approx(50)


def test_smape_is_200_where_the_signs_differ():
    assert metrics.smape(cube(1), cube(-1)) == pytest.approx(200)


def test_coverage_includes_the_ends():
    assert metrics.coverage(cube(1, 2, 3, 4), cube(1, 1, 1, 1), cube(2, 2, 2, 2)) == 0.5


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9 / 3])
def test_r2_of_a_constant_is_undefined(constant):
    y_true = np.full((7, 3, 1), constant)
    assert math.isnan(metrics.r2(y_true, y_true + 1))


def test_mase_with_a_zero_scale_is_undefined():
    assert math.isnan(metrics.mase(cube(1, 2), cube(2, 2), np.array([[1.0], [0.0]])))


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "r2", "smape"])
def test_a_nan_in_the_forecast_is_never_hidden(name):
    assert math.isnan(getattr(metrics, name)(cube(1, 2, 3), cube(1, np.nan, 3)))
