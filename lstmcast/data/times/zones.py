"""Between instants, which panels store in UTC, and what a clock in the time zone shows."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.errors import ConfigError, Problem

TimeArray = NDArray[np.datetime64]
_CHANGES = (3, 4, 9, 10, 11)


def check_zone(tz: str | None) -> None:
    """See that a time zone is known.

    Raises:
        ConfigError: If it is not.
    """
    if tz is None:
        return
    try:
        ZoneInfo(tz)
    except (KeyError, OSError, ValueError):
        message = f"there is no time zone {tz!r}. Give an IANA name such as Europe/Berlin or UTC."
        raise ConfigError([Problem("data.tz", message)]) from None


def to_wall(times: TimeArray, tz: str | None) -> TimeArray:
    """What a clock in the zone shows at instants, datetime64[us]; as it is without a zone."""
    if tz is None:
        return times
    local = pd.DatetimeIndex(times, tz="UTC").tz_convert(tz).tz_localize(None)
    return local.to_numpy().astype("datetime64[us]")


def to_instants(wall: TimeArray, tz: str | None) -> TimeArray:
    """The instants at which a clock in the zone shows these times, datetime64[us].

    A time that the zone skips is moved behind the gap; of one that it has twice, the first is
    taken. For rows that no file holds: `parse_times` never guesses.
    """
    if tz is None:
        return wall
    first = np.ones(len(wall), dtype=bool)
    local = pd.DatetimeIndex(wall).tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
    return local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


def is_clock_change(time: np.datetime64) -> bool:
    """Whether clocks are changed somewhere at such a time: early on a Sunday, spring or autumn."""
    stamp = pd.Timestamp(time)
    return stamp.day_of_week == 6 and 1 <= stamp.hour <= 3 and stamp.month in _CHANGES


def spoken_time(time: np.datetime64, tz: str | None) -> str:
    """What a clock in the zone shows, for a message, such as `2020-01-31` or `2020-01-31 13:00`."""
    wall = to_wall(np.array([time], dtype="datetime64[us]"), tz)[0]
    for unit in ("D", "m", "s", "us"):
        if wall.astype(f"datetime64[{unit}]") == wall:
            break
    return str(np.datetime_as_string(wall, unit=unit)).replace("T", " ")
