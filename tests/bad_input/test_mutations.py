"""Valid files with random damage: whatever becomes of them, a command ends well or says why."""

from __future__ import annotations

import contextlib
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmcast.cli.failures import call
from lstmcast.cli.main import app
from tests.builders import hourly_frame, panel_frame

TOKENS = [
    *("", " ", "NA", "nan", "NaT", "inf", "-inf", "None", "null", "-", "?", "#N/A", "#REF!", "'"),
    *("0", "-0", "1e308", "1e309", "1e-320", "9" * 20, "9" * 400, "1,5", "1.234,5", "1 234"),
    *("1_0", "True", "false", "yes", "0x1F", "1e", "+", "½", "\u0661", "1\xa0234", "€5", "5%"),
    *("a\nb", 'a"b', "\0", "\x1a", "\x1b[31m", "\ud7ff", "\u200b", "\ufeff", "\u2028", "😀", ";"),
    *("\t", "a" * 300, "2024-01-01", "2024-02-30", "2024-13-01", "24:00", "2024-01-01 24:00"),
    *("0000-00-00", "0001-01-01", "9999-12-31", "-2024-01-01", "+2024-01-01", "10000-01-01"),
    *("2024-01-01T00:00Z", "2024-01-01T00:00+14:00", "2024-01-01T00:00+99:99", "1900-01-00"),
    *("2024-W01", "2024W01", "2024-W54", "2024Q1", "2020Q9", "Q1 2024", "1704067200", "45292"),
    *("1704067200000", "-1", "01/02/2024", "13.01.2024", "Jan 2024", "20240101", "202401010000"),
    *("now", "today", "time", "y"),
]
NAMES = ["time", "y", "x", "id", "", " ", "Time", "y ", "\ufeffy", "y.1", "Unnamed: 0", "1", "é\0"]
SETTINGS: dict[str, list[Any]] = {
    "duplicates": ["error", "first", "mean", "sum"],
    "gaps": ["error", "fill"],
    "missing": [{"strategy": name} for name in ("error", "drop", "ffill", "seasonal", "mask")],
    "freq": [None, "h", "D", "MS", "B", "W"],
    "format": [None, "%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S%z", "%y%j"],
    "tz": [None, "UTC", "Europe/Berlin", "America/Sao_Paulo"],
    "start": [None, "2024-01-05", "2030"],
    "end": [None, "2024-01-20", "9999-12-31"],
}
CSV_SETTINGS: dict[str, list[Any]] = {
    "delimiter": [",", ";", "\t", " "],
    "decimal": [".", "_", "\u066b"],
    "thousands": [None, "'", " ", "\xa0"],
    "encoding": ["utf-8", "latin-1", "utf-16", "utf-7", "cp1252", "ascii"],
}


@dataclass
class Tried:
    """A file and the `data` section of its config.

    Attributes:
        cells: Rows of fields, the header first.
        data: The section.
        content: What the file holds, once it is written.
    """

    cells: list[list[str]]
    data: dict[str, Any]
    content: bytes = field(default=b"")


def single(random: Random) -> Tried:
    freq = random.choice(["D", "h", "MS", "QS", "W", "B", "15min"])
    frame = hourly_frame(40).assign(time=pd.date_range("2024-01-01", periods=40, freq=freq))
    if random.random() < 0.3:
        frame["time"] = frame["time"].dt.tz_localize("UTC")
    return Tried(cells_of(frame), {"time": "time", "target": "y"})


def panel(random: Random) -> Tried:
    frame = panel_frame({"a": 25, "b": 30, "c": 12}).assign(kind=lambda f: f["id"] + "k")
    frame["sky"] = [random.choice(["sun", "rain"]) for _ in range(len(frame))]
    data = {
        "time": "time",
        "series": "id",
        "target": "y",
        "past_covariates": ["x"],
        "future_covariates": ["sky"],
        "static_covariates": ["kind"],
    }
    return Tried(cells_of(frame), data)


