"""Files that cannot be read as a table, or only with a setting: each with what is said of it."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import threading
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lstmcast.config.loading import load_config
from lstmcast.data.dataset import load_panel
from tests.bad_input.conftest import Bench, daily_rows

ROWS = daily_rows()
PLAIN = "time,y\n" + ROWS
WORDY = "time,y,note\n" + ROWS.replace("\n", ",a\n")
SEMICOLONS = {"data.csv.delimiter": ";"}


@dataclass(frozen=True)
class Case:
    """A file, and what is said of it.

    Attributes:
        content: What `data.csv` holds.
        says: Parts of the message, the advice among them.
        line: Of the message.
        column: Of the message.
        value: Of the message.
        settings: Of the config.
        code: Exit code.
    """

    content: str | bytes
    says: tuple[str, ...]
    line: int | None = None
    column: str | None = None
    value: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    code: int = 3


def packed(name: str, text: str = PLAIN) -> bytes:
    """A zip archive of one file."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(name, text)
    return raw.getvalue()


EMPTY = {
    "empty": Case("", ("the file is empty", "a header line and rows")),
    "blank lines": Case("\n \n\n", ("the file is empty",)),
    "only a byte order mark": Case(b"\xef\xbb\xbf", ("the file is empty",)),
    "only a header": Case("time,y\n", ("a header but no rows",)),
    "only a header, unended": Case("time,y", ("a header but no rows",)),
    "an empty gzip": Case(gzip.compress(b""), ("the file is empty",)),
}
ENCODED = {
    "utf-16": Case(PLAIN.encode("utf-16"), ("UTF-16", "`data.csv.encoding: utf-16`")),
    "utf-16-le": Case(PLAIN.encode("utf-16-le"), ("`data.csv.encoding: utf-16-le`",)),
    "utf-16-be": Case(PLAIN.encode("utf-16-be"), ("`data.csv.encoding: utf-16-be`",)),
    "utf-32": Case(PLAIN.encode("utf-32"), ("`data.csv.encoding: utf-32`",)),
    "utf-8 as utf-16": Case(
        PLAIN,
        ("it is not utf-16", "Set `data.csv.encoding`"),
        settings={"data.csv.encoding": "utf-16"},
    ),
    "latin-1": Case(
        PLAIN.replace("y\n", "y,größe\n", 1).encode("latin-1"),
        ("byte 0xf6 at offset 9 is not utf-8", "perhaps to cp1252"),
        line=1,
    ),
    "a wrong byte": Case(
        PLAIN.encode().replace(b"05,4", b"05,4\xff"),
        ("byte 0xff at offset 71 is not utf-8", "Set `data.csv.encoding`"),
        line=6,
    ),
    "a byte that cp1252 lacks": Case(
        PLAIN.encode().replace(b"05,4", b"05,\x81"),
        ("byte 0x81 at offset 70 is not cp1252", "if it is text at all"),
        line=6,
        settings={"data.csv.encoding": "cp1252"},
    ),
    "a NUL byte": Case(
        PLAIN.replace("05,4", "05,\0"), ("a NUL byte at offset 70", "remove the byte"), line=6
    ),
    "NUL bytes at the end": Case(PLAIN + "\0" * 9, ("a NUL byte at offset 397",), line=32),
    "NUL bytes only": Case(b"\0" * 5000, ("nothing but NUL bytes", "fetch it again")),
    "no encoding": Case(
        PLAIN, ("data.csv.encoding", "utf9"), settings={"data.csv.encoding": "utf9"}, code=2
    ),
    "no name of an encoding": Case(
        PLAIN, ("data.csv.encoding",), settings={"data.csv.encoding": "a\0"}, code=2
    ),
    "an encoding of bytes": Case(
        PLAIN, ("there is no encoding 'hex'",), settings={"data.csv.encoding": "hex"}, code=2
    ),
    "an encoding that refuses": Case(
        PLAIN, ("it is not undefined",), settings={"data.csv.encoding": "undefined"}
    ),
}
KINDS = {
    "a workbook": Case(packed("xl/workbook.xml"), ("a workbook such as Excel's", "as CSV")),
    "an old workbook": Case(b"\xd0\xcf\x11\xe0" + bytes(99), ("old Office document", "as CSV")),
    "bzip2": Case(b"BZh91AY&SY", ("packed with bzip2", "Unpack it first")),
    "xz": Case(b"\xfd7zXZ\0\0", ("packed with xz", "Unpack it first")),
    "zstd": Case(b"\x28\xb5\x2f\xfd", ("packed with zstd", "Unpack it first")),
    "gzip in gzip": Case(
        gzip.compress(gzip.compress(b"time,y\n")), ("packed twice with gzip", "Unpack it once")
    ),
    "SQLite": Case(b"SQLite format 3\0" + bytes(99), ("an SQLite database", "Export")),
    "HDF5": Case(b"\x89HDF\r\n\x1a\n", ("an HDF5 file", "Export")),
    "NumPy": Case(b"\x93NUMPY\x01\0v\0", ("a NumPy array", "as CSV")),
    "a pickle": Case(b"\x80\x04\x95\x0b\0", ("a Python pickle", "never loaded")),
    "PDF": Case(b"%PDF-1.4\n%\xe2", ("a PDF document", "Export")),
    "a picture": Case(b"\x89PNG\r\n", ("a picture",)),
    "JSON": Case('[{"time": "2024-01-01", "y": 1}]\n', ("this is JSON", "Export"), line=1),
    "lines of JSON": Case('{"time": "2024-01-01", "y": 1}\n' * 3, ("this is JSON",), line=1),
    "a web page": Case(
        "<!DOCTYPE html>\n<html></html>\n", ("a web page", "Fetch the file"), line=1
    ),
    "XML": Case('<?xml version="1.0"?>\n<a/>\n', ("this is XML", "Export"), line=1),
    "a pointer of Git LFS": Case(
        "version https://git-lfs.github.com/spec/v1\noid sha256:abc\n", ("git lfs pull",), line=1
    ),
    "a cut gzip": Case(
        gzip.compress(PLAIN.encode())[:-10], ("gzip file is broken", "Make or fetch")
    ),
    "a gzip with more behind it": Case(
        gzip.compress(PLAIN.encode()) + b"more", ("gzip file is broken", "Make or fetch")
    ),
}
HEADERS = {
    "none": Case(ROWS, ("there is no header", "('2024-01-01', '0')", "such as time,y"), line=1),
    "semicolons": Case(
        PLAIN.replace(",", ";"), ("a semicolon", '`data.csv.delimiter: ";"`'), line=1
    ),
    "tabs": Case(PLAIN.replace(",", "\t"), ("a tab", '`data.csv.delimiter: "\\t"`'), line=1),
    "colons": Case(PLAIN.replace(",", ":"), ('`data.csv.delimiter: ":"`',), line=1),
    "blanks": Case(PLAIN.replace(",", " "), ('`data.csv.delimiter: " "`',), line=1),
    "aligned": Case(PLAIN.replace(",", "   "), ("aligned by several blanks",), line=1),
    "a column twice": Case("time,y,y\n" + ROWS, ("this column twice", "Rename"), 1, "y"),
    "a column twice, of no use": Case(
        "time,y,z,z\n" + ROWS, ("this column twice", "Rename"), 1, "z"
    ),
    "a blank before": Case(PLAIN.replace(",y", ", y", 1), ("no column 'y'", "Did you mean ' y'?")),
    "a blank behind": Case(PLAIN.replace("time", "time ", 1), ("Did you mean 'time '?",)),
    "a no-break space": Case(PLAIN.replace(",y", ",\xa0y", 1), ("Did you mean '\\xa0y'?",)),
    "a space of no width": Case(PLAIN.replace(",y", ",y\u200b", 1), ("mean 'y\\u200b'?",)),
    "another case": Case(
        PLAIN.replace("time,y", "Time,Y"), ("did you mean 'Time'?", "did you mean 'Y'?")
    ),
    "a unit": Case(PLAIN.replace(",y", ",y (kWh)", 1), ("Did you mean 'y (kWh)'?",)),
    "other names": Case(PLAIN.replace("time,y", "a,b"), ("no columns 'time', 'y'", "'a', 'b'")),
    "a title": Case("Sales of 2024\n\n" + PLAIN, ("on line 3", "Remove the lines"), line=1),
    "comments": Case("# made by hand\n" + PLAIN, ("on line 2", "Remove the lines"), line=1),
    "a title with delimiters": Case("Sales,,\n,,\n" + PLAIN, ("on line 3",), line=1),
    "Excel's note": Case(
        "sep=;\n" + PLAIN.replace(",", ";"), ("note to Excel", '`data.csv.delimiter: ";"`'), line=1
    ),
    "an open quote": Case('"' + PLAIN, ("the quote that begins the header is never closed",), 1),
    "lines in quotes": Case(
        "".join(f'"{line}"\n' for line in PLAIN.split()), ("in quotes", "Remove the quotes"), line=1
    ),
    "units in a second line": Case(
        "time,y\nUTC,kWh\n" + ROWS, ("this is not a number", "Mend it"), 2, "y", "kWh"
    ),
    "once more in the middle": Case(
        PLAIN + PLAIN.replace("2024", "2025"), ("the header stands here again",), 32, "y", "y"
    ),
    "of another delimiter": Case(
        "time,y\n" + ROWS.replace(",", ";"), ("separated by ';', unlike the header",), line=2
    ),
}
ROWS_OF_A_FILE = {
    "a field too few": Case(
        WORDY.replace("05,4,a", "05,4"), ("has 2 fields, fewer than the 3",), 6
    ),
    "a field too many": Case(WORDY.replace("05,4,a", "05,4,a,b"), ("has 4 fields, more",), 6),
    "one field": Case(PLAIN.replace("05,4", "05"), ("has 1 field, fewer", "delimiter missing"), 6),
    "a delimiter at each end": Case(
        "time,y\n" + ROWS.replace("\n", ",\n"), ("ends in a delimiter", "Remove it"), 2
    ),
    "a decimal comma": Case(PLAIN.replace("05,4", "05,4,5"), ("decimal point", "in quotes"), 6),
    "a comment": Case(PLAIN.replace("2024-01-05", "# strike\n2024-01-05"), ("a comment",), 6),
    "a footer": Case(PLAIN + "(30 rows)\n", ("It is at the end", "Remove the line"), 32),
    "a total": Case(PLAIN + "Total,99\n", ("a footer? Remove",), 32, "time", "Total"),
    "Ctrl-Z": Case(PLAIN + "\x1a", ("It is at the end", "Remove the line"), 32),
    "cut off": Case(WORDY + "2024-01-31,4", ("the last row", "cut off"), 32),
    "a row in quotes": Case(
        PLAIN.replace("2024-01-05,4", '"2024-01-05,4"'), ("in quotes as a whole",), 6
    ),
    "an open quote": Case(
        WORDY.replace("05,4,a", '05,4,"a'), ("goes on to the end", "quote not closed"), 6
    ),
    "a line of delimiters": Case(
        PLAIN.replace("2024-01-05", ",\n2024-01-05"), ("a time is missing",), 6, "time"
    ),
    "a vertical tab for a line end": Case(
        PLAIN.replace("\n2024-01-05", "\x0b2024-01-05"), ("has 3 fields",), 5
    ),
    "a form feed at the end": Case(PLAIN + "\x0c", ("has 1 field", "It is at the end"), 32),
    "a line that does not end": Case(
        PLAIN.replace("05,4", "05," + "4" * 50_000), ("this is not a number",), 6, "y", "4" * 50_000
    ),
}
SEPARATED = {
    "decimal commas": Case(
        PLAIN.replace(",", ";").replace("05;4", "05;4,5"),
        ("a decimal comma", '`data.csv.decimal: ","`'),
        *(6, "y", "4,5"),
        settings=SEMICOLONS,
    ),
    "thousands or decimals": Case(
        PLAIN.replace("05,4", '05,"4,500"'),
        ('`data.csv.thousands: ","`', '`data.csv.decimal: ","`'),
        *(6, "y", "4,500"),
    ),
    "points and a comma": Case(
        PLAIN.replace(",", ";").replace("05;4", "05;1.234,5"),
        ('`data.csv.thousands: "."` and `data.csv.decimal: ","`',),
        *(6, "y", "1.234,5"),
        settings=SEMICOLONS,
    ),
    "commas and a point": Case(
        PLAIN.replace("05,4", '05,"1,234.5"'),
        ('`data.csv.thousands: ","`',),
        *(6, "y", "1,234.5"),
    ),
    "apostrophes": Case(PLAIN.replace("05,4", "05,1'234"), ('thousands: "\'"`',), 6, "y", "1'234"),
    "no-break spaces": Case(
        PLAIN.replace("05,4", "05,1\xa0234"), ('thousands: "\\u00a0"`',), 6, "y", "1\xa0234"
    ),
    "a no-break space behind": Case(
        PLAIN.replace("05,4", "05,4\xa0"), ("this is not a number",), 6, "y", "4\xa0"
    ),
    "digits that are not 0 to 9": Case(
        PLAIN.replace("05,4", "05,\uff14"), ("this is not a number",), 6, "y", "\uff14"
    ),
    "points beside decimal commas": Case(
        PLAIN.replace(",", ";").replace("05;4", "05;1.234"),
        ('`data.csv.thousands: "."`',),
        *(6, "y", "1.234"),
        settings={**SEMICOLONS, "data.csv.decimal": ","},
    ),
    "the delimiter as decimal": Case(
        PLAIN, ("must differ from data.csv.delimiter",), settings={"data.csv.decimal": ","}, code=2
    ),
    "a quote as delimiter": Case(
        PLAIN, ("data.csv.delimiter",), settings={"data.csv.delimiter": '"'}, code=2
    ),
    "a delimiter beyond ASCII": Case(
        PLAIN, ("data.csv.delimiter",), settings={"data.csv.delimiter": "§"}, code=2
    ),
    "a digit as decimal": Case(
        PLAIN, ("data.csv.decimal",), settings={"data.csv.decimal": "3"}, code=2
    ),
}
CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "empty": EMPTY,
        "encoding": ENCODED,
        "kind": KINDS,
        "header": HEADERS,
        "row": ROWS_OF_A_FILE,
        "separators": SEPARATED,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_file_that_cannot_be_read_is_refused(case: Case, bench: Bench) -> None:
    refusal = bench.refuse(case.content, **case.settings)
    assert refusal.code == case.code
    refusal.says(*case.says)
    if case.code == 3:
        assert refusal.place == ("data.csv", case.line, case.column, case.value)


