"""Telling numbers from text, and saying what a text in a column of numbers may be."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from lstmcast.config.schema import CsvFormat

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?inf(inity)?\s*", re.I)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+\s*")
_THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*")
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
        # Booleans beside missing values, decimal.Decimal.
        return values.astype(np.float64)
    return None


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
    return (
        f"{start} Mend it, or add it to `data.csv.na` if it stands for a missing value. A "
        "covariate that holds text has `type: category`."
    )


def _plain(value: str, form: CsvFormat) -> str:
    if form.thousands is not None:
        value = value.replace(form.thousands, "")
    return value.replace(form.decimal, ".") if form.decimal != "." else value
