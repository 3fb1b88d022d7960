import numpy as np
import pandas as pd
import pytest

from lstmcast.config.schema import Features
from lstmcast.data.cleaning import Rows
from lstmcast.data.features import (
    Sources,
    calendar_features,
    calendar_levels,
    derived_features,
    warm_up,
)

LENGTHS = (9, 3, 12)


@pytest.fixture
def rows():
    first = np.repeat(np.cumsum([0, *LENGTHS[:-1]]), LENGTHS)
    return Rows(first=first, side=np.zeros(sum(LENGTHS), dtype=np.int64), season_length=3)


@pytest.fixture
def columns():
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=sum(LENGTHS)) for name in ("y", "x")}
    values["y"][[4, 15]] = np.nan
    values["flag"] = np.array([0, 1, 0, 0, 0, 0, 0, 1, 0] + [0, 0, 0] + [1] + [0] * 11, dtype=float)
    return values


def derived(features, columns, rows, *, ahead=(), reach=4):
    sources = Sources(columns, frozenset(ahead), rows, reach)
    return {f.name: (f, v) for f, v in derived_features(Features(**features), sources)}


def by_series(values, function):
    pieces = np.split(values, np.cumsum(LENGTHS)[:-1])
    return np.concatenate([function(pd.Series(piece)).to_numpy() for piece in pieces])


@pytest.mark.parametrize("statistic", ["mean", "std", "min", "max", "median"])
@pytest.mark.parametrize("window", [2, 4, 10])
def test_rolling_statistics_equal_those_of_pandas_in_each_series(columns, rows, statistic, window):
    features = {"rolling": {"y": {"window": window, "statistics": [statistic]}}}
    found = derived(features, columns, rows)[f"y.{statistic}{window}"][1]
    options = {"ddof": 0} if statistic == "std" else {}  # the population deviation
    expected = by_series(columns["y"], lambda s: getattr(s.rolling(window), statistic)(**options))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_window_longer_than_the_panel_gives_nothing(rows, columns):
    features = {"rolling": {"y": {"window": 50, "statistics": ["mean"]}}}
    assert np.isnan(derived(features, columns, rows)["y.mean50"][1]).all()


def test_lags_and_differences_equal_those_of_pandas_in_each_series(columns, rows):
    found = derived({"lags": {"y": [1, 5]}, "differences": {"y": [2]}}, columns, rows)
    expected = {
        "y.lag1": by_series(columns["y"], lambda s: s.shift(1)),
        "y.lag5": by_series(columns["y"], lambda s: s.shift(5)),
        "y.diff2": by_series(columns["y"], lambda s: s.diff(2)),
    }
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name][1], values)


def test_products_and_powers(columns, rows):
    found = derived({"interactions": [["y", "x"]], "polynomials": {"x": 3}}, columns, rows)
    np.testing.assert_array_equal(found["y*x"][1], columns["y"] * columns["x"])
    np.testing.assert_allclose(found["x^2"][1], columns["x"] * columns["x"])
    np.testing.assert_allclose(found["x^3"][1], columns["x"] * columns["x"] * columns["x"])


def test_steps_since_an_event_are_counted_in_each_series_and_capped(columns, rows):
    found = derived({"time_since": ["flag"]}, columns, rows, reach=4)["flag.since"][1]
    first, second, third = np.split(found, np.cumsum(LENGTHS)[:-1])
    assert first.tolist() == [4, 0, 1, 2, 3, 4, 4, 0, 1]
    assert second.tolist() == [4, 4, 4]
    assert third.tolist() == [0, 1, 2, 3, 4] + [4] * 7


def test_a_derived_column_has_the_weakest_role_of_its_sources(columns, rows):
    features = {
        "lags": {"x": [1], "y": [1]},
        "interactions": [["x", "x"], ["x", "y"]],
        "time_since": ["flag"],
    }
    found = derived(features, columns, rows, ahead=("x", "flag"))
    ahead = {name: feature.ahead for name, (feature, _) in found.items()}
    assert ahead == {
        "x.lag1": True,
        "y.lag1": False,
        "x*x": True,
        "x*y": False,
        "flag.since": True,
    }