FINE = {
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + PLAIN.encode(),
    "line breaks in quotes": WORDY.replace(",a\n", ',"a\nb"\n'),
    "all in quotes": "".join(f'"{line}"\n'.replace(",", '","') for line in PLAIN.split()),
    "blank lines": PLAIN.replace("\n2024", "\n\n2024") + "\n\n",
    "lines of blanks": PLAIN.replace("\n2024-01-05", "\n  \n2024-01-05"),
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "old Macintosh line ends": PLAIN.replace("\n", "\r"),
    "line ends of two kinds": PLAIN.replace("\n2024-01-05", "\r\n2024-01-05"),
    "no last line end": PLAIN.rstrip(),
    "a delimiter behind each line": PLAIN.replace("\n", ",\n"),
    "a row number of pandas": ",time,y\n"
    + "".join(f"{i},{r}\n" for i, r in enumerate(ROWS.split())),
    "a long text": WORDY.replace(",a\n", "," + "a" * 20_000 + "\n", 3),
    "gzip": gzip.compress(PLAIN.encode()),
    "gzip in two members": gzip.compress(PLAIN[:99].encode()) + gzip.compress(PLAIN[99:].encode()),
    "a quote within a field": WORDY.replace(",a\n", ',5" pipe\n'),
    "digits beyond 64 bits": PLAIN.replace("05,4", "05,99999999999999999999"),
}


