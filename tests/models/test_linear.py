from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Shapes
from tests.networks import FULL, PLAIN, make_batch, make_network, run_network

SHARE = 0.25
QUANTILES = replace(FULL, point=1)
LEVELS = {
    "none": lambda past: np.zeros_like(past[:, :1]),
    "last": lambda past: past[:, -1:],
    "mean_std": lambda past: past.mean(axis=1, keepdims=True),
}


def with_and_without(
    name: str, shapes: Shapes, **parameters: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The outputs with a linear share and without, and the linear forecast by itself."""
    batch = make_batch(shapes, 4)
    alone = make_network(name, shapes, **parameters)
    mixed = make_network(name, shapes, linear_share=SHARE, **parameters)
    kernel = mixed.get_layer("linear").kernel
    values = np.random.default_rng(1).normal(size=kernel.shape).astype(np.float32)
    kernel.assign(values)
    targets = batch["past"][:, :, : shapes.n_targets]
    level = LEVELS[parameters.get("window_norm", own_norm(name))](targets)
    changes = targets - level
    read = np.swapaxes(changes, 1, 2)
    if shapes.n_targets > 1:
        last = changes[:, -(shapes.lookback // shapes.n_targets) :].reshape(len(changes), 1, -1)
        read = np.concatenate([read, np.repeat(last, shapes.n_targets, axis=1)], axis=2)
    linear = np.einsum("btl,tlh->bht", read, values) + level
    return run_network(mixed, batch), run_network(alone, batch), linear


def own_norm(name: str) -> str:
    return str(ARCHITECTURES[name].model_fields["window_norm"].default)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_the_forecast_of_every_architecture_is_the_weighted_mean(name: str) -> None:
    mixed, own, linear = with_and_without(name, PLAIN)
    expected = (1 - SHARE) * own[..., 0] + SHARE * linear
    np.testing.assert_allclose(mixed[..., 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", sorted(LEVELS))
def test_the_linear_part_reads_what_the_norm_leaves(norm: str) -> None:
    mixed, own, linear = with_and_without("lstm", PLAIN, window_norm=norm)
    expected = (1 - SHARE) * own[..., 0] + SHARE * linear
    np.testing.assert_allclose(mixed[..., 0], expected, rtol=1e-4, atol=1e-5)


def test_quantiles_move_with_the_median() -> None:
    mixed, own, linear = with_and_without("lstm", QUANTILES)
    shift = SHARE * (linear - own[..., 1])
    np.testing.assert_allclose(mixed, own + shift[..., None], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("head", "n"), [("normal", 2), ("student_t", 3)])
def test_of_a_distribution_the_centre_moves_alone(head: Any, n: int) -> None:
    mixed, own, linear = with_and_without("gru", replace(FULL, head=head, n_outputs=n))
    expected = (1 - SHARE) * own[..., 0] + SHARE * linear
    np.testing.assert_allclose(mixed[..., 0], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mixed[..., 1:], own[..., 1:], rtol=1e-6)


def test_in_training_the_network_is_alone() -> None:
    import keras

    batch = make_batch(PLAIN, 4)
    own = make_network("lstm", PLAIN, dropout=0.0)
    mixed = make_network("lstm", PLAIN, dropout=0.0, linear_share=SHARE)
    kernel = mixed.get_layer("linear").kernel
    kernel.assign(np.ones(kernel.shape))
    in_training = keras.ops.convert_to_numpy(mixed(batch, training=True))
    np.testing.assert_allclose(in_training, run_network(own, batch), rtol=1e-5, atol=1e-6)
    assert (in_training != run_network(mixed, batch)).any()


def test_its_weights_are_no_gradients() -> None:
    mixed = make_network("lstm", PLAIN, linear_share=SHARE)
    own = make_network("lstm", PLAIN)
    assert {weight.path for weight in mixed.non_trainable_weights} == {"linear/kernel"}
    assert [weight.path for weight in mixed.trainable_weights] == [
        weight.path for weight in own.trainable_weights
    ]


@pytest.mark.parametrize(("lookback", "n_targets", "steps"), [(12, 1, 0), (12, 5, 2), (3, 4, 0)])
def test_the_last_steps_of_all_are_no_more_values_than_a_lookback(
    lookback: int, n_targets: int, steps: int
) -> None:
    shapes = Shapes(lookback, 2, n_targets=n_targets, n_outputs=1, past=n_targets)
    network = make_network("lstm", shapes, linear_share=SHARE)
    kernel = network.get_layer("linear").kernel
    assert kernel.shape == (n_targets, lookback + steps * n_targets, 2)
    run_network(network, make_batch(shapes, 2))
