"""The JSON Schema agrees with the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from lstmcast.config.json_schema import config_json_schema
from lstmcast.config.loading import config_from_mapping
from lstmcast.config.yaml_document import parse_document

CONFIGS = sorted(Path(__file__).parents[2].glob("configs/*.yaml"))
DATA: dict[str, Any] = {"time": "date", "target": "co2"}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = config_json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_is_json_and_names_its_draft() -> None:
    schema = config_json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "lstmcast config"


@pytest.mark.parametrize(
    "values",
    [
        {"data": DATA},
        {"data": {**DATA, "past_covariates": ["price", {"column": "wind"}]}},
        {"data": DATA, "model": {"units": [8]}},
        {"data": DATA, "model": {"type": "gru"}},
        {"data": DATA, "model": {"type": "cnn_lstm", "pool": 3}},
        {"data": DATA, "output": {}},
        {"data": DATA, "output": {"type": "quantiles"}, "training": {"loss": "quantile"}},
        {"data": DATA, "training": None, "model": None, "features": None},
        {"data": DATA, "training": {"jit": "auto", "steps_per_execution": 4, "reduce_lr": None}},
        {"data": DATA, "split": {"train": "2020", "validation": "2021", "test": None}},
    ],
)
def test_what_loads_is_valid(validator: Draft202012Validator, values: dict[str, Any]) -> None:
    assert config_from_mapping(values).config
    assert not list(validator.iter_errors(values))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"data": {"time": "date"}},
        {"data": DATA, "lookback": 3},
        {"data": DATA, "model": {"type": "lstmm"}},
        {"data": DATA, "model": {"attention_units": 3}},
        {"data": DATA, "model": {"units": [0]}},
        {"data": DATA, "training": {"epochs": "5"}},
        {"data": {**DATA, "past_covariates": [3]}},
    ],
)
def test_what_does_not_load_is_not_valid(
    validator: Draft202012Validator, values: dict[str, Any]
) -> None:
    assert list(validator.iter_errors(values))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_shipped_configs_are_valid(validator: Draft202012Validator, path: Path) -> None:
    values = parse_document(path.read_text(encoding="utf-8")).values
    assert not [error.message for error in validator.iter_errors(values)]
