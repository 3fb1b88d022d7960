from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Shapes
from tests.networks import FULL, PLAIN, make_batch, make_network, run_network

NAMES = sorted(ARCHITECTURES)


@pytest.mark.parametrize("window_norm", ["none", "last", "mean_std"])
@pytest.mark.parametrize("name", NAMES)
def test_quantiles_never_cross_whatever_the_weights(name: str, window_norm: str) -> None:
    shapes = replace(FULL, n_outputs=9)
    network = make_network(name, shapes, window_norm=window_norm)
    batch = make_batch(shapes, 200)
    rng = np.random.default_rng(1)
    for spread in (0.1, 30.0):
        network.set_weights(
            [rng.normal(0, spread, weight.shape) for weight in network.get_weights()]
        )
        output = run_network(network, batch)
        assert (np.diff(output, axis=-1) >= 0).all()
        assert np.ptp(output) > 0


def test_quantiles_are_the_first_and_then_softplus_steps() -> None:
    shapes = Shapes(2, 1, n_targets=1, n_outputs=3, past=1)
    network = make_network("lstm", shapes)
    head = network.get_layer("output")
    head.set_weights([np.zeros_like(head.get_weights()[0]), np.array([-2.0, 0.0, 1.0])])
    output = run_network(network, make_batch(shapes, 1))[0, 0, 0]
    # ln(1 + e^0) = 0.693147, ln(1 + e^1) = 1.313262
    np.testing.assert_allclose(output, [-2.0, -1.306853, 0.006409], atol=1e-6)


def test_a_point_is_one_linear_reading_of_the_context() -> None:
    network = make_network("lstm", PLAIN)
    head = network.get_layer("output")
    bias = np.array([1.0, 2.0, 3.0])
    head.set_weights([np.zeros_like(head.get_weights()[0]), bias])
    output = run_network(network, make_batch(PLAIN, 2))
    np.testing.assert_array_equal(output[..., 0, 0], np.tile(bias, (2, 1)).astype(np.float32))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_the_output_is_float32_in_mixed_precision(name: str, policy: str) -> None:
    import keras

    keras.config.set_dtype_policy(policy)
    try:
        network = make_network(name, FULL, window_norm="mean_std")
    finally:
        keras.config.set_dtype_policy("float32")
    assert network.output.dtype == "float32"
    assert {weight.dtype for weight in network.weights} == {"float32"}
    output = run_network(network, make_batch(FULL, 2))
    assert output.dtype == np.float32
    assert np.isfinite(output).all()
