from __future__ import annotations

from typing import Any

import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.config.variants import find_field, vary
from lstmcast.errors import ConfigError


def config_of(**sections: Any) -> Config:
    return config_from_mapping(
        {"data": {"path": None, "time": "day", "target": "y"}, **sections}
    ).config


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("seed", ("seed",)),
        ("model.units", ("model", "units")),
        ("training.early_stopping.patience", ("training", "early_stopping", "patience")),
        ("model.units.0", ("model", "units", 0)),
    ],
)
def test_a_dotted_path_is_found(path: str, location: tuple[str | int, ...]) -> None:
    assert find_field(path, config_of()) == location


@pytest.mark.parametrize("path", ["", "model.unit", "model..units", "model.units=[3]"])
def test_what_is_no_field_is_an_error_of_its_path(path: str) -> None:
    with pytest.raises(ConfigError):
        find_field(path, config_of())


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean `model\.units`"):
        find_field("model.unit", config_of())


def test_the_changed_fields_change_and_no_other() -> None:
    config = config_of(model={"units": [8], "dropout": 0.4}, seed=3)
    varied = vary(config, {"model.units": [2, 3], "training.learning_rate": 0.5})
    assert varied.model.units == [2, 3]
    assert varied.training.learning_rate == 0.5
    assert varied.model.dropout == 0.4
    assert varied.seed == 3
    assert config.model.units == [8]


def test_no_change_is_the_same_config() -> None:
    config = config_of(model={"units": [8]}, training={"epochs": 4})
    assert vary(config, {}) == config


def test_another_type_brings_its_own_defaults_and_what_is_said_of_it() -> None:
    config = config_of(model={"type": "lstm", "units": [8], "dropout": 0.4})
    varied = vary(config, {"model.type": "gru", "model.units": [5]})
    own = config_of(model={"type": "gru", "units": [5]})
    assert varied == own
    assert varied.model.dropout != 0.4


def test_the_same_type_keeps_what_the_config_says() -> None:
    config = config_of(model={"units": [8], "dropout": 0.4})
    varied = vary(config, {"model.type": "lstm"})
    assert (varied.model.units, varied.model.dropout) == ([8], 0.4)


def test_the_order_of_the_changes_does_not_matter() -> None:
    changes = {"model.type": "segment", "model.segment": 4, "model.units": [2]}
    config = config_of(window={"lookback": 12, "horizon": 4})
    assert vary(config, changes) == vary(config, dict(reversed(changes.items())))


def test_another_kind_of_output_keeps_nothing_of_the_former() -> None:
    output = {"type": "quantiles", "levels": [0.1, 0.5, 0.9]}
    config = config_of(output=output, training={"loss": "quantile", "epochs": 4})
    varied = vary(config, {"output.type": "point", "training.loss": "mse"})
    assert varied == config_of(training={"loss": "mse", "epochs": 4})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"model.units": []}, "model.units"),
        ({"training.learning_rate": -1}, "training.learning_rate"),
        ({"model.heads": 4}, "model.heads"),
        (
            {"training.schedule": "cosine", "training.reduce_lr": {"factor": 0.5}},
            "training.reduce_lr",
        ),
    ],
)
def test_values_that_are_wrong_or_do_not_go_together_are_refused(
    changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        vary(config_of(), changes)
    assert any(problem.path == path for problem in raised.value.problems)