def parts(random: Random) -> Tried:
    frame = pd.DataFrame({"year": [2000 + i // 12 for i in range(48)], "y": range(48)})
    frame.insert(1, "month", [i % 12 + 1 for i in range(48)])
    return Tried(cells_of(frame), {"time": ["year", "month"], "target": "y"})


def cells_of(frame: pd.DataFrame) -> list[list[str]]:
    lines = frame.to_csv(index=False, float_format="%.3f").splitlines()
    return [line.split(",") for line in lines]


def place(tried: Tried, random: Random) -> tuple[int, int]:
    row = random.randrange(len(tried.cells))
    return row, random.randrange(max(len(tried.cells[row]), 1))


def cell(tried: Tried, random: Random) -> None:
    row, column = place(tried, random)
    if tried.cells[row]:
        tried.cells[row][column] = random.choice(NAMES if not row else TOKENS)


def swapped(tried: Tried, random: Random) -> None:
    (row, column), (other, place_) = place(tried, random), place(tried, random)
    if tried.cells[row] and tried.cells[other]:
        tried.cells[row][column] = tried.cells[other][place_]


def longer(tried: Tried, random: Random) -> None:
    tried.cells[place(tried, random)[0]].append(random.choice(TOKENS))


def shorter(tried: Tried, random: Random) -> None:
    row = tried.cells[place(tried, random)[0]]
    del row[len(row) - 1 :]


def column(tried: Tried, random: Random) -> None:
    token, place_ = random.choice(TOKENS), place(tried, random)[1]
    for row in tried.cells[1:]:
        if place_ < len(row):
            row[place_] = random.choice([token, row[place_] + token, token + row[place_]])


def repeated(tried: Tried, random: Random) -> None:
    tried.cells.append(list(tried.cells[place(tried, random)[0]]))


def shuffled(tried: Tried, random: Random) -> None:
    rows = tried.cells[1:]
    random.shuffle(rows)
    tried.cells[1:] = rows


def cut(tried: Tried, random: Random) -> None:
    start, stop = sorted((place(tried, random)[0], place(tried, random)[0]))
    del tried.cells[start:stop]
    tried.cells = tried.cells or [[]]


def setting(tried: Tried, random: Random) -> None:
    name = random.choice(list(SETTINGS))
    tried.data[name] = random.choice(SETTINGS[name])


def csv_setting(tried: Tried, random: Random) -> None:
    name = random.choice(list(CSV_SETTINGS))
    tried.data.setdefault("csv", {})[name] = random.choice(CSV_SETTINGS[name])


Damage = Callable[[Tried, Random], None]
OF_CELLS: list[Damage] = [cell, cell, cell, swapped, longer, shorter, column, repeated, shuffled]
OF_CELLS += [cut, setting, setting, csv_setting]


def as_bytes(tried: Tried, random: Random) -> bytes:
    """The file, mostly as CSV has it."""
    quote = random.choice([""] * 9 + ['"', "'"])
    delimiter = random.choice([","] * 20 + [";", "\t", ", "])
    end = random.choice(["\n"] * 9 + ["\r\n", "\r", "\n\n"])
    text = "".join(
        delimiter.join(quote + each.replace(quote or "\0", "") + quote for each in row) + end
        for row in tried.cells
    )
    encoding = random.choice(["utf-8"] * 30 + ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
    return text.encode(encoding, "replace")


def of_bytes(content: bytes, random: Random) -> bytes:
    """The file with bytes flipped, put in or left out."""
    raw = bytearray(content)
    for _ in range(random.choice([0] * 9 + [1, 1, 3])):
        at = random.randrange(len(raw) + 1)
        kind = random.choice(["flip", "insert", "delete", "truncate"])
        if kind == "flip" and at < len(raw):
            raw[at] ^= 1 << random.randrange(8)
        elif kind == "insert":
            raw[at:at] = random.choice([b"\0", b"\xff", b'"', b"\n", b"\r", b",", b"\x80", b"PK"])
        elif kind == "delete":
            del raw[at : at + random.choice([1, 5, 50])]
        elif random.random() < 0.3:
            del raw[at:]
    return bytes(raw)


def damaged(random: Random) -> Tried:
    """A file with damage."""
    tried = random.choice([single, panel, parts])(random)
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        random.choice(OF_CELLS)(tried, random)
    content = of_bytes(as_bytes(tried, random), random)
    if random.random() < 0.05:
        content = of_bytes(gzip.compress(content), random)
    tried.content = content
    return tried


def validate(tried: Tried, folder: Path) -> tuple[int, str, str]:
    """Exit code and what was printed; the config is beside the data."""
    (folder / "data.csv").write_bytes(tried.content)
    config = {
        "data": {"path": "data.csv", **tried.data},
        "window": {"lookback": 3, "horizon": 1},
        "calibration": {"levels": [0.5]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = call(app, ["validate", str(folder / "config.yaml")])
    return code, out.getvalue(), err.getvalue()


def check(random: Random, folder: Path) -> int:
    """The exit code of a command on a damaged file, which must end well or say why."""
    code, out, err = validate(damaged(random), folder)
    assert code in (0, 2, 3, 6), err
    assert "Traceback" not in err
    assert err.count("error: ") == bool(code), err
    assert bool(out) == (code == 0)
    assert "Warning:" not in err, err
    assert "\x1b" not in err
    assert len(err) < 5000
    return code


randoms = st.randoms(use_true_random=False)
quietly = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(quietly, max_examples=50, derandomize=True)
@given(random=randoms)
def test_damaged_files_end_in_a_result_or_one_error(random: Random, tmp_path: Path) -> None:
    check(random, tmp_path)


@pytest.mark.long
@settings(quietly, max_examples=5000)
@given(random=randoms)
def test_many_damaged_files_end_in_a_result_or_one_error(random: Random, tmp_path: Path) -> None:
    check(random, tmp_path)


def test_the_damage_leaves_some_files_whole(tmp_path: Path) -> None:
    codes = [check(Random(seed), tmp_path) for seed in range(60)]
    assert {0, 3} <= set(codes)
