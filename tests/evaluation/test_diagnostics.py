from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.diagnostics import acf_band, echo_check, residual_acf

LOOKBACK = 4


def forecasts_of(make_forecasts, actual, rule, *, horizon, lead=0, first=60):
    """Forecasts of every window of one series by `rule(actual, origin, row)`."""
    starts = np.arange(first, len(actual) - LOOKBACK - lead - horizon + 1)
    origin = starts + LOOKBACK - 1
    rows = origin[:, None] + lead + 1 + np.arange(horizon)
    y_pred = rule(actual, origin[:, None] + np.zeros_like(rows), rows)
    return make_forecasts(actual[rows][..., None], y_pred[..., None], starts=starts)


def last_value(actual, origin, row):
    return actual[origin]


def random_walk(seed=0, n=400, trend=0.0):
    rng = np.random.default_rng(seed)
    return 50 + trend * np.arange(n) + np.cumsum(rng.normal(size=n))


def seasonal(seed=0, n=400, period=12):
    rng = np.random.default_rng(seed)
    return 10 * np.sin(2 * np.pi * np.arange(n) / period) + rng.normal(size=n)


@pytest.mark.parametrize("trend", [0.0, 0.3, -2.0])
@pytest.mark.parametrize(("horizon", "lead"), [(1, 0), (4, 0), (3, 2), (24, 0)])
def test_the_last_value_is_an_echo(make_forecasts, horizon, lead, trend):
    forecasts = forecasts_of(
        make_forecasts, random_walk(trend=trend), last_value, horizon=horizon, lead=lead
    )
    echo = echo_check(forecasts, lead=lead)
    assert echo.is_echo
    assert echo.echoing == echo.steps == min(horizon, 6)
    assert echo.mase == pytest.approx(1)
    assert "echoes the last observed value" in echo.text


@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_echo_is_found(make_forecasts, seed):
    noise = np.random.default_rng(seed + 100).normal(size=400) * 0.2

    def rule(actual, origin, row):
        return actual[origin] + noise[row]

    forecasts = forecasts_of(make_forecasts, random_walk(seed), rule, horizon=3)
    assert echo_check(forecasts).is_echo


def test_an_echo_of_a_seasonal_series_is_found(make_forecasts):
    forecasts = forecasts_of(make_forecasts, seasonal(), last_value, horizon=4)
    assert echo_check(forecasts).is_echo


@pytest.mark.parametrize("seed", range(5))
def test_a_forecast_that_moves_with_the_actual_is_no_echo(make_forecasts, seed):
    noise = np.random.default_rng(seed + 100).normal(size=400)

    def rule(actual, origin, row):
        return actual[row] + noise[row]

    forecasts = forecasts_of(make_forecasts, random_walk(seed, trend=0.3), rule, horizon=4)
    echo = echo_check(forecasts)
    assert (echo.is_echo, echo.text) == (False, None)


def test_a_seasonal_forecast_is_no_echo(make_forecasts):
    def rule(actual, origin, row):
        return actual[row - 12]

    forecasts = forecasts_of(make_forecasts, seasonal(), rule, horizon=12)
    assert not echo_check(forecasts).is_echo


def test_a_bad_forecast_that_follows_nothing_is_no_echo(make_forecasts):
    noise = np.random.default_rng(9).normal(size=400)

    def rule(actual, origin, row):
        return noise[row]

    assert not echo_check(forecasts_of(make_forecasts, random_walk(), rule, horizon=1)).is_echo


def test_a_damped_last_value_that_beats_naive_is_no_echo(make_forecasts):
    # The best forecast of white noise about a mean: it peaks at the origin, yet it is right.
    actual = np.random.default_rng(0).normal(size=600)

    def rule(actual, origin, row):
        return 0.1 * actual[origin]

    assert not echo_check(forecasts_of(make_forecasts, actual, rule, horizon=2)).is_echo


def test_a_large_series_does_not_hide_the_echo_of_the_small(make_forecasts):
    # Series 0 is forecast perfectly but for a shift in level, series 1 to 3 are echoes.
    walks = [1e6 * random_walk(0)] + [random_walk(seed) for seed in (1, 2, 3)]
    actual = np.concatenate(walks)
    series = np.repeat(np.arange(4, dtype=np.int32), 400)
    starts = np.concatenate([np.arange(i * 400, i * 400 + 396) for i in range(4)])
    rows = starts + LOOKBACK
    rows, of_window = np.minimum(rows, len(actual) - 1), series[starts]
    y_pred = np.where(of_window == 0, actual[rows] + 3e6, actual[rows - 1])
    forecasts = make_forecasts(
        actual[rows].reshape(-1, 1, 1), y_pred.reshape(-1, 1, 1), starts=starts, series=of_window
    )
    assert echo_check(forecasts).is_echo


def test_the_target_that_echoes_is_named(make_forecasts):
    walk, other = random_walk(0), random_walk(1)
    y_true = np.stack([other[61:], walk[61:]], axis=-1)[:, None, :]
    y_pred = np.stack([other[61:] + 0.1, walk[60:-1]], axis=-1)[:, None, :]
    echo = echo_check(make_forecasts(y_true, y_pred))
    assert echo.target == "y1"
    assert "forecast of y1" in echo.text


@pytest.mark.parametrize("n_windows", [0, 1, 5])
def test_too_few_windows_give_no_verdict(make_forecasts, n_windows):
    values = random_walk()[:n_windows].reshape(-1, 1, 1)
    echo = echo_check(make_forecasts(values, values))
    assert (echo.is_echo, echo.steps, echo.mase) == (False, 0, None)


def test_a_constant_series_gives_no_verdict(make_forecasts):
    values = np.ones((50, 2, 1))
    assert not echo_check(make_forecasts(values, values)).is_echo


def test_residual_acf_by_hand():
    # Mean 0; products at lag 1: -1 - 1 - 1 of a total of 4, at lag 2: 1 + 1.
    acf = residual_acf(np.array([1.0, -1.0, 1.0, -1.0]), 2)
    np.testing.assert_allclose(acf, [1, -0.75, 0.5])


def test_residual_acf_equals_a_correlation_for_a_long_series():
    x = random_walk(n=5000)
    moves = np.diff(x) + 0.7 * np.roll(np.diff(x), 1)
    expected = [np.corrcoef(moves[lag:], moves[: len(moves) - lag])[0, 1] for lag in range(6)]
    np.testing.assert_allclose(residual_acf(moves, 5), expected, atol=2e-3)


def test_residual_acf_of_a_constant_or_nothing_is_undefined():
    assert np.isnan(residual_acf(np.full(9, 0.1), 3)).all()
    assert np.isnan(residual_acf(np.empty(0), 3)).all()


def test_residual_acf_beyond_the_data_is_undefined():
    acf = residual_acf(np.array([1.0, 2.0]), 3)
    np.testing.assert_allclose(acf, [1, -0.5, np.nan, np.nan])


def test_a_missing_residual_is_left_out():
    with_gap = residual_acf(np.array([1.0, -1.0, np.nan, -1.0, 1.0]), 1)
    np.testing.assert_allclose(with_gap, [1, -0.5])


def test_the_band_of_white_noise():
    assert acf_band(400) == pytest.approx(0.098)