@pytest.mark.parametrize("content", FINE.values(), ids=FINE)
def test_what_only_looks_wrong_is_read(content: str | bytes, bench: Bench) -> None:
    assert "30 in 1 series" in bench.accept(content).out


def test_numbers_are_read_as_the_settings_say(bench: Bench) -> None:
    text = PLAIN.replace(",", ";").replace("05;4", "05;1\u202f234,5")
    settings = {**SEMICOLONS, "data.csv.decimal": ",", "data.csv.thousands": "\u202f"}
    bench.accept(text, **settings)
    overrides = [f"{path}={json.dumps(value)}" for path, value in settings.items()]
    panel = load_panel(load_config(bench.folder / "config.yaml", overrides=overrides).config)
    assert panel.targets[4, 0] == 1234.5


# What a pattern that goes back and forth would take minutes to read.
LONG = [
    "4" * 50_000 + "!",
    "(" + "4" * 50_000,
    "4," * 50_000 + "!",
    "." * 50_000,
    " " * 50_000 + "4" + " " * 50_000 + "x",
    "a" * 50_000,
    "n/" * 50_000,
    "-" * 50_000,
]


@pytest.mark.parametrize("column", ["time", "y"])
@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_a_long_text_is_named_and_not_repeated(text: str, column: str, bench: Bench) -> None:
    row = {"time": f'"{text}",4', "y": f'2024-01-05,"{text}"'}[column]
    refusal = bench.refuse(PLAIN.replace("2024-01-05,4", row))
    assert refusal.place[1:3] == (6, column)
    assert len(refusal.message) < 500


