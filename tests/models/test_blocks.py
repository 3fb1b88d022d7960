from __future__ import annotations

import numpy as np
import pytest

from lstmcast.models.blocks import embedding_size
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Shapes
from tests.networks import FULL, make_batch, make_network, run_network

NAMES = sorted(ARCHITECTURES)


def with_targets(batch: dict[str, np.ndarray], targets: np.ndarray) -> dict[str, np.ndarray]:
    others = batch["past"][:, :, targets.shape[-1] :]
    return {**batch, "past": np.concatenate([targets, others], axis=-1).astype(np.float32)}


@pytest.mark.parametrize("name", NAMES)
def test_last_shifts_the_forecast_with_the_targets(name: str) -> None:
    network = make_network(name, FULL, window_norm="last")
    batch = make_batch(FULL, 3)
    # A power of two, so that the shift itself rounds nothing that matters.
    shift = np.array([8.0, -4.0])
    shifted = with_targets(batch, batch["past"][:, :, :2] + shift)
    np.testing.assert_allclose(
        run_network(network, shifted),
        run_network(network, batch) + shift[:, None],
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("name", NAMES)
def test_mean_std_shifts_and_scales_the_forecast_with_the_targets(name: str) -> None:
    network = make_network(name, FULL, window_norm="mean_std")
    batch = make_batch(FULL, 3)
    shift, scale = np.array([8.0, -4.0]), np.array([3.0, 0.25])
    changed = with_targets(batch, batch["past"][:, :, :2] * scale + shift)
    np.testing.assert_allclose(
        run_network(network, changed),
        run_network(network, batch) * scale[:, None] + shift[:, None],
        rtol=1e-4,
        atol=1e-4,
    )


def test_without_window_norm_the_forecast_does_not_follow_a_shift() -> None:
    network, batch = make_network("lstm", FULL), make_batch(FULL, 3)
    shifted = with_targets(batch, batch["past"][:, :, :2] + 8.0)
    difference = run_network(network, shifted) - run_network(network, batch)
    assert np.abs(difference - 8.0).min() > 1.0


def test_mean_std_of_a_window_that_does_not_move_is_its_level() -> None:
    shapes = Shapes(4, 2, n_targets=1, n_outputs=1, past=1)
    network = make_network("lstm", shapes, window_norm="mean_std")
    output = run_network(network, {"past": np.full((2, 4, 1), 5.0, np.float32)})
    np.testing.assert_allclose(output, 5.0, atol=1e-4)


def test_last_of_one_step_forecasts_from_the_level_alone() -> None:
    shapes = Shapes(1, 1, n_targets=1, n_outputs=1, past=1)
    network = make_network("lstm", shapes, window_norm="last")
    values = np.array([1.0, 7.0], np.float32)
    output = run_network(network, {"past": values.reshape(2, 1, 1)})[:, 0, 0, 0]
    np.testing.assert_allclose(output - values, output[0] - 1.0, atol=1e-6)


@pytest.mark.parametrize(("n_ids", "size"), [(2, 2), (5, 3), (24, 12), (64, 32), (10_000, 32)])
def test_an_embedding_is_half_as_wide_as_its_ids_within_bounds(n_ids: int, size: int) -> None:
    assert embedding_size(n_ids) == size


def test_the_width_of_embeddings_can_be_given() -> None:
    shapes = Shapes(4, 2, 1, 1, past=1, static_levels=(9,), embedding_size=3)
    assert make_network("lstm", shapes).get_layer("embedding_static_0").output.shape == (None, 3)
