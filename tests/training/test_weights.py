from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstmcast.errors import BundleError
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.training.weights import join_weights, load_weights, split_weights, weights_of
from tests.networks import FULL, PLAIN, make_batch, make_network, run_network


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_weights_make_another_network_the_same(name: str) -> None:
    options: dict[str, Any] = {"units": [4, 3]}
    if name != "segment":
        options |= {"bidirectional": True, "layer_norm": True}
    trained, fresh = (make_network(name, FULL, seed=seed, **options) for seed in (0, 1))
    batch = make_batch(FULL, 3)
    assert not np.allclose(run_network(trained, batch), run_network(fresh, batch))
    load_weights(fresh, weights_of(trained))
    np.testing.assert_array_equal(run_network(trained, batch), run_network(fresh, batch))


def test_names_are_those_of_the_layers() -> None:
    assert list(weights_of(make_network("lstm", PLAIN, units=[4, 3], layer_norm=True))) == [
        "lstm_0/lstm_cell/kernel",
        "lstm_0/lstm_cell/recurrent_kernel",
        "lstm_0/lstm_cell/bias",
        "layer_norm_0/gamma",
        "layer_norm_0/beta",
        "lstm_1/lstm_cell/kernel",
        "lstm_1/lstm_cell/recurrent_kernel",
        "lstm_1/lstm_cell/bias",
        "layer_norm_1/gamma",
        "layer_norm_1/beta",
        "output/kernel",
        "output/bias",
    ]


def test_what_only_training_uses_has_no_weights() -> None:
    plain = weights_of(make_network("lstm", PLAIN, dropout=0.0))
    regular = weights_of(make_network("lstm", PLAIN, recurrent_dropout=0.3, l2=0.1))
    assert plain.keys() == regular.keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output/bias": None}, "output/bias is missing"),
        ({"other": np.zeros(2)}, "other is unknown"),
        ({"output/bias": np.zeros(2)}, r"output/bias has shape \(2,\), not \(3,\)"),
    ],
)
def test_weights_of_another_network_are_refused_and_nothing_is_changed(
    change: dict[str, np.ndarray | None], message: str
) -> None:
    network = make_network("lstm", PLAIN)
    before = network.get_weights()
    weights = {**{name: value + 1 for name, value in weights_of(network).items()}, **change}
    there = {name: value for name, value in weights.items() if value is not None}
    with pytest.raises(BundleError, match=message):
        load_weights(network, there)
    for a, b in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_many_differences_are_counted() -> None:
    with pytest.raises(BundleError, match=r"and 2 more"):
        load_weights(make_network("lstm", PLAIN), {})


def test_the_weights_of_members_are_told_apart_by_their_names() -> None:
    # More than ten, so that one prefix begins like another.
    members = [{"a/kernel": np.full(1, k), "b": np.full(2, -k)} for k in range(12)]
    joined = join_weights(members)
    assert list(joined)[:3] == ["member_0/a/kernel", "member_0/b", "member_1/a/kernel"]
    found = split_weights(joined, 12)
    assert [list(weights) for weights in found] == [["a/kernel", "b"]] * 12
    assert [weights["b"].tolist() for weights in found] == [[-k, -k] for k in range(12)]


def test_the_weights_of_a_network_alone_keep_their_names() -> None:
    weights = {"a/kernel": np.ones(1)}
    assert join_weights([weights]) == split_weights(weights, 1)[0] == weights


def test_the_weights_of_series_hold_those_of_their_members() -> None:
    series = [[{"a": np.full(1, 10 * s + k)} for k in range(2)] for s in range(2)]
    joined = join_weights([join_weights(members) for members in series], "series")
    assert list(joined)[:2] == ["series_0/member_0/a", "series_0/member_1/a"]
    found = [split_weights(own, 2) for own in split_weights(joined, 2, "series")]
    assert [[float(w["a"][0]) for w in members] for members in found] == [[0, 1], [10, 11]]


def test_a_weight_of_no_network_is_refused() -> None:
    with pytest.raises(BundleError, match="member_2/a is of none of the 2 networks"):
        split_weights({"member_0/a": np.ones(1), "member_2/a": np.ones(1)}, 2)
