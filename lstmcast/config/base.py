"""The base of every config section."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the config: unknown fields are errors, values are not coerced, nothing changes.

    Strict, so that `epochs: "5"` and `epochs: true` are errors rather than 5 and 1; an int is
    taken where a float is asked for.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True
    )
