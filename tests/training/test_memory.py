from __future__ import annotations

from typing import Any

import numpy as np

from lstmcast.data.windows import Starts
from lstmcast.training.memory import fit_memory
from tests.networks import PLAIN, make_arrays, make_config


def memory(n_windows: int = 10, parts: int = 1, **training: Any) -> int:
    starts = Starts(train=np.arange(n_windows), validation=np.arange(0))
    return fit_memory(make_config(**training), make_arrays(PLAIN), starts, parts=parts)


def test_it_grows_with_the_batch_and_the_windows_but_not_with_their_product() -> None:
    assert memory(batch_size=64) > memory(batch_size=32)
    more = memory(1_000_010) - memory(10)
    assert more == memory(1_000_010, batch_size=64) - memory(10, batch_size=64)
    # A window is noted, not copied.
    assert more <= 32 * 1_000_000


def test_each_device_has_the_rows_once() -> None:
    arrays = make_arrays(PLAIN)
    assert memory(parts=2, backend="jax") - memory(backend="jax") == arrays.past.nbytes
    assert memory(parts=2, backend="tensorflow") == memory(backend="tensorflow")
