from __future__ import annotations

from typing import Any

import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.training import kernels
from lstmcast.training.kernels import (
    MAX_PARTS,
    MAX_STEPS_PER_EXECUTION,
    MIN_PART,
    XLA_BATCH,
    XLA_STEPS,
    kernel_of,
    steps_per_execution,
)


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


@pytest.mark.parametrize("model", [{}, {"type": "gru"}, {"type": "segment", "cell": "gru"}])
def test_without_a_gpu_a_recurrent_layer_runs_in_the_compiled_loop(model: dict[str, Any]) -> None:
    for training, has_gpu in (({}, False), ({"backend": "jax"}, False), ({"device": "cpu"}, True)):
        kernel = kernel_of(config(model, **training), has_gpu=has_gpu)
        assert (kernel.name, kernel.jit) == ("fast", True)
        assert len(kernel.reasons) == 1


@pytest.mark.parametrize(
    ("model", "training", "field"),
    [
        ({"activation": "relu"}, {}, "model.activation"),
        ({"recurrent_dropout": 0.2}, {}, "model.recurrent_dropout"),
        ({}, {"jit": False}, "XLA, which is off"),
        ({}, {"deterministic": True}, "XLA, which is off"),
        ({}, {"precision": "mixed_bfloat16"}, "training.precision"),
    ],
)
def test_what_loses_the_compiled_loop_is_named(
    model: dict[str, Any], training: dict[str, Any], field: str
) -> None:
    kernel = kernel_of(config(model, **training), has_gpu=False)
    assert kernel.name == "generic"
    assert field in kernel.reasons[1]


def test_every_reason_is_told_at_once() -> None:
    kernel = kernel_of(config({"activation": "relu", "recurrent_dropout": 0.1}), has_gpu=False)
    assert len(kernel.reasons) == 3


def test_xla_is_left_out_on_tensorflow_where_it_does_not_pay() -> None:
    long = config(epochs=10, batch_size=XLA_BATCH)
    assert kernel_of(long, has_gpu=False, n_batches=XLA_STEPS // 10).jit is True
    assert kernel_of(long, has_gpu=False, n_batches=XLA_STEPS // 10 - 1).jit is False
    large = config(epochs=10, batch_size=XLA_BATCH + 1)
    assert kernel_of(large, has_gpu=False, n_batches=1000).jit is False
    assert kernel_of(config(batch_size=4096, backend="jax"), has_gpu=False).jit is True


@pytest.mark.parametrize(
    ("model", "cpus", "jit"),
    [
        ({"type": "lstm"}, 2, True),
        ({"type": "gru"}, 2, True),
        ({"type": "lstm"}, 1, False),
        ({"type": "lstm", "units": [1]}, 2, False),
        ({"type": "lstm", "recurrent_dropout": 0.1}, 2, False),
        ({"type": "segment"}, 2, False),
    ],
)
def test_xla_pays_with_large_batches_where_they_are_divided(
    model: dict[str, Any], cpus: int, jit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "available_cpus", lambda: cpus)
    large = config(model, epochs=10, batch_size=2 * XLA_BATCH)
    found = kernel_of(large, has_gpu=False, n_batches=1000)
    assert found.jit is jit
    assert found.parts == (2 if jit else 1)


@pytest.mark.parametrize(
    ("training", "has_gpu", "starts"),
    [
        ({}, True, "off: cuDNN"),
        ({}, False, "on"),
        ({"activation": "relu"}, True, "on"),
        ({"batch_size": 513}, False, "off: it does not pay"),
        ({"jit": True}, False, "on"),
        ({"jit": False}, False, "off"),
        ({"deterministic": True}, False, "off: training.deterministic"),
        ({"backend": "jax"}, False, "on"),
        ({"backend": "jax"}, True, "on"),
        ({"backend": "jax", "jit": False}, False, "off"),
    ],
)
def test_compilation_is_what_the_fit_will_do(
    training: dict[str, Any], has_gpu: bool, starts: str
) -> None:
    model = {key: training.pop(key) for key in ("activation",) if key in training}
    kernel = kernel_of(config(model, **training), has_gpu=has_gpu)
    assert kernel.compilation.startswith(starts)
    assert (kernel.jit is False) == (starts.startswith("off") and not has_gpu)


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
@pytest.mark.parametrize(
    ("training", "n_batches", "cpus", "parts"),
    [
        ({}, None, 2, 2),
        ({}, None, 8, MAX_PARTS),
        ({}, None, 1, 1),
        ({"batch_size": 2 * MIN_PART // 64 - 2}, None, 2, 1),
        ({"batch_size": 2 * MIN_PART // 64 + 1}, None, 2, 1),
        ({"precision": "mixed_bfloat16"}, None, 2, 1),
        ({"jit": False}, None, 2, 1),
        # It may hold fewer windows than the config says, and then cannot be divided.
        ({}, 1, 2, 1),
    ],
)
def test_a_batch_is_divided_where_that_was_measured_to_pay(
    training: dict[str, Any],
    n_batches: int | None,
    cpus: int,
    parts: int,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "available_cpus", lambda: cpus)
    model = {"units": [64]}
    found = kernel_of(
        config(model, backend=backend, **training), has_gpu=False, n_batches=n_batches
    )
    assert found.parts == parts
    assert found.compilation.endswith("each batch divided among 2 cores") == (parts > 1)
    small = config({"units": [4]}, backend=backend, **training)
    assert kernel_of(small, has_gpu=False, n_batches=n_batches).parts == 1
    assert kernel_of(config(model, backend=backend, **training), has_gpu=True).parts == 1


def test_an_epoch_bounds_the_steps_of_an_execution() -> None:
    assert steps_per_execution(config(), 1000) == MAX_STEPS_PER_EXECUTION
    assert steps_per_execution(config(), 3) == 3
    assert steps_per_execution(config(steps_per_execution=5), 1000) == 5


@pytest.mark.parametrize(("said", "parts"), [("1", 1), ("4", 2), ("", 2), ("-1", 2)])
def test_a_batch_is_divided_among_no_more_devices_than_a_user_gives_jax(
    said: str, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "available_cpus", lambda: 2)
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", said)
    assert kernel_of(config({"units": [64]}, backend="jax"), has_gpu=False).parts == parts
    assert kernel_of(config({"units": [64]}, backend="tensorflow"), has_gpu=False).parts == 2
