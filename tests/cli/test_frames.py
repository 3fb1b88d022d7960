from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.cli.frames import Format, encode, readable, records, write_file
from lstmcast.config.schema import CsvFormat

FRAME = pd.DataFrame(
    {
        "time": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00"]),
        "series": ["a", "b"],
        "step": [1, 1],
        "prediction": [1 / 3, np.nan],
    }
)


def test_json_rows_are_exact_and_hold_null_for_what_is_not_known() -> None:
    assert json.loads(encode(FRAME, Format.json)) == records(FRAME)
    assert records(FRAME) == [
        {"time": "2024-01-01T00:00:00", "series": "a", "step": 1, "prediction": 1 / 3},
        {"time": "2024-01-01T01:00:00", "series": "b", "step": 1, "prediction": None},
    ]


def test_times_of_a_zone_keep_their_offset() -> None:
    local = FRAME.assign(time=FRAME["time"].dt.tz_localize("Europe/Berlin"))
    assert records(local)[0]["time"] == "2024-01-01T00:00:00+01:00"
    assert "2024-01-01 00:00:00+01:00" in readable(local)


def test_csv_reads_back_the_same(tmp_path: Path) -> None:
    write_file(encode(FRAME, Format.csv), tmp_path / "f.csv")
    back = pd.read_csv(tmp_path / "f.csv", parse_dates=["time"])
    assert back["prediction"][0] == 1 / 3
    assert list(back["time"]) == list(FRAME["time"])


def test_csv_is_written_as_a_config_has_it() -> None:
    form = CsvFormat(delimiter=";", decimal=",", encoding="cp1252")
    frame = pd.DataFrame({"temperatur_°C": [0.5], "site": ["a,b"]})
    assert encode(frame, Format.csv, csv=form) == b"temperatur_\xb0C;site\n0,5;a,b\n"


def test_a_readable_table_is_short_and_says_what_it_leaves_out() -> None:
    long = pd.concat([FRAME] * 20, ignore_index=True)
    lines = readable(long).splitlines()
    assert lines[0].split() == ["time", "series", "step", "prediction"]
    assert lines[1].split() == ["2024-01-01", "a", "1", "0.3333"]
    assert lines[2].split() == ["2024-01-01", "01:00", "b", "1", "–"]
    assert lines[-1] == "… 16 more rows"
    assert len(lines) == 1 + 24 + 1


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_is_replaced_as_a_whole_with_the_permissions_of_others(tmp_path: Path) -> None:
    plain, written = tmp_path / "plain", tmp_path / "written"
    plain.write_text("x")
    written.write_text("old")
    write_file(b"new", written)
    assert written.read_bytes() == b"new"
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "written"]
