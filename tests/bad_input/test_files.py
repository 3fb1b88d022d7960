"""Files that cannot be read as a table: each with what is said of it."""

from __future__ import annotations

from tests.bad_input.conftest import Bench, daily_rows


def test_a_plain_file_is_taken(bench: Bench) -> None:
    assert "in order" in bench.accept("time,y\n" + daily_rows()).out


def test_a_missing_file_names_near_ones(bench: Bench) -> None:
    bench.write("time,y\n" + daily_rows(), "datas.csv")
    refusal = bench.refuse()
    assert (refusal.code, refusal.place) == (3, ("data.csv", None, None, None))
    refusal.says("there is no such file", "Did you mean 'datas.csv'?")
