from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.schema import Data
from lstmcast.data.assembling import build_panel
from lstmcast.data.panel import Panel, Schema
from lstmcast.data.reading.table import needed_columns, read_table, table_from_frame
from lstmcast.errors import ConfigError, DataError
from tests.builders import hourly_frame, panel_frame, write_text

BASIC: dict[str, Any] = {"time": "time", "target": "y"}
PANEL: dict[str, Any] = {**BASIC, "series": "id"}
DAYS = pd.date_range("2024-01-01", periods=6, freq="D")


def from_frame(frame: pd.DataFrame, *, schema: Schema | None = None, **fields: Any) -> Panel:
    data = Data(**{**BASIC, **fields})
    return build_panel(table_from_frame(frame, data, schema=schema), data, schema=schema)


def from_text(path: Path, text: str, **fields: Any) -> Panel:
    data = Data(**{"path": str(write_text(path, text)), **BASIC, **fields})
    return build_panel(read_table(data), data)


def failure(path: Path, text: str, **fields: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        from_text(path, text, **fields)
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.csv"


def test_one_series_is_a_panel_of_one() -> None:
    frame = hourly_frame(30)
    panel = from_frame(frame, past_covariates=["x"])
    assert panel.series == ("",)
    assert panel.offsets.tolist() == [0, 30]
    assert (panel.schema.freq, panel.schema.season_length, panel.schema.tz) == ("h", 24, None)
    np.testing.assert_array_equal(panel.values, frame[["y", "x"]])
    np.testing.assert_array_equal(panel.times, frame["time"].to_numpy())
    assert panel.times.dtype == np.dtype("datetime64[us]")
    assert panel.warnings == ()


def test_series_of_different_lengths_lie_end_to_end() -> None:
    frame = panel_frame({"b": 4, "a": 6})
    panel = from_frame(frame, **PANEL)
    assert panel.series == ("a", "b")
    assert panel.offsets.tolist() == [0, 6, 10]
    for name, start, stop in (("a", 0, 6), ("b", 6, 10)):
        expected = frame[frame["id"] == name]["y"].to_numpy()
        np.testing.assert_array_equal(panel.values[start:stop, 0], expected)
    assert panel.codes.shape == (10, 0)


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_panel_does_not_depend_on_the_order_of_the_rows(seed: int) -> None:
    frame = panel_frame({"a": 5, "b": 7, "c": 3})
    shuffled = frame.sample(frac=1, random_state=seed)
    panel, other = from_frame(frame, **PANEL), from_frame(shuffled, **PANEL)
    np.testing.assert_array_equal(panel.times, other.times)
    np.testing.assert_array_equal(panel.values, other.values)
    assert panel.series == other.series


def test_series_that_alternate_in_the_file_need_no_warning() -> None:
    frame = panel_frame({"a": 4, "b": 4}).sort_values(["time", "id"])
    assert from_frame(frame, **PANEL).warnings == ()


def test_rows_that_had_to_be_sorted_are_told(file: Path) -> None:
    panel = from_text(file, "time,y\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n")
    assert panel.targets[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert "sorted" in panel.warnings[0]
    assert panel.place(0) == {"file": str(file), "line": 3}


def test_ids_that_differ_as_text_are_different_series(file: Path) -> None:
    text = "time,id,y\n2024-01-01,7,1\n2024-01-02,7,2\n2024-01-01,007,3\n2024-01-02,007,4\n"
    panel = from_text(file, text, series="id")
    assert panel.series == ("007", "7")
    assert panel.targets[:, 0].tolist() == [3.0, 4.0, 1.0, 2.0]


def test_a_missing_id_is_named(file: Path) -> None:
    error = failure(file, "time,id,y\n2024-01-01,a,1\n2024-01-02,,2\n", series="id")
    assert (error.line, error.column) == (3, "id")


DOUBLE = "time,y,x\n2024-01-01,1,a\n2024-01-02,2,b\n2024-01-02,4,c\n2024-01-03,,d\n2024-01-04,5,e\n"


def test_a_repeated_time_is_named_with_both_lines(file: Path) -> None:
    error = failure(file, DOUBLE)
    assert error.line == 3
    assert "2024-01-02 is there more than once. It stands again on line 4" in str(error)
    assert "`data.series`" in str(error)


@pytest.mark.parametrize(
    ("how", "value", "category"),
    [("first", 2.0, "b"), ("last", 4.0, "c"), ("mean", 3.0, "c"), ("sum", 6.0, "c")],
)
def test_repeated_times_are_merged_as_told(
    file: Path, how: str, value: float, category: str
) -> None:
    panel = from_text(file, DOUBLE, duplicates=how, past_covariates=["x"])
    np.testing.assert_array_equal(panel.targets[:, 0], [1.0, value, np.nan, 5.0])
    assert panel.levels[0][panel.codes[1, 0]] == category
    assert "merged 1 row" in panel.warnings[0]


GAPS = "time,y,x\n2024-01-01,1,a\n2024-01-02,2,b\n2024-01-05,3,a\n2024-01-06,4,b\n2024-01-08,5,a\n"


def test_gaps_are_named_with_their_rows(file: Path) -> None:
    error = failure(file, GAPS)
    assert error.line == 4
    assert "3 rows are missing in 2 gaps" in str(error)
    assert "2 after 2024-01-02; 1 after 2024-01-06" in str(error)
    assert "`data.gaps: fill`" in str(error)


def test_gaps_are_filled_with_rows_without_values(file: Path) -> None:
    panel = from_text(file, GAPS, gaps="fill", past_covariates=["x"])
    expected = [1, 2, np.nan, np.nan, 3, 4, np.nan, 5]
    np.testing.assert_array_equal(panel.targets[:, 0], expected)
    assert panel.codes[:, 0].tolist() == [0, 1, -1, -1, 0, 1, -1, 0]
    days = np.arange("2024-01-01", "2024-01-09", dtype="datetime64[D]")
    np.testing.assert_array_equal(panel.times, days)
    assert panel.place(2) == {}
    assert panel.place(4) == {"file": str(file), "line": 4}
    assert "inserted 3 rows" in panel.warnings[0]


@given(
    kept=st.lists(
        st.lists(st.integers(0, 25), min_size=3, max_size=20, unique=True), min_size=1, max_size=4
    ),
    freq=st.sampled_from(["h", "D", "MS", "B", "W-TUE"]),
)
@settings(max_examples=60, deadline=None)
def test_filling_equals_reindexing_each_series(kept: list[list[int]], freq: str) -> None:
    grid = pd.date_range("2024-01-01", periods=26, freq=freq)
    # Neighbours in each series, so that its frequency shows.
    pieces = {
        f"s{i}": pd.Series(np.arange(26.0), index=grid).iloc[sorted({*rows, 0, 1})]
        for i, rows in enumerate(kept)
    }
    frame = pd.concat(
        [
            s.rename("y").rename_axis("time").reset_index().assign(id=name)
            for name, s in pieces.items()
        ]
    )
    panel = from_frame(frame, **PANEL, freq=freq, gaps="fill")
    for i, name in enumerate(panel.series):
        expected = pieces[name].reindex(grid[(grid <= pieces[name].index[-1])])
        rows = slice(panel.offsets[i], panel.offsets[i + 1])
        np.testing.assert_array_equal(panel.times[rows], expected.index.to_numpy())
        np.testing.assert_array_equal(panel.targets[rows, 0], expected.to_numpy())


def test_one_time_far_away_does_not_fill_the_memory() -> None:
    times = [*pd.date_range("2024-01-01", periods=50, freq="min"), pd.Timestamp("2034-01-01")]
    frame = pd.DataFrame({"time": times, "y": 1.0})
    with pytest.raises(DataError, match=r"time 2034-01-01 is 5,260,271 steps of 'min'"):
        from_frame(frame, gaps="fill")


def test_a_row_off_the_given_frequency_is_named(file: Path) -> None:
    text = "time,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03 06:00,3\n2024-01-04,4\n"
    error = failure(file, text, freq="D")
    assert error.line == 4
    assert "2024-01-03 06:00 is not a step of the frequency 'D'" in str(error)


def test_a_frequency_that_the_data_do_not_have_is_refused() -> None:
    with pytest.raises(DataError, match=r"no two rows are the frequency 'h' apart.*step by 'D'"):
        from_frame(panel_frame({"a": 9}).drop(columns="id"), freq="h", gaps="fill")
    with pytest.raises(DataError, match=r"is not a step of the frequency 'D'.*step by 'h'"):
        from_frame(hourly_frame(9), freq="D")
    with pytest.raises(ConfigError, match=r"data\.freq: 'X' is no frequency"):
        from_frame(hourly_frame(9), freq="X")


def test_text_is_a_category_and_declared_numbers_are_too(file: Path) -> None:
    text = "time,y,s,n\n2024-01-01,1,b,10\n2024-01-02,2,,9\n2024-01-03,3,a,10\n"
    covariates = ["s", {"column": "n", "type": "category"}]
    panel = from_text(file, text, future_covariates=covariates)
    assert panel.levels == (("a", "b"), ("10", "9"))
    assert panel.codes.tolist() == [[1, 0], [-1, 1], [0, 0]]
    assert [column.kind for column in panel.schema.columns] == ["number", "category", "category"]


STATIC = (
    "time,id,y,size,kind\n2024-01-01,b,1,5,shop\n2024-01-02,b,2,5,shop\n"
    "2024-01-01,a,3,,mall\n2024-01-02,a,4,7,\n"
)


def test_static_covariates_have_one_value_a_series(file: Path) -> None:
    panel = from_text(file, STATIC, series="id", static_covariates=["size", "kind"])
    assert panel.static_values.tolist() == [[7.0], [5.0]]
    assert panel.static_codes.tolist() == [[0], [1]]
    assert panel.static_levels == (("mall", "shop"),)


def test_a_static_covariate_that_changes_is_named(file: Path) -> None:
    text = STATIC.replace("02,b,2,5", "02,b,2,6")
    error = failure(file, text, series="id", static_covariates=["size", "kind"])
    assert (error.line, error.column, error.value) == (3, "size", 6.0)
    assert "column 'size', value 6.0: " in str(error)
    assert "of series 'b'" in str(error)


def test_rows_without_target_at_the_ends_are_trimmed(file: Path) -> None:
    text = "time,y\n2024-01-01,\n2024-01-02,2\n2024-01-03,\n2024-01-04,4\n2024-01-05,NA\n"
    panel = from_text(file, text)
    np.testing.assert_array_equal(panel.targets[:, 0], [2.0, np.nan, 4.0])
    assert "left out 2 rows" in panel.warnings[0]


def test_a_series_without_any_target_is_left_out_with_its_static_covariates(file: Path) -> None:
    text = STATIC.replace("a,3", "a,").replace("a,4", "a,")
    panel = from_text(file, text, series="id", static_covariates=["size"])
    assert panel.series == ("b",)
    assert panel.static_values.tolist() == [[5.0]]
    assert "left out 1 series without any target: a" in panel.warnings[0]


def test_a_target_without_any_value_is_an_error(file: Path) -> None:
    error = failure(file, "time,y\n2024-01-01,NA\n2024-01-02,\n")
    assert error.column == "y"
    assert "every value of the target is missing" in str(error)


def test_start_and_end_keep_what_is_between() -> None:
    frame = hourly_frame(72)
    panel = from_frame(frame, start="2024-01-01 20:00", end="2024-01-02")
    assert str(panel.times[0]) == "2024-01-01T20:00:00.000000"
    assert str(panel.times[-1]) == "2024-01-02T23:00:00.000000"
    with pytest.raises(DataError, match=r"between .* from 2024-01-01 to 2024-01-03 23:00\."):
        from_frame(frame, start="2025-01-01")
    with pytest.raises(ConfigError, match=r"data\.end: 'soon' is no time"):
        from_frame(frame, end="soon")


def test_a_delay_is_recorded_in_rows() -> None:
    panel = from_frame(
        hourly_frame(), past_covariates=[{"column": "x", "available_after": "90min"}]
    )
    assert panel.schema.column("x").delay == 2
    assert panel.schema.column("y").delay == 0


def test_the_season_can_be_given() -> None:
    assert from_frame(hourly_frame(), season_length=168).schema.season_length == 168


def test_days_across_a_change_of_the_clock_have_no_gap() -> None:
    frame = pd.DataFrame({"time": pd.date_range("2024-03-28", periods=6, freq="D"), "y": 1.0})
    panel = from_frame(frame, tz="Europe/Berlin")
    assert (panel.schema.freq, panel.schema.tz) == ("D", "Europe/Berlin")
    hours = np.diff(panel.times) / np.timedelta64(1, "h")
    assert hours.tolist() == [24.0, 24.0, 24.0, 23.0, 24.0]


def trained() -> Panel:
    frame = hourly_frame().assign(c=["u", "v"] * 24)
    return from_frame(frame, past_covariates=["x"], future_covariates=["c"])


def test_a_schema_is_followed_where_the_data_are_too_few_to_tell() -> None:
    schema = trained().schema
    frame = hourly_frame(1).assign(c="u")
    panel = from_frame(frame, schema=schema, past_covariates=["x"], future_covariates=["c"])
    assert panel.schema == schema
    assert panel.n_rows == 1


def test_data_of_another_frequency_than_the_run_are_refused() -> None:
    frame = hourly_frame().assign(c="u", time=pd.date_range("2024-01-01", periods=48, freq="D"))
    with pytest.raises(DataError, match=r"no two rows are the run's frequency 'h' apart"):
        from_frame(frame, schema=trained().schema, past_covariates=["x"], future_covariates=["c"])


def test_times_with_an_offset_do_not_fit_a_run_without() -> None:
    frame = hourly_frame().assign(c="u")
    frame["time"] = frame["time"].dt.tz_localize("UTC")
    with pytest.raises(DataError, match="trained on times without a time zone"):
        from_frame(frame, schema=trained().schema, past_covariates=["x"], future_covariates=["c"])


def test_a_file_of_what_lies_ahead_needs_no_targets() -> None:
    data = Data(**BASIC, past_covariates=["x"], future_covariates=["c"])
    frame = pd.DataFrame({"time": pd.date_range("2024-02-01", periods=3, freq="h"), "c": "v"})
    table = table_from_frame(frame, data, columns=needed_columns(data, ahead=True))
    panel = build_panel(table, data, schema=trained().schema, ahead=True)
    assert panel.n_rows == 3
    assert np.isnan(panel.values).all()
    assert panel.levels == (("v",),)


def test_a_column_that_the_table_lacks_is_an_error() -> None:
    table = table_from_frame(hourly_frame(), Data(**BASIC))
    with pytest.raises(DataError, match="no column 'x'"):
        build_panel(table, Data(**BASIC, past_covariates=["x"]))


def test_what_lies_ahead_needs_its_future_covariates() -> None:
    data = Data(**BASIC, future_covariates=["c"])
    table = table_from_frame(hourly_frame(), data, columns=["time"])
    with pytest.raises(DataError, match="no column 'c'"):
        build_panel(table, data, ahead=True)


def test_a_part_of_the_time_may_be_a_covariate_too(file: Path) -> None:
    rows = "".join(f"2024,{month},{month}\n" for month in range(1, 13))
    panel = from_text(
        file, "year,month,y\n" + rows, time=["year", "month"], future_covariates=["month"]
    )
    assert panel.schema.freq == "MS"
    assert panel.values[:, 1].tolist() == list(range(1, 13))


@pytest.mark.slow
def test_many_series_are_assembled_without_a_loop() -> None:
    n_series, n_rows = 10_000, 200
    frame = pd.DataFrame(
        {
            "time": np.tile(pd.date_range("2024-01-01", periods=n_rows, freq="D"), n_series),
            "id": np.repeat([f"s{i:05d}" for i in range(n_series)], n_rows),
            "y": np.arange(n_series * n_rows, dtype=float),
        }
    )
    panel = from_frame(frame, **PANEL)
    assert panel.n_series == n_series
    np.testing.assert_array_equal(panel.targets[:, 0], frame["y"])
