"""Large CSV files of numbers, where pyarrow is installed: the same table, in less time and memory.

Only what both readers are sure to take alike is read here. Whatever else a file holds (text, a time
that is not ISO 8601, a row that is too short), `read_fast` gives None, and the file is read by the
reader that names the line of what is wrong.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from lstmcast.config.schema import CsvFormat
from lstmcast.data.reading.sources import Source

# Bytes from which it pays to load pyarrow.
LARGE = 20_000_000
_NUMBERS, _TIMES, _IDS = ("number", "part", "auto"), ("time",), ("id",)
_GZIP_MAGIC = b"\x1f\x8b"


def read_fast(source: Source, form: CsvFormat, uses: Mapping[str, str]) -> pd.DataFrame | None:
    """The columns of a file, numbers as float64, times as datetime64[us]; or None.

    Args:
        source: The file.
        form: How it is written.
        uses: The columns to read, and as what.

    Returns:
        None where the file is small, pyarrow is not installed, or anything in it is not plain. Else
        every line after the first is a row.
    """
    if not _is_candidate(source, form, uses):
        return None
    import pyarrow as pa
    from pyarrow import csv

    kinds = dict.fromkeys(_NUMBERS, pa.float64()) | dict.fromkeys(_TIMES, pa.timestamp("us"))
    kinds |= dict.fromkeys(_IDS, pa.string())
    try:
        table = csv.read_csv(
            source.path,
            parse_options=csv.ParseOptions(delimiter=form.delimiter),
            convert_options=csv.ConvertOptions(
                include_columns=list(uses),
                column_types={name: kinds[use] for name, use in uses.items()},
                null_values=list(form.na),
                strings_can_be_null=False,
                true_values=[],
                false_values=[],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    if not _is_plain(table, uses) or table.num_rows != _count_lines(source) - 1:
        return None
    names = [name for name in _header(source, form) if name in uses]
    frame: pd.DataFrame = table.select(names).to_pandas()
    del table
    pa.default_memory_pool().release_unused()
    return frame


def _is_candidate(source: Source, form: CsvFormat, uses: Mapping[str, str]) -> bool:
    """Whether it is worth a try: a large plain file, and columns that this reader knows."""
    return (
        source.path is not None
        and source.path.is_file()
        and source.path.stat().st_size >= LARGE
        and importlib.util.find_spec("pyarrow") is not None
        and (form.decimal, form.thousands, form.encoding.lower()) == (".", None, "utf-8")
        and set(uses.values()) <= {*_NUMBERS, *_TIMES, *_IDS}
        # A number that stands for a missing value is the same number however it is written.
        and not any(re.search(r"\d", word) for word in form.na)
        and _starts_plain(source)
    )


def _starts_plain(source: Source) -> bool:
    with source.open() as raw:
        start = raw.read(4096)
    # Names in quotes, or a byte order mark, are left to the other reader.
    return not start.startswith((_GZIP_MAGIC, b"\xef\xbb\xbf")) and b'"' not in start


def _is_plain(table: Any, uses: Mapping[str, str]) -> bool:
    """Whether the columns hold only what both readers read alike."""
    from pyarrow import compute

    for name, use in uses.items():
        column = table[name]
        if use in _NUMBERS:
            # "nan" as a word is text unless the config says that it is missing.
            if compute.any(compute.is_nan(column)).as_py():
                return False
        elif column.null_count or (use in _IDS and compute.any(compute.equal(column, "")).as_py()):
            return False
    return bool(table.num_rows)


def _header(source: Source, form: CsvFormat) -> list[str]:
    with source.text("utf-8") as text:
        return text.readline().rstrip("\r\n").split(form.delimiter)


def _count_lines(source: Source) -> int:
    """Lines of the file, blank ones included, the last one also without its end."""
    lines, last = 0, b"\n"
    with source.open() as raw:
        while chunk := raw.read(2**22):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")
