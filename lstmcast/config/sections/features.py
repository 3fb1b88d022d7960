"""`features`: columns computed from others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from lstmcast.config.base import Section
from lstmcast.config.sections.types import Calendar, PositiveInt, Statistic, unique


class Rolling(Section):
    """Statistics over the last steps of a column, the current one included."""

    window: Annotated[int, Field(ge=2)] = Field(description="Steps that each statistic covers.")
    statistics: list[Statistic] = Field(
        default=["mean"], min_length=1, description="What to compute of them."
    )


class Categories(Section):
    """How columns of categories reach the network; each has an "unknown" level."""

    encoding: Literal["one_hot", "embedding"] = Field(
        default="one_hot", description="A column of 0 and 1 for each level, or a learned vector."
    )
    embedding_size: PositiveInt | None = Field(
        default=None, description="Width of an embedding; from the number of levels if null."
    )


class Holidays(Section):
    """Public holidays of a country, which are known ahead; they take an extra of the package."""

    country: str = Field(
        min_length=2, description="Its code, such as DE or DEU; `pip install 'lstmcast[holidays]'`."
    )
    subdivision: str | None = Field(
        default=None, description="Part of it with holidays of its own, such as BY."
    )
    before: Annotated[int, Field(ge=0, le=30)] = Field(
        default=1, description="Flag so many days before a holiday, too, each in its own column."
    )
    after: Annotated[int, Field(ge=0, le=30)] = Field(
        default=1, description="Flag so many days after a holiday, too."
    )


class Features(Section):
    """Columns computed from others; each inherits the weakest role of its sources."""

    calendar: list[Calendar] = Field(default=[], description="Features of the time, known ahead.")
    calendar_encoding: Literal["cyclic", "category"] = Field(
        default="cyclic",
        description="`cyclic`: a sine and a cosine; `category`: levels, as `categories` says.",
    )
    holidays: Holidays | None = Field(
        default=None, description="Public holidays: {country: DE}; null for none."
    )
    lags: dict[str, list[PositiveInt]] = Field(
        default={}, description="For each column, how many steps back: {price: [1, 24]}."
    )
    rolling: dict[str, Rolling] = Field(
        default={}, description="For each column, statistics over its last steps."
    )
    differences: dict[str, list[PositiveInt]] = Field(
        default={}, description="For each column, its change over so many steps: {price: [1]}."
    )
    interactions: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        default=[], description="Products of two columns: [[price, temperature]]."
    )
    polynomials: dict[str, Annotated[int, Field(ge=2, le=5)]] = Field(
        default={}, description="Powers of a column up to this degree."
    )
    time_since: list[str] = Field(
        default=[], description="Steps since the column was last above zero."
    )
    categories: Categories = Field(
        default=Categories(), description="How columns of categories reach the network."
    )

    series_embedding: bool = Field(
        default=False,
        description="Learn a vector for each series of a panel; a new one has that of `unknown`.",
    )
    series_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.1,
        description="Share of the training windows that take their series for unknown, so that the "
        "network learns what to forecast for a new one.",
    )

    @field_validator("calendar")
    @classmethod
    def _no_doubles(cls, names: list[str]) -> list[str]:
        return unique(names, "calendar features")
