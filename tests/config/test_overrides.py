"""`--set`: typed values at exact places."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.overrides import parse_override
from lstmcast.config.schema import Config
from lstmcast.errors import ConfigError, Problem

VALUES = {"data": {"time": "date", "target": "pm2.5", "past_covariates": ["price", "no2"]}}


def config_with(*overrides: str, **sections: Any) -> Config:
    return config_from_mapping({**VALUES, **sections}, overrides=overrides).config


def problems_with(*overrides: str, **sections: Any) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as raised:
        config_with(*overrides, **sections)
    return raised.value.problems


def test_values_are_typed() -> None:
    config = config_with(
        "window.lookback=12",
        "training.learning_rate=1e-4",
        "training.deterministic=true",
        "training.early_stopping=null",
        "name=on",
        "model.units=[32, 16]",
    )
    assert config.window.lookback == 12
    assert config.training.learning_rate == 1e-4
    assert config.training.deterministic is True
    assert config.training.early_stopping is None
    assert config.name == "on"
    assert config.model.units == [32, 16]


def test_a_value_may_contain_an_equals_sign() -> None:
    assert parse_override("data.format=%Y=%m").value == "%Y=%m"
    assert config_with("data.csv.na=['=', a=b]").data.csv.na == ["=", "a=b"]


def test_the_last_of_two_overrides_wins() -> None:
    assert config_with("seed=1", "seed=2").seed == 2


def test_a_list_entry_is_set_by_its_index() -> None:
    assert config_with("model.units.1=8", model={"units": [32, 16]}).model.units == [32, 8]


def test_a_list_entry_of_a_default_can_be_set() -> None:
    assert config_with("model.units.0=8").model.units == [8]


def test_an_index_beyond_the_end_is_an_error() -> None:
    (problem,) = problems_with("model.units.3=8")
    assert problem.path == "model.units.3"
    assert "beyond the end of a list of 1" in problem.message


def test_an_index_that_is_no_number_is_an_error() -> None:
    (problem,) = problems_with("model.units.first=8")
    assert problem.path == "model.units"
    assert "its entries are called 0, 1" in problem.message
    assert problem.message.endswith("It comes from --set.")


@pytest.mark.parametrize(
    "override",
    ['features.lags."pm2.5"=[3]', "features.lags.'pm2.5'=[3]", "features.lags.pm2.5=[3]"],
)
def test_a_column_with_a_dot_is_quoted_or_known(override: str) -> None:
    assert config_with(override).features.lags == {"pm2.5": [3]}


def test_the_longest_known_column_wins_and_fields_follow_it() -> None:
    config = config_with("features.rolling.pm2.5.window=24")
    assert config.features.rolling["pm2.5"].window == 24
    values = {"lags": {"pm2.5": [1, 2]}}
    assert config_with("features.lags.pm2.5.1=9", features=values).features.lags["pm2.5"] == [1, 9]


def test_shorthand_for_a_covariate_is_written_out_where_a_field_of_it_is_set() -> None:
    (price, no2) = config_with("data.past_covariates.0.available_after=2d").data.past_covariates
    assert (price.column, price.available_after) == ("price", "2d")
    assert no2.available_after is None


def test_a_section_that_the_file_lacks_is_made() -> None:
    config = config_with("training.early_stopping.patience=3", training={"early_stopping": None})
    assert config.training.early_stopping is not None
    assert config.training.early_stopping.patience == 3


def test_the_mapping_handed_over_is_not_changed() -> None:
    values: dict[str, Any] = {**VALUES, "model": {"units": [32]}}
    config_from_mapping(values, overrides=["model.units.0=8", "seed=3"])
    assert values == {**VALUES, "model": {"units": [32]}}


@pytest.mark.parametrize(
    ("override", "path", "hint"),
    [
        ("window.horizn=3", "window.horizn", "Did you mean `window.horizon`?"),
        ("mdoel.units=[3]", "mdoel", "Did you mean `model`?"),
        ("lookback=3", "lookback", "Did you mean `window.lookback`?"),
        ("seed.x=3", "seed.x", None),
        ("model.pooling=3", "model.pooling", "Did you mean `model.pool`?"),
    ],
)
def test_an_unknown_path_is_an_error_with_a_hint(override: str, path: str, hint: str) -> None:
    (problem,) = problems_with(override)
    assert problem.path == path
    assert problem.hint == hint
    assert "--set" in problem.message


def test_a_field_of_another_architecture_names_that() -> None:
    (problem,) = problems_with("model.attention_units=3")
    assert problem.path == "model.attention_units"
    assert problem.hint == "It belongs to `model.type: attention`."
    config = config_with("model.attention_units=3", "model.type=attention")
    assert config.model.type == "attention"


@pytest.mark.parametrize("text", ["", "window.lookback", "=3", ".a=3", "a..b=3", "a b=3"])
def test_what_is_not_a_path_and_a_value_is_an_error(text: str) -> None:
    (problem,) = problems_with(text)
    assert problem.message.startswith("--set must be a dotted path")


def test_a_value_that_is_not_yaml_is_an_error_at_its_path() -> None:
    (problem,) = problems_with("model.units=[1, 2")
    assert problem.path == "model.units"
    assert "is not YAML" in problem.message
    assert problem.line is None


def test_a_wrong_value_says_that_it_comes_from_set() -> None:
    (problem,) = problems_with("window.lookback=0")
    assert problem == Problem(
        "window.lookback",
        "must be an integer of at least 1. Received: 0. It comes from --set.",
    )


def test_reaching_into_what_is_not_a_mapping_is_an_error() -> None:
    problems = problems_with("window.lookback=3", "data.target.0=x", window=5)
    assert sorted(problem.path for problem in problems) == ["data.target", "window", "window"]


def test_every_wrong_override_is_reported() -> None:
    problems = problems_with("a=1", "window.lookback=0", "seed", "training.epochs=x")
    assert len(problems) == 4


def test_a_path_in_set_starts_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = Path.cwd()
    elsewhere = Path(os.sep, "elsewhere")
    loaded = config_from_mapping(VALUES, overrides=["data.path=../a.csv"], base=elsewhere)
    assert loaded.config.data.path == str(here.parent / "a.csv")
    values = {"data": {**VALUES["data"], "path": ["a.csv", "b.csv"]}}
    loaded = config_from_mapping(values, overrides=["data.path.1=c.csv"], base=elsewhere)
    assert loaded.config.data.path == [str(elsewhere / "a.csv"), str(here / "c.csv")]
