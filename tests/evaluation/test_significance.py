from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from lstmcast.evaluation.significance import (
    MIN_ORIGINS,
    RESAMPLES,
    block_length,
    bootstrap_interval,
    diebold_mariano,
    holm,
    mean_test,
    paired_tests,
)

# R's `WWWusage`: users of a server in 100 minutes.
WWWUSAGE = """
88 84 85 85 84 85 83 85 88 89 91 99 104 112 126 138 146 151 150 148 147 149 143 132 131 139 147 150
148 145 140 134 131 131 129 126 126 132 137 140 142 150 159 167 170 171 172 172 174 175 172 172 174
174 169 165 156 142 131 121 112 104 102 99 99 95 88 84 84 87 89 88 85 86 89 91 91 94 101 110 121 135
145 149 156 165 171 175 177 182 193 204 208 210 215 222 228 226 222 220
"""


def residuals_of_ets(values, *, level, slope, alpha, beta, phi):
    """One-step errors of ETS(A,Ad,N), its recursion written out."""
    errors = []
    for value in values:
        expected = level + phi * slope
        error = value - expected
        level, slope = expected + alpha * error, phi * slope + beta * error
        errors.append(error)
    return np.array(errors)


def residuals_of_arima(values, *, ar, ma):
    """Standardised one-step errors of ARIMA(1,1,1); the first is R's, whose prior is 1000 wide."""
    errors, expected, variance = [values[0] / 1000], 0.0, (1 + 2 * ar * ma + ma**2) / (1 - ar**2)
    for change in np.diff(values):
        error = change - expected
        errors.append(error / math.sqrt(variance))
        expected = ar * change + ma / variance * error
        variance = 1 + ma**2 * (1 - 1 / variance)
    return np.array(errors)


def autoregressive(n, *, phi, rng, series=1):
    """AR(1) of variance one, float64 `(n, series)`."""
    noise = rng.standard_normal((n + 100, series))
    return lfilter([math.sqrt(1 - phi**2)], [1, -phi], noise, axis=0)[100:]


def test_the_example_of_r_s_dm_test_is_reproduced():
    # https://pkg.robjhyndman.com/forecast/reference/dm.test.html: "DM = 1.9078, Forecast horizon =
    # 1, Loss function power = 2, p-value = 0.05932", and RMSE 3.40781 and 3.113754 of the models.
    # Parameters as R and its documents print them: `ets(WWWusage)` and `auto.arima(WWWusage)`.
    values = np.array(WWWUSAGE.split(), dtype=np.float64)
    ets = residuals_of_ets(
        values, level=90.3518, slope=-0.0173, alpha=0.9999, beta=0.9966, phi=0.815
    )
    arima = residuals_of_arima(values, ar=0.6504, ma=0.5256)
    assert math.sqrt(np.mean(ets**2)) == pytest.approx(3.40781, abs=1e-4)
    assert math.sqrt(np.mean(arima**2)) == pytest.approx(3.113754, abs=1e-5)
    found = diebold_mariano(ets**2 - arima**2, 1)
    assert found.statistic == pytest.approx(1.9078, abs=1e-4)
    assert found.p == pytest.approx(0.05932, abs=2e-5)


def test_the_examples_of_another_package_are_reproduced():
    # Those of the tests of `dieboldmariano` 1.1 (PyPI), the second with its errors to four digits:
    # squared errors at horizon 1, then absolute errors at horizon 3.
    first = np.square([0, 1, 2, 3, 4, 5]) - np.square([0, 2, 3, 3, 5, 6])
    found = diebold_mariano(first.astype(float), 1)
    assert (found.statistic, found.p) == pytest.approx((-2.4905, 0.05513), abs=5e-5)
    a = "0.3675 0.5451 0.2204 0.8689 0.6073 0.8582 0.4166 0.3812 0.7185 0.3083 0.4297 0.8616 0.7241"
    b = "0.1279 0.3680 0.7687 0.0997 0.2720 0.2880 0.9160 0.6113 0.5453 0.0679 0.6073 0.6242 0.4000"
    second = np.subtract(
        [float(each) for each in f"{a} 0.3451 0.1968".split()],
        [float(each) for each in f"{b} 0.1990 0.8095".split()],
    )
    found = diebold_mariano(second, 3)
    assert found.statistic == pytest.approx(1.2109, abs=5e-4)
    assert 1 - found.p / 2 == pytest.approx(0.877, abs=5e-4)


def test_one_step_ahead_it_is_the_t_test():
    differences = np.random.default_rng(1).normal(0.3, size=40)
    found, expected = diebold_mariano(differences, 1), stats.ttest_1samp(differences, 0)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))


def test_bartlett_s_weights_step_in_where_the_variance_is_not_positive():
    differences = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0])
    n, centred = 8, np.array([0.75, -1.25] * 3 + [0.75, 0.75])
    gamma = [sum(centred[k + i] * centred[i] for i in range(n - k)) / n for k in range(2)]
    assert gamma[0] + 2 * gamma[1] < 0
    found = diebold_mariano(differences, 2)
    correction = math.sqrt((n + 1 - 4 + 2 / n) / n)
    assert (found.kernel, found.lags) == ("bartlett", 1)
    expected = correction * 0.25 / math.sqrt((gamma[0] + 2 * 0.5 * gamma[1]) / n)
    assert found.statistic == pytest.approx(expected)


