from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Shapes
from tests.networks import FULL, make_batch, make_network, run_network

LONG = Shapes(lookback=12, horizon=6, n_targets=3, n_outputs=1, past=3)
EVERY = [(cell, decoding) for cell in ("lstm", "gru") for decoding in ("parallel", "recursive")]
each_kind = pytest.mark.parametrize(("cell", "decoding"), EVERY)


def network_of(shapes: Shapes, **parameters: Any) -> Any:
    return make_network("segment", shapes, **{"segment": 3, **parameters})


@each_kind
def test_it_builds_with_every_input_and_any_remainder(cell: str, decoding: str) -> None:
    shapes = replace(FULL, lookback=7, horizon=5)
    network = network_of(shapes, cell=cell, decoding=decoding, units=[4, 3])
    assert run_network(network, make_batch(shapes, 2)).shape == (2, 5, 2, 3)


@each_kind
def test_a_target_is_read_for_itself(cell: str, decoding: str) -> None:
    network, batch = network_of(LONG, cell=cell, decoding=decoding), make_batch(LONG, 2)
    past = batch["past"].copy()
    past[:, 4, 1] += 1.0
    difference = run_network(network, batch) - run_network(network, {"past": past})
    assert (difference[:, :, [0, 2]] == 0).all()
    assert (difference[:, :, 1] != 0).any()


@each_kind
def test_targets_share_all_weights_but_their_embedding(cell: str, decoding: str) -> None:
    network = network_of(LONG, cell=cell, decoding=decoding)
    weights = {weight.path: weight for weight in network.weights}
    target = weights["queries/target"]
    target.assign(np.zeros(target.shape))
    batch = make_batch(LONG, 2)
    batch["past"][:, :, 2] = batch["past"][:, :, 0]
    output = run_network(network, batch)
    np.testing.assert_allclose(output[:, :, 0], output[:, :, 2], rtol=1e-6)


def test_one_target_has_no_embedding() -> None:
    shapes = replace(LONG, n_targets=1)
    paths = [weight.path for weight in network_of(shapes).weights]
    assert "queries/place" in paths
    assert "queries/target" not in paths


@pytest.mark.parametrize(("n_targets", "deviation"), [(1, 0.05), (3, 1.0)])
def test_several_targets_are_told_apart_from_the_start(n_targets: int, deviation: float) -> None:
    network = network_of(replace(LONG, n_targets=n_targets, horizon=30), units=[64])
    queries = [np.ravel(w) for w in network.weights if w.path.startswith("queries/")]
    assert np.concatenate(queries).std() == pytest.approx(deviation, rel=0.2)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_parallel_step_is_a_step_of_the_layer(cell: str) -> None:
    import keras

    from lstmcast.models.parallel import ParallelStep

    keras.utils.set_random_seed(0)
    kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    layer = kind(4, bias_initializer="random_normal")
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(2, 3, 5, 6)).astype(np.float32)
    states = [rng.normal(size=(2, 3, 1, 4)).astype(np.float32) for _ in layer.state_size]
    layer.build((None, 1, 6))
    together = keras.ops.convert_to_numpy(ParallelStep(layer)(steps, *states))
    for index in np.ndindex(2, 3, 5):
        alone = layer(
            steps[index][None, None], initial_state=[state[index[:2]] for state in states]
        )
        np.testing.assert_allclose(
            together[index], keras.ops.convert_to_numpy(alone)[0], rtol=1e-5, atol=1e-6
        )


def test_what_does_not_fill_a_segment_is_filled_up_with_its_edge() -> None:
    from keras import ops

    from lstmcast.models.segment import _segments

    steps = np.arange(5, dtype=np.float32).reshape(1, 5, 1)
    first, last = (
        ops.convert_to_numpy(_segments(ops.convert_to_tensor(steps), 3, at_end=at_end))
        for at_end in (False, True)
    )
    assert first.tolist() == [[[0, 0, 1], [2, 3, 4]]]
    assert last.tolist() == [[[0, 1, 2], [3, 4, 4]]]


@each_kind
def test_a_segment_sees_no_later_future_covariates(cell: str, decoding: str) -> None:
    shapes = replace(LONG, future=2)
    network, batch = network_of(shapes, cell=cell, decoding=decoding), make_batch(shapes, 2)
    future = batch["future"].copy()
    future[:, 4] += 1.0
    difference = run_network(network, batch) - run_network(network, {**batch, "future": future})
    assert (difference[:, :3] == 0).all()
    assert (difference[:, 3:] != 0).any()


def shifted_and_stretched(batch: dict[str, Any], by: float, factor: float) -> dict[str, Any]:
    return {"past": batch["past"] * np.float32(factor) + np.float32(by)}


@pytest.mark.parametrize("norm", ["last", "mean_std"])
def test_the_level_of_a_window_counts_where_it_is_read(norm: str) -> None:
    batch = make_batch(LONG, 2)
    factor = {"last": 1.0, "mean_std": 3.0}[norm]
    moved = shifted_and_stretched(batch, 2.0, factor)
    blind = network_of(LONG, window_norm=norm)
    expected = run_network(blind, batch) * factor + 2.0
    np.testing.assert_allclose(run_network(blind, moved), expected, rtol=1e-4, atol=1e-4)
    reads = network_of(LONG, window_norm=norm, level_input=True)
    expected = run_network(reads, batch) * factor + 2.0
    assert (np.abs(run_network(reads, moved) - expected) > 1e-3).any()


@each_kind
def test_the_level_is_that_of_the_target_alone(cell: str, decoding: str) -> None:
    network = network_of(LONG, cell=cell, decoding=decoding, level_input=True)
    batch = make_batch(LONG, 2)
    past = batch["past"].copy()
    past[:, :, 1] += 1.0
    difference = run_network(network, batch) - run_network(network, {"past": past})
    assert (difference[:, :, [0, 2]] == 0).all()


def test_counts_have_a_level_of_their_own() -> None:
    shapes = replace(LONG, head="negative_binomial", n_outputs=2)
    parameters = {"window_norm": "none", "level_input": True}
    assert "level/kernel" in [weight.path for weight in network_of(shapes, **parameters).weights]


def test_it_keeps_states_for_segments_and_not_for_steps() -> None:
    parameters = ARCHITECTURES["segment"](segment=24, units=[8, 4])
    assert parameters.states(lookback=100, horizon=24, n_targets=3) == 12 * (5 + 1) * 3
