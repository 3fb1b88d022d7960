"""Rules between fields, each with the exact field to change."""

from __future__ import annotations

from typing import Any

import pytest

from lstmcast.config.checks import check_config
from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config, Data, Training
from lstmcast.errors import ConfigError, Problem

DATA = {
    "time": "date",
    "series": "site",
    "target": ["load", "price"],
    "past_covariates": ["wind", {"column": "kind", "type": "category"}],
    "future_covariates": ["temperature"],
    "static_covariates": ["area"],
}


def problems_of(data: dict[str, Any] | None = None, **sections: Any) -> tuple[Problem, ...]:
    values = {"data": {**DATA, **(data or {})}, **sections}
    with pytest.raises(ConfigError) as raised:
        config_from_mapping(values)
    return raised.value.problems


def test_a_sound_config_has_no_problem() -> None:
    features = {
        "lags": {"load": [1], "temperature": [1]},
        "rolling": {"wind": {"window": 3}},
        "interactions": [["load", "wind"]],
        "time_since": ["wind"],
    }
    assert config_from_mapping({"data": DATA, "features": features}).config.features.lags


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"future_covariates": ["wind"]}, "data.future_covariates.0.column"),
        ({"static_covariates": ["area", "load"]}, "data.static_covariates.1.column"),
        ({"target": "date"}, "data.target"),
        ({"target": ["load", "site"]}, "data.target.1"),
        ({"series": "date"}, "data.series"),
        ({"past_covariates": ["wind", "wind"]}, "data.past_covariates.1.column"),
    ],
)
def test_a_column_has_one_role(change: dict[str, Any], path: str) -> None:
    (problem,) = problems_of(change)
    assert problem.path == path
    assert "A column has one role." in problem.message


@pytest.mark.parametrize(
    ("change", "sections"),
    [
        ({"time": "step"}, {}),
        ({"series": "prediction"}, {}),
        ({"time": "origin"}, {}),
        ({"series": "actual"}, {}),
        ({"series": "target"}, {}),
        ({"series": "weight"}, {"model": {"type": "attention"}}),
        ({"time": "0.5"}, {"output": {"type": "quantiles"}, "training": {"loss": "quantile"}}),
        ({"time": "0.975"}, {}),
        ({"series": "0.25"}, {"calibration": {"levels": [0.5]}}),
    ],
)
def test_the_time_and_the_series_are_not_named_like_a_column_of_the_forecasts(
    change: dict[str, Any], sections: dict[str, Any]
) -> None:
    (problem,) = problems_of(change, **sections)
    ((field, column),) = change.items()
    assert problem.path == f"data.{field}"
    assert f"`{column}` is the name of another column" in problem.message


@pytest.mark.parametrize(
    "change",
    [
        {"target": "prediction", "past_covariates": ["step"], "future_covariates": ["origin"]},
        {"target": "load", "series": "target", "time": "weight"},
        {"time": "0.5"},
        {"time": ["year", "step"]},
    ],
)
def test_names_that_no_table_of_forecasts_has_twice_are_free(change: dict[str, Any]) -> None:
    assert config_from_mapping({"data": {**DATA, **change}}).config.data.target


def test_what_is_no_time_is_reported_with_all_other_problems() -> None:
    problems = problems_of({"start": "soon", "end": "31.12.2020", "tz": "Mars"})
    assert [problem.path for problem in problems] == ["data.tz", "data.start", "data.end"]
    (problem,) = problems_of(split={"train": "2020-01", "validation": "later", "test": None})
    assert problem.path == "split.validation"
    assert "must be a time such as 2020-12-31" in problem.message


def test_a_part_of_the_time_may_be_a_covariate_too() -> None:
    data = {**DATA, "time": ["year", "month"], "future_covariates": ["month"]}
    assert config_from_mapping({"data": data}).config.data.time == ["year", "month"]


@pytest.mark.parametrize(
    ("features", "path", "words"),
    [
        ({"lags": {"lod": [1]}}, "features.lags.lod", "neither a target nor a covariate"),
        ({"rolling": {"x": {"window": 3}}}, "features.rolling.x", "neither"),
        ({"differences": {"area": [1]}}, "features.differences.area", "static covariate"),
        ({"polynomials": {"kind": 2}}, "features.polynomials.kind", "is a category"),
        ({"interactions": [["load", "site"]]}, "features.interactions.0.1", "neither"),
        ({"time_since": ["date"]}, "features.time_since.0", "neither"),
    ],
)
def test_features_are_computed_from_declared_numbers_that_change(
    features: dict[str, Any], path: str, words: str
) -> None:
    (problem,) = problems_of(features=features)
    assert problem.path == path
    assert words in problem.message


def test_an_undeclared_column_suggests_a_near_one_or_lists_all() -> None:
    near, far = problems_of(features={"lags": {"temprature": [1], "xyz": [1]}})
    assert near.hint == "Did you mean `temperature`?"
    assert far.hint == "Known: load, price, wind, temperature."


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"csv": {"encoding": "utf8000"}}, "data.csv.encoding"),
        ({"tz": "Europe/Berlni"}, "data.tz"),
        ({"csv": {"decimal": ","}}, "data.csv.decimal"),
        ({"csv": {"thousands": "."}}, "data.csv.thousands"),
        ({"start": "2020-02-01", "end": "2020-01-01"}, "data.end"),
        ({"missing": {"limit": 3}}, "data.missing.limit"),
        ({"outliers": {"threshold": 3.0}}, "data.outliers.threshold"),
    ],
)
def test_a_contradiction_in_data_is_reported_at_its_field(data: dict[str, Any], path: str) -> None:
    (problem,) = problems_of(data)
    assert problem.path == path


