from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.networks import BACKEND, make_config

N_WINDOWS, N_STEPS, N_INPUTS, UNITS = 5, 7, 3, 4
CELLS = pytest.mark.parametrize("cell", ["lstm", "gru"])
Results = tuple[list[NDArray[Any]], list[NDArray[Any]]]


@pytest.fixture(autouse=True)
def keras() -> Any:
    from lstmcast.training.backend import load_keras

    load_keras(make_config().training, seed=0)
    import keras

    return keras


def kinds(cell: str) -> tuple[Any, Any]:
    """Keras' layer and ours."""
    import keras

    from lstmcast.models.fast_gru import FastGRU
    from lstmcast.models.fast_lstm import FastLSTM

    return {"lstm": (keras.layers.LSTM, FastLSTM), "gru": (keras.layers.GRU, FastGRU)}[cell]


def layers(cell: str, **options: Any) -> tuple[Any, Any]:
    """Keras' layer and ours, with the same weights."""
    theirs, ours = kinds(cell)
    pair = theirs(UNITS, **options), ours(UNITS, **options)
    for layer in pair:
        layer.build((None, N_STEPS, N_INPUTS))
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=weight.shape) / 2 for weight in pair[0].get_weights()]
    for layer in pair:
        layer.set_weights(weights)
    return pair


def results(layer: Any, *, enabled: bool) -> Results:
    """All outputs, and the gradients of a sum over them to the weights and the inputs."""
    from keras import ops

    from lstmcast.models.fast_loop import fast_loops

    rng = np.random.default_rng(1)
    n_states = 2 if type(layer).__name__.endswith("LSTM") else 1
    arguments = [
        rng.normal(size=shape).astype(np.float32)
        for shape in ((N_WINDOWS, N_STEPS, N_INPUTS), *[(N_WINDOWS, UNITS)] * n_states)
    ]

    def outputs(sequence: Any, *states: Any) -> list[Any]:
        found = layer(sequence, initial_state=list(states), training=True)
        return list(found) if isinstance(found, list | tuple) else [found]

    def weighed(found: list[Any]) -> Any:
        # Not all of the same weight, so that no two gradients cancel.
        parts = [ops.cos(ops.arange(int(np.prod(x.shape)), dtype="float32")) for x in found]
        pairs = zip(found, parts, strict=True)
        return sum(ops.sum(x * ops.reshape(part, x.shape)) for x, part in pairs)

    with fast_loops(enabled):
        if BACKEND == "jax":
            import jax

            variables = [v.value for v in layer.trainable_variables]

            def loss(values: Any, arguments: Any) -> tuple[Any, list[Any]]:
                from keras import StatelessScope

                mapping = list(zip(layer.trainable_variables, values, strict=True))
                with StatelessScope(state_mapping=mapping):
                    found = outputs(*arguments)
                    return weighed(found), found

            both = jax.jit(jax.grad(loss, argnums=(0, 1), has_aux=True))
            gradients, found = both(variables, arguments)
            gradients = [*gradients[0], *gradients[1]]
        else:
            import tensorflow as tf

            @tf.function(jit_compile=True)
            def both(*arguments: Any) -> Any:
                sources = [v.value for v in layer.trainable_variables] + list(arguments)
                with tf.GradientTape() as tape:
                    tape.watch(arguments)
                    found = outputs(*arguments)
                    loss = weighed(found)
                return tape.gradient(loss, sources), found

            gradients, found = both(*map(tf.constant, arguments))
    return [np.asarray(x) for x in found], [np.asarray(x) for x in gradients]


@CELLS
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True, "return_sequences": True},
        {"return_state": True},
        {"return_sequences": True, "return_state": True},
    ],
)
def test_outputs_and_gradients_are_those_of_keras(cell: str, options: dict[str, Any]) -> None:
    theirs, ours = layers(cell, **options)
    expected, found = results(theirs, enabled=False), results(ours, enabled=True)
    for kind in (0, 1):
        for one, other in zip(expected[kind], found[kind], strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-4, atol=2e-6)


def count_loops(ours: Any, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    calls: list[bool] = []
    loop = ours.make_loop

    def counted(return_sequences: bool) -> Any:
        calls.append(return_sequences)
        return loop(return_sequences)

    monkeypatch.setattr(ours, "make_loop", staticmethod(counted))
    return calls


@CELLS
@pytest.mark.parametrize(
    ("options", "enabled", "n_loops"),
    [
        ({}, True, 1),
        ({}, False, 0),
        ({"activation": "relu"}, True, 0),
        ({"recurrent_dropout": 0.5}, True, 0),
        ({"use_bias": False}, True, 0),
        ({"dtype": "mixed_bfloat16"}, True, 0),
    ],
)
def test_it_falls_back_on_keras_where_it_must(
    cell: str,
    options: dict[str, Any],
    enabled: bool,
    n_loops: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lstmcast.models.fast_loop import fast_loops

    _, ours = kinds(cell)
    calls = count_loops(ours, monkeypatch)
    with fast_loops(enabled):
        ours(UNITS, **options)(np.zeros((2, N_STEPS, N_INPUTS), np.float32), training=True)
    assert len(calls) == n_loops


def test_a_reset_gate_before_the_product_is_keras_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstmcast.models.fast_loop import fast_loops

    _, ours = kinds("gru")
    calls = count_loops(ours, monkeypatch)
    with fast_loops():
        ours(UNITS, reset_after=False)(np.zeros((2, N_STEPS, N_INPUTS), np.float32))
    assert not calls


@CELLS
def test_a_bidirectional_layer_runs_it_twice(
    cell: str, monkeypatch: pytest.MonkeyPatch, keras: Any
) -> None:
    from lstmcast.models.fast_loop import fast_loops

    _, ours = kinds(cell)
    layer = keras.layers.Bidirectional(ours(UNITS, return_sequences=True))
    batch = np.random.default_rng(0).normal(size=(2, N_STEPS, N_INPUTS)).astype(np.float32)
    plain = layer(batch)
    calls = count_loops(ours, monkeypatch)
    with fast_loops():
        np.testing.assert_allclose(layer(batch), plain, rtol=1e-5, atol=1e-6)
    assert calls == [True, True]
