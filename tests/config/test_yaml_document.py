"""The traps of YAML, each closed."""

from __future__ import annotations

from typing import Any

import pytest

from lstmcast.config.yaml_document import MAX_BYTES, parse_document, parse_value, resolve_scalar
from lstmcast.errors import ConfigError, Problem


def problem_in(text: str) -> Problem:
    with pytest.raises(ConfigError) as raised:
        parse_document(text, file="x.yaml")
    (problem,) = raised.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("-2.5e+1", -25.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("190:20:30", "190:20:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("2020-01-01", "2020-01-01"),
        ("2020-01-01 10:00:00", "2020-01-01 10:00:00"),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("h", "h"),
        ("-", "-"),
        (".", "."),
        ("e5", "e5"),
    ],
)
def test_an_unquoted_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    resolved = resolve_scalar(text)
    assert resolved == value
    assert type(resolved) is type(value)


def test_nan_is_a_float() -> None:
    value = resolve_scalar(".nan")
    assert isinstance(value, float)
    assert value != value


def test_a_quoted_scalar_is_always_a_string() -> None:
    values = parse_document("a: '1e-3'\nb: \"true\"\nc: ''\nd: |\n  1\n").values
    assert values == {"a": "1e-3", "b": "true", "c": "", "d": "1\n"}


def test_keys_are_names_whatever_they_look_like() -> None:
    assert parse_document("2024: 1\non: 2\n1e-3: 3\n").values == {"2024": 1, "on": 2, "1e-3": 3}


def test_lines_are_those_of_keys_and_of_list_items() -> None:
    document = parse_document("# comment\na:\n  b: 1\n  c:\n    - x\n    - {d: 2}\ne: [1,\n  2]\n")
    assert document.values == {"a": {"b": 1, "c": ["x", {"d": 2}]}, "e": [1, 2]}
    assert document.lines == {
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 4,
        ("a", "c", 0): 5,
        ("a", "c", 1): 6,
        ("a", "c", 1, "d"): 6,
        ("e",): 7,
        ("e", 0): 7,
        ("e", 1): 8,
    }


def test_a_duplicate_key_names_both_lines_and_keeps_the_first_value() -> None:
    document = parse_document("a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert document.values == {"a": {"b": 1, "c": 2}}
    assert document.problems == (
        Problem("a.b", "stands twice, first on line 2. Remove one of the two.", 4),
    )


def test_every_duplicate_key_is_reported() -> None:
    document = parse_document("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [(problem.path, problem.line) for problem in document.problems] == [("a", 2), ("b.c", 3)]


def test_a_quoted_key_is_a_duplicate_of_the_same_bare_key() -> None:
    assert parse_document("a: 1\n'a': 2\n").problems[0].line == 2


def test_merge_keys_are_refused() -> None:
    (problem,) = parse_document("a: &x {b: 1}\nc:\n  <<: *x\n").problems
    assert (problem.path, problem.line) == ("c", 3)
    assert "merge keys" in problem.message


def test_a_list_as_a_key_is_refused() -> None:
    (problem,) = parse_document("? [a, b]\n: 1\nc: 2\n").problems
    assert problem.line == 1
    assert "must be a name" in problem.message


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!str", "!mine", "!!binary", "!"]
)
def test_tags_are_refused(tag: str) -> None:
    problem = problem_in(f"a: 1\nb: {tag} 'x'\n")
    assert problem.line == 2
    assert "tags" in problem.message


def test_an_alias_is_written_out() -> None:
    document = parse_document("a: &x [1, 2]\nb: *x\n")
    assert document.values == {"a": [1, 2], "b": [1, 2]}
    assert document.values["a"] is not document.values["b"]


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert "at most 20,000 values" in problem_in("\n".join(lines)).message


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert "nested" in problem_in("a: &x [*x]\n").message


def test_nesting_that_would_exhaust_the_stack_is_refused() -> None:
    assert "nested" in problem_in("a: " + "[" * 100_000).message


def test_a_file_beyond_the_size_of_any_config_is_refused() -> None:
    assert "at most 1024 KiB" in problem_in("#" * (MAX_BYTES + 1)).message


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_file_says_what_to_write(text: str) -> None:
    assert "is empty. Write at least data.path" in problem_in(text).message


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "12\n"])
def test_a_top_level_that_is_not_a_mapping_is_refused(text: str) -> None:
    problem = problem_in(text)
    assert "must be a mapping of fields at the top" in problem.message
    assert problem.line == 1


def test_a_second_document_is_refused_where_it_begins() -> None:
    problem = problem_in("a: 1\n---\nb: 2\n")
    assert "one document" in problem.message
    assert problem.line == 2


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 2\n", "\ta: 1\n"])
def test_a_tab_gets_a_message_of_its_own(text: str) -> None:
    problem = problem_in(text)
    assert "indented by a tab" in problem.message
    assert problem.line == text[: text.index("\t")].count("\n") + 1


def test_other_syntax_errors_name_line_and_column() -> None:
    problem = problem_in("a: 1\nb: @home\n")
    assert problem.line == 2
    assert "column 4" in problem.message
    assert "quotes" in (problem.hint or "")


@pytest.mark.parametrize("text", ["a: [1, 2\n", "a: *unknown\n", "a: 'open\n", "a: b: c\n"])
def test_broken_yaml_is_a_config_error(text: str) -> None:
    assert "is not YAML" in problem_in(text).message


def test_a_control_character_is_named_with_its_line() -> None:
    problem = problem_in("a: 1\nb: \x07\n")
    assert problem.line == 2
    assert "U+0007" in problem.message


def test_the_error_names_the_file() -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml: config \(line 1\): "):
        parse_document("- a\n", file="x.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        (" 12 ", 12),
        ("", None),
        ("null", None),
        ("no", "no"),
        ("*.csv", "*.csv"),
        ("-", "-"),
        ("%Y-%m-%d", "%Y-%m-%d"),
        (",", ","),
        ("a: b", "a: b"),
        ("x # y", "x # y"),
        ("a=b=c", "a=b=c"),
        ("!x", "!x"),
        ("[1, 2e0, no]", [1, 2.0, "no"]),
        ("{column: price}", {"column": "price"}),
        ('"12"', "12"),
        (r'"\t"', "\t"),
        ("' '", " "),
    ],
)
def test_a_value_of_set_is_a_scalar_unless_it_begins_like_yaml(text: str, value: Any) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize("text", ["[1, 2", "{a: 1, a: 2}", '"open', "[1] 2", "[1]\nother: 2"])
def test_a_value_of_set_that_is_wrong_yaml_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_value(text)
