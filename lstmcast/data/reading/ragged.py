"""Why a row has more or fewer fields than the header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

from lstmcast.config.schema import CsvFormat

_DELIMITERS = (",", ";", "\t", "|")
_PEEKED = 3
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_FRACTION = re.compile(r"\d+\s*")


def why_ragged(
    header: Sequence[str],
    fields: Sequence[str],
    form: CsvFormat,
    *,
    following: Iterable[Sequence[str]] = (),
) -> str:
    """What is wrong with a row of another length than the header, and what to do.

    Args:
        header: Names of the columns.
        fields: Those of the row.
        form: How the file is written.
        following: The rows after it.
    """
    n, more = len(fields), len(fields) > len(header)
    start = (
        f"the row has {n} field{'' if n == 1 else 's'}, {'more' if more else 'fewer'} than the "
        f"{len(header)} of the header."
    )
    if more and not any(field.strip() for field in fields[len(header) :]):
        return f"{start} It ends in a delimiter. Remove it, or give the header one at its end, too."
    if more and _has_split_number(fields, form):
        return (
            f"{start} If the {form.delimiter!r} in a number is its decimal point or groups its "
            "thousands, put such numbers in quotes, or separate the columns by another character."
        )
    if n == 1:
        return f"{start} {_one_field(header, fields[0], form, following)}"
    if not list(islice(following, 1)):
        return (
            f"{start} It is the last row: is the file cut off? Fetch it again, or remove the row."
        )
    return f"{start} Is a delimiter missing, or one in a field that is not quoted?"


def _has_split_number(fields: Sequence[str], form: CsvFormat) -> bool:
    """Whether two neighbouring fields may be one number with a comma in it."""
    pairs = pairwise(fields[1:])
    return form.delimiter in ",." and any(
        _WHOLE.fullmatch(whole) and _FRACTION.fullmatch(part) for whole, part in pairs
    )


def _one_field(
    header: Sequence[str], field: str, form: CsvFormat, following: Iterable[Sequence[str]]
) -> str:
    if field.lstrip().startswith(("#", "%", "//", ";")):
        return "It looks like a comment. Remove the line."
    for other in _DELIMITERS:
        if other != form.delimiter and len(field.split(other)) == len(header):
            return f"It is separated by {other!r}, unlike the header. Write all lines alike."
    if form.delimiter in field:
        return "It is in quotes as a whole. Remove the quotes around it."
    if len(list(islice(following, _PEEKED))) < _PEEKED:
        return "It is at the end: a footer, or a file that is cut off? Remove the line."
    return "Is a delimiter missing? If the line is no row, remove it."
