from __future__ import annotations

import numpy as np
import pytest

from lstmcast.training.inference import KerasNetwork
from tests.networks import FULL, make_batch, make_network, run_network


@pytest.mark.parametrize("n_windows", [1, 4, 5, 11])
def test_a_batch_of_any_size_goes_through_in_chunks(n_windows: int) -> None:
    network, batch = make_network("lstm", FULL), make_batch(FULL, n_windows)
    output = KerasNetwork(network, chunk=4)(batch)
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, run_network(network, batch), rtol=1e-5, atol=1e-6)


def test_no_windows_give_no_output() -> None:
    output = KerasNetwork(make_network("lstm", FULL))(make_batch(FULL, 0))
    assert output.shape == (0, *FULL.output)
