import gzip
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.schema import CsvFormat, Data
from lstmcast.data.panel import Column, Schema
from lstmcast.data.reading.table import Table, needed_columns, read_table, table_from_frame
from lstmcast.errors import ConfigError, DataError, ResourceError
from tests.builders import hourly_frame, write_text

PLAIN = "time,y,x\n2024-01-01,1,a\n2024-01-02,2.5,b\n"


def read(path: Path | str, **fields: Any) -> Table:
    return read_table(Data(**{"path": str(path), "time": "time", "target": "y", **fields}))


def failure(path: Path | str, **fields: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read(path, **fields)
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.csv"


def test_only_the_needed_columns_are_read(file: Path) -> None:
    table = read(write_text(file, PLAIN))
    assert table.frame.to_dict("list") == {"time": ["2024-01-01", "2024-01-02"], "y": [1.0, 2.5]}
    assert table.origin.files == (str(file),)
    assert table.origin.line.tolist() == [2, 3]


def test_numbers_are_float64_and_text_is_str(file: Path) -> None:
    table = read(write_text(file, PLAIN), past_covariates=["x"])
    assert table.frame["y"].dtype == np.float64
    assert isinstance(table.frame["x"].dtype, pd.StringDtype)


def test_numbers_are_read_to_the_last_bit(file: Path) -> None:
    values = np.random.default_rng(3).normal(size=2000) * 10.0 ** np.arange(2000).clip(max=200)
    rows = "".join(f"{i},{value!r}\n" for i, value in enumerate(values.tolist()))
    table = read(write_text(file, "time,y\n" + rows))
    assert table.frame["y"].tolist() == values.tolist()


def test_ids_are_text_exactly_as_in_the_file(file: Path) -> None:
    write_text(file, "time,y,id\n2024,1,7\n2024,2,007\n2024,3,NA\n2024,4, a\n")
    assert read(file, series="id").frame["id"].tolist() == ["7", "007", "NA", " a"]


def test_only_the_words_named_are_missing(file: Path) -> None:
    write_text(file, "time,y,x\n2024,-,NA\n2025,1,-\n")
    table = read(file, past_covariates=["x"], csv=CsvFormat(na=["-"]))
    assert np.isnan(table.frame["y"]).tolist() == [True, False]
    assert table.frame["x"].isna().tolist() == [False, True]


def test_delimiter_decimal_and_thousands_are_read_as_told(file: Path) -> None:
    write_text(file, "time;y\n2024;1.234,5\n2025;-0,25\n")
    form = CsvFormat(delimiter=";", decimal=",", thousands=".")
    assert read(file, csv=form).frame["y"].tolist() == [1234.5, -0.25]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_byte_order_marks_are_read(file: Path, encoding: str) -> None:
    write_text(file, "time,größe\n2024,1\n2025,2\n", encoding=encoding)
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    table = read(file, target="größe", csv=CsvFormat(encoding=named))
    assert table.frame["größe"].tolist() == [1.0, 2.0]
    assert table.origin.line.tolist() == [2, 3]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(file: Path, line_end: str) -> None:
    table = read(write_text(file, PLAIN.replace("\n", line_end)))
    assert table.origin.line.tolist() == [2, 3]


def test_lines_are_right_beside_quoted_newlines_and_blank_lines(file: Path) -> None:
    write_text(file, 'time,y,x\n2024,1,"a\nb"\n\n2025,2,c\n   \n2026,3,"d,e"\n\n')
    table = read(file, past_covariates=["x"])
    assert table.origin.line.tolist() == [2, 5, 7]
    assert table.frame["x"].tolist() == ["a\nb", "c", "d,e"]


@given(
    fields=st.lists(st.text(alphabet='ab,"\n ', max_size=6), min_size=1, max_size=30),
    blanks=st.lists(st.booleans(), min_size=30, max_size=30),
)
@settings(max_examples=100, deadline=None)
def test_lines_are_those_where_the_records_were_written(
    tmp_path_factory: pytest.TempPathFactory, fields: list[str], blanks: list[bool]
) -> None:
    text, lines = "time,y,x\n", []
    for i, (field, blank) in enumerate(zip(fields, blanks, strict=False)):
        text += "\n" if blank else ""
        lines.append(text.count("\n") + 1)
        if set(field) & {",", '"', "\n"}:
            field = '"' + field.replace('"', '""') + '"'
        text += f"{2000 + i},{i},{field}\n"
    file = write_text(tmp_path_factory.mktemp("lines") / "data.csv", text)
    table = read(file, past_covariates=[{"column": "x", "type": "category"}])
    assert table.origin.line.tolist() == lines
    assert table.frame["x"].fillna("").tolist() == fields


def test_true_and_false_are_one_and_zero(file: Path) -> None:
    write_text(file, "time,y,x\n2024,1,True\n2025,2,NA\n2026,3,False\n")
    x = read(file, past_covariates=["x"]).frame["x"]
    np.testing.assert_array_equal(x, [1.0, np.nan, 0.0])


def test_a_number_declared_a_category_stays_text(file: Path) -> None:
    write_text(file, "time,y,x\n2024,1,01\n2025,2,1\n")
    table = read(file, past_covariates=[{"column": "x", "type": "category"}])
    assert table.frame["x"].tolist() == ["01", "1"]


def test_a_schema_settles_what_auto_left_open(file: Path) -> None:
    write_text(file, "time,y,x\n2024,1,10\n2025,2,20\n")
    columns = (Column("y", "target"), Column("x", "past", "category"))
    schema = Schema(("time",), None, columns, freq="YS", season_length=1)
    data = Data(path=str(file), time="time", target="y", past_covariates=["x"])
    assert read_table(data, schema=schema).frame["x"].tolist() == ["10", "20"]


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    assert read(path).frame["y"].tolist() == [1.0, 2.5]


def test_a_broken_gzip_is_said(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode() * 100)[:-20])
    assert "gzip file is broken" in str(failure(path))


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstmcast.data.reading.sources._BOMB_BYTES", 10_000)
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"time,y\n" + b"2024,1\n" * 1_000_000))
    assert "unpacks to more than" in str(failure(path))


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b'time,y\n\n2024,1\n2025,"2"\n'))
    monkeypatch.setattr(sys, "stdin", stream)
    table = read("-")
    assert table.origin.files == ("<stdin>",)
    assert table.origin.line.tolist() == [3, 4]