def test_an_infinite_number_of_digits_is_named(bench: Bench) -> None:
    refusal = bench.refuse(PLAIN.replace("05,4", "05," + "4" * 400))
    assert refusal.place[1:3] == (6, "y")
    refusal.says("infinite")
    assert len(refusal.message) < 400


PATHS: dict[str, tuple[str, int, str]] = {
    "missing": ("nowhere.txt", 3, "there is no such file. Its directory holds: other.csv"),
    "nearly there": ("Other.CSV", 3, "there is no such file. Did you mean 'other.csv'?"),
    "in no directory": ("none/data.csv", 3, "There is no directory"),
    "a directory": ("folder", 3, "this is a directory. Name a file in it"),
    "below a file": ("other.csv/data.csv", 3, "the path leads to no file: Not a directory"),
    "too long": ("a" * 300, 3, "the path leads to no file: File name too long"),
    "a NUL": ("a\0b.csv", 3, "no name that a file can have"),
    "a link in a circle": ("circle", 3, "the path leads to no file: Too many levels"),
    "a link to nothing": ("broken", 3, "there is no such file"),
    "a device": ("/dev/zero", 3, "this is a device. Name a file"),
    "an address": ("https://example.com/data.csv", 3, "an address, not a path. Fetch the file"),
    "a home of nobody": ("~nobody-of-this-name/data.csv", 3, "there is no such file"),
    "empty": ("", 2, "names no file"),
    "a glob without a match": (
        "ot*.txt",
        3,
        "no file matches this pattern. Its directory holds: other.csv",
    ),
    "a glob in no directory": ("none/*.csv", 3, "There is no directory"),
    "a glob of directories": ("fol*", 3, "no file matches this pattern"),
}


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
@pytest.mark.parametrize(("path", "code", "says"), PATHS.values(), ids=PATHS)
def test_a_path_that_leads_to_no_file_is_refused(
    path: str, code: int, says: str, bench: Bench
) -> None:
    bench.write(PLAIN, "other.csv")
    (bench.folder / "folder").mkdir()
    (bench.folder / "circle").symlink_to("circle")
    (bench.folder / "broken").symlink_to("nothing.csv")
    refusal = bench.refuse(**{"data.path": path})
    assert refusal.code == code
    refusal.says(says)


