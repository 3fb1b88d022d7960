from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.schema import CsvFormat, Data
from lstmcast.data.reading import arrow_csv
from lstmcast.data.reading.arrow_csv import read_fast
from lstmcast.data.reading.sources import Source
from lstmcast.data.reading.table import read_table
from lstmcast.data.times.parsing import parse_times
from lstmcast.errors import DataError

pytest.importorskip("pyarrow")
USES = {"time": "time", "id": "id", "y": "number"}
PLAIN = "time,id,y,other\n2020-01-01 00:00,a,1.5,x\n2020-01-01 01:00,007,,x\n"


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_csv, "LARGE", 0)


def read(tmp_path: Path, text: str, **form: Any) -> pd.DataFrame | None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    return read_fast(Source(str(path), path), CsvFormat(**form), USES)


def test_the_columns_asked_for_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    frame = read(tmp_path, PLAIN)
    assert frame is not None
    assert list(frame.columns) == ["time", "id", "y"]
    assert frame["time"].dtype == "datetime64[us]"
    assert frame["id"].tolist() == ["a", "007"]
    np.testing.assert_array_equal(frame["y"], [1.5, np.nan])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.5", "1.5 kg"),
        ("1.5", "True"),
        ("2020-01-01 01:00", "01.01.2020 01:00"),
        ("2020-01-01 01:00", "1577840400"),
        ("2020-01-01 01:00", "2020-01-01 01:00+01:00"),
        ("2020-01-01 01:00", ""),
        (",007,", ",,"),
        (",x\n2020", "\n2020"),
        (",x\n2020", ",x,x\n2020"),
        ("\n2020-01-01 01", "\n\n2020-01-01 01"),
        (",y,", ",z,"),
        ("time,id", '"time",id'),
        (",x\n2020", ',"x\n"\n2020'),
        (PLAIN[PLAIN.index("\n") + 1 :], ""),
    ],
)
def test_what_is_not_plain_is_left_to_the_other_reader(tmp_path: Path, old: str, new: str) -> None:
    assert old in PLAIN
    assert read(tmp_path, PLAIN.replace(old, new, 1)) is None


def test_so_are_other_formats_and_small_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for form in ({"decimal": ","}, {"thousands": " "}, {"encoding": "cp1252"}, {"na": ["-999"]}):
        assert read(tmp_path, PLAIN, **form) is None
    monkeypatch.setattr(arrow_csv, "LARGE", 10_000)
    assert read(tmp_path, PLAIN) is None


def test_a_word_for_a_missing_value_is_one_only_where_the_config_says_so(tmp_path: Path) -> None:
    text = PLAIN.replace("1.5", "nan")
    assert read(tmp_path, text) is not None
    assert read(tmp_path, text, na=[""]) is None


def test_both_readers_give_the_same_table_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "data.csv"
    texts = [
        repr(float(value)) for value in rng.normal(size=500) * 10.0 ** rng.integers(-9, 9, 500)
    ]
    times = pd.date_range("2020-01-01", periods=500, freq="37min").astype(str).tolist()
    lines = (f"{time},{text},{i}" for i, (time, text) in enumerate(zip(times, texts, strict=True)))
    path.write_text("\n".join(["t,y,x", *lines]))
    data = Data(path=str(path), time="t", target="y", past_covariates=["x"])
    tables = [read_table(data)]
    monkeypatch.setattr(arrow_csv, "LARGE", 10**9)
    tables.append(read_table(data))
    fast, slow = tables
    assert fast.frame["t"].dtype != slow.frame["t"].dtype
    for column in ("y", "x"):
        assert fast.frame[column].to_numpy().tobytes() == slow.frame[column].to_numpy().tobytes()
    for one, other in zip(fast.origin.take(slice(None)).line, slow.origin.line, strict=True):
        assert one == other
    first, second = (parse_times(table, data) for table in tables)
    np.testing.assert_array_equal(first.values, second.values)
    assert first.tz == second.tz


def test_an_infinite_value_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(PLAIN.replace("1.5", "inf"))
    with pytest.raises(DataError, match="infinite"):
        read_table(Data(path=str(path), time="time", target="y"))
