"""Every problem at once: dotted path, line, message, hint."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lstmcast.errors import Problem

Fail = Callable[..., dict[str, Problem]]
HEAD = "data: {path: x.csv, time: date, target: co2}\n"


def test_every_problem_is_reported_at_once_in_the_order_of_the_file(fail: Fail) -> None:
    problems = fail(
        """\
        lookback: 12
        data:
          path: x.csv
          time: date
          target: co2
          past_covariates: [{column: price, typ: number}]
          tz: Europe/Berlni
        features:
          lags: {co3: [1]}
        window: {lookback: 0}
        window: {lookback: 3}
        training:
          loss: MSE
        """,
        "training.epochs=0",
        "nonsense=1",
    )
    assert [(path, problem.line) for path, problem in problems.items()] == [
        ("lookback", 1),
        ("data.past_covariates.0.typ", 6),
        ("data.tz", 7),
        ("features.lags.co3", 9),
        ("window.lookback", 10),
        ("window", 11),
        ("training.loss", 13),
        ("training.epochs", None),
        ("nonsense", None),
    ]
    assert problems["lookback"].hint == "Did you mean `window.lookback`?"
    assert problems["features.lags.co3"].hint == "Did you mean `co2`?"
    assert problems["training.loss"].hint == "Did you mean `mse`?"


def test_a_rule_is_left_out_where_a_field_that_it_reads_is_wrong(fail: Fail) -> None:
    text = """\
        data: {path: x.csv, time: date, target: co2, past_covariates: [{column: 1}]}
        features: {lags: {price: [1]}}
        split: {train: 0.5, validation: [], test: 0.2}
        """
    assert set(fail(text)) == {"data.past_covariates.0.column", "split.validation"}


def test_missing_fields_are_named_with_the_line_of_what_encloses_them(fail: Fail) -> None:
    problems = fail("name: x\ndata:\n  series: site\n  rows: 3\n")
    assert {path: problem.line for path, problem in problems.items()} == {
        "data.path": 2,
        "data.time": 2,
        "data.target": 2,
        "data.rows": 4,
    }
    assert problems["data.time"].message.startswith("is missing. Column of the time")


@pytest.mark.parametrize("text", ["name: x\n", "name: x\ndata:\n"])
def test_a_config_without_data_names_what_it_needs(fail: Fail, text: str) -> None:
    assert set(fail(text)) == {"data.path", "data.time", "data.target"}


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (
            'window: {lookback: "12"}',
            Problem(
                "window.lookback",
                'must be an integer of at least 1. Received: "12".',
                2,
                "Write it without quotes.",
            ),
        ),
        (
            "window: {lookback: true}",
            Problem("window.lookback", "must be an integer of at least 1. Received: true.", 2),
        ),
        (
            "model: {units: 64}",
            Problem(
                "model.units",
                "must be a non-empty list of integers of at least 1. Received: 64.",
                2,
                "Write it in brackets, as a list.",
            ),
        ),
        (
            "model: {units: [64, 0]}",
            Problem("model.units.1", "must be an integer of at least 1. Received: 0.", 2),
        ),
        (
            "model: {type: lstmm}",
            Problem(
                "model.type",
                "must be one of lstm, gru, attention, cnn_lstm, seq2seq, segment. "
                'Received: "lstmm".',
                2,
                "Did you mean `lstm`?",
            ),
        ),
        (
            "model: {pool: 3}",
            Problem(
                "model.pool",
                "is not a field of `model`.",
                2,
                "It belongs to `model.type: cnn_lstm`.",
            ),
        ),
        ("model: lstm", Problem("model", 'must be a mapping of fields. Received: "lstm".', 2)),
        (
            "training: {jit: no}",
            Problem(
                "training.jit", 'must be true, false or auto. Received: "no".', 2, "Write false."
            ),
        ),
        (
            "training: {steps_per_execution: 0}",
            Problem(
                "training.steps_per_execution",
                "must be an integer of at least 1 or auto. Received: 0.",
                2,
            ),
        ),
        (
            "training: {learning_rate: .inf}",
            Problem("training.learning_rate", "must be a number above 0. Received: Infinity.", 2),
        ),
        (
            "training: {lr: 1e-3}",
            Problem(
                "training.lr",
                "is not a field of `training`.",
                2,
                "Did you mean `training.learning_rate`?",
            ),
        ),
        (
            "training: {patience: 3}",
            Problem(
                "training.patience",
                "is not a field of `training`.",
                2,
                "Did you mean `training.early_stopping.patience` or `training.reduce_lr.patience`?",
            ),
        ),
        (
            "window: {qqqq: 3}",
            Problem(
                "window.qqqq",
                "is not a field of `window`.",
                2,
                "Known here: lookback, horizon, lead, stride.",
            ),
        ),
        (
            "features: {calendar: [hour, hour]}",
            Problem(
                "features.calendar",
                "calendar features must be named once. Received twice: hour.",
                2,
            ),
        ),
        (
            "split: {train: 0.5, validation: 0.1, test: 0.1}",
            Problem(
                "split",
                "fractions must add up to 1, train above 0 and none below. "
                "Received: 0.5 + 0.1 + 0.1 = 0.7.",
                2,
            ),
        ),
        (
            "name: 2024",
            Problem(
                "name",
                "must be a string that matches ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$. Received: 2024.",
                2,
                "Write it in quotes.",
            ),
        ),
    ],
)
def test_a_wrong_value_is_one_problem_in_plain_words(
    fail: Fail, section: str, problem: Problem
) -> None:
    assert list(fail(f"{HEAD}{section}\n").values()) == [problem]


def test_a_list_or_a_string_is_one_problem(fail: Fail) -> None:
    (problem,) = fail("data:\n  path: x.csv\n  time: date\n  target: [a, 5]\n").values()
    assert problem == Problem(
        "data.target",
        "must be a string that is not empty or a list of strings that is not empty. "
        'Received: ["a", 5].',
        4,
    )


def test_a_long_value_is_cut(fail: Fail) -> None:
    (problem,) = fail(f"{HEAD}seed: {'x' * 500}\n").values()
    assert len(problem.message) < 200