def test_a_name_that_is_no_text_is_shown_escaped(bench: Bench) -> None:
    result = bench.run("validate", **{"data.path": "a\udcffb.csv"})
    assert result.code == 3
    assert "a\\udcffb.csv: there is no such file" in result.err
    told = bench.run("validate", "--json", **{"data.path": "a\udcffb.csv"}).json
    assert told["error"]["file"].endswith("a\udcffb.csv")


def test_no_file_at_all_is_a_mistake_of_the_config(bench: Bench) -> None:
    for path in ([], [""], None):
        assert bench.refuse(**{"data.path": path}).code == 2


@pytest.mark.parametrize("path", [["data.csv", "./data.csv"], ["data.csv", "d*.csv"]])
def test_a_file_is_not_read_twice(path: list[str], bench: Bench) -> None:
    bench.refuse(PLAIN, **{"data.path": path}).says("names this file twice", "narrow the pattern")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in the file system")
def test_a_socket_is_refused(bench: Bench) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("data.csv")
        bench.refuse().says("data.csv: this is a socket. Name a file")


def test_a_file_that_may_not_be_read_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(PLAIN)
    really = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "data.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)  # root may read what nobody may
    refusal = bench.refuse()
    assert refusal.code == 3
    refusal.says("data.csv: it may not be read: Permission denied")


