"""The header of a file: its names, and why a column that is asked for is not among them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice

from lstmcast.config.schema import CsvFormat
from lstmcast.data.reading.names import did_you_mean, shortened
from lstmcast.data.reading.recognising import is_wide, refuse_other_kinds, text_kind
from lstmcast.data.reading.records import nul_byte, records
from lstmcast.data.reading.sources import Source
from lstmcast.errors import DataError

_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a bar", ",": "a comma"}
# Records in which a header is looked for that is not the first.
_SEARCHED = 50
_MOST_NAMES = 30
_VALUE = re.compile(r"[+-]?\d[\d.,:/+TZ -]*")


def read_header(source: Source, form: CsvFormat) -> list[str]:
    """Names of the columns of a file.

    Raises:
        DataError: If the file is empty or no CSV text, or a name stands twice.
    """
    refuse_other_kinds(source, form.encoding)
    _, names = next(records(source, form), (0, []))
    if not names:
        raise DataError("the file is empty. It needs a header line and rows.", file=source.name)
    if any("\0" in name for name in names) and not is_wide(form.encoding):
        raise nul_byte(source)
    doubles = sorted(name for name, n in Counter(names).items() if n > 1 and name)
    if doubles:
        message = "the header has this column twice. Rename one of them."
        raise DataError(message, file=source.name, line=1, column=doubles[0])
    return names


def require_columns(names: Sequence[str], needed: Sequence[str], source: Source) -> None:
    """See that a table has the columns that the config names.

    Raises:
        DataError: If one is missing: names those that are there, and near ones.
    """
    known = set(names)
    missing = [name for name in needed if name not in known]
    if missing:
        raise DataError(_without_columns(names, missing), file=source.name)


def require_in_header(
    names: Sequence[str], needed: Sequence[str], source: Source, form: CsvFormat
) -> None:
    """See that the header of a CSV file has the columns that the config names.

    Raises:
        DataError: If one is missing: says so, or what else the first line is.
    """
    known = set(names)
    missing = [name for name in needed if name not in known]
    if not missing:
        return
    cause = _no_header(names, needed, source, form)
    if cause is not None:
        raise DataError(cause, file=source.name, line=1)
    raise DataError(_without_columns(names, missing), file=source.name)


def _without_columns(names: Sequence[str], missing: Sequence[str]) -> str:
    found = ", ".join(shortened(name) for name in names[:_MOST_NAMES])
    found += ", …" if len(names) > _MOST_NAMES else ""
    if len(missing) == 1:
        near = did_you_mean(missing[0], names)
        return f"there is no column {missing[0]!r}.{near} It has: {found}."
    wanted = ", ".join(repr(name) + _aside(did_you_mean(name, names)) for name in missing)
    return f"there are no columns {wanted}. It has: {found}."


def _aside(question: str) -> str:
    return f" ({question.strip()[0].lower()}{question.strip()[1:]})" if question else ""


def _no_header(
    names: Sequence[str], needed: Sequence[str], source: Source, form: CsvFormat
) -> str | None:
    """What the first line is that is no header of these columns; None where it may be one."""
    first = names[0]
    kind = text_kind(source, first)
    if kind is not None:
        return kind
    if first.lower().startswith("sep=") or (first.lower(), form.delimiter) == ("sep", "="):
        return _separator_line(first, form)
    if "\n" in first or "\r" in first:
        return "the quote that begins the header is never closed. Close it, or remove it."
    line = _later_header(needed, source, form)
    if line is not None:
        return f"the header seems to be on line {line}. Remove the lines before it."
    if len(names) == 1:
        cause = _one_column(first, needed, form)
        if cause is not None:
            return cause
    if all(_VALUE.fullmatch(name.strip()) for name in names if name.strip()) and any(names):
        shown = ", ".join(shortened(name) for name in names[:5])
        return (
            f"there is no header: the first line is a row already ({shown}). Put a line with the "
            f"names of the columns before it, such as {form.delimiter.join(needed)}."
        )
    return None


def _separator_line(first: str, form: CsvFormat) -> str:
    """Of Excel's first line, which names the delimiter and is no header."""
    named = first[len("sep=") :].strip() or form.delimiter
    advice = "" if named == form.delimiter else f' and set `data.csv.delimiter: "{named}"`'
    return f"the line {shortened(first)} is no header but a note to Excel. Remove it{advice}."


def _later_header(needed: Sequence[str], source: Source, form: CsvFormat) -> int | None:
    """The line of a record that holds all these names, behind a title or comments."""
    wanted = set(needed)
    try:
        for line, fields in islice(records(source, form), _SEARCHED):
            if wanted <= set(fields):
                return line
    except DataError:  # a record that cannot be read is not what is wrong with the header
        return None
    return None


def _one_column(header: str, needed: Sequence[str], form: CsvFormat) -> str | None:
    """Why a whole header is one column; None where nothing seems to separate more."""
    if form.delimiter in header:
        return (
            f"the whole header {shortened(header)} is in quotes, so that it is one column. Remove "
            "the quotes around each line."
        )
    others = (each for each in dict.fromkeys(header) if not each.isalnum() and each not in " _-")
    exact = [
        each for each in others if set(needed) <= {part.strip() for part in header.split(each)}
    ]
    delimiter = next((each for each in (*_DELIMITERS, *exact) if each in header), None)
    if delimiter is not None:
        spoken = _DELIMITERS.get(delimiter, repr(delimiter))
        escaped = "\\t" if delimiter == "\t" else delimiter
        return (
            f"the whole header {shortened(header)} is one column; it looks as if {spoken} "
            f'separates them. Set `data.csv.delimiter: "{escaped}"`.'
        )
    if set(needed) <= set(header.split()):
        if header.split() == header.split(" "):
            return 'blanks separate the columns. Set `data.csv.delimiter: " "`.'
        return "columns are aligned by several blanks. Put one comma between two of them instead."
    return None
