from __future__ import annotations

import pytest

from lstmcast.evaluation.comparison import Decision, Difference, PairDifference
from lstmcast.reporting.plots.differences import DrawnPair, draw_differences


def pair_of(n_steps: int, name: str = "two", *, interval: tuple[float, float] | None = (-2.0, 1.0)):
    steps = tuple(Difference(1.0, 1.5, interval, None, None) for _ in range(n_steps))
    return DrawnPair("one", name, PairDifference(steps[0], steps), Decision("better", (0,), ()))


def drawn(pairs, n_steps):
    steps = range(1, n_steps + 1)
    return draw_differences(pairs, steps=steps, measure="MAE", form="svg").decode()


@pytest.mark.parametrize("n_steps", [1, 2, 40])
@pytest.mark.parametrize("interval", [(-2.0, 1.0), None])
def test_any_number_of_steps_is_drawn(n_steps, interval):
    assert "<svg" in drawn([pair_of(n_steps, interval=interval)], n_steps)


def test_four_pairs_at_most_have_a_panel():
    few = drawn([pair_of(3, f"{i}") for i in range(3)], 3)
    many = drawn([pair_of(3, f"{i}") for i in range(6)], 3)
    assert many.count('id="axes_') == 4
    assert few.count('id="axes_') == 3