def test_a_disk_that_fails_is_no_fault_of_the_data(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(PLAIN)
    really = Path.open

    def fail(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "data.csv":
            raise OSError(5, "Input/output error")
        return really(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", fail)
    refusal = bench.refuse()
    assert refusal.code == 6
    refusal.says("data.csv: it cannot be read: Input/output error. Check the disk")


@pytest.fixture
def pipe(bench: Bench) -> Callable[[bytes], None]:
    """A named pipe as data; the function writes to it, from another thread."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes")
    os.mkfifo("data.csv")
    path = bench.folder / "data.csv"

    def put(content: bytes) -> None:
        with suppress(BrokenPipeError):
            path.write_bytes(content)

    def write(content: bytes) -> None:
        threading.Thread(target=put, args=[content], daemon=True).start()

    return write


def test_a_pipe_is_read_to_its_end(bench: Bench, pipe: Callable[[bytes], None]) -> None:
    pipe(PLAIN.encode())
    assert "30 in 1 series" in bench.accept().out


def test_a_pipe_that_nobody_writes_to_is_told(
    bench: Bench, pipe: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lstmcast.data.reading.pipes._PATIENCE_SECONDS", 0.1)
    bench.refuse().says("data.csv: this is a pipe, and nobody has written to it", "name a file")


def test_a_pipe_without_end_is_stopped_at_what_memory_holds(
    bench: Bench, pipe: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lstmcast.data.reading.pipes.available_memory", lambda: 3_000_000)
    pipe(PLAIN.encode() * 20_000)
    result = bench.run("validate")
    assert result.code == 6
    assert "data.csv: more than 0.001 GB came in, which is a third of the memory" in result.err


def test_standard_input_without_anything_is_empty(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    bench.refuse(**{"data.path": "-"}).says("<stdin>: the file is empty")


def test_a_gzip_bomb_is_not_unpacked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcast.data.reading.sources._BOMB_BYTES", 100_000)
    refusal = bench.refuse(gzip.compress(PLAIN.encode() + b"2024-01-31,1\n" * 100_000))
    assert refusal.code == 3
    refusal.says("data.csv: it unpacks to more than", "Unpack it first")


def test_a_line_without_end_is_not_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcast.data.reading.records._LONGEST_LINE", 1000)
    refusal = bench.refuse("time,y" + ",x" * 1000)
    assert refusal.place == ("data.csv", 1, None, None)
    refusal.says("more than 1,000 characters", "a row a line")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_more_rows_than_memory_holds_are_told_before_reading(
    suffix: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "time,y\n" + "".join(f"2024-01-01,{i % 991 * 77}\n" for i in range(50_000))
    bench.write(gzip.compress(text.encode()) if suffix else text, f"data.csv{suffix}")
    monkeypatch.setattr("lstmcast.data.reading.capacity.available_memory", lambda: 3_000_000)

    def read(*arguments: Any) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("lstmcast.data.reading.table.read_source", read)
    refusal = bench.refuse(**{"data.path": f"data.csv{suffix}"})
    assert refusal.code == 6
    # 2 copies of 24 bytes a row, and of 8 for each of the 2 columns.
    refusal.says(
        "about 50,000 rows of 2 columns", "0.004 GB", "Nothing was read", "Give fewer rows"
    )


def test_more_rows_of_parquet_than_memory_holds_are_told_before_reading(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pd.DataFrame({"time": ["2024-01-01"] * 1000, "y": 1.0}).to_parquet("data.parquet")
    monkeypatch.setattr("lstmcast.data.reading.capacity.available_memory", lambda: 1000 * 80 - 1)
    refusal = bench.refuse(**{"data.path": "data.parquet"})
    assert refusal.code == 6
    refusal.says("data.parquet: about 1,000 rows of 2 columns", "Nothing was read")


def test_what_memory_holds_is_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcast.data.reading.capacity.available_memory", lambda: 30 * 80 + 80)
    bench.accept(PLAIN)


def test_a_parquet_file_named_csv_and_the_reverse_are_told(bench: Bench) -> None:
    frame = pd.DataFrame({"time": ["2024-01-01"], "y": [1.0]})
    frame.to_parquet("whole.parquet")
    content = Path("whole.parquet").read_bytes()
    bench.refuse(content).says("data.csv: this is a Parquet file", "ends in .parquet")
    for text, says in (
        (PLAIN.encode(), "does not begin as such a file does. If it is CSV, give it a name"),
        (content[:-20], "it cannot be read as Parquet"),
        (content[:40] + b"\xff" * 30 + content[70:], "it cannot be read as Parquet"),
        (b"", "the file is empty"),
    ):
        bench.write(text, "data.parquet")
        refusal = bench.refuse(**{"data.path": "data.parquet"})
        assert refusal.place[0] == "data.parquet"
        refusal.says(says)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("", "the file is empty"),
        ("time,y\n", "a header but no rows"),
        ("time,z\n2024-01-31,1\n", "no column 'y'"),
        ("time;y\n2024-01-31;1\n", '`data.csv.delimiter: ";"`'),
        ("time,y\n31.01.2024,1\n", "The others are, and this is as `%d.%m.%Y` has it"),
        ("time,y\n2024-01-31T00:00Z,1\n", "carries an offset, and others do not"),
    ],
)
def test_the_second_of_two_files_is_named(second: str, says: str, bench: Bench) -> None:
    bench.write(PLAIN, "a.csv")
    bench.write(second, "b.csv")
    refusal = bench.refuse(**{"data.path": "?.csv"})
    assert refusal.place[0] == "b.csv"
    refusal.says(says)


def test_many_columns_are_no_matter(bench: Bench) -> None:
    names = ",".join(f"c{i}" for i in range(20_000))
    rows = ROWS.replace("\n", "," * 20_000 + "\n")
    assert "30 in 1 series" in bench.accept(f"time,y,{names}\n{rows}").out


@pytest.mark.long
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_init_makes_a_config_of_it_or_says_why_not(case: Case, bench: Bench) -> None:
    bench.write(case.content)
    result = bench.invoke("init", "--from", "data.csv", "--output", "new.yaml")
    assert result.code in (0, 2, 3)
    assert result.err.count("error: ") == bool(result.code)
    assert "Traceback" not in result.err
