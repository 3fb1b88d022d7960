"""`calibration`: intervals that hold what they promise."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from lstmcast.config.base import Section


class Adaptive(Section):
    """Intervals that learn as actual values arrive, each step with its own delay."""

    rate: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05,
        description="How far one actual value moves a quantile, as a share of the size of the "
        "validation errors: a higher rate follows changes sooner and makes the widths less steady.",
    )


class Calibration(Section):
    """Conformal intervals: how far the forecasts of the validation windows were off."""

    method: Literal["auto", "none"] = Field(
        default="auto",
        description="`auto` calibrates where there are validation windows; `none` leaves the "
        "network's own quantiles as they are.",
    )
    levels: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        default=[0.8, 0.95],
        min_length=1,
        description="Share of the actual values that each interval is to hold, ascending; 0.8 "
        "gives the quantiles 0.1 and 0.9.",
    )
    per: Literal["auto", "panel", "series"] = Field(
        default="auto",
        description="Whose errors count: those of all series, or each series' own; `auto` takes a "
        "series' own where it has enough validation windows.",
    )
    adaptive: Adaptive | None = Field(
        default=Adaptive(), description="Learning from actual values after training; null for none."
    )

    @field_validator("levels")
    @classmethod
    def _ascending(cls, levels: list[float]) -> list[float]:
        if any(a >= b for a, b in pairwise(levels)):
            raise ValueError(f"levels must ascend. Received: {levels}")
        return levels

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The ends of the intervals as quantile levels, ascending: `(1 ± share) / 2`."""
        ends = {round((1 + sign * share) / 2, 10) for share in self.levels for sign in (-1, 1)}
        return tuple(sorted(ends))
