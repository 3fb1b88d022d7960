from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.data.inspection.inspecting import Inspection, inspect_file
from lstmcast.errors import ConfigError, DataError
from tests.builders import hourly_frame, panel_frame, write_text


def inspect_frame(path: Path, frame: pd.DataFrame) -> Inspection:
    frame.to_csv(path, index=False)
    return inspect_file(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.csv"


def test_one_series_is_described(file: Path) -> None:
    found = inspect_frame(file, hourly_frame(50))
    assert (found.time, found.series, found.target) == (("time",), None, "y")
    assert found.past_covariates == ("x",)
    assert (found.freq, found.season_length, found.n_rows) == ("h", 24, 50)
    assert not found.needs_filling
    assert (found.first, found.last) == (
        np.datetime64("2024-01-01T00:00"),
        np.datetime64("2024-01-03T01:00"),
    )


def test_months_and_quotes_are_understood(file: Path) -> None:
    rows = "".join(f'"{1949 + i // 12}-{i % 12 + 1:02d}",{100 + i * i}\r\n' for i in range(36))
    found = inspect_file(write_text(file, '"Month","Passengers"\r\n' + rows))
    assert (found.time, found.target) == (("Month",), "Passengers")
    assert (found.freq, found.season_length) == ("MS", 12)


def test_missing_days_are_counted(file: Path) -> None:
    frame = panel_frame({"a": 40}).drop(columns=["id", "x"]).drop(index=[7, 20, 21])
    found = inspect_frame(file, frame)
    assert (found.freq, found.n_inserted, found.n_rows) == ("D", 3, 40)
    assert found.needs_filling


def test_parts_row_numbers_and_leading_missing_values_are_seen(file: Path) -> None:
    times = pd.date_range("2010-01-01", periods=100, freq="h")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "No": np.arange(1, 101),
            **{part: getattr(times, part) for part in ("year", "month", "day", "hour")},
            "pm2.5": rng.normal(size=100).round(2),
            "wind": rng.choice(["NW", "SE"], 100),
            "rain": rng.normal(size=100),
        }
    )
    frame.loc[:23, "pm2.5"] = np.nan
    frame.loc[50, "pm2.5"] = np.nan
    found = inspect_frame(file, frame)
    assert found.time == ("year", "month", "day", "hour")
    assert found.target == "pm2.5"
    assert found.past_covariates == ("wind", "rain")
    assert found.categories == ("wind",)
    assert found.left_out == {"No": "a row number"}
    assert (found.n_rows, dict(found.missing)) == (76, {"pm2.5": 1})


def test_the_id_of_a_panel_and_what_is_constant_in_it_are_found(file: Path) -> None:
    frame = panel_frame({"a": 30, "b": 20}).assign(unit="kWh")
    frame["kind"] = frame["id"].map({"a": "shop", "b": "mall"})
    found = inspect_frame(file, frame)
    assert found.series == "id"
    assert found.static_covariates == ("kind",)
    assert found.left_out == {"unit": "constant"}
    assert (found.n_series, found.shortest, found.n_rows) == (2, 20, 50)


def test_the_target_is_the_last_column_of_numbers_where_no_name_tells(file: Path) -> None:
    frame = hourly_frame(30).rename(columns={"y": "one", "x": "two"})
    assert inspect_frame(file, frame.assign(three=0.5)).target == "two"


def test_a_format_is_found_and_doubt_is_told(file: Path) -> None:
    rows = "".join(f"{day:02d}/01/2024,{day}.5\n" for day in range(1, 29))
    found = inspect_file(write_text(file, "date,y\n" + rows))
    assert (found.format, found.freq) == ("%d/%m/%Y", "D")
    assert found.notes == ()
    rows = "".join(f"01/{month:02d}/2024,{month}.5\n" for month in range(1, 13))
    found = inspect_file(write_text(file, "date,y\n" + rows))
    assert found.format == "%d/%m/%Y"
    assert "fit %d/%m/%Y and %m/%d/%Y" in found.notes[0]


def test_of_two_formats_the_one_that_leaves_few_gaps_is_taken(file: Path) -> None:
    rows = "".join(f"01/{day:02d}/2024 {h:02d}:00 AM,{h}.5\n" for day in (2, 3) for h in (1, 2, 3))
    found = inspect_file(write_text(file, "date,y\n" + rows))
    assert (found.format, found.freq, found.n_inserted) == ("%m/%d/%Y %I:%M %p", "h", 21)
    assert "%m/%d/%Y %I:%M %p was taken" in found.notes[0]


def test_a_file_with_a_name_that_no_config_may_use_is_refused(file: Path) -> None:
    frame = hourly_frame(30).rename(columns={"time": "origin"})
    with pytest.raises(ConfigError, match=r"data\.time: `origin` is the name of another column"):
        inspect_frame(file, frame)


def test_an_unnamed_column_is_the_row_number_that_pandas_writes(file: Path) -> None:
    hourly_frame(30).to_csv(file)
    assert inspect_file(file).past_covariates == ("x",)


def test_parquet_is_inspected_too(tmp_path: Path) -> None:
    hourly_frame(30).to_parquet(tmp_path / "data.parquet")
    found = inspect_file(tmp_path / "data.parquet")
    assert (found.target, found.freq, found.time) == ("y", "h", ("time",))


def test_words_for_missing_are_found_in_a_column_of_numbers(file: Path) -> None:
    rows = "".join(f"2024-01-{day:02d},{'?' if day == 9 else day * day}\n" for day in range(1, 29))
    found = inspect_file(write_text(file, "date,y\n" + rows))
    assert "?" in found.csv.na
    assert dict(found.missing) == {"y": 1}


def test_repeated_times_without_an_id_are_counted(file: Path) -> None:
    frame = hourly_frame(30).drop(columns="x")
    found = inspect_frame(file, pd.concat([frame, frame.tail(2)]))
    assert found.n_duplicates == 2
    assert "times repeat" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nx,1.5\ny,2.5\n", "no column reads as times"),
        ("year,b\n2024,x\n2025,y\n", "to forecast"),
    ],
)
def test_a_file_without_times_or_numbers_is_refused(file: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        inspect_file(write_text(file, text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("year,month,y\n2020,Jan,1\n2020,Feb,2\n", "from one row a series"),
        ("year,month,y\n1e300,1,1\n2,1,1\n", "no column reads as times"),
        ('time,y,x\n2024-01-01,1,"' + "a" * 140_000 + "\n", "quote"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_words(
    text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=says):
        inspect_file(write_text(tmp_path / "data.csv", text))