def test_warm_up_is_the_longest_look_back():
    features = Features(
        lags={"y": [1, 5]}, rolling={"y": {"window": 9}}, differences={"y": [7]}, time_since=["x"]
    )
    assert warm_up(features, reach=3) == 8
    assert warm_up(features, reach=30) == 30
    assert warm_up(Features(), reach=30) == 0


def calendar(names, times, tz=None):
    return {
        f.name: values
        for f, values in calendar_features(
            Features(calendar=names), times.astype("datetime64[us]"), tz
        )
    }


def test_the_calendar_is_read_in_local_time():
    # 23:00 UTC on a Sunday in summer is 01:00 on Monday in Berlin.
    times = np.array(["2024-06-30T23:00"], dtype="datetime64[us]")
    found = calendar(["hour", "dayofweek", "month", "weekend"], times, "Europe/Berlin")
    assert found["hour.sin"][0] == pytest.approx(np.sin(2 * np.pi / 24))
    assert found["hour.cos"][0] == pytest.approx(np.cos(2 * np.pi / 24))
    assert found["dayofweek.sin"][0] == pytest.approx(0)
    assert found["month.cos"][0] == pytest.approx(np.cos(2 * np.pi * 6 / 12))
    assert found["weekend"][0] == 0
    assert calendar(["weekend"], times)["weekend"][0] == 1


@pytest.mark.parametrize(
    ("name", "time", "phase"),
    [
        ("minute", "2024-01-01T00:15:30", 15.5 / 60),
        ("hour", "2024-01-01T06:30", 6.5 / 24),
        ("dayofweek", "2024-01-03", 2 / 7),
        ("dayofmonth", "2024-02-15", 14 / 29),
        ("dayofyear", "2024-12-31", 365 / 366),
        ("dayofyear", "2023-12-31", 364 / 365),
        ("weekofyear", "2024-01-08", 1 / 53),
        ("month", "2024-12-31", 11 / 12),
        ("quarter", "2024-05-01", 1 / 4),
    ],
)
def test_a_cyclic_feature_is_how_far_through_its_period_the_time_is(name, time, phase):
    found = calendar([name], np.array([time], dtype="datetime64[us]"))
    assert found[f"{name}.sin"][0] == pytest.approx(np.sin(2 * np.pi * phase))
    assert found[f"{name}.cos"][0] == pytest.approx(np.cos(2 * np.pi * phase))


def test_calendar_features_are_known_ahead_and_not_scaled():
    times = np.array(["2024-01-01"], dtype="datetime64[us]")
    wanted = Features(calendar=["month", "weekend"])
    features = [feature for feature, _ in calendar_features(wanted, times, None)]
    assert [(f.name, f.ahead, f.scaled) for f in features] == [
        ("month.sin", True, False),
        ("month.cos", True, False),
        ("weekend", True, False),
    ]
    assert not list(calendar_features(Features(), times, None))


def test_as_categories_the_calendar_has_a_level_for_each_value_and_the_weekend_stays_a_flag():
    times = np.array(["2024-06-30T23:00", "2024-12-01T05:30"], dtype="datetime64[us]")
    wanted = Features(calendar=["hour", "weekend", "month"], calendar_encoding="category")
    assert [f.name for f, _ in calendar_features(wanted, times, None)] == ["weekend"]
    found = {
        name: [levels[code] for code in codes]
        for name, codes, levels in calendar_levels(wanted, times, "Europe/Berlin")
    }
    assert found == {"calendar.hour": ["1", "6"], "calendar.month": ["7", "12"]}
    assert not list(calendar_levels(Features(calendar=["hour"]), times, None))
