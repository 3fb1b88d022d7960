"""How far the members of an ensemble, each alone, lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def spread(scores: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean and deviation of each metric over the members.

    The deviation is that of a sample (divided by one less than the number of members): the seeds
    are some of many.

    Args:
        scores: For each member, two or more, its metrics by name; what is no number for all
            members, such as `by_step`, is left out.

    Returns:
        For each metric `mean`, `deviation`, and the members' `values`; JSON values, None where a
        member's is undefined.
    """
    first, *_ = scores
    names = [name for name, value in first.items() if not isinstance(value, dict)]
    return {name: _spread([each[name] for each in scores]) for name in names}


def _spread(values: Sequence[float | None]) -> dict[str, Any]:
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(known) < len(values):
        return {"mean": None, "deviation": None, "values": list(values)}
    return {"mean": float(known.mean()), "deviation": float(known.std(ddof=1)), "values": [*values]}
