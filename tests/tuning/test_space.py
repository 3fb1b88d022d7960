from __future__ import annotations

import pytest

from lstmcast.errors import ConfigError
from lstmcast.tuning.space import build_space
from tests.tuning.conftest import MakeConfig


def test_parents_come_before_what_depends_on_them(make_config: MakeConfig) -> None:
    config = make_config(
        space={
            "model.bidirectional": {"choice": [True, False], "when": {"model.type": "lstm"}},
            "model.type": ["lstm", "gru"],
        }
    )
    space = build_space(config)
    assert [each.path for each in space.dimensions] == ["model.type", "model.bidirectional"]
    assert space.dimensions[1].conditions == (("model.type", ("lstm",)),)


def test_what_depends_on_a_field_that_is_otherwise_never_counts(make_config: MakeConfig) -> None:
    config = make_config(
        space={
            "training.learning_rate": [0.1, 0.2],
            "training.momentum": {"choice": [0.5, 0.9], "when": {"training.optimizer": "sgd"}},
            "training.huber_delta": {"choice": [1.0, 2.0], "when": {"training.momentum": 0.5}},
        }
    )
    space = build_space(config)
    assert [each.path for each in space.dimensions] == ["training.learning_rate"]
    assert set(space.idle) == {"training.momentum", "training.huber_delta"}


def test_another_architecture_begins_from_its_own_defaults(make_config: MakeConfig) -> None:
    space = build_space(make_config(space={"model.type": ["gru", "attention"]}))
    attention = space.config({"model.type": "attention"})
    assert attention.model.type == "attention"
    assert space.config({"model.type": "lstm"}) == space.base


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"model.unit": [[2]]}, "not a field of `model`. Did you mean `model.units`"),
        ({"window.horizon": [1, 2]}, "cannot be searched: window.horizon changes what is measured"),
        ({"split.train": [0.5, 0.6]}, "cannot be searched"),
        ({"tune.trials": [5, 6]}, "cannot be searched"),
        ({"data.path": ["a.csv", "b.csv"]}, "cannot be searched"),
        ({"model.units": [2, 3]}, "must be a non-empty list"),
        ({"training.learning_rate": {"min": -1.0, "max": 1.0}}, "must be a number above 0"),
        ({"model.dropout": {"choice": [0.1], "when": {"model.sort": "lstm"}}}, "not a field"),
        (
            {
                "model.dropout": {"choice": [0.1], "when": {"model.l2": 0.1}},
                "model.l2": {"choice": [0.1], "when": {"model.dropout": 0.1}},
            },
            "in a circle",
        ),
    ],
)
def test_a_wrong_space_is_refused(
    make_config: MakeConfig, space: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        build_space(make_config(space=space))
    assert message in str(caught.value)
    assert "--set" not in str(caught.value)


def test_without_a_space_sizes_and_rates_around_the_own_are_searched(
    make_config: MakeConfig,
) -> None:
    space = build_space(make_config(space={}))
    choices = {each.path: each.parameter for each in space.dimensions}
    assert choices["model.units"].choice == [[3], [1], [6]]
    assert choices["window.lookback"].choice == [2, 5, 10]
    assert choices["training.learning_rate"].bounds == pytest.approx((0.0002, 0.005))
    assert set(choices) == {
        "model.units",
        "model.dropout",
        "training.learning_rate",
        "window.lookback",
    }


def test_every_problem_is_named_at_once(make_config: MakeConfig) -> None:
    with pytest.raises(ConfigError, match="2 problems"):
        build_space(make_config(space={"model.unit": [1], "window.horizon": [1]}))


@pytest.mark.parametrize(
    ("path", "comparable"),
    [("model.units", True), ("scaling.target", False), ("training.loss", False)],
)
def test_losses_of_another_scale_are_not_set_against_each_other(
    make_config: MakeConfig, path: str, comparable: bool
) -> None:
    choices = {
        "model.units": [[1], [2]],
        "scaling.target": ["minmax", "standard"],
        "training.loss": ["mse", "mae"],
    }
    space = build_space(make_config(space={path: choices[path]}))
    assert space.has_one_loss is comparable
