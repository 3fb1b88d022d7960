"""What a file is that is no CSV text: told by its first bytes, for messages."""

from __future__ import annotations

import codecs

from lstmcast.data.reading.sources import Source
from lstmcast.errors import DataError

_START_BYTES = 4096
_WIDE = ("utf-16", "utf16", "utf-32", "utf32")
_PACKED = "Unpack it first; gzip alone is read as it is."
_SHEET = "Save the sheet as CSV."
_PICKLE = "It is never loaded, because it could run code. Write a CSV file instead."
_EXPORT = "Export its table as CSV or Parquet."
# What a file begins with, what it is, and what to do. The first that fits counts.
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"PK\x03\x04",
        "a zip archive, or a workbook such as Excel's",
        f"{_SHEET[:-1]}, or unpack it.",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Office document, such as an Excel workbook", _SHEET),
    (b"PAR1", "a Parquet file", "Give it a name that ends in .parquet."),
    (b"ARROW1", "an Arrow (Feather) file", "Write it as Parquet or CSV."),
    (b"\x1f\x8b", "a file packed twice with gzip", "Unpack it once."),
    (b"BZh", "a file packed with bzip2", _PACKED),
    (b"\xfd7zXZ", "a file packed with xz", _PACKED),
    (b"\x28\xb5\x2f\xfd", "a file packed with zstd", _PACKED),
    (b"7z\xbc\xaf", "a 7z archive", _PACKED),
    (b"Rar!", "a RAR archive", _PACKED),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"{\\rtf", "a document in rich text", "Save it as plain text."),
    (b"SQLite format 3", "an SQLite database", _EXPORT),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"CDF\x01", "a NetCDF file", _EXPORT),
    (b"CDF\x02", "a NetCDF file", _EXPORT),
    (b"\x93NUMPY", "a NumPy array", "Write it as CSV with a header."),
    (b"\x80\x02", "a Python pickle", _PICKLE),
    (b"\x80\x03", "a Python pickle", _PICKLE),
    (b"\x80\x04", "a Python pickle", _PICKLE),
    (b"\x80\x05", "a Python pickle", _PICKLE),
    (b"\x89PNG", "a picture", "Name the table that it shows."),
    (b"\xff\xd8\xff", "a picture", "Name the table that it shows."),
)
# Text that may be a header too, so it counts only where the columns are not found.
_TEXT_KINDS: tuple[tuple[str, str, str], ...] = (
    (
        "version https://git-lfs",
        "only the pointer to a file that Git LFS keeps",
        "Run git lfs pull.",
    ),
    ("<!doctype", "a web page", "Fetch the file itself; a page that says why not often comes."),
    ("<html", "a web page", "Fetch the file itself; a page that says why not often comes."),
    ("<?xml", "XML", _EXPORT),
    ("{", "JSON", _EXPORT),
    ("[", "JSON", _EXPORT),
)


def refuse_other_kinds(source: Source, encoding: str) -> None:
    """See that a file may be text in an encoding.

    Raises:
        DataError: If it begins as a file of another kind does, or in another encoding.
    """
    with source.open() as raw:
        start = raw.read(_START_BYTES)
    for magic, kind, advice in _KINDS:
        if start.startswith(magic):
            raise DataError(f"this is {kind}, not CSV. {advice}", file=source.name)
    if is_wide(encoding):
        return
    wide = wide_encoding(start)
    if wide is not None:
        message = f"this is {wide.upper()} text. Set `data.csv.encoding: {wide}`."
        raise DataError(message, file=source.name)
    if start and not start.strip(b"\0"):
        message = "it begins with nothing but NUL bytes. Make or fetch it again."
        raise DataError(message, file=source.name)


def is_wide(encoding: str) -> bool:
    """Whether an encoding has NUL bytes in plain text."""
    return encoding.lower().replace("_", "-").startswith(_WIDE)


def wide_encoding(start: bytes) -> str | None:
    """UTF-16 or UTF-32, where a file begins with its mark or has a NUL beside every letter."""
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    letters = start[: len(start) // 4 * 4]
    zeros = [letters[place::4].count(0) * 4 for place in range(4)]
    full, none = [n > 0.9 * len(letters) > 0 for n in zeros], [n == 0 for n in zeros]
    for encoding, pattern in (
        ("utf-32-le", (False, True, True, True)),
        ("utf-32-be", (True, True, True, False)),
        ("utf-16-le", (False, True, False, True)),
        ("utf-16-be", (True, False, True, False)),
    ):
        if all(full[i] if is_zero else none[i] for i, is_zero in enumerate(pattern)):
            return encoding
    return None


def text_kind(source: Source, first: str) -> str | None:
    """What a text is that is no CSV, judged by its first line, and what to do; else None.

    Args:
        source: The file.
        first: Its first field.
    """
    start = first.strip().lower()
    found = (each for each in _TEXT_KINDS if start.startswith(each[0]))
    kind = next(found, None)
    return None if kind is None else f"this is {kind[1]}, not CSV. {kind[2]}"
