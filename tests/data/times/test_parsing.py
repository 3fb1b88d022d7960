from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.schema import Data
from lstmcast.data.panel import Origin
from lstmcast.data.reading.table import Table
from lstmcast.data.times.parsing import Times, parse_bound, parse_times
from lstmcast.errors import ConfigError, DataError


def table(columns: dict[str, Any]) -> Table:
    frame = pd.DataFrame(columns)
    n_rows = len(frame)
    origin = Origin(("f.csv",), np.zeros(n_rows, np.int32), np.arange(2, n_rows + 2))
    return Table(frame, origin)


def parse(texts: Sequence[str], **fields: Any) -> Times:
    column = pd.Series(list(texts), dtype="str")
    return parse_times(table({"t": column}), Data(time="t", target="y", **fields))


def parse_parts(columns: dict[str, list[float]]) -> list[str]:
    return shown(parse_times(table(columns), Data(time=list(columns), target="y")))


def shown(times: Times) -> list[str]:
    assert times.values.dtype == np.dtype("datetime64[us]")
    return [str(time.astype("datetime64[m]")) for time in times.values]


def failure(texts: Sequence[str], **fields: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        parse(texts, **fields)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1949-01", "1949-01-01T00:00"),
        ("1949", "1949-01-01T00:00"),
        ("2020-12-31", "2020-12-31T00:00"),
        ("2020-12-31 13:45", "2020-12-31T13:45"),
        ("2020-12-31T13:45:00", "2020-12-31T13:45"),
        ("2020/12/31", "2020-12-31T00:00"),
        ("20201231", "2020-12-31T00:00"),
        (" 2020-12-31 ", "2020-12-31T00:00"),
        ("2020Q3", "2020-07-01T00:00"),
        ("2020-Q4", "2020-10-01T00:00"),
    ],
)
def test_iso_times_and_quarters_are_read_without_a_format(text: str, expected: str) -> None:
    times = parse([text])
    assert shown(times) == [expected]
    assert times.tz is None


@pytest.mark.parametrize(
    "text",
    ["2020-07-01T14:00+02:00", "2020-07-01 12:00Z", "2020-07-01 12:00 UTC", "2020-07-01T12:00+00"],
)
def test_times_with_an_offset_become_utc(text: str) -> None:
    times = parse([text])
    assert shown(times) == ["2020-07-01T12:00"]
    assert times.tz == "UTC"


def test_times_with_and_without_offset_are_not_mixed() -> None:
    error = failure(["2020-01-01 00:00Z", "2020-01-01 01:00"])
    assert "this time carries no offset, and others do ('2020-01-01 00:00Z')" in str(error)
    assert error.line == 3


@pytest.mark.parametrize("text", ["1577836800", "1577836800000", "1577836800000000"])
def test_unix_time_is_told_by_its_digits(text: str) -> None:
    times = parse([text])
    assert shown(times) == ["2020-01-01T00:00"]
    assert times.tz == "UTC"


def test_ten_digits_that_may_be_a_date_are_refused() -> None:
    error = failure(["2020010100", "2020010101"])
    assert '`data.format: "%Y%m%d%H"`' in str(error)
    fitting = parse(["2020010100", "2020010123"], format="%Y%m%d%H")
    assert shown(fitting) == ["2020-01-01T00:00", "2020-01-01T23:00"]


def test_the_order_of_day_and_month_is_never_guessed() -> None:
    error = failure(["03/04/2020", "05/06/2020"])
    assert "ambiguous" in str(error)
    assert '`data.format: "%d/%m/%Y"` or `data.format: "%m/%d/%Y"`' in str(error)


def test_the_one_format_that_fits_every_row_is_suggested() -> None:
    error = failure(["03/04/2020", "13/04/2020"])
    assert 'Set `data.format: "%d/%m/%Y"`, which fits every row' in str(error)
    assert (error.file, error.line, error.column, error.value) == ("f.csv", 2, "t", "03/04/2020")


def test_a_format_is_followed() -> None:
    assert shown(parse(["03/04/2020"], format="%d/%m/%Y")) == ["2020-04-03T00:00"]


def test_a_format_with_an_offset_gives_instants() -> None:
    times = parse(["3.4.2020 12:00 +0200"], format="%d.%m.%Y %H:%M %z")
    assert (shown(times), times.tz) == (["2020-04-03T10:00"], "UTC")


