"""What a check of an audit says, and how two things are compared to the bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

# `blind`: a control that had to differ did not.
State = Literal["ok", "suspicion", "leak", "blind"]
_NAMED = 3


@dataclass(frozen=True)
class Check:
    """One thing that was compared.

    Attributes:
        check: What, such as `scalers`.
        place: Whose cut it is: `split`, `fold 2`, or `run`.
        cut: After which rows the values were changed: `training` or `validation`; `before` where
            it was before them, None where nothing was changed.
        state: What came of it.
        values: How many values were compared.
        differing: How many of them differ.
        text: What was compared, and where it differs.
    """

    check: str
    place: str
    cut: Literal["training", "validation", "before"] | None
    state: State
    values: int
    differing: int
    text: str


@dataclass(frozen=True)
class Compared:
    """How two collections of values differ.

    Attributes:
        values: How many values there are.
        differing: How many differ in any bit.
        names: Of what differs.
    """

    values: int
    differing: int
    names: tuple[str, ...]

    def where(self) -> str:
        """The first names of what differs; empty where nothing does."""
        more = len(self.names) - _NAMED
        return ", ".join(self.names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> Compared:
    """Compare arrays and plain values by name, to the bit; what one lacks differs."""
    values, differing, names = 0, 0, []
    for name in sorted({*first, *second}):
        if name in first and name in second:
            n, n_other = _compared(np.asarray(first[name]), np.asarray(second[name]))
        else:
            n = n_other = np.asarray(first.get(name, second.get(name))).size
        values, differing = values + n, differing + n_other
        if n_other:
            names.append(name)
    return Compared(values, differing, tuple(names))


def _compared(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """How many values there are, and how many differ."""
    if first.shape != second.shape or first.dtype.kind != second.dtype.kind:
        n = max(first.size, second.size, 1)
        return n, n
    if first.dtype.kind != "f":
        return first.size, int(np.sum(first != second))
    size = first.dtype.itemsize
    one, other = (
        np.ascontiguousarray(each, dtype=first.dtype).reshape(-1).view(np.uint8).reshape(-1, size)
        for each in (first, second)
    )
    return first.size, int((one != other).any(axis=1).sum())


def leaves(values: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers, texts and nulls of JSON values, each with its dotted path."""
    if isinstance(values, Mapping):
        for key, each in values.items():
            yield from leaves(each, f"{name}.{key}" if name else str(key))
    elif isinstance(values, list | tuple):
        yield f"{name}.length", len(values)
        for i, each in enumerate(values):
            yield from leaves(each, f"{name}[{i}]")
    else:
        # None and NaN equal only themselves as text.
        yield name, values if isinstance(values, float) else repr(values)
