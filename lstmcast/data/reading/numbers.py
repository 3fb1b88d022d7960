"""Telling numbers from text, and saying what a text in a column of numbers may be."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd

from lstmcast.config.schema import CsvFormat
from lstmcast.data.reading.names import printable

HEADER_AGAIN = "the header stands here again, as where files were put together. Remove the line."
# No parser takes more digits, and none has them to say.
_DIGITS = r"\d{1,300}"
_NUMBER = re.compile(
    rf"\s*[+-]?({_DIGITS}\.?\d{{0,300}}|\.{_DIGITS})([eE][+-]?\d{{1,9}})?\s*"
    r"|\s*[+-]?inf(inity)?\s*",
    re.IGNORECASE | re.ASCII,
)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_GROUPED = re.compile(
    r"\s*[+-]?\d{1,3}(?P<group>[., '\u2019\u00a0\u2009\u202f])\d{3}"
    r"(?P<again>((?P=group)\d{3})+)?(?P<fraction>[.,]\d+)?\s*"
)
# What follows is read in one pass: none of these begins again from each character of a long text.
_AMOUNT = r"[+-]?[.,]*\d[\d.,]*"
# How else a number may be written, and what to do; the first that fits counts.
_WRITINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[\u2010-\u2015\u2212\ufe63\uff0d]\s*\d.*"), "Write its minus as `-`."),
    (re.compile(r"\(\s*[^\s\d]*\d\S*\s*\)"), "Write a negative number as -5, not as (5)."),
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
MISSING_WORDS = re.compile(r"-+|[.?*#]|n\.?/?a\.?|nan|nil|none|null|missing|unknown|#n/?a", re.I)


def as_numbers(values: pd.Series, form: CsvFormat) -> pd.Series | None:
    """Values as float64; None where one of them is text.

    True and False are 1 and 0. Whole numbers beyond float64 are infinite.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        # Nullable integers and booleans hold NA, which only to_numpy turns into NaN.
        return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan), copy=False)
    known = values.dropna()
    if not len(known):
        return pd.Series(np.full(len(values), np.nan))
    if values.dtype == object and all(not isinstance(value, str) for value in known):
        return _from_objects(values)
    if form.decimal.isascii() and (form.thousands or "").isascii():
        return None
    plain = known.astype("str").map(lambda value: _plain(value, form))
    if not plain.str.fullmatch(_NUMBER).all():
        return None
    return plain.astype(np.float64).reindex(values.index)


def _from_objects(values: pd.Series) -> pd.Series | None:
    """Booleans beside missing values, decimal.Decimal, whole numbers of any length."""
    try:
        return values.astype(np.float64)
    except OverflowError:
        limited = [np.inf if abs(value) > 1e308 else value for value in values]
        return pd.Series(limited, index=values.index).astype(np.float64)
    except (TypeError, ValueError):
        return None


def first_text(values: pd.Series, form: CsvFormat) -> tuple[int, str]:
    """Row and text of the first value that is neither a number nor missing."""
    for row, value in enumerate(values):
        if isinstance(value, str) and not _NUMBER.fullmatch(_plain(value, form)):
            return row, value
    # What the parser refuses for a reason of its own.
    read = pd.to_numeric(values.astype("str"), errors="coerce")
    row = int((read.isna() & values.notna()).to_numpy().argmax())
    return row, str(values.iloc[row])


def why_text(value: str, form: CsvFormat, *, alone: bool = True) -> str:
    """What is wrong with a text in a column of numbers, and what to do.

    Args:
        value: The text.
        form: How the file is written.
        alone: Whether others of the column are numbers.
    """
    start = "this is not a number."
    listed = f'{start} Add "{printable(value)}" to `data.csv.na` if'
    if not value.strip():
        return f"{listed} an empty field is a missing value."
    grouped = _GROUPED.fullmatch(value)
    if form.thousands is None and grouped is not None:
        return f"{start} {_why_grouped(grouped, form)}"
    if form.decimal == "." and _DECIMAL_COMMA.fullmatch(value):
        return f'{start} It looks like a decimal comma: set `data.csv.decimal: ","`.'
    if MISSING_WORDS.fullmatch(value.strip()):
        return f"{listed} it stands for a missing value."
    return f"{start} {_how_to_write(value.strip()) or (_A_SLIP if alone else _NO_NUMBERS)}"


_A_SLIP = "Mend it, or add it to `data.csv.na` if it stands for a missing value."
_NO_NUMBERS = (
    "Nor is any other value of the column: is it the right one? A covariate of texts is of `type: "
    "category`; a target of texts is for `task: classification`."
)


def _how_to_write(value: str) -> str | None:
    """What to do about a number that is written otherwise; None where it is none."""
    if any(character.isdecimal() and not character.isascii() for character in value):
        return "Write it with the digits 0 to 9."
    known = (advice for pattern, advice in _WRITINGS if pattern.fullmatch(value))
    return next(known, None)


def _why_grouped(grouped: re.Match[str], form: CsvFormat) -> str:
    """Of a number with something between its thousands: the settings that read it."""
    group, fraction = grouped["group"], grouped["fraction"] or ""
    if group == "," and form.decimal == "." and not fraction and not grouped["again"]:
        return (
            'Set `data.csv.thousands: ","` if the comma groups thousands, or '
            '`data.csv.decimal: ","` if it is the decimal point.'
        )
    settings = [f"`data.csv.thousands: {json.dumps(group)}`"]
    decimal = fraction[:1] or ("," if group == "." else form.decimal)
    if decimal != form.decimal:
        settings.append(f'`data.csv.decimal: "{decimal}"`')
    return f"It looks as if {group!r} groups its thousands: set {' and '.join(settings)}."


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
    # A point is no decimal point where the config names another.
    return value if form.decimal == "." else value.replace(".", "?").replace(form.decimal, ".")