def test_the_first_five_rows_that_cannot_be_read_are_named() -> None:
    good = [f"2020-01-{day:02d}" for day in range(1, 10)]
    error = failure([*good, "x", "2020-13-01", "y", "2020-02-30", "z", "w", "v"])
    assert (error.line, error.value) == (11, "x")
    assert "7 rows in all" in str(error)
    assert "line 12: 2020-13-01" in str(error)
    assert "line 15: z" in str(error)
    assert "line 16" not in str(error)


def test_a_missing_time_is_named() -> None:
    column = pd.Series(["2020", None], dtype="str")
    with pytest.raises(DataError, match="line 3, column 't': a time is missing"):
        parse_times(table({"t": column}), Data(time="t", target="y"))


def test_parts_are_matched_by_name_in_any_order() -> None:
    parts = {"Month": [2.0], "hour": [5.0], "Year": [2020.0], "day": [3.0]}
    assert parse_parts(parts) == ["2020-02-03T05:00"]


def test_parts_of_other_names_are_matched_by_order() -> None:
    assert parse_parts({"a": [2020.0], "b": [2.0]}) == ["2020-02-01T00:00"]


def test_parts_that_make_no_time_are_named() -> None:
    with pytest.raises(DataError, match="line 3, column 'y, m, d', value '2021 2 29'"):
        parse_parts({"y": [2020.0, 2021.0], "m": [2.0, 2.0], "d": [29.0, 29.0]})
    with pytest.raises(DataError, match=r"value '2020 1\.5'"):
        parse_parts({"year": [2020.0], "month": [1.5]})


def test_naive_times_are_read_in_the_zone() -> None:
    times = parse(["2020-01-01 12:00", "2020-07-01 12:00"], tz="Europe/Berlin")
    assert shown(times) == ["2020-01-01T11:00", "2020-07-01T10:00"]
    assert times.tz == "Europe/Berlin"


def test_offsets_win_over_the_zone() -> None:
    times = parse(["2020-01-01T12:00Z"], tz="Europe/Berlin")
    assert (shown(times), times.tz) == (["2020-01-01T12:00"], "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "what"),
    [("2020-10-25 02:30", "exists twice"), ("2020-03-29 02:30", "does not exist")],
)
def test_times_at_a_change_of_the_clock_are_not_guessed(text: str, what: str) -> None:
    error = failure(["2020-01-01 00:00", text], tz="Europe/Berlin")
    assert what in str(error)
    assert (error.line, error.value) == (3, text)


def test_an_unknown_zone_or_format_is_a_mistake_of_the_config() -> None:
    with pytest.raises(ConfigError, match=r"data\.tz: there is no time zone 'Mars/Olympus'"):
        parse(["2020"], tz="Mars/Olympus")
    with pytest.raises(ConfigError, match=r"data\.format"):
        parse(["2020"], format="%Q")


def test_times_of_a_frame_are_taken_as_they_are() -> None:
    stamps = pd.date_range("2020-01-01", periods=2, freq="h", tz="Asia/Tokyo")
    times = parse_times(table({"t": stamps}), Data(time="t", target="y"))
    assert (shown(times), times.tz) == (["2019-12-31T15:00", "2019-12-31T16:00"], "UTC")


@pytest.mark.parametrize(
    ("text", "last", "expected"),
    [
        ("2020-02-01", False, "2020-02-01T00:00:00.000000"),
        ("2020-02-01", True, "2020-02-01T23:59:59.999999"),
        ("2020-02", True, "2020-02-29T23:59:59.999999"),
        ("2020", True, "2020-12-31T23:59:59.999999"),
        ("2020-02-01 12:00", True, "2020-02-01T12:00:00.000000"),
        ("2020-02-01T12:00+01:00", True, "2020-02-01T11:00:00.000000"),
    ],
)
def test_a_bare_date_as_an_end_covers_the_whole_day(text: str, last: bool, expected: str) -> None:
    assert str(parse_bound(text, tz=None, last=last)) == expected


def test_a_bound_is_read_in_the_zone() -> None:
    assert str(parse_bound("2020-02-01", tz="Europe/Berlin")) == "2020-01-31T23:00:00.000000"
