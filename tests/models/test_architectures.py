from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lstmcast.models.attention import attention_weights
from lstmcast.models.ensemble import join_members
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Shapes
from tests.networks import FULL, HORIZON, LOOKBACK, PLAIN, make_batch, make_network, run_network

NAMES = sorted(ARCHITECTURES)
PARAMETERS: list[dict[str, object]] = [
    {"units": [4, 3]},
    {"bidirectional": True, "units": [4, 3]},
    {"layer_norm": True, "dropout": 0.0},
    {"recurrent_dropout": 0.2},
    {"l2": 0.01},
    {"activation": "relu"},
]
INPUTS = {
    "nothing else": PLAIN,
    "future covariates": replace(PLAIN, future=2),
    "static covariates": replace(PLAIN, static=2),
    "categories": replace(PLAIN, past_levels=(3,), future_levels=(4,), static_levels=(5,)),
    "everything": FULL,
}


@pytest.mark.parametrize("shapes", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("name", NAMES)
def test_network_has_the_inputs_and_the_output_of_its_shapes(name: str, shapes: Shapes) -> None:
    network = make_network(name, shapes)
    inputs = {key: tuple(tensor.shape) for key, tensor in network.input.items()}
    assert inputs == {key: (None, *shape) for key, shape in shapes.inputs.items()}
    assert {key: tensor.name for key, tensor in network.input.items()} == {
        key: key for key in inputs
    }
    assert network.output.shape == (None, HORIZON, shapes.n_targets, shapes.n_outputs)
    output = run_network(network, make_batch(shapes, 3))
    assert output.shape == (3, *shapes.output)
    assert output.dtype == np.float32
    assert np.isfinite(output).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("source", ["past", "future", "static", "past_codes", "future_codes"])
def test_every_input_reaches_the_output(name: str, source: str) -> None:
    network, batch = make_network(name, FULL), make_batch(FULL, 2)
    changed = {**batch, source: batch[source] + np.ones_like(batch[source])}
    if source.endswith("codes"):
        changed[source] = (batch[source] + 1) % 3
    assert not np.allclose(run_network(network, batch), run_network(network, changed))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"seq2seq", "segment"}))
def test_a_step_sees_the_future_covariates_of_that_step_only(name: str) -> None:
    shapes = replace(PLAIN, future=2)
    network, batch = make_network(name, shapes), make_batch(shapes, 2)
    future = batch["future"].copy()
    future[:, 1] += 1.0
    difference = run_network(network, batch) - run_network(network, {**batch, "future": future})
    assert (difference[:, [0, 2]] == 0).all()
    assert (difference[:, 1] != 0).all()


def test_a_step_of_the_decoder_sees_no_later_future_covariates() -> None:
    shapes = replace(PLAIN, future=2)
    network, batch = make_network("seq2seq", shapes), make_batch(shapes, 2)
    future = batch["future"].copy()
    future[:, 1] += 1.0
    difference = run_network(network, batch) - run_network(network, {**batch, "future": future})
    assert (difference[:, 0] == 0).all()
    assert (difference[:, 1:] != 0).all()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param(name, parameters, id=f"{name}-{parameters}")
        for name in NAMES
        for parameters in PARAMETERS
        if parameters.keys() <= ARCHITECTURES[name].model_fields.keys()
    ],
)
def test_every_parameter_builds(name: str, parameters: dict[str, object]) -> None:
    network = make_network(name, PLAIN, **parameters)
    assert run_network(network, make_batch(PLAIN, 2)).shape == (2, *PLAIN.output)
    assert bool(network.losses) == ("l2" in parameters)


@pytest.mark.parametrize("name", NAMES)
def test_the_names_of_the_weights_do_not_depend_on_what_was_built_before(name: str) -> None:
    first, second = (
        [weight.path for weight in make_network(name, FULL, units=[4, 3]).weights] for _ in range(2)
    )
    assert first == second
    assert len(set(first)) == len(first)


def test_a_network_of_gru_has_three_gates_where_lstm_has_four() -> None:
    shapes = replace(PLAIN, past=1)
    kernels = {name: make_network(name, shapes).weights[0].shape for name in ("gru", "lstm")}
    assert kernels == {"gru": (1, 3 * 4), "lstm": (1, 4 * 4)}


def test_attention_weights_are_those_that_weigh_the_states() -> None:
    network, batch = make_network("attention", PLAIN), make_batch(PLAIN, 3)
    weights = attention_weights(network, batch)
    assert weights.shape == (3, LOOKBACK)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)
    assert np.ptp(weights, axis=1).min() > 1e-4


def test_attention_weights_are_even_where_nothing_is_scored() -> None:
    network = make_network("attention", PLAIN)
    scores = network.get_layer("attention_scores")
    scores.set_weights([np.zeros_like(scores.get_weights()[0])])
    weights = attention_weights(network, make_batch(PLAIN, 2))
    np.testing.assert_allclose(weights, 1 / LOOKBACK, rtol=1e-6)


def test_attention_weights_of_an_ensemble_are_the_mean_over_its_members() -> None:
    members = [make_network("attention", PLAIN, seed=seed) for seed in range(2)]
    batch = make_batch(PLAIN, 3)
    weights = attention_weights(join_members(members), batch)
    expected = np.mean([attention_weights(member, batch) for member in members], axis=0)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert weights.dtype == np.float32


def test_pooling_shortens_the_lookback_and_never_to_nothing() -> None:
    network = make_network("cnn_lstm", PLAIN, filters=[3, 3, 3, 3], pool=2)
    lengths = [network.get_layer(f"pool_{i}").output.shape[1] for i in range(4)]
    assert lengths == [3, 2, 1, 1]


def test_no_module_of_an_architecture_imports_keras_before_it_builds() -> None:
    code = (
        "import sys, lstmcast.models.registry, lstmcast.models.blocks, lstmcast.models.heads; "
        "print([name for name in ('keras', 'tensorflow', 'jax', 'pandas') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