def test_a_time_zone_suggests_a_near_one() -> None:
    (problem,) = problems_of({"tz": "Europe/Berlni"})
    assert problem.hint == "Did you mean `Europe/Berlin`?"


def test_split_times_ascend() -> None:
    split = {"train": "2020-03-01", "validation": "2020-02-01", "test": "2020-01-01"}
    assert [p.path for p in problems_of(split=split)] == ["split.validation", "split.test"]


@pytest.mark.parametrize(
    "data",
    [
        {"start": "2020-01-01", "end": None},
        {"start": "2020-02-31", "end": "2019-13"},
        {"start": "2020-01-01", "end": "2019-01-01T00:00+00:00"},
    ],
)
def test_times_that_only_reading_can_judge_are_left_to_it(data: dict[str, Any]) -> None:
    assert config_from_mapping({"data": {**DATA, **data}}).config.data.start == data["start"]


@pytest.mark.parametrize(
    ("sections", "path", "words"),
    [
        (
            {"training": {"schedule": "cosine", "reduce_lr": {}}},
            "training.reduce_lr",
            "schedule: cosine",
        ),
        ({"training": {"deterministic": True, "jit": True}}, "training.jit", "without XLA"),
        ({"training": {"loss": "quantile"}}, "training.loss", "Set output.type: quantiles"),
        (
            {"output": {"type": "quantiles"}, "training": {"loss": "mse"}},
            "training.loss",
            "Set training.loss: quantile",
        ),
        (
            {"output": {"type": "student_t"}, "training": {"loss": "quantile"}},
            "training.loss",
            "Set training.loss: nll",
        ),
        (
            {"training": {"loss": "nll"}},
            "training.loss",
            "Set output.type: normal, student_t or negative_binomial",
        ),
        (
            {"output": {"type": "normal"}, "training": {"frequency_loss": 0.3}},
            "training.frequency_loss",
            "output is normal. Remove it, or set output.type to point",
        ),
        (
            {
                "output": {"type": "negative_binomial"},
                "scaling": {"target": "none"},
                "model": {"linear_share": 0.3},
            },
            "model.linear_share",
            "is of forecasts of numbers, and output is negative_binomial. Remove it, or set",
        ),
        ({"output": {"type": "negative_binomial"}}, "scaling.target", "is standard"),
        (
            {
                "output": {"type": "negative_binomial"},
                "scaling": {"target": "none", "target_transform": "log1p"},
            },
            "scaling.target_transform",
            "reads them by their own size",
        ),
        (
            {
                "output": {"type": "negative_binomial"},
                "scaling": {"target": "none"},
                "model": {"type": "segment"},
            },
            "model.window_norm",
            "Set it to none, or output.type to normal",
        ),
        (
            {"model": {"type": "segment", "window_norm": "none", "level_input": True}},
            "model.level_input",
            "needs a level that was taken out of each window",
        ),
        (
            {
                "output": {"type": "negative_binomial"},
                "scaling": {"target": "none"},
                "training": {"augmentation": {"scaling": 0.1}},
            },
            "training.augmentation.scaling",
            "what it makes of a count is none",
        ),
        (
            {
                "output": {"type": "negative_binomial"},
                "scaling": {"target": "none"},
                "training": {"augmentation": {"frequencies": 0.5}},
            },
            "training.augmentation.frequencies",
            "what it makes of a count is none",
        ),
        (
            {"features": {"categories": {"embedding_size": 4}}},
            "features.categories.embedding_size",
            "encoding",
        ),
        (
            {"features": {"series_embedding": True}, "model": {"scope": "each"}},
            "features.series_embedding",
            "model.scope: each",
        ),
        (
            {
                "model": {"type": "cnn_lstm", "filters": [8, 8], "pool": 4},
                "window": {"lookback": 15},
            },
            "model.pool",
            "a lookback of 15 pooled by 4, 2 times",
        ),
    ],
)
def test_choices_that_do_not_go_together_are_reported(
    sections: dict[str, Any], path: str, words: str
) -> None:
    (problem,) = problems_of(**sections)
    assert problem.path == path
    assert words in problem.message


def test_a_schedule_takes_the_place_of_the_default_reduce_lr() -> None:
    assert Training(schedule="cosine").reduce_lr is None
    assert Training().reduce_lr is not None


def test_jit_may_be_on_where_jax_is_deterministic() -> None:
    training = {"deterministic": True, "jit": True, "backend": "jax"}
    assert config_from_mapping({"data": DATA, "training": training}).config.training.jit is True


def test_a_config_built_in_python_can_be_checked() -> None:
    config = Config(data=Data(time="t", target="y", series="y"))
    (problem,) = check_config(config)
    assert problem.path == "data.target"
    assert problem.line is None


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ({}, "mse"),
        ({"type": "quantiles"}, "quantile"),
        ({"type": "normal"}, "nll"),
        ({"type": "student_t", "levels": [0.05, 0.5, 0.95]}, "nll"),
        ({"type": "negative_binomial"}, "nll"),
    ],
    ids=str,
)
def test_the_loss_goes_with_the_output_where_it_is_not_named(
    output: dict[str, Any], loss: str
) -> None:
    sections = {"output": output, "scaling": {"target": "none"}, "training": {"epochs": 3}}
    assert config_from_mapping({"data": DATA, **sections}).config.training.loss == loss
