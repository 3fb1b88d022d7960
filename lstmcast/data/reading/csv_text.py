"""One CSV file becomes a frame; whatever is wrong with it is said with its line.

The file is read once, by pandas, through a stream that counts line ends and delimiters on the way.
Where the counts are those of a plain table (a line a row, as many delimiters in each), row `i`
stands on line `i + 2`. Only otherwise (blank lines, quoted line breaks, rows of another length) is
the file read a second time, by the csv module, which knows the line of each record and finds what
is wrong.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.config.schema import CsvFormat
from lstmcast.data.panel import IntArray
from lstmcast.data.reading.headers import read_header, require_in_header
from lstmcast.data.reading.ragged import why_ragged
from lstmcast.data.reading.recognising import is_wide
from lstmcast.data.reading.records import nul_byte, records, undecodable
from lstmcast.data.reading.sources import Source, decoded
from lstmcast.errors import DataError


@dataclass(frozen=True)
class CsvTable:
    """A file as it was read.

    Attributes:
        frame: The columns asked for, in the order of the file.
        lines: Line of each row, from 1, int64 `(n_rows,)`.
    """

    frame: pd.DataFrame
    lines: IntArray


class _Watch(io.RawIOBase):
    """Hands bytes through and counts what tells a plain table.

    Attributes:
        n_lines: Lines up to the last that holds anything.
        has_nul: Whether there is a NUL byte.
        widths: Smallest and largest number of delimiters in a line, those in quotes left out.
    """

    def __init__(self, raw: BinaryIO, delimiter: str) -> None:
        self._raw = raw
        self._delimiter = ord(delimiter)
        self._line_ends = 0
        self._in_quotes = False
        self._in_line = False
        self._delimiters_of_line = 0
        self.n_lines = 0
        self.has_nul = False
        self.widths = (2**31, 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._raw.read(len(buffer))
        held = chunk.rstrip(b"\r\n")
        if held:
            self.n_lines = self._line_ends + held.count(b"\n") + 1
        self._line_ends += chunk.count(b"\n")
        self.has_nul = self.has_nul or b"\0" in chunk
        self._measure(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _measure(self, chunk: bytes) -> None:
        """Note the number of delimiters of each line that ends here; no bytes end the last."""
        if not chunk:
            self._note(np.array([self._delimiters_of_line] if self._in_line else []))
            return
        codes = np.frombuffer(chunk, dtype=np.uint8)
        if self._in_quotes or b'"' in chunk:
            quoted = (np.cumsum(codes == ord('"')) + self._in_quotes) % 2 == 1
            self._in_quotes = bool(quoted[-1])
            codes = np.where(quoted, 0, codes)
        ends = np.flatnonzero(codes == ord("\n"))
        marks = np.flatnonzero(codes == self._delimiter)
        before = np.searchsorted(marks, ends)
        self._note(np.diff(before, prepend=-self._delimiters_of_line))
        done = int(before[-1]) if len(ends) else -self._delimiters_of_line
        self._delimiters_of_line = len(marks) - done
        self._in_line = not chunk.endswith(b"\n")

    def _note(self, widths: NDArray[np.int64]) -> None:
        if len(widths):
            fewest, most = self.widths
            self.widths = (min(fewest, int(widths.min())), max(most, int(widths.max())))


def read_csv(
    source: Source,
    form: CsvFormat,
    *,
    columns: Sequence[str],
    text: Sequence[str],
    ids: Sequence[str],
) -> CsvTable:
    """Read some columns of a file.

    Args:
        source: The file.
        form: How it is written.
        columns: Columns to read, all of which must be there.
        text: Those to keep as text.
        ids: Those in which only an empty field is missing, whatever `form.na` says: `NA` may be
            the id of a series (Namibia).

    Returns:
        The columns in the order of the file: numbers where every value is one, else text.

    Raises:
        DataError: If the file is broken; names the line.
    """
    names = read_header(source, form)
    require_in_header(names, columns, source, form)
    options: dict[str, object] = {
        "sep": form.delimiter,
        # The parser takes ASCII only; others are cut out afterwards.
        "decimal": form.decimal if form.decimal.isascii() else ".",
        "thousands": form.thousands if (form.thousands or "").isascii() else None,
        "usecols": list(columns),
        "dtype": dict.fromkeys((*text, *ids), "str"),
        "na_values": {column: [""] if column in ids else list(form.na) for column in columns},
        "keep_default_na": False,
        "index_col": False,
        # Chunks would be given types one by one, and text could become numbers in some.
        "low_memory": False,
    }
    frame, watch = _parse(source, form, options)
    if not len(frame):
        raise DataError("the file has a header but no rows.", file=source.name)
    if watch.n_lines == len(frame) + 1 and watch.widths == (len(names) - 1, len(names) - 1):
        return CsvTable(frame, np.arange(2, len(frame) + 2))
    return CsvTable(frame, _exact_lines(source, form, n_rows=len(frame)))


def _parse(
    source: Source, form: CsvFormat, options: dict[str, object]
) -> tuple[pd.DataFrame, _Watch]:
    with source.open() as raw:
        watch = _Watch(raw, form.delimiter)
        try:
            with warnings.catch_warnings():
                # Rows that are too long are found by counting, and named with their line.
                warnings.simplefilter("ignore", pd.errors.ParserWarning)
                frame = pd.read_csv(decoded(watch, form.encoding), **options)  # type: ignore[call-overload, arg-type]
        except UnicodeError as error:
            raise undecodable(source, form, error) from None
        except (pd.errors.ParserError, csv.Error) as error:
            raise _unreadable(source, form, error) from None
    if watch.has_nul and not is_wide(form.encoding):
        raise nul_byte(source)
    return frame, watch


def _unreadable(source: Source, form: CsvFormat, error: Exception) -> DataError:
    """The error of a file that pandas gives up on.

    Raises:
        DataError: If the csv module sees more exactly what is wrong.
    """
    lines = _exact_lines(source, form)
    if "EOF inside string" in str(error):
        # The csv module takes all that follows an open quote into its record, which is the last.
        message = "the record that starts here goes on to the end. Is a quote not closed?"
        return DataError(message, file=source.name, line=int(lines[-1]) if len(lines) else 1)
    why = str(error).removeprefix("Error tokenizing data. ").rstrip(". \n")
    message = f"it cannot be read as CSV ({why}). Is a quote not closed, or is it no text?"
    return DataError(message, file=source.name)


def _exact_lines(source: Source, form: CsvFormat, *, n_rows: int | None = None) -> IntArray:
    """Line of each row, by reading the file again; zeros (unknown) where the readers differ."""
    rows = records(source, form)
    _, header = next(rows)
    lines = []
    for line, fields in rows:
        if len(fields) != len(header):
            message = why_ragged(header, fields, form, following=(rest for _, rest in rows))
            raise DataError(message, file=source.name, line=line)
        lines.append(line)
    if n_rows is not None and len(lines) != n_rows:
        return np.zeros(n_rows, dtype=np.int64)
    return np.array(lines, dtype=np.int64)
