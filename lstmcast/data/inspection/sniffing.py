"""How a text file is written: its encoding, delimiter, decimal point and words for missing."""

from __future__ import annotations

import csv
import re
from collections import Counter
from contextlib import suppress

import pandas as pd

from lstmcast.config.schema import CsvFormat
from lstmcast.data.reading.numbers import MISSING_WORDS
from lstmcast.data.reading.sources import Source

_SAMPLE_BYTES = 2**18
_SAMPLE_RECORDS = 200
_DELIMITERS = (",", ";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
_DECIMAL_POINT = re.compile(r"[+-]?\d+\.\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
# A word in a column of numbers counts as "missing" where at least this share are numbers.
_LEAST_NUMBERS = 0.5


def sniff_format(source: Source) -> CsvFormat:
    """How a file seems to be written, judged by its beginning.

    The delimiter is the one that cuts the lines into the most fields, the same number in most of
    them. A decimal comma needs fields such as `0,25`, and none such as `0.25`.

    Args:
        source: A CSV file.
    """
    with source.open() as raw:
        sample = raw.read(_SAMPLE_BYTES)
    encoding = _encoding(sample)
    # A sample may end within a character or a line: what is cut off is left out.
    text = sample.decode(encoding, errors="ignore").lstrip("\ufeff")
    lines = text.splitlines()[:_SAMPLE_RECORDS]
    if len(sample) == _SAMPLE_BYTES and len(lines) < _SAMPLE_RECORDS:
        lines = lines[:-1]
    delimiter = max(_DELIMITERS, key=lambda each: _evenness(lines, each))
    fields = [field.strip() for record in _records(lines[1:], delimiter) for field in record]
    comma = any(map(_DECIMAL_COMMA.fullmatch, fields)) and not any(
        _DECIMAL_POINT.fullmatch(field) and not _GROUPED.fullmatch(field) for field in fields
    )
    grouped = comma and any(_GROUPED.fullmatch(field) and "." in field for field in fields)
    return CsvFormat(
        delimiter=delimiter,
        decimal="," if comma else ".",
        thousands="." if grouped else None,
        encoding=encoding,
    )


def _encoding(sample: bytes) -> str:
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # A sample may end within a character.
        is_cut = len(sample) == _SAMPLE_BYTES and error.start >= len(sample) - 3
        return "utf-8" if is_cut else "cp1252"
    return "utf-8"


def _records(lines: list[str], delimiter: str) -> list[list[str]]:
    """The records up to the first that the csv module refuses: a quote that is never closed."""
    records = []
    with suppress(csv.Error):
        for record in csv.reader(lines, delimiter=delimiter):
            records.append(record)
    return records


def _evenness(lines: list[str], delimiter: str) -> tuple[bool, float, int]:
    """How well a delimiter cuts the lines; the best is the largest.

    Returns:
        Whether the header has as many fields as most lines (with a decimal comma and two columns,
        a comma cuts the rows as evenly as the semicolon, but not the header), the share of those
        lines, and the number of fields; zeros for a single one.
    """
    fields = [len(record) for record in _records(lines, delimiter) if record]
    if not fields:
        return False, 0.0, 0
    ((n_fields, n_lines),) = Counter(fields).most_common(1)
    if n_fields == 1:
        return False, 0.0, 1
    return fields[0] == n_fields, round(n_lines / len(fields), 1), n_fields


def words_for_missing(values: pd.Series) -> list[str]:
    """Words such as `?` that alone keep a column of text from being one of numbers."""
    known = values.dropna()
    numeric = pd.to_numeric(known, errors="coerce").notna()
    if numeric.mean() < _LEAST_NUMBERS:
        return []
    words = list(dict.fromkeys(known[~numeric]))
    return words if all(MISSING_WORDS.fullmatch(word.strip()) for word in words) else []