def test_the_mean_test_equals_its_sums_written_out():
    differences = np.random.default_rng(3).normal(0.2, size=60)
    cosines = min(math.floor(0.4 * 60 ** (2 / 3)), 60 // 8)
    weights = [
        math.sqrt(2 / 60)
        * sum(d * math.cos(math.pi * j * (t + 0.5) / 60) for t, d in enumerate(differences))
        for j in range(1, cosines + 1)
    ]
    variance = sum(weight**2 for weight in weights) / cosines
    found = mean_test(differences, 8)
    assert found.freedom == cosines == 6
    assert found.statistic == pytest.approx(differences.mean() / math.sqrt(variance / 60))
    assert found.p == pytest.approx(2 * stats.t.cdf(-abs(found.statistic), cosines))


def test_fewer_cosines_are_taken_for_a_longer_horizon():
    differences = np.random.default_rng(0).normal(size=500)
    assert [mean_test(differences, h).freedom for h in (1, 12, 96, 600)] == [25, 25, 5, 1]


@pytest.mark.parametrize("differences", [np.zeros(20), np.full(20, 0.1), np.ones(MIN_ORIGINS - 1)])
def test_there_is_no_test_of_equal_or_few_differences(differences):
    assert mean_test(differences, 1) is None
    if len(differences) == 20:
        assert diebold_mariano(differences, 1) is None
    else:
        assert bootstrap_interval(differences, 1) is None


def test_the_bootstrap_equals_a_loop_over_its_draws():
    differences = np.random.default_rng(5).normal(0.1, size=30)
    length = block_length(30, 4)
    assert length == 5
    blocks = [differences[i : i + length].mean() for i in range(30 - length + 1)]
    draws = np.random.default_rng(7).integers(0, len(blocks), size=(RESAMPLES, 6))
    ratios = []
    for draw in draws:
        means = [blocks[i] for i in draw]
        deviation = np.std(means, ddof=1) / math.sqrt(6)
        ratios.append(abs(np.mean(means) - np.mean(blocks)) / deviation)
    half = np.quantile(ratios, 0.9) * np.std(blocks) / math.sqrt(6)
    mean = differences.mean()
    found = bootstrap_interval(differences, 4, level=0.1, seed=7)
    assert found == pytest.approx((mean - half, mean + half))
    assert found == bootstrap_interval(differences, 4, level=0.1, seed=7)


@pytest.mark.parametrize(
    ("n", "horizon", "length"), [(500, 12, 22), (500, 48, 48), (100, 96, 25), (8, 3, 2)]
)
def test_a_block_holds_the_horizon_but_there_are_four(n, horizon, length):
    assert block_length(n, horizon) == length


@pytest.mark.parametrize(
    ("p_values", "expected"),
    # R: p.adjust(p, "holm").
    [
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        (
            [0.2, 0.001, 0.04, 0.04, 0.9, 0.0001, 0.3, 0.04],
            [0.6, 0.007, 0.24, 0.24, 0.9, 0.0008, 0.6, 0.24],
        ),
        ([None, 0.03, 0.5, None, 0.001, 0.02], [None, 0.06, 0.5, None, 0.004, 0.06]),
        ([0.5], [0.5]),
        ([], []),
    ],
)
def test_holm_gives_what_r_gives(p_values, expected):
    found = holm(p_values)
    assert [each is None for each in found] == [each is None for each in expected]
    assert [each for each in found if each is not None] == pytest.approx(
        [each for each in expected if each is not None]
    )


def test_the_paired_tests_give_the_published_values():
    # Student (1908), Biometrika 6(1): extra hours of sleep by two drugs, R's `sleep`:
    # t = -4.0621, df = 9, p-value = 0.002833, interval -2.4598858 -0.7001142.
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = paired_tests(first, second)
    assert found.p_t == pytest.approx(0.002833, abs=5e-7)
    assert found.interval == pytest.approx((-2.4598858, -0.7001142))
    # Hollander & Wolfe (1973), example of R's `wilcox.test`: V = 40, p-value = 0.03906 two-sided.
    x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    assert paired_tests(x, y).p_wilcoxon == pytest.approx(0.03906, abs=5e-6)


def test_equal_pairs_have_no_test():
    found = paired_tests([1.0, 2.0], [1.0, 2.0])
    assert (found.p_t, found.p_wilcoxon, found.interval) == (None, None, None)


def test_persistent_errors_do_not_raise_the_alarm():
    # 300 pairs: at a level of 5 % the binomial deviation is 1.3 points; the textbook test, which
    # takes one step ahead as uncorrelated, calls about 18 % of them different.
    rng = np.random.default_rng(11)
    first, second = (autoregressive(500, phi=0.6, rng=rng, series=300) for _ in range(2))
    differences = (first**2 - second**2).T
    alarms = np.mean([mean_test(each, 1).p < 0.05 for each in differences])
    textbook = np.mean([diebold_mariano(each, 1).p < 0.05 for each in differences])
    assert 0.02 < alarms < 0.085
    assert textbook > 0.12


def test_a_true_difference_is_found_and_the_interval_covers_it():
    rng = np.random.default_rng(12)
    first, second = (autoregressive(500, phi=0.6, rng=rng, series=200) for _ in range(2))
    differences = (1.21 * first**2 - second**2).T
    intervals = np.array([bootstrap_interval(each, 1) for each in differences])
    # 95 % ± three binomial deviations, and what a bootstrap of 500 correlated values lacks.
    assert np.mean((intervals[:, 0] < 0.21) & (intervals[:, 1] > 0.21)) > 0.88
    # The mean is 1.45 of its deviations from zero: found three times in ten.
    assert 0.2 < np.mean([mean_test(each, 1).p < 0.05 for each in differences]) < 0.4
