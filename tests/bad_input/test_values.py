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
    ("1.234,5", '`data.csv.decimal: ","`'),
    ("1 234", '`data.csv.thousands: " "`'),
    ("1\u00a0234", "`data.csv.thousands: "),
    ("1\u2019234", "`data.csv.thousands: "),
    ("5 m³", "without its unit"),
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


def test_a_target_of_texts_is_told_so(bench: Bench) -> None:
    refusal = bench.refuse(table({"y": {i: "ab"[i % 2] for i in range(N_ROWS)}}))
    assert refusal.place == ("data.csv", 2, "y", "a")
    refusal.says("Nor is any other value of the column: is it the right one?", "classification")


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


@pytest.mark.parametrize("rows", [[0, 1], [28, 29], [0, 29]])
def test_missing_values_at_the_ends_are_left_out_with_a_warning(
    rows: list[int], bench: Bench
) -> None:
    result = bench.accept(table({"y": dict.fromkeys(rows, "")}))
    assert "warning: left out 2 rows at the start or end of a series" in result.err
    assert "28 in 1 series" in result.out


@pytest.mark.parametrize("column", ["y", "x"])
def test_a_missing_value_inside_is_refused_without_a_strategy(column: str, bench: Bench) -> None:
    rows = table({"y": {}, column: {10: "", 12: "NA"}})
    settings = {} if column == "y" else {"data.past_covariates": ["x"]}
    refusal = bench.refuse(rows, **settings)
    assert (refusal.code, refusal.place) == (3, ("data.csv", 12, column, None))
    refusal.says(f"missing in all: {column} 2", "Set data.missing.strategy to ffill")
    bench.accept(rows, **settings, **{"data.missing.strategy": "ffill"})


def test_missing_values_that_leave_no_window_are_counted_by_column(bench: Bench) -> None:
    rows = table({"x": dict.fromkeys(range(25), "")})
    settings = {"data.past_covariates": ["x"], "data.missing.strategy": "drop"}
    refusal = bench.refuse(rows, **settings)
    assert (refusal.code, refusal.place) == (3, ("data.csv", None, None, None))
    refusal.says("21 rows in 1 series, 21 of them with missing values (x 21)", "= 4 consecutive")


@pytest.mark.parametrize("column", ["y", "x"])
def test_a_value_beyond_what_a_network_reads_is_named(column: str, bench: Bench) -> None:
    settings = {} if column == "y" else {"data.past_covariates": ["x"]}
    refusal = bench.refuse(table({"y": {}, column: {10: "1e39"}}), **settings)
    assert (refusal.code, refusal.place) == (3, ("data.csv", 12, column, "1e+39"))
    refusal.says("too large to compute with", "up to 3.4e38", "another unit")


def test_what_only_scaling_makes_too_large_is_found_before_training(bench: Bench) -> None:
    tiny = {i: f"{i % 7 + 1}e-25" for i in range(N_ROWS)}
    refusal = bench.refuse(table({"y": {**tiny, 29: "1e30"}}))
    assert (refusal.code, refusal.place) == (3, ("data.csv", 31, "y", "1e+30"))
    bench.accept(table({"y": tiny}))


ODD = [
    (
        {"y": dict.fromkeys(range(N_ROWS), 5)},
        "y is 5 in all 21 training rows, so there is nothing to learn. Is it the right column?",
    ),
    ({"y": dict.fromkeys(range(N_ROWS), 0)}, "y is 0 in all 21 training rows"),
    ({"y": dict.fromkeys(range(21), 5)}, "y is 5 in all 21 training rows"),
    ({"x": dict.fromkeys(range(N_ROWS), 3)}, "x is 3 in all 21 training rows, so it tells"),
    ({"y": {i: f"{i + 1}e-310" for i in range(N_ROWS)}}, "y is between 1e-310 and 2.1e-309"),
    (
        {"y": {i: 2**53 + 1 + i for i in range(N_ROWS)}},
        "y is 9007199254740993 (at data.csv, line 2), and numbers are kept to 16 digits, as "
        "9007199254740992",
    ),
    ({"x": {10: 2**60 + 1}}, "x is 1152921504606846977 (at data.csv, line 12)"),
    (
        {"y": {10: -999, 12: -999}},
        "y is -999 in 2 rows (first data.csv, line 12), and between 0 and 6 elsewhere. If -999 "
        'stands for a missing value, add "-999" to `data.csv.na`.',
    ),
    ({"x": {29: "99999"}}, "x is 99999 in 1 row (first data.csv, line 31)"),
    (
        {"x": {i: "abc"[i % 2 + (i > 25)] for i in range(N_ROWS)}},
        "x 'c' (first data.csv, line 29): not in training, so read as unknown",
    ),
]


@pytest.mark.parametrize(("columns", "says"), ODD, ids=[says[:40] for _, says in ODD])
def test_what_may_be_a_mistake_is_a_warning(
    columns: dict[str, dict[int, object]], says: str, bench: Bench
) -> None:
    covariates = {"data.past_covariates": ["x"]} if "x" in columns else {}
    result = bench.accept(table(columns), **covariates)
    assert f"warning: {says}" in result.err.replace(f"{bench.folder}/", "")
    told = bench.run("validate", "--json", **covariates)
    assert told.err == ""
    assert any(says in text.replace(f"{bench.folder}/", "") for text in told.json["warnings"])


