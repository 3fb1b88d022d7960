import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.data.times.formats import fitting_formats
from lstmcast.data.times.texts import Parsed, read_texts
from lstmcast.data.times.unread import why_unread


def read(*texts: str) -> Parsed:
    return read_texts(pd.Series(texts, dtype="str"))


def shown(parsed: Parsed) -> list[str]:
    return [str(value.astype("datetime64[ms]")) for value in parsed.values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 4 January is always in week 1 of ISO 8601.
        ("2020-W01", "2019-12-30T00:00:00.000"),
        ("2020W53", "2020-12-28T00:00:00.000"),
        ("2021-W01-4", "2021-01-07T00:00:00.000"),
        ("Q3 2020", "2020-07-01T00:00:00.000"),
        ("2020 Q3", "2020-07-01T00:00:00.000"),
        ("2020-12-31 24:00", "2021-01-01T00:00:00.000"),
        ("2020-12-31T13:00:00,250", "2020-12-31T13:00:00.250"),
        ("1577836800.25", "2020-01-01T00:00:00.250"),
        ("1577836800000.5", "2020-01-01T00:00:00.000"),
        ("-100000000.5", "1966-10-31T14:13:19.500"),
        ("2020-07-01t14:00z", "2020-07-01T14:00:00.000"),
        ("2020-07-01 14:00 UTC+02:00", "2020-07-01T12:00:00.000"),
        ("2020-07-01 14:00+2", "2020-07-01T12:00:00.000"),
    ],
)
def test_kinds_of_times_are_read(text: str, expected: str) -> None:
    assert shown(read(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "today",
        "-2020-01-01",
        "0000-01-01",
        "2020-W54",
        "9999-12-31 24:00",
        "2020-01-01 25:00",
    ],
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert np.isnat(read("2020-01-01", text).values).tolist() == [False, True]


def test_the_text_that_stands_for_a_problem_is_the_odd_one() -> None:
    assert read("1577836800", "1577836801", "1577836802000").problem is not None
    problem = read("2020-01-01", "2020-01-02", "2020-01-03T00:00Z").problem
    assert problem is not None
    assert problem[0] == 2
    offsets = read("2020-01-01T00:00+01:00", "2020-07-01T00:00+02:00")
    assert offsets.problem is None
    assert offsets.offsets == ("+01:00", "+02:00")


texts = st.one_of(
    st.text(max_size=12),
    st.text("0123456789-/:. TZ+WQ", max_size=20),
    st.from_regex(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?", fullmatch=True),
    st.from_regex(r"-?\d{1,19}(\.\d{1,9})?", fullmatch=True),
    st.from_regex(r"\d{4}-?(W\d\d(-\d)?|Q\d)", fullmatch=True),
)
columns = st.lists(texts.map(str.strip), min_size=1, max_size=6, unique=True)


def is_read_or_explained(column: list[str]) -> None:
    times = pd.Series(column, dtype="str")
    parsed = read_texts(times)
    assert parsed.values.shape == (len(column),)
    bad = np.isnat(parsed.values)
    assert bool(why_unread(times, parsed, form=None, column="t")) == bool(bad.any())
    years = parsed.values[~bad].astype("datetime64[Y]").astype(int) + 1970
    assert ((years >= 0) & (years <= 10_000)).all()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(columns)
def test_any_texts_are_read_or_explained(column: list[str]) -> None:
    is_read_or_explained(column)


@pytest.mark.long
@settings(max_examples=2000, deadline=None)
@given(columns)
def test_many_texts_are_read_or_explained(column: list[str]) -> None:
    is_read_or_explained(column)


def test_week_and_month_are_told_apart() -> None:
    assert fitting_formats(["2020-01", "2020-13"]) == []
    assert fitting_formats(["2020-001", "2020-113"]) == ["%Y-%j"]
