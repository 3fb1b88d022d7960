"""Texts become times: ISO 8601, quarters, weeks, Unix time, or what a strptime format says."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.data.panel import IntArray
from lstmcast.data.times.formats import fitting_formats
from lstmcast.data.times.zones import TimeArray
from lstmcast.errors import ConfigError, Problem

ISO = "ISO 8601 (such as 2020-12-31 13:00)"
QUARTERS, WEEKS, UNIX = "a quarter (such as 2020Q1)", "a week (such as 2020-W01)", "Unix time"
_OFFSET = r"[T ]\d.*(?:Z|[+-]\d\d?(?::?\d\d)?)$"
_QUARTER = r"(?P<year>\d{4})[- ]?Q(?P<quarter>[1-4])|Q(?P<first>[1-4])[- ]?(?P<last>\d{4})"
_WEEK = r"(\d{4})-?W(\d\d)(?:-?([1-7]))?"
_EPOCH = r"-?\d{1,19}(?:\.\d{1,9})?"
_EPOCH_UNITS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us", 18: "ns", 19: "ns"}
_MICROSECONDS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 0}
_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_LARGEST = str(2**63 - 1)
# Digits that may be Unix time, or a date and time written in one.
_AMBIGUOUS_DIGITS = (10, 12)
# A kind counts where more than this share of the texts is of it; the others are then wrong.
_LEAST_SHARE = 0.5
_MIDNIGHT = r"^(.*\d)[T ]24:00(?::00(?:\.0+)?)?$"
_YEARS = np.array(["0001-01-01", "9999-12-31T23:59:59.999999"], dtype="datetime64[us]")
# pandas reads these as the time at which it reads them.
_MOVING = ("now", "today")


@dataclass(frozen=True)
class Parsed:
    """Times that are not in any zone yet.

    Attributes:
        values: datetime64[us], NaT where a text could not be read.
        in_utc: Whether they are instants.
        kind: What they are written as, for messages.
        problem: Number of a text that stands for what is wrong with all, and what that is.
        offsets: The offsets that texts carry, where there are several.
    """

    values: TimeArray
    in_utc: bool
    kind: str = ISO
    problem: tuple[int, str] | None = None
    offsets: tuple[str, ...] = ()


def read_texts(texts: pd.Series, form: str | None = None) -> Parsed:
    """Times of texts without blanks around them.

    Args:
        texts: Different from each other, none missing.
        form: strptime format; None for the kinds that need none.

    Raises:
        ConfigError: If `form` is none of strptime's.
    """
    if form is not None:
        return _read_with(texts, form)
    plain = _read_plain(texts)
    if plain is not None:
        return plain
    for read in (_read_quarters, _read_weeks, _read_epochs):
        parsed = read(texts)
        if parsed is not None:
            return parsed
    return _read_iso(texts)


def _read_plain(texts: pd.Series) -> Parsed | None:
    """Times all with one offset, or all without; None where it takes a closer look."""
    if not len(texts) or texts.iloc[0].isdigit() or texts.isin(_MOVING).any():
        return None
    try:
        stamps = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601"))
    except (ValueError, OverflowError):
        return None
    in_utc = stamps.tz is not None
    naive = stamps.tz_convert("UTC").tz_localize(None) if in_utc else stamps
    values = naive.to_numpy().astype("datetime64[us]")
    return Parsed(values, in_utc) if _in_calendar(values).all() else None


def _in_calendar(values: TimeArray) -> NDArray[np.bool_]:
    """Whether times are of the years 1 to 9999, which are those of ISO 8601."""
    return np.asarray((values >= _YEARS[0]) & (values <= _YEARS[1]))


def _read_with(texts: pd.Series, form: str) -> Parsed:
    aware = "%z" in form or "%Z" in form
    if not re.search(r"%[YyGcxDs+]", form):
        message = f"{form!r} names no year. Write it as strptime does, such as %Y-%m-%d %H:%M."
        raise ConfigError([Problem("data.format", message)])
    try:
        values = _to_datetime(texts, form, aware=aware)
    except (ValueError, re.error) as error:
        message = f"{form!r} is no strptime format: {str(error).rstrip('.')}."
        raise ConfigError([Problem("data.format", message)]) from None
    return Parsed(values, in_utc=aware)


def _to_datetime(texts: pd.Series, form: str, *, aware: bool) -> TimeArray:
    still = texts.where(~texts.isin(_MOVING))
    stamps = pd.DatetimeIndex(pd.to_datetime(still, format=form, errors="coerce", utc=aware))
    naive = stamps.tz_localize(None) if stamps.tz is not None else stamps
    return naive.to_numpy().astype("datetime64[us]")


def _read_quarters(texts: pd.Series) -> Parsed | None:
    found = texts.str.extract(f"^(?:{_QUARTER})$")
    year = found["year"].fillna(found["last"])
    if year.notna().mean() <= _LEAST_SHARE:
        return None
    month = found["quarter"].fillna(found["first"]).astype("Float64") * 3 - 2
    starts = year + "-" + month.astype("Int64").astype("str").str.zfill(2)
    return Parsed(_to_datetime(starts.fillna(""), "%Y-%m", aware=False), False, QUARTERS)


def _read_weeks(texts: pd.Series) -> Parsed | None:
    """Weeks of ISO 8601, without a day from their Monday on."""
    found = texts.str.extract(f"^(?:{_WEEK})$")
    if found[0].notna().mean() <= _LEAST_SHARE:
        return None
    days = found[0] + "-" + found[1] + "-" + found[2].fillna("1")
    return Parsed(_to_datetime(days.fillna(""), "%G-%V-%u", aware=False), False, WEEKS)


def _read_epochs(texts: pd.Series) -> Parsed | None:
    """Unix times, their unit told by their number of digits; None where they are none."""
    is_number = texts.str.fullmatch(_EPOCH).to_numpy(dtype=bool)
    if is_number.mean() <= _LEAST_SHARE:
        return None
    numbers = texts.where(is_number, "0")
    whole = numbers.str.lstrip("-").str.partition(".")[0]
    digits: IntArray = whole.str.len().to_numpy().astype(np.int64)
    longest = int(digits[is_number].max())
    unit = _EPOCH_UNITS.get(longest)
    if unit is None:
        return None
    other = is_number & (digits < longest - 1) & ~numbers.str.startswith("-").any()
    problem = _ambiguous(texts, longest) or _mixed_units(digits, other, unit)
    readable = is_number & ~other & ~((digits == len(_LARGEST)) & (whole > _LARGEST).to_numpy())
    values = _from_epochs(numbers.where(readable, "0"), unit)
    values[~readable] = np.datetime64("NaT")
    return Parsed(values, True, f"{UNIX} in {_UNIT_NAMES[unit]}", problem)


def _from_epochs(numbers: pd.Series, unit: str) -> TimeArray:
    """Instants of numbers since 1970, datetime64[us]; what is below a microsecond is cut."""
    parts = numbers.str.partition(".")
    counts = parts[0].astype(np.int64).to_numpy().astype(f"datetime64[{unit}]")
    instants: TimeArray = counts.astype("datetime64[us]")
    if not parts[2].any():
        return instants
    fraction = ("0." + parts[2]).astype(np.float64).to_numpy()
    sign = np.where(numbers.str.startswith("-"), -1, 1)
    instants += np.rint(sign * fraction * _MICROSECONDS[unit]).astype("timedelta64[us]")
    return instants


def _ambiguous(texts: pd.Series, digits: int) -> tuple[int, str] | None:
    """Where Unix times may as well be year, month, day and hour."""
    if digits not in _AMBIGUOUS_DIGITS or not texts.str.fullmatch(r"(19|20)\d+").all():
        return None
    calendar = fitting_formats(texts)
    if not calendar:
        return None
    unit = _UNIT_NAMES[_EPOCH_UNITS[digits]]
    return 0, (
        f"this may be Unix time in {unit}, or year, month, day and clock in one. Set "
        f'`data.format: "{calendar[0]}"` for the latter, or write the times as ISO 8601.'
    )


def _mixed_units(digits: IntArray, other: NDArray[np.bool_], unit: str) -> tuple[int, str] | None:
    """Where some Unix times are in seconds and others in milliseconds."""
    units = {_EPOCH_UNITS[int(n)] for n in np.unique(digits[other]) if int(n) in _EPOCH_UNITS}
    if not units:
        return None
    second = _UNIT_NAMES[units.pop()]
    return int(other.argmax()), (
        f"by its digits this is Unix time in {second}, and others are in {_UNIT_NAMES[unit]}. "
        "Write all in one unit."
    )


def _read_iso(texts: pd.Series) -> Parsed:
    iso = texts.str.replace(r"(?<=\d)t(?=\d)", "T", regex=True)
    iso = iso.str.replace(r"(?: ?(?:UTC|GMT)|z)$", "Z", regex=True)
    iso = iso.str.replace(r" ?(?:UTC|GMT)(?=[+-]\d\d:?\d\d$)", "", regex=True)
    iso = iso.str.replace(r"(?<=:\d\d),(?=\d)", ".", regex=True)
    iso = iso.where(iso.str.match(r"\d{4}"), "")
    ends = iso.str.extract(_MIDNIGHT)[0]
    is_end = ends.notna().to_numpy()
    iso = ends.fillna(iso)
    aware = iso.str.contains(_OFFSET, regex=True).to_numpy(dtype=bool)
    values = _to_datetime(iso.where(~aware, ""), "ISO8601", aware=False)
    values[aware] = _to_datetime(iso[aware], "ISO8601", aware=True)
    values[is_end] += np.timedelta64(1, "D")
    values[~_in_calendar(values)] = np.datetime64("NaT")
    read = ~np.isnat(values)
    offsets = iso[aware & read].str.extract(r"(Z|[+-]\d\d?(?::?\d\d)?)$")[0].unique()
    in_utc = bool(aware[read].any())
    problem = _mixed_offsets(aware, read, texts)
    return Parsed(values, in_utc, problem=problem, offsets=tuple(sorted(map(str, offsets))))


def _mixed_offsets(
    aware: NDArray[np.bool_], read: NDArray[np.bool_], texts: pd.Series
) -> tuple[int, str] | None:
    with_one, without = read & aware, read & ~aware
    if not with_one.any() or not without.any():
        return None
    odd, usual = (with_one, without) if with_one.sum() < without.sum() else (without, with_one)
    said = "an offset, and others do not" if odd is with_one else "no offset, and others do"
    shown = texts.iloc[int(usual.argmax())]
    return int(odd.argmax()), f"this time carries {said} ({shown!r}). Write all of them alike."
