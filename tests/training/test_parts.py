"""Batches that are divided among cores, on each backend in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lstmcast.data.windows import Starts
from lstmcast.models.fast_loop import fast_loops
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.training.gathering import GatheringModel, batch_positions
from lstmcast.training.losses import window_loss
from lstmcast.training.optimizers import make_optimizer
from tests.networks import BACKEND, FULL, make_arrays, make_config, make_network

of_jax = pytest.mark.skipif(BACKEND != "jax", reason="the loop is of JAX")
of_tensorflow = pytest.mark.skipif(BACKEND != "tensorflow", reason="the parts are TensorFlow's")
# The last batch is filled up, and the last execution has fewer batches than the others.
STARTS = Starts(train=np.arange(19), validation=np.arange(19, 22))
BATCH, STEPS = 4, 2
ARRAYS = make_arrays(FULL)
TRAINING = {"loss": "quantile", "levels": [0.1, 0.5, 0.9], "batch_size": BATCH}


@pytest.fixture(autouse=True)
def keras() -> Iterator[None]:
    from lstmcast.training.backend import load_keras

    load_keras(make_config().training, seed=0)
    if BACKEND == "jax":
        import jax

        assert len(jax.devices()) == 2
    with fast_loops():
        yield


def compiled_model(name: str, *, n_parts: int | None, **parameters: Any) -> GatheringModel:
    """What trains a network: with Keras' own steps, or with batches in so many parts."""
    config = make_config(**TRAINING)
    model = (GatheringModel if n_parts is None else divided_model())(
        make_network(name, FULL, **parameters),
        ARRAYS,
        starts=STARTS,
        window=config.window,
        loss=window_loss(config),
        **({} if n_parts is None else {"n_parts": n_parts}),
    )
    # Another test of this process may have made TensorFlow deterministic, and then without XLA.
    model.compile(
        optimizer=make_optimizer(config.training),
        steps_per_execution=STEPS,
        jit_compile=BACKEND == "jax",
    )
    return model


def divided_model() -> type[GatheringModel]:
    """The model of the backend that divides batches."""
    if BACKEND == "jax":
        from lstmcast.training.jax_loop import LoopedModel

        return LoopedModel
    from lstmcast.training.tf_parts import DividedModel

    return DividedModel


def fitted(model: GatheringModel, *, epochs: int = 3) -> tuple[dict[str, list[float]], list[Any]]:
    """The losses and the weights after some epochs."""
    n_train = len(STARTS.train)
    history = model.fit(
        batch_positions(n_train, BATCH),
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        validation_data=batch_positions(len(STARTS.validation), BATCH, first=n_train),
        validation_batch_size=BATCH,
        verbose=0,
    )
    return history.history, model.get_weights()


# On JAX every computation of a network is divided; on TensorFlow the network is called twice.
CASES = [("lstm", 1), *((name, 2) for name in sorted(ARCHITECTURES))]


@pytest.mark.parametrize(("name", "n_parts"), CASES if BACKEND == "jax" else [("lstm", 2)])
def test_it_trains_as_keras_does(name: str, n_parts: int) -> None:
    # On TensorFlow each part draws for itself.
    parameters = {"l2": 0.01, "dropout": 0.3 if BACKEND == "jax" else 0.0}
    expected, found = (
        fitted(compiled_model(name, n_parts=parts, **parameters)) for parts in (None, n_parts)
    )
    for key in ("loss", "val_loss"):
        np.testing.assert_allclose(found[0][key], expected[0][key], rtol=1e-5)
    for mine, theirs in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=2e-5)


@of_tensorflow
def test_each_part_draws_for_itself_and_goes_on_from_batch_to_batch() -> None:
    from keras.ops import convert_to_numpy

    def seeds() -> list[Any]:
        values = [variable.value for variable in model.non_trainable_variables]
        return [convert_to_numpy(values[place]) for place in model._seed_places]

    model = compiled_model("lstm", n_parts=2, dropout=0.5)
    weights, others = (
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )
    same = np.zeros(BATCH // 2, np.int32)
    first, second, again = (
        model._part(same, 2.0, weights, model._seeded(others, number))[1]["loss"]
        for number in (0, 1, 0)
    )
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(first, again)
    before = seeds()
    model.train_step(np.arange(BATCH, dtype=np.int32))
    # Not all of them are drawn from: layers have one for a dropout of their own, too.
    assert any((one != other).any() for one, other in zip(before, seeds(), strict=True))


@of_tensorflow
def test_no_part_waits_for_another() -> None:
    import tensorflow as tf

    model = compiled_model("lstm", n_parts=2, dropout=0.5)
    step = tf.function(model.train_step).get_concrete_function(tf.zeros((BATCH,), tf.int32))
    calls = [
        op
        for op in step.graph.get_operations()
        if "PartitionedCall" in op.type and "_gradients" in op.get_attr("f").name
    ]
    assert len(calls) == 2
    for call, other in (calls, calls[::-1]):
        seen, left = set(), [call]
        while left:
            op = left.pop()
            if op.name not in seen:
                seen.add(op.name)
                left += [*op.control_inputs, *(tensor.op for tensor in op.inputs)]
        assert other.name not in seen


@of_jax
def test_it_is_compiled_once_for_all_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    import jax

    traced = []
    model = compiled_model("lstm", n_parts=2)
    for name in ("train_step", "test_step"):
        step = getattr(model, name)
        monkeypatch.setattr(
            model, name, lambda *a, step=step, name=name: (traced.append(name), step(*a))[1]
        )
    fitted(model, epochs=1)
    once = sorted(traced)
    fitted(model)
    assert sorted(traced) == once
    assert set(once) == {"train_step", "test_step"}
    assert all(len(weight.value.sharding.device_set) == 2 for weight in model.network.weights)
    assert len(jax.devices()) == 2


@of_jax
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("lstm", {"units": [4, 4]}),
        ("gru", {"units": [4, 4]}),
        ("lstm", {"bidirectional": True}),
        ("segment", {"cell": "gru", "segment": 3}),
    ],
)
def test_nothing_but_gradients_and_losses_goes_between_the_devices(
    name: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import jax

    texts, jit = [], jax.jit

    def told(function: Any, **options: Any) -> Any:
        compiled = jit(function, **options)

        def run(*arguments: Any) -> Any:
            texts.append(compiled.lower(*arguments).compile().as_text())
            return compiled(*arguments)

        return run

    monkeypatch.setattr("lstmcast.training.jax_loop.jax.jit", told)
    model = compiled_model(name, n_parts=2, **parameters)
    fitted(model, epochs=1)
    text = texts[0]
    assert not re.findall(r"\b(all-gather|all-to-all|collective-permute)(-start)?\(", text)
    assert re.findall(r"\ball-reduce(-start)?\(", text)
