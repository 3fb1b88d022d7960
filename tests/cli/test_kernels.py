from __future__ import annotations

from typing import Any

import pytest

from lstmcast.cli.kernels import kernel_of
from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config


def config(model: dict[str, Any] | None = None, **training: Any) -> Config:
    data = {"path": "d.csv", "time": "t", "target": "y"}
    return config_from_mapping({"data": data, "model": model or {}, "training": training}).config


def test_the_defaults_run_on_cudnn_where_there_is_a_gpu() -> None:
    for backend in ("tensorflow", "jax"):
        kernel = kernel_of(config(backend=backend), has_gpu=True)
        assert kernel.name == "cudnn"
        assert kernel.reasons == ()


@pytest.mark.parametrize(
    ("model", "training", "field"),
    [
        ({"activation": "relu"}, {}, "model.activation"),
        ({"recurrent_dropout": 0.2}, {}, "model.recurrent_dropout"),
        ({}, {"jit": True}, "training.jit"),
        ({}, {"device": "cpu"}, "training.device"),
        ({"type": "gru"}, {"backend": "jax"}, "training.backend"),
    ],
)
def test_what_loses_cudnn_is_named_with_its_field(
    model: dict[str, Any], training: dict[str, Any], field: str
) -> None:
    kernel = kernel_of(config(model, **training), has_gpu=True)
    assert kernel.name == "generic"
    (reason,) = kernel.reasons
    assert field in reason


def test_every_reason_is_told_at_once() -> None:
    kernel = kernel_of(config({"activation": "relu", "recurrent_dropout": 0.1}), has_gpu=False)
    assert len(kernel.reasons) == 3


@pytest.mark.parametrize(
    ("training", "has_gpu", "starts"),
    [
        ({}, True, "off: cuDNN"),
        ({}, False, "XLA where"),
        ({"jit": True}, False, "XLA"),
        ({"jit": False}, False, "off"),
        ({"deterministic": True}, False, "off: training.deterministic"),
        ({"backend": "jax"}, False, "XLA"),
        ({"backend": "jax", "jit": False}, False, "off"),
    ],
)
def test_compilation_is_what_the_fit_will_do(
    training: dict[str, Any], has_gpu: bool, starts: str
) -> None:
    assert kernel_of(config(**training), has_gpu=has_gpu).compilation.startswith(starts)