def test_a_glob_reads_the_files_in_order_of_their_names(tmp_path: Path) -> None:
    write_text(tmp_path / "b.csv", "y,time\n3,2026\n")
    write_text(tmp_path / "a.csv", "time,y\n2024,1\n2025,2\n")
    table = read_table(Data(path="*.csv", time="time", target="y"), directory=tmp_path)
    assert table.frame["y"].tolist() == [1.0, 2.0, 3.0]
    assert [Path(name).name for name in table.origin.files] == ["a.csv", "b.csv"]
    assert table.place(2) == {"file": str(tmp_path / "b.csv"), "line": 2}


def test_a_glob_without_match_is_an_error(tmp_path: Path) -> None:
    assert "no file matches" in str(failure(tmp_path / "*.csv"))


def test_a_name_with_the_characters_of_a_glob_is_that_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "data[1].csv", PLAIN)
    assert len(read(path).frame) == 2


def test_digits_in_one_file_are_text_where_another_has_words(tmp_path: Path) -> None:
    write_text(tmp_path / "a.csv", "time,y,x\n2024,1,01\n")
    write_text(tmp_path / "b.csv", "time,y,x\n2025,2,S\n")
    write_text(tmp_path / "c.csv", "time,y,x\n2026,3,\n")
    table = read(tmp_path / "*.csv", past_covariates=["x"])
    assert table.frame["x"].tolist()[:2] == ["01", "S"]
    assert table.frame["x"].isna().tolist() == [False, False, True]


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    frame = hourly_frame(5)
    frame.set_index("time").to_parquet(tmp_path / "data.parquet")
    table = read(tmp_path / "data.parquet", past_covariates=["x"])
    assert table.frame["y"].tolist() == frame["y"].tolist()
    assert table.frame["time"].tolist() == frame["time"].tolist()


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    path = write_text(tmp_path / "data.parquet", "PAR1")
    with pytest.raises(ResourceError, match="pip install 'lstmcast"):
        read(path)


def test_a_broken_parquet_file_is_said(tmp_path: Path) -> None:
    path = write_text(tmp_path / "data.parquet", "time,y\n1,2\n")
    assert "cannot be read as Parquet" in str(failure(path))


def test_a_missing_column_names_those_that_are_there(file: Path) -> None:
    error = failure(write_text(file, PLAIN), target="Y ")
    assert "there is no column 'Y '. Did you mean 'y'?" in str(error)
    assert "It has: 'time', 'y', 'x'." in str(error)
    assert error.file == str(file)


def test_a_header_in_one_column_suggests_the_delimiter(file: Path) -> None:
    error = failure(write_text(file, "time;y\n2024;1\n"))
    assert 'Set `data.csv.delimiter: ";"`' in str(error)


def test_a_missing_file_names_near_ones(tmp_path: Path) -> None:
    write_text(tmp_path / "sales.csv", PLAIN)
    assert "Did you mean 'sales.csv'?" in str(failure(tmp_path / "sale.csv"))
    assert "There is no directory" in str(failure(tmp_path / "none" / "sale.csv"))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert "this is a directory" in str(failure(tmp_path))


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("\n \n", "is empty")])
def test_an_empty_file_is_said(file: Path, text: str, message: str) -> None:
    assert message in str(failure(write_text(file, text)))


def test_a_header_without_rows_is_said(file: Path) -> None:
    assert "a header but no rows" in str(failure(write_text(file, "time,y\n")))


