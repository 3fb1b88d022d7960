import numpy as np
import pandas as pd
import pytest

from lstmcast.data.times.frequency import infer_frequency, season_length_of, steps_of_delay
from lstmcast.data.times.zones import TimeArray, to_instants
from lstmcast.errors import ConfigError, DataError

FREQUENCIES = [
    *("min", "15min", "30min", "h", "6h", "D", "2D", "B", "W-SUN", "W-SAT", "2W-WED"),
    *("MS", "ME", "2MS", "QS-JAN", "QE-DEC", "QS-FEB", "QE-OCT", "YS-JAN", "YE-DEC", "YS-APR"),
    *("s", "ms", "10s", "5h", "36h"),
]


def times_of(freq: str, n_rows: int = 40, start: str = "2020-01-01") -> TimeArray:
    return pd.date_range(start, periods=n_rows, freq=freq).to_numpy().astype("datetime64[us]")


def infer(times: TimeArray, **options: str) -> str:
    return infer_frequency(times, np.array([0, len(times)]), **options)


@pytest.mark.parametrize("freq", FREQUENCIES)
def test_a_regular_grid_is_recognised(freq: str) -> None:
    assert infer(times_of(freq)) == freq


@pytest.mark.parametrize("freq", FREQUENCIES)
def test_gaps_do_not_make_a_grid_irregular(freq: str) -> None:
    kept = np.delete(times_of(freq), [3, 4, 9, 20])
    assert infer(kept) == freq


def test_a_grid_that_is_seldom_complete_is_the_finest_of_its_steps() -> None:
    hours = np.array([0, 2, 4, 5, 7, 9, 11, 13])
    assert infer(np.datetime64("2020-01-01", "us") + hours * np.timedelta64(1, "h")) == "h"


def test_a_daily_series_at_six_is_daily() -> None:
    assert infer(times_of("D", start="2020-01-01 06:00")) == "D"


def test_days_follow_the_clock_of_the_zone() -> None:
    wall = times_of("D", 120)
    instants = to_instants(wall, "Europe/Berlin")
    assert infer(instants, tz="Europe/Berlin") == "D"


def test_hours_across_a_change_of_the_clock_stay_hours() -> None:
    assert infer(times_of("h", 100, "2020-03-28"), tz="Europe/Berlin") == "h"


def test_steps_from_one_series_to_the_next_do_not_count() -> None:
    times = np.concatenate([times_of("h", 5), times_of("h", 5, "2020-01-01 00:17")])
    assert infer_frequency(times, np.array([0, 5, 10])) == "h"


def test_repeated_times_count_once() -> None:
    assert infer(np.repeat(times_of("h", 5), 2)) == "h"


def test_irregular_times_are_shown() -> None:
    times = times_of("h", 20)
    times[7] += np.timedelta64(17, "m")
    with pytest.raises(DataError, match=r"irregular.* 06:00 is followed by .* 07:17; .*`data"):
        infer(times)


def test_one_row_has_no_frequency() -> None:
    with pytest.raises(DataError, match=r"one row a series. Set `data.freq`"):
        infer(times_of("D", 1))


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        *(("s", 3600), ("min", 1440), ("15min", 96), ("30min", 48), ("h", 24), ("6h", 4)),
        *(("7h", 1), ("D", 7), ("2D", 1), ("7D", 1), ("B", 5), ("W-SAT", 52), ("2W", 26)),
        *(("SMS", 24), ("MS", 12), ("ME", 12), ("BMS", 12), ("2MS", 6), ("QS", 4), ("YE", 1)),
    ],
)
def test_each_frequency_has_its_usual_season(freq: str, season: int) -> None:
    assert season_length_of(freq) == season


@pytest.mark.parametrize("freq", ["fortnight", "-1h", "0D", ""])
def test_a_frequency_that_pandas_does_not_know_is_a_mistake_of_the_config(freq: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.freq"):
        season_length_of(freq)


@pytest.mark.parametrize(
    ("delay", "freq", "rows"),
    [
        *(("2d", "h", 48), ("90min", "h", 2), ("1h", "D", 1), ("0h", "D", 0), ("2D", "W-SUN", 1)),
        # A month may be 28 days, and a business day one day: rounded so that nothing is too early.
        *(("29d", "MS", 2), ("28d", "MS", 1), ("2d", "B", 2), ("2MS", "MS", 2), ("1MS", "D", 31)),
    ],
)
def test_a_delay_is_rounded_up_to_rows(delay: str, freq: str, rows: int) -> None:
    assert steps_of_delay(delay, freq) == rows


@pytest.mark.parametrize("delay", ["soon", "-2d"])
def test_a_delay_that_is_none_is_a_mistake_of_the_config(delay: str) -> None:
    with pytest.raises(ConfigError, match="available_after"):
        steps_of_delay(delay, "h")
