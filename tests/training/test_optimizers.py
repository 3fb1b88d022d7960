from __future__ import annotations

import pytest

from lstmcast.training.optimizers import learning_rate_at, make_optimizer
from tests.networks import make_config


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        ({"optimizer": "adam"}, "Adam", {"clipnorm": 1.0, "weight_decay": None}),
        ({"optimizer": "adamw", "weight_decay": 0.1}, "AdamW", {"weight_decay": 0.1}),
        ({"optimizer": "rmsprop", "clipnorm": None}, "RMSprop", {"clipnorm": None}),
        ({"optimizer": "sgd", "momentum": 0.7}, "SGD", {"momentum": 0.7}),
    ],
    ids=str,
)
def test_an_optimizer_has_the_fields_of_the_config(
    fields: dict[str, object], kind: str, expected: dict[str, object]
) -> None:
    optimizer = make_optimizer(make_config(**fields, learning_rate=0.25).training)
    settings = optimizer.get_config()
    assert type(optimizer).__name__ == kind
    assert settings["learning_rate"] == 0.25
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("none", [1.0, 1.0, 1.0]),
        ("cosine", [1.0, 0.5, 0.146447]),  # (1 + cos(3π / 4)) / 2
        ("exponential", [1.0, 0.1, 0.031623]),  # 0.01^(3 / 4)
    ],
)
def test_a_schedule_begins_at_the_learning_rate_and_falls(
    schedule: str, expected: list[float]
) -> None:
    training = make_config(schedule=schedule, epochs=4, learning_rate=2.0).training
    rates = [learning_rate_at(training, epoch) for epoch in (0, 2, 3)]
    assert rates == pytest.approx([2.0 * rate for rate in expected], rel=1e-5)
