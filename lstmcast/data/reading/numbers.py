"""Telling numbers from text, and saying what a text in a column of numbers may be."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd

from lstmcast.config.schema import CsvFormat

_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*|\s*[+-]?inf(inity)?\s*", re.I | re.A
)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*")
_AMOUNT = r"[+-]?[\d.,]*\d[\d.,]*"
# How else a number may be written, and what to do; the first that fits counts.
_WRITINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[\u2010-\u2015\u2212\ufe63\uff0d]\s*\d.*"), "Write its minus as `-`."),
    (re.compile(r"\(\s*\S*\d\S*\s*\)"), "Write a negative number as -5, not as (5)."),
    (re.compile(rf"{_AMOUNT}\s*[%‰]"), "Take the percent sign out of the whole column."),
    (
        re.compile(rf"[+-]?[$€£¥₹]\s*{_AMOUNT}|{_AMOUNT}\s*[$€£¥₹]"),
        "Take the sign of the currency out of the whole column.",
    ),
    (re.compile(r"true|false|yes|no|y|n|on|off", re.I), "Write 1 and 0 in the whole column."),
    (re.compile(r"[+-]?0x[0-9a-f]+", re.I), "Write it as a decimal number."),
    (re.compile(r"\d{4}-\d\d?-\d\d?.*|\d\d?[./]\d\d?[./]\d+.*"), "A time belongs in data.time."),
    (re.compile(rf"{_AMOUNT}\s*[^\W\d_][^\W\d]*"), "Write the number alone, without its unit."),
)
_GROUPED = re.compile(
    r"[+-]?\d{1,3}(?P<mark>[ _'\u2019\u00a0\u2009\u202f])\d{3}((?P=mark)\d{3})*([.,]\d+)?"
)
MISSING_WORDS = re.compile(r"-+|[.?*#]|n\.?/?a\.?|nan|nil|none|null|missing|unknown|#n/?a", re.I)


def as_numbers(values: pd.Series) -> pd.Series | None:
    """Values as float64; None where one of them is text.

    True and False are 1 and 0.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        # Nullable integers and booleans hold NA, which only to_numpy turns into NaN.
        return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan), copy=False)
    known = values.dropna()
    if not len(known):
        return pd.Series(np.full(len(values), np.nan))
    if values.dtype == object and all(not isinstance(value, str) for value in known):
        # Booleans beside missing values, decimal.Decimal, integers of any length.
        return values.map(_as_float, na_action="ignore").astype(np.float64)
    return None


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def first_text(values: pd.Series, form: CsvFormat) -> tuple[int, str]:
    """Row and text of the first value that is neither a number nor missing."""
    for row, value in enumerate(values):
        if isinstance(value, str) and not _NUMBER.fullmatch(_plain(value, form)):
            return row, value
    return 0, str(values.iloc[0])


def why_text(value: str, form: CsvFormat) -> str:
    """What is wrong with a text in a column of numbers, and what to do."""
    start = "this is not a number."
    if not value.strip():
        return f'{start} Add "{value}" to `data.csv.na` if an empty field is a missing value.'
    if form.thousands is None and form.decimal == "." and _THOUSANDS.fullmatch(value):
        return (
            f'{start} Set `data.csv.thousands: ","` if the comma groups thousands, or '
            '`data.csv.decimal: ","` if it is the decimal point.'
        )
    if form.decimal == "." and _DECIMAL_COMMA.fullmatch(value):
        return f'{start} It looks like a decimal comma: set `data.csv.decimal: ","`.'
    if MISSING_WORDS.fullmatch(value.strip()):
        return f'{start} Add "{value}" to `data.csv.na` if it stands for a missing value.'
    return f"{start} {_how_to_write(value.strip())}"


def _how_to_write(value: str) -> str:
    """What to do about a text that is no word for a missing value."""
    grouped = _GROUPED.fullmatch(value)
    if grouped is not None:
        mark = grouped["mark"]
        if not mark.isascii():
            return "Take the mark between its thousands out of the whole column."
        return f'Set `data.csv.thousands: "{mark}"` if that groups thousands.'
    if any(character.isdigit() and not character.isascii() for character in value):
        return "Write it with the digits 0 to 9."
    known = (advice for pattern, advice in _WRITINGS if pattern.fullmatch(value))
    return next(known, "Mend it, or add it to `data.csv.na` if it stands for a missing value.")


def is_number(value: object) -> bool:
    """Whether a value is a number, or a text that is one as Python writes it."""
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None


def why_infinite(value: object) -> str:
    """What is wrong with a value that was read as infinite, and what to do."""
    if re.search(r"\d", str(value)):
        return (
            "this is beyond the largest number there is to compute with, 1.8e308. Mend it, or "
            "leave the field empty to treat it as missing."
        )
    return (
        "an infinite value cannot be learned from. Mend it, or leave the field empty to treat it "
        "as missing."
    )


def _plain(value: str, form: CsvFormat) -> str:
    if form.thousands is not None:
        value = value.replace(form.thousands, "")
    return value.replace(form.decimal, ".") if form.decimal != "." else value
