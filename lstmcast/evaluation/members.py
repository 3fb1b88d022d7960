"""How far several scores of the same thing lie apart: of the members of an ensemble, of folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def spread(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and deviation of each metric over the members of an ensemble, or over folds.

    The deviation is that of a sample (divided by one less than their number): the seeds, and the
    periods, are some of many.

    Args:
        scores: For each member its metrics by name; what is no number for all members, such as
            `by_step`, is left out.

    Returns:
        For each metric `mean`, `deviation` (None of a single member), and the members' `values`;
        JSON values, None where a member's is undefined.
    """
    first, *_ = scores
    names = [name for name, value in first.items() if not isinstance(value, dict)]
    return {name: spread_of([each[name] for each in scores]) for name in names}


def spread_of(values: Sequence[float | None]) -> dict[str, Any]:
    """Mean and deviation of one metric, as `spread` gives them."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(known) < len(values):
        return {"mean": None, "deviation": None, "values": list(values)}
    deviation = float(known.std(ddof=1)) if len(known) > 1 else None
    return {"mean": float(known.mean()), "deviation": deviation, "values": [*values]}
