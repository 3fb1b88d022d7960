from __future__ import annotations

from lstmcast.models.registry import ARCHITECTURES
from tests.commands import Invoke


def test_models_lists_every_architecture(invoke: Invoke) -> None:
    listed = invoke("models", "--json").json["models"]
    assert [model["name"] for model in listed] == list(ARCHITECTURES)
    assert all(name in invoke("models").out for name in ARCHITECTURES)


def test_one_model_is_shown_with_its_parameters(invoke: Invoke) -> None:
    (model,) = invoke("models", "lstm", "--json").json["models"]
    assert {p["name"] for p in model["parameters"]} >= {"units", "dropout", "window_norm"}
    text = invoke("models", "lstm").out
    assert "units: [64]" in text
    assert "dropout: 0.1" in text


def test_an_unknown_model_is_answered_with_the_nearest_one(invoke: Invoke) -> None:
    result = invoke("models", "lstn")
    assert result.code == 2
    assert "Did you mean `lstm`?" in result.err
    assert "Known: lstm" in invoke("models", "transformer").err
