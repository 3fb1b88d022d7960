"""Which columns of categories the network reads: those of the data, and those of the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lstmcast.config.schema import Config, Features
from lstmcast.data.features import calendar_levels, calendar_names
from lstmcast.data.panel import Panel, Schema
from lstmcast.data.windows import Int32Array


@dataclass(frozen=True)
class Category:
    """One column of categories.

    Attributes:
        name: Of the column, or of the calendar feature.
        ahead: Whether it is known over the horizon.
        codes: int32, `(n_rows,)` or `(n_series,)`, -1 where missing.
        levels: The texts that the codes stand for.
    """

    name: str
    ahead: bool
    codes: Int32Array
    levels: tuple[str, ...]


def row_categories(panel: Panel, codes: Int32Array, config: Config) -> Iterator[Category]:
    """The categories that change with time, in their fixed order.

    Args:
        panel: The panel.
        codes: int32, `(n_rows, n_categories)`, its codes with late columns shifted.
        config: The experiment.
    """
    schema = panel.schema
    for i, name in enumerate(schema.names(kind="category")):
        ahead = schema.column(name).role == "future"
        yield Category(name, ahead, codes[:, i], panel.levels[i])
    for name, of_rows, levels in calendar_levels(config.features, panel.times, schema.tz):
        yield Category(name, ahead=True, codes=of_rows, levels=levels)


def series_categories(panel: Panel) -> Iterator[Category]:
    """The categories that are constant in each series, in their fixed order."""
    for i, name in enumerate(panel.schema.names(kind="category", roles=("static",))):
        yield Category(name, True, panel.static_codes[:, i], panel.static_levels[i])


def category_names(schema: Schema, features: Features, *, ahead: bool = False) -> tuple[str, ...]:
    """The names of `row_categories`; only those known over the horizon, where asked."""
    names = (
        schema.names(kind="category", roles=("future",)) if ahead else schema.names(kind="category")
    )
    return (*names, *calendar_names(features))
