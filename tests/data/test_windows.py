from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.schema import Window
from lstmcast.data.windows import (
    Usable,
    WindowArrays,
    gather_inputs,
    target_rows,
    window_starts,
)


def naive_starts(usable, window, offsets, bounds, stride):
    """A double loop over series and rows."""
    found = []
    for i, (begin, end) in enumerate(pairwise(offsets)):
        first = None
        for start in range(begin, end):
            inputs = range(start, start + window.lookback)
            begin_targets = start + window.lookback + window.lead
            targets = range(begin_targets, begin_targets + window.horizon)
            if targets[-1] >= end or targets[0] < bounds[i][0] or targets[-1] >= bounds[i][1]:
                continue
            if not all(usable.inputs[row] for row in inputs):
                continue
            if not all(usable.targets[row] and usable.ahead[row] for row in targets):
                continue
            first = start if first is None else first
            if (start - first) % stride == 0:
                found.append(start)
    return found


@st.composite
def panels(draw):
    lengths = draw(st.lists(st.integers(1, 30), min_size=1, max_size=4))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    flags = st.lists(st.integers(0, 5), min_size=sum(lengths), max_size=sum(lengths))
    usable = Usable(*(np.array(draw(flags)) > 0 for _ in range(3)))
    bounds = []
    for begin, end in pairwise(offsets):
        first = draw(st.integers(int(begin), int(end)))
        bounds.append((first, draw(st.integers(first, int(end)))))
    window = Window(
        lookback=draw(st.integers(1, 5)),
        horizon=draw(st.integers(1, 4)),
        lead=draw(st.integers(0, 2)),
    )
    return usable, window, offsets, np.array(bounds), draw(st.integers(1, 3))


@settings(max_examples=300, deadline=None)
@given(panels())
def test_window_starts_equal_a_double_loop_over_random_panels_with_gaps(panel):
    usable, window, offsets, bounds, stride = panel
    starts = window_starts(usable, window, offsets=offsets, bounds=bounds, stride=stride)
    assert starts.tolist() == naive_starts(usable, window, offsets, bounds, stride)
    assert starts.dtype == np.int64


def everything(n_rows):
    return Usable(*(np.ones(n_rows, dtype=bool) for _ in range(3)))


def test_a_window_belongs_to_the_split_of_its_targets_and_its_inputs_reach_back():
    window = Window(lookback=3, horizon=2)
    bounds = np.array([[6, 10]])
    starts = window_starts(everything(10), window, offsets=np.array([0, 10]), bounds=bounds)
    assert starts.tolist() == [3, 4, 5]
    assert target_rows(starts, window).tolist() == [[6, 7], [7, 8], [8, 9]]


def test_lead_skips_steps_between_the_origin_and_the_first_target():
    window = Window(lookback=2, horizon=1, lead=3)
    starts = window_starts(
        everything(7), window, offsets=np.array([0, 7]), bounds=np.array([[0, 7]])
    )
    assert starts.tolist() == [0, 1]
    assert target_rows(starts, window).tolist() == [[5], [6]]


def test_a_panel_shorter_than_one_window_has_none():
    window = Window(lookback=5, horizon=5)
    starts = window_starts(
        everything(9), window, offsets=np.array([0, 9]), bounds=np.array([[0, 9]])
    )
    assert starts.shape == (0,)


@pytest.fixture
def arrays():
    rows = np.arange(8, dtype=np.float32)
    return WindowArrays(
        past=np.stack([rows, rows * 10], axis=1),
        future=rows[:, None] * 100,
        static=np.array([[1.0], [2.0]], dtype=np.float32),
        past_codes=np.zeros((8, 0), dtype=np.int32),
        future_codes=np.zeros((8, 0), dtype=np.int32),
        static_codes=np.array([[3], [4]], dtype=np.int32),
        series_of_row=np.repeat(np.array([0, 1], dtype=np.int32), 4),
        n_targets=1,
    )


def test_a_batch_holds_the_rows_of_its_windows_and_leaves_empty_inputs_out(arrays):
    batch = gather_inputs(arrays, np.array([0, 4]), Window(lookback=2, horizon=1, lead=1))
    assert batch["past"].tolist() == [[[0, 0], [1, 10]], [[4, 40], [5, 50]]]
    assert batch["future"].tolist() == [[[300]], [[700]]]
    assert batch["static"].tolist() == [[1], [2]]
    assert batch["static_codes"].tolist() == [[3], [4]]
    assert set(batch) == {"past", "future", "static", "static_codes"}
