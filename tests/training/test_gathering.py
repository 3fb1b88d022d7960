from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.config.schema import Config
from lstmcast.data.windows import Starts, WindowArrays, gather_inputs, target_rows
from lstmcast.training.fitting import fit_network
from lstmcast.training.gathering import GatheringModel, as_batches, batch_positions, epoch_order
from lstmcast.training.losses import window_loss
from lstmcast.training.optimizers import make_optimizer
from lstmcast.training.progress import SilentProgress
from tests.networks import BACKEND, FULL, make_arrays, make_config, make_network

LEVELS = [0.1, 0.5, 0.9]
ARRAYS = make_arrays(FULL, (30, 25))
STARTS = Starts(train=np.arange(2, 15), validation=np.array([31, 33, 40]))


def quantile_config(**training: Any) -> Config:
    return make_config(window=(6, 3, 2), loss="quantile", levels=LEVELS, **training)


def gathering_model(network: Any, config: Config, arrays: WindowArrays = ARRAYS) -> GatheringModel:
    return GatheringModel(
        network, arrays, starts=STARTS, window=config.window, loss=window_loss(config)
    )


def test_what_stands_in_for_a_missing_target_does_not_change_the_loss() -> None:
    import keras

    config, network = quantile_config(), make_network("lstm", FULL)
    observed = np.ones((len(ARRAYS.past), FULL.n_targets), np.float32)
    observed[::3] = 0
    found = []
    for value in (0.0, 50.0):
        past = ARRAYS.past.copy()
        ahead = np.arange(len(past)) > 22  # of the first window only targets, no inputs
        past[:, : FULL.n_targets][(observed == 0) & ahead[:, None]] = value
        arrays = replace(ARRAYS, past=past, observed=observed)
        model = gathering_model(network, config, arrays)
        loss = model(np.array([12]), training=False)["loss"]
        found.append(float(keras.ops.convert_to_numpy(loss)[0]))
    assert np.isfinite(found).all()
    assert (
        found[0]
        == found[1]
        != float(
            keras.ops.convert_to_numpy(gathering_model(network, config)(np.array([12]))["loss"])[0]
        )
    )


def test_the_order_of_an_epoch_is_a_pure_function_of_seed_and_epoch() -> None:
    first = epoch_order(50, seed=7, epoch=3)
    np.random.default_rng(0).normal(size=10)
    np.testing.assert_array_equal(first, epoch_order(50, seed=7, epoch=3))
    np.testing.assert_array_equal(np.sort(first), np.arange(50))
    assert (first != epoch_order(50, seed=7, epoch=4)).any()
    assert (first != epoch_order(50, seed=8, epoch=3)).any()


def test_positions_fill_whole_batches() -> None:
    assert batch_positions(5, 3).tolist() == [0, 1, 2, 3, 4, -1]
    assert batch_positions(4, 2, first=10).tolist() == [10, 11, 12, 13]
    assert batch_positions(0, 4).tolist() == []
    assert batch_positions(5, 3).dtype == np.int32


def test_the_loss_of_a_gathered_window_is_that_of_the_copied_one() -> None:
    import keras

    config = quantile_config()
    network = make_network("lstm", FULL)
    found = gathering_model(network, config)(np.array([0, 12, 13, 15, -1]), training=False)
    starts = np.array([2, 14, 31, 40])
    true = ARRAYS.targets[target_rows(starts, config.window)]
    predicted = network(gather_inputs(ARRAYS, starts, config.window), training=False)
    expected = keras.ops.convert_to_numpy(window_loss(config)(true, predicted))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found["loss"])[:4], expected, rtol=1e-5)
    assert keras.ops.convert_to_numpy(found["weight"]).tolist() == [1, 1, 1, 1, 0]


def test_the_rows_lie_on_the_device_once() -> None:
    import keras

    model = gathering_model(make_network("lstm", FULL), quantile_config())
    resident = {
        weight.name: keras.ops.convert_to_numpy(weight)
        for weight in model.non_trainable_variables
        if weight.name in ("past", "order")
    }
    names = [weight.name for weight in model.non_trainable_variables]
    assert names.count("past") == 1
    np.testing.assert_array_equal(resident["past"], ARRAYS.past)
    assert resident["order"].tolist() == [*STARTS.train, *STARTS.validation]


