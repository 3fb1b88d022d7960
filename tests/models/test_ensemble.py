from __future__ import annotations

import numpy as np
import pytest

from lstmcast.models.ensemble import join_members, members_of
from tests.networks import FULL, PLAIN, make_batch, make_network, run_network


@pytest.mark.parametrize("n_members", [2, 3, 4, 5])
def test_an_ensemble_gives_the_median_of_its_members(n_members: int) -> None:
    members = [make_network("lstm", FULL, seed=seed) for seed in range(n_members)]
    ensemble, batch = join_members(members), make_batch(FULL, 3)
    assert set(ensemble.input) == set(members[0].input)
    found = run_network(ensemble, batch)
    expected = np.median([run_network(member, batch) for member in members], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert (np.diff(found, axis=-1) >= 0).all()


def test_the_members_are_found_again_with_their_weights() -> None:
    members = [make_network("gru", PLAIN, seed=seed) for seed in range(3)]
    found = members_of(join_members(members))
    assert [member.name for member in found] == ["member_0", "member_1", "member_2"]
    for one, other in zip(members, found, strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_network_alone_is_its_own_ensemble() -> None:
    network = make_network("lstm", PLAIN)
    assert join_members([network]) is network
    assert members_of(network) == [network]
