"""Years that hardly any data are from."""

from __future__ import annotations

import numpy as np

from lstmcast.data.times.zones import TimeArray

_FIRST, _LAST, _TWO_DIGITS = 1600, 2199, 100


def implausible_years(times: TimeArray) -> list[str]:
    """A sentence for the user where times are of years that are seldom meant; they are kept.

    Args:
        times: datetime64[us], at least one.
    """
    ends = np.array([times.min(), times.max()]).astype("datetime64[Y]")
    first, last = (ends.astype(np.int64) + 1970).tolist()
    if first >= _FIRST and last <= _LAST:
        return []
    years = f"the times are of {first:04d}" + (f" to {last:04d}" if last > first else "")
    if first < _TWO_DIGITS:
        return [f"{years}: where two digits are meant, write all four."]
    return [f"{years}: if they are of another calendar, convert them to the Gregorian one."]
