from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.forecasts import StepsAhead

VALUES = np.arange(40.0).reshape(20, 2)
FIRST = np.array([3, 4, 9, 17])


@pytest.mark.parametrize(
    "windows", [slice(None), slice(1, 3), np.array([3, 0]), np.array([], dtype=np.int64)]
)
def test_the_steps_ahead_of_some_windows_are_gathered(windows):
    taken = StepsAhead(VALUES, FIRST, horizon=3)[windows]
    expected = [[VALUES[first + step] for step in range(3)] for first in FIRST[windows]]
    np.testing.assert_array_equal(taken, np.reshape(expected, (-1, 3, 2)))


def test_the_steps_ahead_keep_the_type_of_the_rows():
    times = np.arange(20).astype("datetime64[us]")
    taken = StepsAhead(times, FIRST, horizon=2)[:]
    assert taken.dtype == times.dtype
    assert taken[1].tolist() == times[[4, 5]].tolist()
