"""Categories as numbers: the levels seen in training rows, and an "unknown" for all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray

UNKNOWN = 0


def fit_vocabulary(codes: NDArray[np.int32], levels: Sequence[str]) -> tuple[str, ...]:
    """The levels that occur in some rows, sorted.

    Args:
        codes: int32, `(n_rows,)`, -1 where missing.
        levels: What the codes stand for.
    """
    return tuple(sorted(levels[code] for code in np.unique(codes[codes >= 0])))


def encode(
    codes: NDArray[np.int32], levels: Sequence[str], vocabulary: Sequence[str]
) -> NDArray[np.int32]:
    """Ids of the levels in the vocabulary, from 1; 0 for a missing or an unknown one.

    Args:
        codes: int32, `(n_rows,)`, -1 where missing.
        levels: What the codes stand for.
        vocabulary: The levels that have an id.
    """
    known = {level: i for i, level in enumerate(vocabulary, start=1)}
    ids = np.array([known.get(level, UNKNOWN) for level in levels] + [UNKNOWN], dtype=np.int32)
    return ids[codes]  # code -1 takes the last


def one_hot(
    ids: NDArray[np.int32], name: str, vocabulary: Sequence[str]
) -> Iterator[tuple[str, FloatArray]]:
    """A column of 0 and 1 for each level of the vocabulary; all are 0 for an unknown one."""
    for i, level in enumerate(vocabulary, start=1):
        yield f"{name}={level}", (ids == i).astype(np.float64)