@pytest.mark.parametrize(
    "columns",
    [
        {"y": {i: 10**15 + i for i in range(N_ROWS)}},
        {"y": {i: f"{i % 7 + 1}e-30" for i in range(N_ROWS)}},
        {"y": {i: -999 + i * 40 for i in range(N_ROWS)}},  # the start of a range
        {"x": {10: "99"}},
        {"x": {i: "true" if i % 3 else "false" for i in range(N_ROWS)}},
    ],
)
def test_what_is_plausible_is_taken_in_silence(
    columns: dict[str, dict[int, object]], bench: Bench
) -> None:
    covariates = {"data.past_covariates": ["x"]} if "x" in columns else {}
    assert "warning" not in bench.accept(table(columns), **covariates).err


@pytest.mark.parametrize(
    ("n_rows", "settings", "arithmetic"),
    [
        (2, {}, "window.lookback 3 + window.lead 0 + window.horizon 1 = 4 consecutive rows"),
        (5, {}, "the split has 3 rows in 1 series (longest series: 5 rows in all)"),
        (
            30,
            {"split": {"train": 0.97, "validation": 0.02, "test": 0.01}, "window.horizon": 2},
            "the test split has no window: one needs window.horizon 2 consecutive rows",
        ),
        (
            12,
            {"split": {"train": 20, "validation": 2, "test": 2}},
            "20 + 2 + 2 = 24 rows, the data have 12: 12 too few. Lower split.train",
        ),
        (
            30,
            {"split": {"train": "2010-01-01", "validation": "2011-01-01", "test": None}},
            "no row is left for training: the data run from 2024-01-01 to 2024-01-30",
        ),
        (
            30,
            {"split": {"train": "2030-01-01", "validation": "2031-01-01", "test": None}},
            "the data end at 2024-01-30, which leaves no test",
        ),
        (
            30,
            {"features.lags": {"y": [25]}},
            "21 rows in 1 series, 21 of them with missing values (features that read 25 rows",
        ),
    ],
)
def test_too_few_rows_are_refused_with_the_arithmetic(
    n_rows: int, settings: dict[str, Any], arithmetic: str, bench: Bench
) -> None:
    refusal = bench.refuse("time,y\n" + daily_rows(n_rows), **settings)
    assert (refusal.code, refusal.place[0]) == (3, "data.csv")
    refusal.says(arithmetic)


@pytest.mark.parametrize(
    ("settings", "text", "says"),
    [
        ({"scaling.target_transform": "log"}, "-5", "takes only values above 0"),
        ({"scaling.target_transform": "log"}, "0", "Set it to yeo_johnson or none"),
        ({"scaling.target_transform": "box_cox"}, "0", "takes only values above 0"),
        ({"scaling.target_transform": "log1p"}, "-1", "takes only values above -1"),
        (
            {"output.type": "negative_binomial", "scaling.target": "none"},
            "2.5",
            "only whole numbers from 0 on",
        ),
    ],
)
def test_a_value_outside_a_domain_is_named(
    settings: dict[str, Any], text: str, says: str, bench: Bench
) -> None:
    positive = {i: i + 1 for i in range(N_ROWS)}
    refusal = bench.refuse(table({"y": {**positive, 10: text}}), **settings)
    assert (refusal.code, refusal.place) == (3, ("data.csv", 12, "y", str(float(text))))
    refusal.says("2024-01-11", says)


def panel(lengths: Mapping[str, int]) -> str:
    """Several series in long form, each from 2024-01-01 on."""
    series = (daily_rows(n).replace("\n", f",{name}\n") for name, n in lengths.items())
    return "time,y,id\n" + "".join(series)


def test_ids_stay_as_they_are_written(bench: Bench) -> None:
    result = bench.accept(panel({"7": 30, "007": 30}), **{"data.series": "id"})
    assert "60 in 2 series" in result.out
    assert "warning: the series '007', '7' have nearly the same id" in result.err


@pytest.mark.parametrize(
    ("lengths", "warning"),
    [
        ({"a": 30, "A": 30}, "'A', 'a' have nearly the same id"),
        ({"a": 30, "a ": 30}, "'a', 'a ' have nearly the same id"),
        ({"7": 30, "7.0": 30}, "'7', '7.0' have nearly the same id"),
        ({"a": 30, "b": 1}, "1 series is too short ('b') and left out: a window needs 4 rows"),
        ({"a": 30, "b": 15}, "'b': no window of the test split, so not measured"),
    ],
)
def test_what_is_odd_about_series_is_a_warning(
    lengths: dict[str, int], warning: str, bench: Bench
) -> None:
    assert warning in bench.accept(panel(lengths), **{"data.series": "id"}).err


def test_a_series_without_training_window_is_named(bench: Bench) -> None:
    late = daily_rows(30).splitlines(keepends=True)[23:]
    rows = panel({"a": 30}) + "".join(line.replace("\n", ",late\n") for line in late)
    result = bench.accept(rows, **{"data.series": "id"})
    assert "'late': no training window, so forecast with what was learned" in result.err


@pytest.mark.parametrize("name", ["NA", "null", "0", "-1", "é", "a,b"])
def test_any_text_may_be_an_id(name: str, bench: Bench) -> None:
    quoted = f'"{name}"' if "," in name else name
    assert "2 series" in bench.accept(panel({quoted: 30, "b": 30}), **{"data.series": "id"}).out


def test_an_empty_id_is_refused(bench: Bench) -> None:
    refusal = bench.refuse(panel({"a": 30, "": 30}), **{"data.series": "id"})
    assert (refusal.code, refusal.place) == (3, ("data.csv", 32, "id", None))
    refusal.says("the id of the series is missing")


def test_several_series_without_their_column_are_repeated_times(bench: Bench) -> None:
    refusal = bench.refuse(panel({"7": 30, "007": 30}))
    assert (refusal.code, refusal.place[:2]) == (3, ("data.csv", 2))
    refusal.says("again on line 32", "name their id column in `data.series`")
