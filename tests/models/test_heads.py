from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.models.blocks import Streams
from lstmcast.models.heads import HEADS
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Head, Shapes
from lstmcast.runtime.outputs import n_outputs_of, network_quantiles
from tests.networks import FULL, PLAIN, make_batch, make_config, make_network, run_network

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


@pytest.mark.parametrize(
    "output",
    [
        {"type": "quantiles", "levels": [0.01, 0.1, 0.25, 0.4, 0.5, 0.501, 0.75, 0.9, 0.99]},
        {"type": "normal"},
        {"type": "student_t"},
        {"type": "negative_binomial"},
    ],
    ids=lambda output: output["type"],
)
def test_no_head_crosses_quantiles_in_10_000_random_windows(output: dict[str, Any]) -> None:
    import keras

    config = make_config(output=output, scaling={"target": "none"})
    rng = np.random.default_rng(6)
    size = np.exp(rng.normal(0, 2, (10_000, 1, 1)))
    raw = rng.normal(size=(10_000, 2, 1, n_outputs_of(config.output))) * size[..., None]
    scale, level = np.exp(rng.normal(0, 3, (10_000, 1, 1))), rng.normal(0, 50, (10_000, 1, 1))
    if output["type"] == "negative_binomial":
        level = np.log(scale + 1)
    tensors = [keras.ops.convert_to_tensor(values, "float32") for values in (raw, level, scale)]
    streams = Streams({}, past=None, future=None, static=None, level=tensors[1], scale=tensors[2])
    outputs = keras.ops.convert_to_numpy(HEADS[output["type"]](tensors[0], streams))
    quantiles = network_quantiles(outputs.astype(np.float64), config.output)
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    assert np.ptp(quantiles) > 0


@pytest.mark.parametrize("window_norm", ["none", "last", "mean_std"])
@pytest.mark.parametrize(("head", "n_outputs"), [("normal", 2), ("student_t", 3)])
def test_parameters_of_a_distribution_are_valid_whatever_the_weights(
    head: Head, n_outputs: int, window_norm: str
) -> None:
    shapes = replace(FULL, n_outputs=n_outputs, head=head)
    network = make_network("lstm", shapes, window_norm=window_norm)
    for output in extreme_outputs(network, shapes):
        assert (output[..., 1] > 0).all()
        assert head == "normal" or (output[..., 2] > 2).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_mean_count_and_its_dispersion_are_positive_whatever_the_weights(name: str) -> None:
    shapes = replace(FULL, n_outputs=2, head="negative_binomial")
    network = make_network(name, shapes, window_norm="none")
    for output in extreme_outputs(network, shapes):
        assert (output > 0).all()


def extreme_outputs(network: Any, shapes: Shapes) -> Iterator[np.ndarray]:
    """Outputs with small weights and with very large ones, all finite."""
    rng = np.random.default_rng(1)
    for spread in (0.1, 30.0):
        network.set_weights(
            [rng.normal(0, spread, weight.shape) for weight in network.get_weights()]
        )
        output = run_network(network, make_batch(shapes, 200))
        assert np.isfinite(output).all()
        yield output


def test_undoing_a_window_moves_the_centre_and_scales_both_it_and_the_scale() -> None:
    shapes = Shapes(3, 1, n_targets=1, n_outputs=3, past=1, head="student_t")
    network = make_network("lstm", shapes, window_norm="mean_std")
    head = network.get_layer("output")
    head.set_weights([np.zeros_like(head.get_weights()[0]), np.array([0.5, 0.0, 1.0])])
    window = np.array([2.0, 4.0, 9.0], np.float32)
    output = run_network(network, {"past": window[None, :, None]})[0, 0, 0]
    # ln(1 + e^0) = 0.693147, ln(1 + e^1) = 1.313262
    scale = window.std()
    expected = [0.5 * scale + 5, (0.693147 + 1e-4) * scale, 2.01 + 1.313262]
    np.testing.assert_allclose(output, expected, rtol=1e-5)


def test_a_network_of_counts_reads_and_writes_them_by_the_size_of_their_window() -> None:
    shapes = Shapes(2, 1, n_targets=1, n_outputs=2, past=2, head="negative_binomial")
    network, plain = (
        make_network("lstm", shapes),
        make_network("lstm", replace(shapes, head="normal")),
    )
    for each in (network, plain):
        each.set_weights([np.full(weight.shape, 0.1) for weight in each.get_weights()])
    counts = np.array([[[7.0, -2.0], [0.0, 3.0]]], np.float32)
    size = 1 + 3.5
    read = np.concatenate([np.log((counts[..., :1] + 1) / size), counts[..., 1:]], axis=-1)
    # A network of another head reads the numbers as they are.
    raw = run_network(plain, {"past": read})[0, 0, 0]
    mean, dispersion = run_network(network, {"past": counts})[0, 0, 0]
    assert mean == pytest.approx(size * np.exp(raw[0]), rel=1e-5)
    assert dispersion == pytest.approx(raw[1] - 1e-4 + 1e-3, rel=1e-5)


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
