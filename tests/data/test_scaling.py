import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

from lstmcast.data.scaling import (
    fit_exponent,
    fit_scaler,
    inverse_transform,
    outside_domain,
    transform_target,
)

SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}
TRANSFORMS = ("none", "log", "log1p", "box_cox", "yeo_johnson")


def skewed(n=200, *, seed=0):
    return np.random.default_rng(seed).lognormal(1.0, 0.7, size=n)


@pytest.mark.parametrize("kind", SCALERS)
def test_a_scaler_equals_that_of_scikit_learn(kind):
    rng = np.random.default_rng(0)
    values = np.stack([rng.normal(5, 3, 50), rng.uniform(-1, 1, 50), np.full(50, 4.0)], axis=1)
    values[3, 0] = np.nan
    centre, scale = fit_scaler(values, kind)
    expected = SCALERS[kind]().fit(values).transform(values)
    np.testing.assert_allclose((values - centre) / scale, expected, rtol=1e-12, atol=1e-14)


def test_no_scaler_leaves_values_alone():
    centre, scale = fit_scaler(skewed()[:, None], "none")
    assert (centre.tolist(), scale.tolist()) == ([0], [1])


@pytest.mark.parametrize("kind", SCALERS)
def test_a_column_without_a_value_has_no_scaler(kind):
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    centre, scale = fit_scaler(values, kind)
    assert np.isnan([centre[1], scale[1]]).all()
    assert np.isfinite([centre[0], scale[0]]).all()
    assert np.isnan(fit_scaler(values[:0], kind)).all()


@pytest.mark.parametrize("kind", SCALERS)
def test_one_row_and_constant_columns_are_scaled_to_zero(kind):
    centre, scale = fit_scaler(np.array([[7.0]]), kind)
    assert (centre[0], scale[0]) == (7, 1)


@pytest.mark.parametrize("name", ["box_cox", "yeo_johnson"])
def test_power_transforms_equal_those_of_scikit_learn(name):
    method = name.replace("_", "-")
    values = skewed() - (0 if name == "box_cox" else 3)
    reference = PowerTransformer(method=method, standardize=False).fit(values[:, None])
    exponent = fit_exponent(values, name)
    assert exponent == pytest.approx(reference.lambdas_[0])
    np.testing.assert_allclose(
        transform_target(values, name, exponent),
        reference.transform(values[:, None])[:, 0],
        rtol=1e-10,
    )


def test_other_transforms_and_a_column_without_a_value_have_no_exponent():
    assert fit_exponent(skewed(), "log") is None
    assert fit_exponent(np.full(3, np.nan), "box_cox") is None


@pytest.mark.parametrize("name", ["box_cox", "yeo_johnson"])
def test_a_constant_target_can_be_transformed(name):
    values = np.full(20, 3.0)
    exponent = fit_exponent(values, name)
    there = transform_target(values, name, exponent)
    np.testing.assert_allclose(inverse_transform(there, name, exponent), values, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(TRANSFORMS),
    st.floats(-2, 2),
    st.lists(st.floats(0.05, 50), min_size=1, max_size=5),
)
def test_the_inverse_of_a_transform_is_the_identity(name, exponent, numbers):
    values = np.array(numbers)
    there = transform_target(values, name, exponent)
    np.testing.assert_allclose(inverse_transform(there, name, exponent), values, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1, 3), st.lists(st.floats(-20, 20), min_size=1, max_size=5))
def test_yeo_johnson_is_undone_on_both_sides_of_zero(exponent, numbers):
    values = np.array(numbers)
    there = transform_target(values, "yeo_johnson", exponent)
    found = inverse_transform(there, "yeo_johnson", exponent)
    np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-9)


def test_forecasts_beyond_the_range_of_a_power_transform_stay_numbers():
    found = inverse_transform(np.array([-1e6, 0.0, 1e6]), "box_cox", 0.5)
    assert np.isfinite(found).all()
    assert (np.diff(found) > 0).all()


def test_missing_values_stay_missing():
    for name in TRANSFORMS:
        assert np.isnan(transform_target(np.array([np.nan]), name, 0.5)).all()


def test_the_domain_of_each_transform():
    values = np.array([-2.0, -1.0, 0.0, 1.0, np.nan])
    inside = {name: (~outside_domain(values, name)).tolist() for name in TRANSFORMS}
    assert inside["log"] == inside["box_cox"] == [False, False, False, True, True]
    assert inside["log1p"] == [False, False, True, True, True]
    assert inside["none"] == inside["yeo_johnson"] == [True] * 5
