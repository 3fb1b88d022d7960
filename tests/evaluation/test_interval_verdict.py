from typing import Any

import pytest

from lstmcast.evaluation.interval_verdict import interval_verdict


def measured(*, size: float | None = 1.5, adaptive: bool = True) -> dict[str, Any]:
    def scores(*shares: tuple[float, float]) -> dict[str, Any]:
        return {"intervals": [{"level": level, "coverage": seen} for level, seen in shares]}

    return {
        "asked": [0.8, 0.95],
        "windows": 1200,
        "static": scores((0.5, 0.4), (0.8, 0.701), (0.95, 0.9)),
        "adaptive": scores((0.8, 0.799), (0.95, 0.951)) if adaptive else None,
        "difference": {"size": size, "gap": 0.12},
    }


def test_the_shares_as_calibrated_and_while_learning_stand_side_by_side():
    found = interval_verdict(measured())
    assert found.text == (
        "On the test split the 80 % interval holds 70.1 % and the 95 % interval 90.0 %, as "
        "calibrated on 1,200 validation windows; learning from each actual value as it comes, the "
        "80 % interval holds 79.9 % and the 95 % interval 95.1 %. The errors are 1.50 times as "
        "large as those of validation, by which the intervals were set: the two periods differ, "
        "and a share below a quantile differs from its level by up to 12 points."
    )
    assert found.coverage[0] == {"level": 0.8, "static": 0.701, "adaptive": 0.799}


def test_without_learning_nothing_is_said_of_it():
    found = interval_verdict(measured(adaptive=False))
    assert "learning" not in found.text
    assert found.coverage[1] == {"level": 0.95, "static": 0.9, "adaptive": None}


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1.05, "about as large as those of validation"),
        (0.8, "0.80 times as large"),
        (None, "On validation there was no error"),
    ],
)
def test_how_far_the_periods_differ_is_said_in_words(size, said):
    assert said in interval_verdict(measured(size=size)).text
