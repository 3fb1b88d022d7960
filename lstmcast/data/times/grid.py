"""The grid of a frequency: times as numbers of steps, and back.

Steps of a day or longer are counted on the clock of the time zone, so that a day with a change of
the clock is one step; shorter ones are elapsed time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.data.panel import IntArray
from lstmcast.data.times.frequency import fixed_step, is_calendar, offset_of, weekday_of
from lstmcast.data.times.zones import TimeArray, to_instants, to_wall


@dataclass(frozen=True)
class Grid:
    """Numbers the steps of a frequency, for each series from its own first time.

    Attributes:
        freq: pandas frequency.
        tz: Time zone of the calendar.
        first: int64 `(n_series,)`, microseconds of the first time of each series where steps are
            of one length; else the position of it in `stamps`.
        stamps: int64, all steps of the panel in microseconds; None where steps are of one length.
    """

    freq: str
    tz: str | None
    first: IntArray
    stamps: IntArray | None

    @classmethod
    def over(cls, times: TimeArray, offsets: IntArray, *, freq: str, tz: str | None) -> Grid:
        """The grid of series whose times ascend.

        Args:
            times: datetime64[us], `(n_rows,)`, as panels store them.
            offsets: int64, `(n_series + 1,)`; no series is empty.
            freq: pandas frequency.
            tz: Time zone of the calendar.
        """
        ticks = _ticks(times, freq, tz)
        starts = ticks[offsets[:-1]]
        if fixed_step(freq) is not None:
            return cls(freq, tz, starts, None)
        ends = pd.DatetimeIndex([_stamp(ticks.min()), _stamp(ticks.max())])
        stamps = pd.date_range(ends[0], ends[1], freq=offset_of(freq))
        numbers = stamps.to_numpy().astype("datetime64[us]").astype(np.int64)
        return cls(freq, tz, np.searchsorted(numbers, starts), numbers)

    def steps(
        self, times: TimeArray, series: NDArray[np.int32]
    ) -> tuple[IntArray, NDArray[np.bool_]]:
        """Number of the step of each time in its series, and whether it is exactly on it."""
        ticks = _ticks(times, self.freq, self.tz)
        step = fixed_step(self.freq)
        if self.stamps is None and step is not None:
            number, rest = np.divmod(ticks - self.first[series], step)
            return number, (rest == 0) & self._on_weekday(times)
        stamps = np.empty(0, np.int64) if self.stamps is None else self.stamps
        place = np.searchsorted(stamps, ticks)
        hit = np.zeros(len(ticks), dtype=bool)
        inside = place < len(stamps)
        hit[inside] = stamps[place[inside]] == ticks[inside]
        return place - self.first[series], hit

    def times(self, steps: IntArray, series: NDArray[np.int32]) -> TimeArray:
        """The time of each step: the inverse of `steps`."""
        step = fixed_step(self.freq)
        if self.stamps is None and step is not None:
            ticks = self.first[series] + steps * step
        else:
            stamps = np.empty(0, np.int64) if self.stamps is None else self.stamps
            ticks = stamps[self.first[series] + steps]
        wall = ticks.astype("datetime64[us]")
        return to_instants(wall, self.tz) if is_calendar(self.freq) else wall

    def _on_weekday(self, times: TimeArray) -> NDArray[np.bool_]:
        anchor = getattr(offset_of(self.freq), "weekday", None)
        if anchor is None:
            return np.ones(len(times), dtype=bool)
        return np.asarray(weekday_of(to_wall(times, self.tz)) == anchor)


def future_times(last: np.datetime64, n_steps: int, *, freq: str, tz: str | None) -> TimeArray:
    """The steps that follow a time, datetime64[us] `(n_steps,)`, as panels store them."""
    ticks = _ticks(np.array([last], dtype="datetime64[us]"), freq, tz)
    step = fixed_step(freq)
    if step is not None:
        wall = (ticks[0] + step * np.arange(1, n_steps + 1)).astype("datetime64[us]")
    else:
        offset = offset_of(freq)
        stamps = pd.date_range(_stamp(ticks[0]) + offset, periods=n_steps, freq=offset)
        wall = stamps.to_numpy().astype("datetime64[us]")
    return to_instants(wall, tz) if is_calendar(freq) else wall


def past_times(first: np.datetime64, n_steps: int, *, freq: str, tz: str | None) -> TimeArray:
    """The steps that come before a time, ascending, datetime64[us] `(n_steps,)`."""
    ticks = _ticks(np.array([first], dtype="datetime64[us]"), freq, tz)
    step = fixed_step(freq)
    if step is not None:
        wall = (ticks[0] - step * np.arange(n_steps, 0, -1)).astype("datetime64[us]")
    else:
        offset = offset_of(freq)
        stamps = pd.date_range(end=_stamp(ticks[0]) - offset, periods=n_steps, freq=offset)
        wall = stamps.to_numpy().astype("datetime64[us]")
    return to_instants(wall, tz) if is_calendar(freq) else wall


def _stamp(ticks: np.int64) -> pd.Timestamp:
    return pd.Timestamp(np.datetime64(int(ticks), "us"))


def _ticks(times: TimeArray, freq: str, tz: str | None) -> IntArray:
    """Times as microseconds, on the clock of the zone where steps follow the calendar."""
    clock = to_wall(times, tz) if is_calendar(freq) else times
    return clock.astype("datetime64[us]").astype(np.int64)
