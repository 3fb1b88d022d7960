"""Dotted paths, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.locations import Location, below, dotted, read_dotted, remove, value_at


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ((), ""),
        (("window", "lookback"), "window.lookback"),
        (("model", "units", 0), "model.units.0"),
        (("features", "lags", "pm2.5"), 'features.lags."pm2.5"'),
        (("features", "lags", "wind speed"), 'features.lags."wind speed"'),
        (("features", "lags", 'a"b'), "features.lags.'a\"b'"),
        (("features", "lags", ""), 'features.lags.""'),
    ],
)
def test_a_part_that_is_no_plain_name_stands_in_quotes(location: Location, text: str) -> None:
    assert dotted(location) == text


@pytest.mark.parametrize(
    ("text", "parts", "rest"),
    [
        ("a.b=1", ["a", "b"], "=1"),
        ("a=b=c", ["a"], "=b=c"),
        ("a.'x.y=z'.b=1", ["a", "x.y=z", "b"], "=1"),
        ('a."x y"=1', ["a", "x y"], "=1"),
        ("=1", [], "=1"),
        ("a..b=1", ["a"], "..b=1"),
        ("a.=1", ["a"], ".=1"),
        ('a."open=1', ["a"], '."open=1'),
        ("", [], ""),
    ],
)
def test_reading_stops_where_the_path_ends(text: str, parts: list[str], rest: str) -> None:
    assert read_dotted(text) == (parts, rest)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.text(max_size=6).filter(lambda t: not ('"' in t and "'" in t)), min_size=1))
def test_what_is_written_reads_back(parts: list[str]) -> None:
    assert read_dotted(dotted(tuple(parts)) + "=1") == (parts, "=1")


def test_a_value_is_found_by_its_location() -> None:
    values = {"a": [{"b": 1}]}
    assert value_at(values, ("a", 0, "b")) == 1
    assert value_at(values, ("a", 3, "b")) is None
    assert value_at(values, ("a", 0, "b", "c")) is None


def test_every_location_below_a_value_is_listed() -> None:
    assert [place for place, _ in below({"a": [1, {"b": 2}]}, ("x",))] == [
        ("x",),
        ("x", "a"),
        ("x", "a", 0),
        ("x", "a", 1),
        ("x", "a", 1, "b"),
    ]


def test_removing_takes_out_a_key_and_ignores_what_is_not_there() -> None:
    values = {"a": {"b": 1, "c": 2}}
    remove(values, ("a", "b"))
    remove(values, ("x", "y"))
    assert values == {"a": {"c": 2}}