def plain_fit(network: Any, config: Config) -> list[tuple[float, float]]:
    """Keras' own `fit` on copied windows in the same order: what gathering must come to."""
    import keras

    def copied(starts: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        inputs = gather_inputs(ARRAYS, starts, config.window)
        return dict(inputs), ARRAYS.targets[target_rows(starts, config.window)]

    loss = window_loss(config)
    network.compile(
        optimizer=make_optimizer(config.training),
        loss=lambda true, predicted: keras.ops.mean(loss(true, predicted)),
        jit_compile=BACKEND == "jax",
    )
    rows = []
    for epoch in range(config.training.epochs):
        order = epoch_order(len(STARTS.train), seed=config.seed, epoch=epoch)
        inputs, targets = copied(STARTS.train[order])
        fitted = network.fit(
            inputs, targets, batch_size=config.training.batch_size, shuffle=False, verbose=0
        )
        inputs, targets = copied(STARTS.validation)
        validation = network.evaluate(inputs, targets, verbose=0)
        rows.append((fitted.history["loss"][0], validation))
    return rows


def test_a_gathered_fit_gives_the_weights_of_a_plain_one() -> None:
    # 13 windows in batches of 5: the last has 3. Dropout off: its random numbers differ in shape.
    config = quantile_config(
        epochs=3,
        batch_size=5,
        early_stopping=None,
        reduce_lr=None,
        steps_per_execution=2,
    )
    gathered, plain = (make_network("lstm", FULL, dropout=0.0) for _ in range(2))
    history = fit_network(gathered, ARRAYS, starts=STARTS, config=config, progress=SilentProgress())
    losses = plain_fit(plain, config)
    for found, expected in zip(gathered.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        [(row.loss, row.val_loss) for row in history.rows], losses, rtol=1e-4
    )


def test_what_fills_a_batch_does_not_count_in_the_loss() -> None:
    config = quantile_config()
    network = make_network("lstm", FULL)
    model = gathering_model(network, config)
    model.compile(optimizer=make_optimizer(config.training), jit_compile=BACKEND == "jax")
    whole = model.evaluate(batch_positions(4, 4), batch_size=4, verbose=0)
    filled = model.evaluate(batch_positions(4, 3), batch_size=3, verbose=0)
    assert filled == pytest.approx(whole, rel=1e-6)


def test_penalties_are_in_the_loss_that_is_trained_and_not_in_the_one_reported() -> None:
    import keras

    config = quantile_config()
    model = gathering_model(make_network("lstm", FULL, l2=0.5), config)
    output = {
        "loss": np.array([2.0, 4.0, 9.0], np.float32),
        "weight": np.array([1.0, 1.0, 0.0], np.float32),
    }
    kernel, recurrent = model.network.get_layer("lstm_0").get_weights()[:2]
    penalty = 0.5 * (np.square(kernel).sum() + np.square(recurrent).sum())
    loss = keras.ops.convert_to_numpy(model.compute_loss(y_pred=output))
    assert loss == pytest.approx(3.0 + penalty, rel=1e-5)
    model.compile(optimizer="sgd")
    logs = model.compute_metrics(None, None, output)
    assert float(logs["loss"]) == 3.0


def test_the_resident_rows_are_neither_trained_nor_part_of_the_weights() -> None:
    network = make_network("lstm", FULL)
    model = gathering_model(network, quantile_config())
    assert len(model.trainable_weights) == len(network.trainable_weights)
    assert len(model.get_weights()) == len(network.get_weights())


def test_batches_are_the_positions_in_their_order() -> None:
    positions = batch_positions(10, 4)
    batches = as_batches(positions, 4)
    if BACKEND == "tensorflow":
        # Threads that tune a dataset hold up the end of each epoch.
        assert batches.options().autotune.enabled is False
        batches = np.concatenate([batch.numpy() for batch in batches])
    np.testing.assert_array_equal(batches, positions)