def test_bytes_of_another_encoding_are_found(file: Path) -> None:
    rows = "time,y,x\n2024,1,a\n2025,2,é\n"
    error = failure(write_text(file, rows, encoding="latin-1"), past_covariates=["x"])
    assert (error.line, error.file) == (3, str(file))
    assert "byte 0xe9 at offset 25 is not utf-8" in str(error)
    assert "cp1252" in str(error)


def test_an_unknown_encoding_is_a_mistake_of_the_config(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.csv\.encoding: there is no encoding 'utf9'"):
        read(write_text(file, PLAIN), csv=CsvFormat(encoding="utf9"))


@pytest.mark.parametrize(
    ("row", "message"), [("2025,2", "has 2 fields, fewer"), ("2025,2,3,4", "has 4 fields, more")]
)
def test_a_ragged_row_is_named(file: Path, row: str, message: str) -> None:
    error = failure(write_text(file, f'time,y,x\n2024,1,"a,b"\n{row}\n2026,3,c\n'))
    assert error.line == 3
    assert message in str(error)


def test_a_nul_byte_is_named(file: Path) -> None:
    error = failure(write_text(file, "time,y\n2024,1\n2025,\0\n"))
    assert error.line == 3
    assert "NUL byte" in str(error)


def test_a_column_named_twice_is_an_error(file: Path) -> None:
    error = failure(write_text(file, "time,y,y\n2024,1,2\n"))
    assert (error.line, error.column) == (1, "y")


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("abc", "Mend it"),
        ("0,5", 'data.csv.decimal: ","'),
        ("1,234.5", 'data.csv.thousands: ","'),
        ("?", 'Add "?" to `data.csv.na`'),
    ],
)
def test_text_in_a_column_of_numbers_is_named(file: Path, value: str, advice: str) -> None:
    error = failure(write_text(file, f'time,y\n2024,1\n\n2025,"{value}"\n2026,zzz\n'))
    assert (error.line, error.column, error.value) == (4, "y", value)
    assert advice in str(error)


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e999"])
def test_an_infinite_value_is_named_as_written(file: Path, value: str) -> None:
    error = failure(write_text(file, f"time,y\n2024,1\n2025,{value}\n"))
    assert (error.file, error.line, error.column, error.value) == (str(file), 3, "y", value)


def test_a_quote_never_closed_is_an_error(file: Path) -> None:
    write_text(file, 'time,y,x\n2024,1,c\n\n2025,1,"a\n2026,2,b\n')
    error = failure(file, past_covariates=["x"])
    assert (error.file, error.line) == (str(file), 4)
    assert "Is a quote not closed?" in str(error)


def test_a_path_is_needed() -> None:
    with pytest.raises(ConfigError, match=r"data\.path"):
        read_table(Data(time="time", target="y"))


def test_columns_for_what_lies_ahead_are_time_series_and_future_covariates() -> None:
    data = Data(time="t", series="id", target="y", past_covariates=["p"], future_covariates=["f"])
    assert needed_columns(data, ahead=True) == ["t", "id", "f"]
    assert needed_columns(data) == ["t", "id", "y", "p", "f"]


def test_a_frame_is_read_like_a_file() -> None:
    frame = hourly_frame(3).assign(id=[7, 7, 8])
    table = table_from_frame(frame, Data(time="time", series="id", target="y"))
    assert table.frame["id"].tolist() == ["7", "7", "8"]
    assert table.frame["y"].tolist() == frame["y"].tolist()
    assert table.place(0) == {}


def test_the_index_of_a_frame_may_be_the_time() -> None:
    frame = hourly_frame(3).set_index("time")
    table = table_from_frame(frame, Data(time="time", target="y"))
    assert table.frame["time"].tolist() == frame.index.tolist()


def test_a_frame_is_not_changed() -> None:
    frame = hourly_frame(3)
    before = frame.copy(deep=True)
    table_from_frame(frame, Data(time="time", target="y", past_covariates=["x"]))
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": ["a", "b", "c"]}, "not a number"),
        ({"y": [1.0, np.inf, 2.0]}, "infinite"),
    ],
)
def test_a_frame_is_checked_like_a_file(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        table_from_frame(hourly_frame(3).assign(**change), Data(time="time", target="y"))


def test_a_frame_without_the_column_or_rows_is_refused() -> None:
    with pytest.raises(DataError, match="no column 'z'"):
        table_from_frame(hourly_frame(3), Data(time="time", target="z"))
    with pytest.raises(DataError, match="no rows"):
        table_from_frame(hourly_frame(0), Data(time="time", target="y"))


def test_columns_of_a_frame_may_be_called_by_numbers() -> None:
    frame = hourly_frame(3).rename(columns={"y": 0})
    table = table_from_frame(frame, Data(time="time", target="0"))
    assert table.frame["0"].tolist() == frame[0].tolist()


def test_a_category_of_a_frame_is_text() -> None:
    frame = hourly_frame(3).assign(c=pd.Categorical(["b", "a", "b"]))
    table = table_from_frame(frame, Data(time="time", target="y", past_covariates=["c"]))
    assert table.frame["c"].tolist() == ["b", "a", "b"]
