from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from lstmcast.evaluation.distributions import DISTRIBUTIONS

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
CASES = [
    ("normal", [0.0, 1.0]),
    ("normal", [-3.0, 0.02]),
    ("student_t", [1.0, 2.0, 2.01]),
    ("student_t", [1.0, 0.5, 5.0]),
    ("student_t", [0.0, 1.0, 1000.0]),
    ("negative_binomial", [0.05, 0.5]),
    ("negative_binomial", [3.0, 0.001]),
    ("negative_binomial", [20.0, 0.3]),
    ("negative_binomial", [400.0, 2.0]),
    ("negative_binomial", [5.0, 20.0]),
]
COUNTS = [case for case in CASES if case[0] == "negative_binomial"]
CONTINUOUS = [case for case in CASES if case[0] != "negative_binomial"]


def frozen(kind: str, parameters: list[float]) -> Any:
    """SciPy's own distribution."""
    if kind == "normal":
        return stats.norm(*parameters)
    if kind == "student_t":
        loc, scale, df = parameters
        return stats.t(df, loc, scale)
    mean, dispersion = parameters
    return stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))


@pytest.mark.parametrize(("kind", "parameters"), CASES, ids=str)
def test_quantiles_and_probabilities_are_those_of_scipy(kind: str, parameters: list[float]) -> None:
    distribution, expected = DISTRIBUTIONS[kind], frozen(kind, parameters)
    array = np.array(parameters)
    quantiles = distribution.at_levels(array, LEVELS)
    np.testing.assert_allclose(quantiles, expected.ppf(LEVELS), rtol=1e-9)
    each = distribution.quantile(np.tile(array, (len(LEVELS), 1)), np.array(LEVELS))
    np.testing.assert_allclose(each, quantiles, rtol=1e-12)
    values = np.array([*quantiles, quantiles[3] + 0.5, -1.0])
    np.testing.assert_allclose(distribution.cdf(array, values), expected.cdf(values), rtol=1e-9)


@pytest.mark.parametrize(("kind", "parameters"), CONTINUOUS, ids=str)
def test_the_crps_is_its_integral(kind: str, parameters: list[float]) -> None:
    distribution, true = DISTRIBUTIONS[kind], frozen(kind, parameters)
    for value in (true.ppf(0.03), true.ppf(0.6), true.ppf(0.999)):
        below, _ = integrate.quad(lambda x: true.cdf(x) ** 2, -np.inf, value, limit=500)
        above, _ = integrate.quad(lambda x: true.sf(x) ** 2, value, np.inf, limit=500)
        found = distribution.crps(np.array(parameters), np.array(value))
        assert found == pytest.approx(below + above, rel=1e-5)


@pytest.mark.parametrize(("kind", "parameters"), COUNTS, ids=str)
def test_the_crps_of_counts_is_its_sum(kind: str, parameters: list[float]) -> None:
    distribution, true = DISTRIBUTIONS[kind], frozen(kind, parameters)
    counts = np.arange(true.ppf(1 - 1e-12) + 50)
    for value in (0.0, true.ppf(0.5), true.ppf(0.99) + 3):
        expected = np.sum(np.square(true.cdf(counts) - (counts >= value)))
        found = distribution.crps(np.array(parameters), np.array(value))
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(("kind", "parameters"), CASES, ids=str)
def test_what_a_distribution_gives_is_uniform_by_its_own_transform(
    kind: str, parameters: list[float]
) -> None:
    distribution, rng = DISTRIBUTIONS[kind], np.random.default_rng(3)
    values = frozen(kind, parameters).rvs(size=4000, random_state=5).astype(np.float64)
    found = distribution.transform(np.array(parameters), values, rng.random(4000))
    assert stats.kstest(found, "uniform").pvalue > 0.01


@pytest.mark.parametrize("kind", ["normal", "student_t"])
def test_rescaled_is_the_distribution_of_what_was_scaled(kind: str) -> None:
    distribution = DISTRIBUTIONS[kind]
    array = np.array([[0.4, 1.5, 6.0][: len(distribution.names)]])
    moved = distribution.rescaled(array, np.array([10.0]), np.array([3.0]))
    expected = 3 * distribution.at_levels(array, LEVELS) + 10
    np.testing.assert_allclose(distribution.at_levels(moved, LEVELS), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", sorted(DISTRIBUTIONS))
def test_quantiles_never_cross_whatever_the_parameters(kind: str) -> None:
    rng = np.random.default_rng(2)
    distribution, n = DISTRIBUTIONS[kind], 10_000
    positive = np.exp(rng.normal(0, 4, (n, 2)))
    parameters = {
        "normal": np.stack([rng.normal(0, 100, n), positive[:, 0]], axis=-1),
        "student_t": np.stack(
            [rng.normal(0, 100, n), positive[:, 0], 2.01 + np.minimum(positive[:, 1], 998)], axis=-1
        ),
        "negative_binomial": np.stack([positive[:, 0], 1e-3 + positive[:, 1]], axis=-1),
    }[kind]
    levels = [*np.linspace(0.001, 0.499, 6), 0.4999999, 0.5, 0.5000001, 0.9, 0.99999]
    quantiles = distribution.at_levels(parameters, levels)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()
