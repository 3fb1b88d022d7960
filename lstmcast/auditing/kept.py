"""A run held against its data: are they the ones, and do they give what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstmcast.auditing.checks import Check, State, leaves
from lstmcast.data.dataset import fingerprint
from lstmcast.data.panel import Panel
from lstmcast.data.preparation import Preparation

# What a number may differ by, relative: other processors and versions sum in another order.
ROUNDING = 1e-9


def kept_check(kept: Preparation, fitted: Preparation) -> Check:
    """Whether the preparation of a run is what its training rows give."""
    one, other = (dict(leaves(each.to_json())) for each in (kept, fitted))
    names = sorted({*one, *other})
    different = [name for name in names if not _same(one.get(name), other.get(name))]
    text = "preparation.json is what the training rows give"
    if different:
        more = f" and {len(different) - 3:,} more" if len(different) > 3 else ""
        text = (
            f"preparation.json is not what the training rows give: {len(different):,} values "
            f"differ: {', '.join(different[:3])}{more}"
        )
    state: State = "leak" if different else "ok"
    return Check("preparation", "run", None, state, len(names), len(different), text)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= ROUNDING * max(abs(one), abs(other))
    return bool(one == other)


def data_differences(kept: Mapping[str, Any], panel: Panel) -> list[str]:
    """How data differ from those of a run, in words; nothing where they are the same.

    Args:
        kept: `data` of the run's manifest.
        panel: The data at hand.
    """
    now = {
        "rows": panel.n_rows,
        "series": panel.n_series,
        "first": str(panel.times.min()),
        "last": str(panel.times.max()),
    }
    found = [
        f"{name} {kept.get(name)} in the run, {value} now"
        for name, value in now.items()
        if kept.get(name) != value
    ]
    if not found and kept.get("fingerprint") != fingerprint(panel):
        found = ["values or columns, not rows or times"]
    return found
