import numpy as np
import pandas as pd
import pytest

from lstmcast.data.times.grid import Grid, future_times
from lstmcast.data.times.zones import TimeArray, to_instants

SERIES = np.zeros(6, dtype=np.int32)


def times_of(freq: str, n_rows: int, start: str = "2020-01-01") -> TimeArray:
    return pd.date_range(start, periods=n_rows, freq=freq).to_numpy().astype("datetime64[us]")


def grid_of(times: TimeArray, freq: str, tz: str | None = None) -> Grid:
    return Grid.over(times, np.array([0, len(times)]), freq=freq, tz=tz)


@pytest.mark.parametrize("freq", ["h", "D", "W-TUE", "MS", "ME", "B", "QE-DEC", "YS-JAN"])
def test_steps_and_times_are_inverse(freq: str) -> None:
    times = times_of(freq, 10)[[0, 1, 3, 4, 8, 9]]
    grid = grid_of(times, freq)
    steps, hit = grid.steps(times, SERIES)
    assert steps.tolist() == [0, 1, 3, 4, 8, 9]
    assert hit.all()
    np.testing.assert_array_equal(grid.times(steps, SERIES), times)


def test_days_across_a_change_of_the_clock_are_one_step_each() -> None:
    times = to_instants(times_of("D", 6, "2020-03-27"), "Europe/Berlin")
    grid = grid_of(times, "D", "Europe/Berlin")
    steps, hit = grid.steps(times, SERIES)
    assert (steps.tolist(), hit.all()) == ([0, 1, 2, 3, 4, 5], True)
    np.testing.assert_array_equal(grid.times(steps, SERIES), times)


def test_each_series_has_its_own_phase() -> None:
    times = np.concatenate([times_of("h", 3), times_of("h", 3, "2020-01-01 00:30")])
    grid = Grid.over(times, np.array([0, 3, 6]), freq="h", tz=None)
    steps, hit = grid.steps(times, np.repeat([0, 1], 3).astype(np.int32))
    assert (steps.tolist(), hit.all()) == ([0, 1, 2, 0, 1, 2], True)


@pytest.mark.parametrize(
    ("freq", "off"), [("h", "2020-01-01 00:30"), ("W-WED", "2020-01-02"), ("MS", "2020-01-15")]
)
def test_times_off_the_grid_are_told(freq: str, off: str) -> None:
    times = np.array(["2020-01-01", off], dtype="datetime64[us]")
    hit = grid_of(times, freq).steps(times, SERIES[:2])[1]
    assert hit.tolist() == [True, False]


@pytest.mark.parametrize(
    ("last", "freq", "expected"),
    [
        ("2020-01-01T22:00", "h", ["2020-01-01T23:00", "2020-01-02T00:00"]),
        ("2020-01-31", "ME", ["2020-02-29", "2020-03-31"]),
        ("2020-01-03", "B", ["2020-01-06", "2020-01-07"]),
        ("2020-01-04", "W-SAT", ["2020-01-11", "2020-01-18"]),
    ],
)
def test_future_times_follow_the_last(last: str, freq: str, expected: list[str]) -> None:
    found = future_times(np.datetime64(last, "us"), 2, freq=freq, tz=None)
    np.testing.assert_array_equal(found, np.array(expected, dtype="datetime64[us]"))


def test_future_days_follow_the_clock_of_the_zone() -> None:
    midnight = np.datetime64("2020-03-27T23:00", "us")  # 28 March in Berlin
    found = future_times(midnight, 2, freq="D", tz="Europe/Berlin")
    expected = np.array(["2020-03-28T23:00", "2020-03-29T22:00"], dtype="datetime64[us]")
    np.testing.assert_array_equal(found, expected)
