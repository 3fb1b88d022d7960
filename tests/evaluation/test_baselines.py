from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcast.config.schema import Window
from lstmcast.evaluation import baselines
from lstmcast.evaluation.baselines import baseline_forecasts

NAMES = ("naive", "seasonal_naive", "drift")


@pytest.fixture(autouse=True, scope="module")
def few_windows_make_several_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "BLOCK", 5)
        yield


def looped(name, actual, offsets, start, window, season_length):
    """One window, one target at a time, by the definitions."""
    origin = start + window.lookback - 1
    first = max(offset for offset in offsets[:-1] if offset <= start)

    def filled(values, row):
        for earlier in range(row, first - 1, -1):
            if not math.isnan(values[earlier]):
                return earlier
        return None

    out = np.full((window.horizon, actual.shape[1]), np.nan)
    for h in range(1, window.horizon + 1):
        for t in range(actual.shape[1]):
            values, ahead = actual[:, t], window.lead + h
            last = filled(values, origin)
            if last is None:
                continue
            out[h - 1, t] = values[last]
            if name == "seasonal_naive":
                row = origin + ahead - season_length * math.ceil(ahead / season_length)
                source = filled(values, row) if row >= first else None
                out[h - 1, t] = values[last if source is None else source]
            if name == "drift":
                start_row = next(r for r in range(first, origin + 1) if not math.isnan(values[r]))
                if last > start_row:
                    slope = (values[last] - values[start_row]) / (last - start_row)
                    out[h - 1, t] += slope * (origin + ahead - last)
    return out


@given(
    lengths=st.lists(st.integers(8, 20), min_size=1, max_size=3),
    n_targets=st.integers(1, 2),
    lookback=st.integers(1, 4),
    horizon=st.integers(1, 4),
    lead=st.integers(0, 2),
    season_length=st.sampled_from([1, 2, 3, 7, 30]),
    missing=st.sampled_from([0.0, 0.2, 0.7]),
    seed=st.integers(0, 10_000),
)
def test_baselines_equal_a_naive_loop_on_random_panels_with_gaps(
    lengths, n_targets, lookback, horizon, lead, season_length, missing, seed
):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    actual = rng.normal(size=(offsets[-1], n_targets))
    actual[rng.random(actual.shape) < missing] = np.nan
    window = Window(lookback=lookback, horizon=horizon, lead=lead)
    length = lookback + lead + horizon
    starts = np.concatenate(
        [np.arange(a, b - length + 1) for a, b in itertools.pairwise(offsets)]
    ).astype(np.int64)
    found = baseline_forecasts(
        NAMES, actual, offsets=offsets, starts=starts, window=window, season_length=season_length
    )
    for name in NAMES:
        loops = [looped(name, actual, offsets, s, window, season_length) for s in starts]
        expected = np.array(loops).reshape(len(starts), horizon, n_targets)
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def one_window(values, window, *, season_length=1, start=0):
    actual = np.array(values, dtype=float)[:, None]
    found = baseline_forecasts(
        NAMES,
        actual,
        offsets=np.array([0, len(actual)]),
        starts=np.array([start]),
        window=window,
        season_length=season_length,
    )
    return {name: forecast[0, :, 0].tolist() for name, forecast in found.items()}


def test_baselines_of_a_small_series_by_hand():
    found = one_window([1, 5, 3, 4, 0, 0, 0], Window(lookback=4, horizon=3), season_length=2)
    assert found["naive"] == [4, 4, 4]
    assert found["seasonal_naive"] == [3, 4, 3]
    assert found["drift"] == [5, 6, 7]


def test_steps_are_counted_from_the_origin_across_the_lead():
    found = one_window([1, 5, 3, 4, 0, 0], Window(lookback=4, horizon=1, lead=1), season_length=3)
    assert found["seasonal_naive"] == [3]
    assert found["drift"] == [6]


def test_the_last_observed_value_stands_in_for_a_missing_origin():
    found = one_window([1, 3, np.nan, 9], Window(lookback=3, horizon=1))
    assert found["naive"] == [3]
    assert found["drift"] == [7]  # two a row, two rows after the last observed


def test_a_season_longer_than_the_history_falls_back_to_naive():
    found = one_window([1, 2, 3, 0], Window(lookback=3, horizon=1), season_length=12)
    assert found["seasonal_naive"] == [3]


def test_nothing_observed_gives_no_forecast():
    found = one_window([np.nan, np.nan, 5], Window(lookback=2, horizon=1))
    assert all(math.isnan(forecast[0]) for forecast in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_after_the_origin_or_in_another_series_is_never_read(name):
    rng = np.random.default_rng(0)
    actual, window = rng.normal(size=(60, 1)), Window(lookback=5, horizon=6, lead=1)
    changed = actual.copy()
    changed[25:] = 1e9  # the origin is row 24
    changed[:20] = -1e9  # another series
    before, after = (
        baseline_forecasts(
            [name],
            values,
            offsets=np.array([0, 20, 60]),
            starts=np.array([20]),
            window=window,
            season_length=4,
        )[name]
        for values in (actual, changed)
    )
    np.testing.assert_array_equal(before, after)


def test_no_windows_give_empty_forecasts():
    found = baseline_forecasts(
        NAMES,
        np.zeros((4, 2)),
        offsets=np.array([0, 4]),
        starts=np.empty(0, dtype=np.int64),
        window=Window(lookback=2, horizon=3),
        season_length=2,
    )
    assert {name: forecast.shape for name, forecast in found.items()} == dict.fromkeys(
        NAMES, (0, 3, 2)
    )
