"""The records of a CSV text, each with its line, by the csv module; what cannot be decoded."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from lstmcast.config.schema import CsvFormat
from lstmcast.data.reading.recognising import wide_encoding
from lstmcast.data.reading.sources import Source
from lstmcast.errors import DataError

# Characters of a line; a table of a million columns stays below.
_LONGEST_LINE = 2**26
_CHUNK = 2**20


def records(source: Source, form: CsvFormat) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record starts, and its fields; blank lines are left out.

    Raises:
        DataError: If the bytes are not of the encoding, a line never ends, or a quote is never
            closed.
    """
    with source.text(form.encoding) as text:
        reader = csv.reader(_lines(text, source), delimiter=form.delimiter)
        line = 1
        try:
            for fields in reader:
                if fields and not (len(fields) == 1 and not fields[0].strip(" \t")):
                    yield line, fields
                line = reader.line_num + 1
        except UnicodeError as error:
            raise undecodable(source, form, error) from None
        except csv.Error as error:
            message = (
                f"the record that starts here cannot be read ({error}). Is a quote not closed?"
            )
            raise DataError(message, file=source.name, line=line) from None


def _lines(text: io.TextIOWrapper, source: Source) -> Iterator[str]:
    """Lines with their ends, a byte order mark left out.

    Raises:
        DataError: If one is longer than any table has it.
    """
    number = 1
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            message = (
                f"the line has more than {_LONGEST_LINE:,} characters. Is it a table, a row a line?"
            )
            raise DataError(message, file=source.name, line=number)
        yield line.removeprefix("\ufeff") if number == 1 else line
        number += 1


def field_at(source: Source, form: CsvFormat, *, line: int, column: str) -> str | None:
    """What a file holds in a column of the record on a line, exactly as written."""
    rows = records(source, form)
    _, header = next(rows)
    for start, fields in rows:
        if start == line:
            return fields[header.index(column)]
    return None


def undecodable(source: Source, form: CsvFormat, error: UnicodeError) -> DataError:
    """The error of bytes that are not of the encoding, with their place in the file."""
    place = _first_undecodable(source, form.encoding)
    if place is None:
        message = f"it is not {form.encoding} ({error}). Set `data.csv.encoding` to what it is in."
        return DataError(message, file=source.name)
    offset, line, byte = place
    with source.open() as raw:
        wide = wide_encoding(raw.read(_CHUNK))
    other = wide or "cp1252"
    perhaps = "if it is text at all" if other == form.encoding else f"perhaps to {other}"
    message = (
        f"byte {byte} at offset {offset} is not {form.encoding}. "
        f"Set `data.csv.encoding`, {perhaps}."
    )
    return DataError(message, file=source.name, line=line)


def _first_undecodable(source: Source, encoding: str) -> tuple[int, int, str] | None:
    """Offset, line and name of the first byte that is not of the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line, ends = 0, 1, False
    with source.open() as raw:
        while not ends:
            chunk = raw.read(_CHUNK)
            ends = not chunk
            held = decoder.getstate()[0] + chunk
            try:
                decoder.decode(chunk, final=ends)
            except UnicodeDecodeError as error:
                start = min(error.start, len(held))
                byte = f"0x{held[start]:02x}" if start < len(held) else "the end"
                begin = offset + len(chunk) - len(held)
                return begin + start, line + held.count(b"\n", 0, start), byte
            except UnicodeError:
                return None
            offset += len(chunk)
            pending = len(decoder.getstate()[0])
            line += held.count(b"\n", 0, len(held) - pending)
    return None


def nul_byte(source: Source) -> DataError:
    """The error of a NUL byte, with its line."""
    offset, line = 0, 1
    with source.open() as raw:
        while chunk := raw.read(_CHUNK):
            place = chunk.find(b"\0")
            if place >= 0:
                offset, line = offset + place, line + chunk.count(b"\n", 0, place)
                break
            offset, line = offset + len(chunk), line + chunk.count(b"\n")
    message = (
        f"there is a NUL byte at offset {offset}. Is this a text file? If it is UTF-16, set "
        "`data.csv.encoding: utf-16`; else remove the byte."
    )
    return DataError(message, file=source.name, line=line)
