"""The frequency of a grid: inferred from times, given by name, counted in steps.

Frequencies are pandas offset aliases. Steps of a day or longer are counted on the calendar of the
time zone (a day with a change of the clock is one step); shorter ones as elapsed time.
"""

from __future__ import annotations

import math
import re
import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset

from lstmcast.data.panel import IntArray
from lstmcast.data.times.zones import TimeArray, spoken_time, to_wall
from lstmcast.errors import ConfigError, DataError, Problem

_DAY = 86_400_000_000  # microseconds
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# A step that is not the most common one is still the grid's where at least this share has it:
# a sensor that is read hourly, but is off more often than not.
_LEAST_SHARE = 0.1
# Not pandas' own reading: to it, `2MS` is two milliseconds.
_DELAY = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[dDhHwW]|min|s|ms)")
_UNITS = {
    "w": 7 * _DAY,
    "d": _DAY,
    "h": 3_600_000_000,
    "min": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
}
# Days, weeks, months … of a step.
_MOST_UNITS = 10_000
# By the start of pandas' name; the first that fits counts.
_SEASONS = {"WOM": 12, "LWOM": 12, "W": 52, "SM": 24, "BM": 12, "M": 12, "BQ": 4, "Q": 4, "B": 5}


def offset_of(freq: str) -> BaseOffset:
    """The pandas offset of a frequency.

    Raises:
        ConfigError: If pandas knows no such frequency, or it does not go forward.
    """
    offset = _read_offset(freq)
    if offset is None or offset.n < 1 or not _is_step(offset):
        message = (
            f"{freq!r} is no frequency. Give a pandas alias: min, 15min, h, D, B (business day), "
            "W-SUN, MS (month start), ME (month end), QS, YS."
        )
        raise ConfigError([Problem("data.freq", message)])
    return offset


def _is_step(offset: BaseOffset) -> bool:
    """Whether an offset is whole microseconds, where its length is fixed, and not absurdly long."""
    if isinstance(offset, pd.offsets.Tick):
        nanoseconds = int(offset.nanos)
        return nanoseconds % 1000 == 0 and nanoseconds <= _MOST_UNITS * _DAY * 1000
    return bool(offset.n <= _MOST_UNITS)


def _read_offset(text: str) -> BaseOffset | None:
    """The offset of a text, None where pandas knows none."""
    try:
        with warnings.catch_warnings():
            # Old spellings (`d` for `D`) are taken, and kept in the new one.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            return to_offset(text)
    except (ValueError, OverflowError):
        return None


