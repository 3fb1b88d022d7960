"""Why a time could not be read, and what to do about it."""

from __future__ import annotations

import calendar
import re
import unicodedata

import numpy as np
import pandas as pd

from lstmcast.data.reading.names import shortened
from lstmcast.data.reading.numbers import HEADER_AGAIN, MISSING_WORDS
from lstmcast.data.times.formats import fitting_formats
from lstmcast.data.times.texts import ISO, Parsed, read_texts

MISSING = "a time is missing here. Give the row one, or remove it."
_DATE = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?)?(?P<rest>.*)"
)
_DATE_INSIDE = re.compile(r"(?P<before>\D{1,20})\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*")
_ZONE = re.compile(r"\(?[A-Z]{2,5}(?:[+-]\d{1,2})?\)?|.*[A-Za-z]/[A-Za-z_]+\]?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_YEAR_WITH_POINT = re.compile(r"[12]\d{3}\.\d*")
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
_EXCEL_ORIGIN = np.datetime64("1899-12-30")
# Persian and Hijri years of our time.
_OTHER_CALENDARS = (1250, 1550)
_MOST_IN_FOOTER = 3


def why_unread(texts: pd.Series, parsed: Parsed, *, form: str | None, column: str) -> str:
    """What to do about times of which some could not be read.

    Args:
        texts: The different times of a column.
        parsed: What was read of them.
        form: `data.format`.
        column: Name of the column.
    """
    is_bad = np.isnat(parsed.values)
    if not is_bad.any():
        return ""
    bad = texts[is_bad]
    first = str(bad.iloc[0])
    if not first or first == "NaT" or MISSING_WORDS.fullmatch(first):
        return MISSING
    if first == column:
        return HEADER_AGAIN
    if form is not None:
        return _why_not_as(form, texts)
    start = f"a time is not {parsed.kind}"
    if parsed.kind != ISO:
        return f"{start}, as the others are. Write all of them alike."
    start += "."
    fitting = fitting_formats(texts)
    if len(fitting) > 1:
        return f"the order of day and month is ambiguous. Set {_shown(fitting)}."
    if fitting:
        return f"{start} Set {_shown(fitting)}, which fits every row."
    advice = _advice(first) or _of_some(bad, is_bad)
    return f"{start} {advice or 'Mend the rows, or give `data.format` (strptime).'}"


def _shown(fitting: list[str]) -> str:
    return " or ".join(f'`data.format: "{form}"`' for form in fitting[:2])


def _why_not_as(form: str, texts: pd.Series) -> str:
    start = f'a time is not written as `data.format: "{form}"` says.'
    if not np.isnat(read_texts(texts).values).any():
        return f"{start} Leave it out: every row can be read without."
    fitting = fitting_formats(texts)
    if fitting:
        return f"{start} Set {_shown(fitting)}, which fits every row."
    return f"{start} Mend the row, or the format."


def _of_some(bad: pd.Series, is_bad: np.ndarray) -> str | None:
    """About rows that are unlike the rest: another format, or a footer."""
    if is_bad.all():
        return None
    fitting = fitting_formats(bad)
    if fitting:
        return f"The others are, and this is as `{fitting[0]}` has it. Write all of them alike."
    at_end = is_bad[-len(bad) :].all()
    if at_end and len(bad) <= _MOST_IN_FOOTER and not bad.iloc[0][:1].isdigit():
        return "It is at the end: a footer? Remove the row."
    return None


def _advice(text: str) -> str | None:
    """What is wrong with one time, and what to do; None where nobody can tell."""
    for look in (_lookalike, _of_date, _of_number, _of_clock, _before_date, _of_words):
        found = look(text)
        if found is not None:
            return found
    return None


def _lookalike(text: str) -> str | None:
    """About characters that look like others, or cannot be seen."""
    odd = next((each for each in text if not each.isascii() and not each.isalpha()), None)
    if odd is None:
        return None
    name = unicodedata.name(odd, "a character without a name")
    return f"It holds {name} (U+{ord(odd):04X}). Write it with plain digits, hyphens and blanks."


def _of_date(text: str) -> str | None:
    """About a year, month and day in the right order."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(found[part]) for part in ("year", "month", "day"))
    if not month and not day:
        return "Zeros stand for a missing time. Give the row one, or remove it."
    if year == 0:
        return "There is no year 0. Mend it."
    if not 1 <= month <= 12:
        return f"There is no month {month}. Mend it, or set `data.format` if the day comes first."
    n_days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= n_days:
        return f"{calendar.month_name[month]} {year} has {n_days} days.{_converted(year)} Mend it."
    return _of_time_of_day(found) or _after_date(found["rest"])


def _converted(year: int) -> str:
    low, high = _OTHER_CALENDARS
    return " Convert years of another calendar to the Gregorian one." if low < year < high else ""


def _of_time_of_day(found: re.Match[str]) -> str | None:
    if found["hour"] is None:
        return None
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23:
        return f"There is no time {hour:02d}:{minute:02d}: hours go to 23, and 24:00 ends a day."
    if second == 60:
        return "It is a leap second, which no computer's calendar has. Remove or shift the row."
    if minute > 59 or second > 59:
        return "Minutes and seconds go to 59. Mend it."
    return None


def _after_date(rest: str) -> str | None:
    if not rest:
        return None
    if _ZONE.fullmatch(rest.strip()):
        return (
            f"{shortened(rest.strip())} is no offset (such as +01:00). Remove it, and name the "
            "zone in `data.tz` (such as Europe/Berlin)."
        )
    return f"Behind the time stands {shortened(rest)}. Remove it, or give `data.format` (strptime)."


def _of_number(text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    low, high = _EXCEL_DAYS
    if low < number < high:
        day = _EXCEL_ORIGIN + np.timedelta64(int(number), "D")
        return f"If it is Excel's number of a day, {day}, give the column a date format and save."
    if _YEAR_WITH_POINT.fullmatch(text):
        return "If it is a year, write it without the decimal point, and parts of years as months."
    if "e" in text.lower():
        return "A spreadsheet has cut its digits. Export the column as whole numbers or ISO 8601."
    return (
        "It is a number, and no Unix time (9 or 10 digits are seconds, 12 or 13 milliseconds). "
        "Write the times as ISO 8601, or give `data.format` (strptime)."
    )


def _of_clock(text: str) -> str | None:
    if re.match(r"\d{1,3}:\d\d", text):
        return "It has no date. Put the date before it, in the same column."
    return None


def _before_date(text: str) -> str | None:
    found = _DATE_INSIDE.fullmatch(text)
    return None if found is None else f"Before the time stands {found['before']!r}. Remove it."


def _of_words(text: str) -> str | None:
    if re.search(r"\d", text) and re.search(r"[^\W\d_]{3,}", text):
        return (
            "Months are read by their English names alone. Write the times as ISO 8601, or give "
            "`data.format` (strptime)."
        )
    return None
