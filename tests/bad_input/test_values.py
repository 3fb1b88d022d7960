"""Values that cannot be learned from, or may well be a mistake: each with what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

from tests.bad_input.conftest import Bench, daily_rows

N_ROWS = 30


def table(columns: Mapping[str, Mapping[int, object]], *, n_rows: int = N_ROWS) -> str:
    """A CSV of days with `y` and further columns; some of their values, by row, are as given.

    Row `i`, from 0, stands on line `i + 2`. The other values of `y` are 0, 1, … 6, those of another
    column 0, 1, 2, ….
    """
    days = pd.date_range("2024-01-01", periods=n_rows).strftime("%Y-%m-%d")
    names = ["y", *(name for name in columns if name != "y")]
    lines = [
        ",".join([day, *(_field(columns.get(name, {}), i, name == "y") for name in names)])
        for i, day in enumerate(days)
    ]
    return "\n".join([",".join(["time", *names]), *lines, ""])


def _field(values: Mapping[int, object], row: int, is_target: bool) -> str:
    text = str(values.get(row, row % 7 if is_target else row))
    return f'"{text}"' if "," in text else text


NO_NUMBER = [
    ("hello", "Mend it, or add it to `data.csv.na`"),
    ("-", 'Add "-" to `data.csv.na`'),
    ("?", 'Add "?" to `data.csv.na`'),
    ("#N/A", 'Add "#N/A" to `data.csv.na`'),
    ("1,234", 'Set `data.csv.thousands: ","`'),
    ("1.234,5", 'set `data.csv.decimal: ","`'),
    ("1 234", 'Set `data.csv.thousands: " "`'),
    ("1\u00a0234", "Take the mark between its thousands out"),
    ("1\u2019234", "Take the mark between its thousands out"),
    ("12%", "Take the percent sign out"),
    ("$5", "Take the sign of the currency out"),
    ("5 €", "Take the sign of the currency out"),
    ("(5)", "Write a negative number as -5"),
    ("0x10", "Write it as a decimal number"),
    ("١٢", "Write it with the digits 0 to 9"),
    ("\u22125", "Write its minus as `-`"),
    ("true", "Write 1 and 0"),
    ("yes", "Write 1 and 0"),
    ("5 kg", "without its unit"),
    ("1e", "without its unit"),
    ("2024-01-05", "A time belongs in data.time"),
    ("--5", "Mend it"),
    ("1/2", "Mend it"),
    ("∞", "Mend it"),
]


@pytest.mark.parametrize(("text", "advice"), NO_NUMBER, ids=[text for text, _ in NO_NUMBER])
def test_a_text_among_numbers_is_named_with_what_to_do(
    text: str, advice: str, bench: Bench
) -> None:
    refusal = bench.refuse(table({"y": {10: text}}))
    assert (refusal.code, refusal.place) == (3, ("data.csv", 12, "y", text))
    refusal.says("line 12, column 'y'", "this is not a number", advice)


@pytest.mark.parametrize("text", ["+5", "5.", ".5", " 5 ", "1E3", "-0", "NA", "N/A", "NULL", "nan"])
def test_other_ways_to_write_a_number_or_nothing_are_taken(text: str, bench: Bench) -> None:
    bench.accept(table({"y": {10: text}}), **{"data.missing.strategy": "ffill"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("inf", "an infinite value cannot be learned from"),
        ("-Infinity", "an infinite value cannot be learned from"),
        ("1e400", "beyond the largest number"),
        ("-1e400", "beyond the largest number"),
        ("9" * 400, "beyond the largest number"),
    ],
)
def test_a_value_without_bound_is_named_as_it_is_written(text: str, why: str, bench: Bench) -> None:
    refusal = bench.refuse(table({"y": {10: text}}))
    assert (refusal.code, refusal.place) == (3, ("data.csv", 12, "y", text))
    refusal.says(why, "leave the field empty")
    assert len(refusal.message) < 500


def test_a_text_after_ten_thousand_numbers_is_found(bench: Bench) -> None:
    rows = "time,y\n" + daily_rows(10_500, value=lambda i: "oops" if i == 10_001 else i % 7)
    refusal = bench.refuse(rows)
    assert refusal.place == ("data.csv", 10_003, "y", "oops")


@pytest.mark.parametrize("role", ["past_covariates", "future_covariates"])
def test_a_covariate_of_numbers_and_a_text_is_no_category(role: str, bench: Bench) -> None:
    refusal = bench.refuse(table({"x": {10: "oops", 11: "oops"}}), **{f"data.{role}": ["x"]})
    assert (refusal.code, refusal.place) == (3, ("data.csv", 12, "x", "oops"))
    refusal.says("28 other values of the column", "rows with text: 2", "`type: category`")


def test_a_column_of_more_texts_than_numbers_is_a_category(bench: Bench) -> None:
    codes = {i: "0abc"[i % 4] for i in range(N_ROWS)}
    bench.accept(table({"x": codes}), **{"data.past_covariates": ["x"]})


def test_a_category_that_is_declared_may_hold_numbers(bench: Bench) -> None:
    covariates: list[Any] = [{"column": "x", "type": "category"}]
    bench.accept(table({"x": {10: "oops"}}), **{"data.past_covariates": covariates})


def test_a_covariate_without_any_value_is_refused_by_its_name(bench: Bench) -> None:
    empty = dict.fromkeys(range(N_ROWS), "")
    settings = {"data.past_covariates": ["x"], "data.missing.strategy": "ffill"}
    refusal = bench.refuse(table({"x": empty}), **settings)
    assert (refusal.code, refusal.place) == (3, ("data.csv", None, "x", None))
    refusal.says("every value of the covariate is missing", "Leave it out of the config")


def test_a_target_without_any_value_is_refused_by_its_name(bench: Bench) -> None:
    refusal = bench.refuse(table({"y": dict.fromkeys(range(N_ROWS), "")}))
    assert (refusal.code, refusal.place) == (3, ("data.csv", None, "y", None))
    refusal.says("every value of the target is missing", "Name another column")


def test_a_target_that_is_no_column_is_refused_with_a_near_one(bench: Bench) -> None:
    refusal = bench.refuse("time,Y\n" + daily_rows())
    assert refusal.code == 3
    refusal.says("no column 'y'", "Did you mean 'Y'?")