def fixed_step(freq: str) -> int | None:
    """Microseconds of a step; None where steps differ in length (months, business days)."""
    offset = offset_of(freq)
    if isinstance(offset, pd.offsets.Week):
        return 7 * _DAY * offset.n
    if isinstance(offset, pd.offsets.Day):
        return _DAY * offset.n
    if isinstance(offset, pd.offsets.Tick):
        return int(pd.Timedelta(offset) // pd.Timedelta(1, "us"))
    return None


def is_calendar(freq: str) -> bool:
    """Whether steps are a day or longer, so that they follow the clock of the time zone."""
    step = fixed_step(freq)
    return not isinstance(offset_of(freq), pd.offsets.Tick) or (step or 0) % _DAY == 0


def season_length_of(freq: str) -> int:
    """Steps of the season that a frequency usually has.

    Below a minute an hour of steps, below a day a day of steps (minute 1440, 15 minutes 96, hourly
    24), daily 7, business days 5, weekly 52, half-monthly 24, monthly 12, quarterly 4, yearly 1.
    Where a season is no whole number of steps (`7h`), 1: no season.

    Raises:
        ConfigError: If pandas knows no such frequency.
    """
    offset = offset_of(freq)
    step = fixed_step(freq)
    if isinstance(offset, pd.offsets.Week) or step is None:
        names = (name for name in _SEASONS if offset.rule_code.startswith(name))
        base, n = _SEASONS.get(next(names, ""), 1), offset.n
    else:
        cycle = _DAY // 24 if step < _DAY // 1440 else _DAY if step < _DAY else 7 * _DAY
        base, n = cycle, step
    return base // n if base % n == 0 else 1


def steps_of_delay(delay: str, freq: str) -> int:
    """Rows that a delay covers, rounded up: `ceil(delay / freq)`.

    Steps of unequal length count with their shortest, so that nothing is used before it is there.

    Args:
        delay: Such as `2d`, `90min`, or a number of steps of the frequency itself, such as `1MS`.
        freq: Of the grid.

    Raises:
        ConfigError: If it is no length of time, or negative.
    """
    found = _DELAY.fullmatch(delay)
    if found is not None:
        length = float(found["number"]) * _UNITS[found["unit"].lower()]
        return math.ceil(length / _shortest_step(freq))
    offset, own = _delay_offset(delay), offset_of(freq)
    if offset.rule_code == own.rule_code:
        return math.ceil(offset.n / own.n)
    return math.ceil(_longest_step(offset) / _shortest_step(freq))


def _delay_offset(delay: str) -> BaseOffset:
    offset = _read_offset(delay)
    if offset is None or offset.n < 0:
        raise _bad_delay(delay)
    return offset


def _bad_delay(delay: str) -> ConfigError:
    message = f"{delay!r} is no delay. Give a length of time such as 2d, 6h or 30min."
    return ConfigError([Problem("data.past_covariates.available_after", message)])


def _longest_step(offset: BaseOffset) -> int:
    """Microseconds of the longest step."""
    return int(_example_steps(offset).max())


def _shortest_step(freq: str) -> int:
    """Microseconds of the shortest step."""
    step = fixed_step(freq)
    if step is not None:
        return step
    return int(_example_steps(offset_of(freq)).min())


def _example_steps(offset: BaseOffset) -> IntArray:
    stamps = pd.date_range("2019-01-01", periods=400, freq=offset)
    numbers: IntArray = stamps.to_numpy().astype("datetime64[us]").astype(np.int64)
    return numbers[1:] - numbers[:-1]


def weekday_of(times: TimeArray) -> IntArray:
    """Day of the week of each time, Monday is 0."""
    return (times.astype("datetime64[D]").astype(np.int64) + 3) % 7


class IrregularError(DataError):
    """No frequency can be inferred.

    Args:
        told: What is wrong and what to do.
        row: A row that shows it.
    """

    def __init__(self, told: str, row: int) -> None:
        self.told, self.row = told, row
        super().__init__(told)


def infer_frequency(times: TimeArray, offsets: IntArray, *, tz: str | None = None) -> str:
    """The frequency that all series share.

    It is the most common step, if every other is a multiple of it: gaps are not irregular. Whole
    days are told apart as days, business days (no weekend in a week or more), weeks on a weekday,
    months, quarters and years at their start or end.

    Args:
        times: datetime64[us], `(n_rows,)`, ascending in each series; repeated times count once.
        offsets: int64, `(n_series + 1,)`.
        tz: Time zone of the calendar.

    Returns:
        A pandas alias, such as `h`, `30min`, `D`, `B`, `W-SAT`, `MS`, `QE-DEC`.

    Raises:
        IrregularError: If no series has two times, or the steps are irregular: shows examples.
    """
    wall = to_wall(times, tz)
    pairs = _neighbours(times, offsets)
    if not len(pairs):
        message = "the frequency cannot be inferred from one row a series. Set `data.freq`."
        raise IrregularError(message, 0)
    ticks = wall.astype(np.int64)
    if len(np.unique(ticks % _DAY)) == 1:
        return _infer_calendar(wall, pairs)
    return _alias(_common_step(_steps(times, pairs), times, pairs))


def _neighbours(times: TimeArray, offsets: IntArray) -> IntArray:
    """Rows whose next row is a later time of the same series."""
    within = np.diff(times) > np.timedelta64(0, "us")
    within[offsets[1:-1] - 1] = False
    return np.flatnonzero(within)


def _steps(times: NDArray[np.datetime64], pairs: IntArray) -> IntArray:
    """From each of these rows to the next, in the unit of the times."""
    numbers: IntArray = times.astype(np.int64)
    return numbers[pairs + 1] - numbers[pairs]


def _infer_calendar(wall: TimeArray, pairs: IntArray) -> str:
    """The frequency of times that are all at the same time of the day."""
    days = wall.astype("datetime64[D]")
    monthly = _infer_months(days, pairs, wall)
    if monthly is not None:
        return monthly
    step = _common_step(_steps(days, pairs), wall, pairs)
    weekdays = weekday_of(wall)
    if step % 7 == 0 and len(np.unique(weekdays)) == 1:
        return f"{_times(step // 7)}W-{_WEEKDAYS[weekdays[0]]}"
    span = np.ptp(days.astype(np.int64))
    if step == 1 and span >= 7 and weekdays.max() < 5:
        return "B"
    return f"{_times(step)}D"


def _infer_months(days: NDArray[np.datetime64], pairs: IntArray, wall: TimeArray) -> str | None:
    """The frequency of times that are all at the start, or all at the end, of a month."""
    months = days.astype("datetime64[M]")
    starts = bool((days == months.astype("datetime64[D]")).all())
    ends = bool((days + 1 == (months + 1).astype("datetime64[D]")).all())
    if not starts and not ends:
        return None
    numbers = months.astype(np.int64)
    step = _common_step(_steps(months, pairs), wall, pairs)
    letter = "S" if starts else "E"
    month = _MONTHS[numbers[0] % 12]
    if step % 12 == 0:
        return f"{_times(step // 12)}Y{letter}-{month}"
    if step % 3 == 0:
        # pandas anchors quarters on the month that a year starts or ends with.
        anchor = _MONTHS[numbers[0] % 3 if starts else numbers[0] % 3 + 9]
        return f"{_times(step // 3)}Q{letter}-{anchor}"
    return f"{_times(step)}M{letter}"


def _times(n: int) -> str:
    return "" if n == 1 else str(n)


def _alias(step: int) -> str:
    if step % _DAY == 0:
        return f"{_times(step // _DAY)}D"
    unit = next((unit for unit, size in _UNITS.items() if step % size == 0), "us")
    return f"{_times(step // _UNITS.get(unit, 1))}{unit}"


def _spoken(wall: np.datetime64) -> str:
    return spoken_time(wall, None)


def _common_step(steps: IntArray, times: TimeArray, pairs: IntArray) -> int:
    """The most common step, if all others are multiples of it.

    Raises:
        DataError: If they are not.
    """
    sizes, counts = np.unique(steps, return_counts=True)
    divisor = int(np.gcd.reduce(sizes))
    common = int(sizes[counts.argmax()])
    if divisor == common:
        return common
    share = counts[sizes == divisor].sum() / counts.sum()
    if share >= _LEAST_SHARE:
        return divisor
    odd = np.flatnonzero(steps % common != 0)
    shown = "; ".join(
        f"{_spoken(times[pairs[i]])} is followed by {_spoken(times[pairs[i] + 1])}" for i in odd[:3]
    )
    share = counts.max() / counts.sum()
    message = (
        f"the steps of time are irregular, so no frequency can be inferred: {share:.0%} of them "
        f"are alike, but {shown}. Mend these times, bring the rows onto regular steps, or set "
        "`data.freq`."
    )
    raise IrregularError(message, int(pairs[odd[0]]) + 1)
