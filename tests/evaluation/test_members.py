from __future__ import annotations

import pytest

from lstmcast.evaluation.members import spread


def test_mean_and_sample_deviation_of_each_metric() -> None:
    found = spread([{"mae": 1.0, "r2": 0.5}, {"mae": 2.0, "r2": 0.5}, {"mae": 6.0, "r2": 0.5}])
    # Squares about the mean of 3: 4 + 1 + 9, divided by 2.
    assert found["mae"]["mean"] == pytest.approx(3.0)
    assert found["mae"]["deviation"] == pytest.approx(7**0.5)
    assert found["mae"]["values"] == [1.0, 2.0, 6.0]
    assert found["r2"] == {"mean": 0.5, "deviation": 0.0, "values": [0.5, 0.5, 0.5]}


def test_what_is_undefined_for_one_member_has_no_mean() -> None:
    found = spread([{"mae": 1.0}, {"mae": None}])
    assert found == {"mae": {"mean": None, "deviation": None, "values": [1.0, None]}}


def test_only_numbers_for_a_whole_split_are_taken() -> None:
    scores = {"mae": 1.0, "by_step": {"mae": [1.0]}, "by_target": {"a": {"mae": 1.0}}}
    assert list(spread([scores, scores])) == ["mae"]
