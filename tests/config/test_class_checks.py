"""Rules between the fields of a classification, each with the exact field to change."""

from __future__ import annotations

from typing import Any

import pytest

from lstmcast.config.class_checks import direction_classes, refuse_classes
from lstmcast.config.loading import config_from_mapping, dump_config, load_config
from lstmcast.config.schema import ClassesOutput, Config
from lstmcast.errors import ConfigError

CATEGORY = {"task": "classification", "data": {"time": "t", "target": "label"}}
DIRECTION = {**CATEGORY, "output": {"direction": {"threshold": 0.5}}}


def config_of(base: dict[str, Any], **sections: Any) -> Config:
    values = {**base}
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return config_from_mapping(values).config


def test_the_task_sets_what_the_config_does_not_name() -> None:
    config = config_of(CATEGORY)
    assert config.output == ClassesOutput()
    assert config.data.target_type == "category"
    assert config.scaling.target == "none"
    assert config.training.loss == "cross_entropy"
    assert config.tune.objective == "log_loss"
    assert config.evaluation.baselines == ["majority", "last"]
    directed = config_of(DIRECTION)
    assert directed.data.target_type == "number"
    assert directed.scaling.target == "standard"


def test_the_whole_config_is_read_back_as_it_was(tmp_path) -> None:
    for base in (CATEGORY, DIRECTION):
        config = config_of(base, data={"path": "/data.csv"})
        (tmp_path / "config.yaml").write_text(dump_config(config))
        assert load_config(tmp_path / "config.yaml").config == config


@pytest.mark.parametrize(
    ("threshold", "classes"), [(0.0, ("down", "up")), (0.5, ("down", "flat", "up"))]
)
def test_a_direction_has_classes_by_its_threshold(threshold, classes) -> None:
    output = ClassesOutput.model_validate({"direction": {"threshold": threshold}})
    assert direction_classes(output) == classes


@pytest.mark.parametrize(
    ("base", "change", "path", "match"),
    [
        (CATEGORY, {"output": {"type": "point"}}, "output.type", "learns classes"),
        (CATEGORY, {"task": "forecast", "output": {"type": "classes"}}, "output.type", "Set task"),
        (CATEGORY, {"data": {"target_type": "number"}}, "data.target_type", "output.direction"),
        (DIRECTION, {"data": {"target_type": "category"}}, "data.target_type", "no direction"),
        (CATEGORY, {"data": {"target": ["a", "b"]}}, "data.target", "one target"),
        (CATEGORY, {"evaluation": {"metrics": ["mae"]}}, "evaluation.metrics.0", "accuracy"),
        (CATEGORY, {"evaluation": {"baselines": ["drift"]}}, "evaluation.baselines.0", "majority"),
        (CATEGORY, {"tune": {"objective": "mae"}}, "tune.objective", "log_loss"),
        (CATEGORY, {"training": {"loss": "mse"}}, "training.loss", "cross_entropy"),
        (CATEGORY, {"scaling": {"target": "standard"}}, "scaling.target", "cannot be scaled"),
        (CATEGORY, {"model": {"window_norm": "last"}}, "model.window_norm", "cannot be scaled"),
        (CATEGORY, {"features": {"lags": {"label": [1]}}}, "features.lags.label", "a category"),
        (
            DIRECTION,
            {"training": {"class_weights": {"sideways": 2}}},
            "training.class_weights.sideways",
            "down, flat, up",
        ),
        (
            DIRECTION,
            {"training": {"augmentation": {"scaling": 0.1}}},
            "training.augmentation.scaling",
            "stays as it is",
        ),
        (
            DIRECTION,
            {"training": {"augmentation": {"frequencies": 0.5}}},
            "training.augmentation.frequencies",
            "stays as it is",
        ),
        (DIRECTION, {"data": {"time": "p_up"}}, "data.time", "another column"),
    ],
)
def test_what_does_not_fit_classes_is_named_with_its_path(base, change, path, match) -> None:
    with pytest.raises(ConfigError, match=match) as raised:
        config_of(base, **change)
    assert path in [problem.path for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"training": {"class_weights": "balanced"}}, "training.class_weights"),
        ({"data": {"target_type": "category"}}, "data.target_type"),
        ({"evaluation": {"metrics": ["accuracy"]}}, "evaluation.metrics.0"),
    ],
)
def test_what_is_of_classes_is_refused_for_forecasts(change, path) -> None:
    with pytest.raises(ConfigError) as raised:
        config_of({"data": {"time": "t", "target": "y"}}, **change)
    assert [problem.path for problem in raised.value.problems] == [path]


def test_a_segment_network_reads_no_category() -> None:
    with pytest.raises(ConfigError, match="segment reads the numbers"):
        config_of(CATEGORY, model={"type": "segment", "window_norm": "none"})


def test_what_is_for_forecasts_alone_says_so() -> None:
    with pytest.raises(ConfigError, match="task: is classification, and `lstmcast backtest`"):
        refuse_classes(config_of(CATEGORY), "backtest")
