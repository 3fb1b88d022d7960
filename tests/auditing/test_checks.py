"""Values are compared to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.auditing.checks import compare, leaves

ONE = np.array([1.0, np.nan, 0.0], dtype=np.float32)


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        (ONE.copy(), 0),
        (np.nextafter(ONE, np.float32(2)), 2),  # NaN has no next
        (np.array([1.0, np.nan, -0.0], dtype=np.float32), 1),
        (ONE[:2], 3),
        (np.array([1, 0, 0]), 3),
    ],
)
def test_every_bit_counts(other: np.ndarray, differing: int) -> None:
    found = compare({"a": ONE, "b": ONE}, {"a": ONE, "b": other})
    assert found.differing == differing
    assert found.names == (("b",) if differing else ())


def test_what_one_of_them_lacks_differs() -> None:
    found = compare({"a": ONE, "b": ONE}, {"a": ONE})
    assert (found.differing, found.names) == (3, ("b",))


def test_many_names_are_counted() -> None:
    one = {f"w{i}": np.zeros(1) for i in range(5)}
    other = {name: value + 1 for name, value in one.items()}
    assert compare(one, other).where() == "w0, w1, w2 and 2 more"


def test_json_values_have_paths() -> None:
    assert dict(leaves({"a": [1.5, None], "b": {"c": "x"}})) == {
        "a.length": 2,
        "a[0]": 1.5,
        "a[1]": "None",
        "b.c": "'x'",
    }
