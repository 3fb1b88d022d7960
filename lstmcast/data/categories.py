"""Which columns of categories the network reads: those of the data, and those of the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

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
        embedded: Whether the network is given its id, not a column of 0 and 1 for each level.
    """

    name: str
    ahead: bool
    codes: Int32Array
    levels: tuple[str, ...]
    embedded: bool


def row_categories(panel: Panel, codes: Int32Array, config: Config) -> Iterator[Category]:
    """The categories that change with time, in their fixed order.

    Args:
        panel: The panel.
        codes: int32, `(n_rows, n_categories)`, its codes with late columns shifted.
        config: The experiment.
    """
    schema, embedded = panel.schema, _embeds(config)
    for i, name in enumerate(schema.names(kind="category")):
        ahead = schema.column(name).role == "future"
        yield Category(name, ahead, codes[:, i], panel.levels[i], embedded)
    for name, of_rows, levels in calendar_levels(config.features, panel.times, schema.tz):
        yield Category(name, True, of_rows, levels, embedded)


def series_categories(panel: Panel, config: Config) -> Iterator[Category]:
    """The categories that are constant in each series, in their fixed order; its id comes last."""
    embedded = _embeds(config)
    for i, name in enumerate(panel.schema.names(kind="category", roles=("static",))):
        if i == panel.schema.label:  # what is to be told
            continue
        yield Category(name, True, panel.static_codes[:, i], panel.static_levels[i], embedded)
    if panel.schema.series is not None and config.features.series_embedding:
        ids = np.arange(panel.n_series, dtype=np.int32)
        yield Category(panel.schema.series, True, ids, panel.series, embedded=True)


def embedded_series(schema: Schema, config: Config) -> tuple[str, ...]:
    """The names of the `series_categories` that are embedded."""
    names = schema.static_categories if _embeds(config) else ()
    if schema.series is None or not config.features.series_embedding:
        return names
    return (*names, schema.series)


def _embeds(config: Config) -> bool:
    return config.features.categories.encoding == "embedding"


def category_names(schema: Schema, features: Features, *, ahead: bool = False) -> tuple[str, ...]:
    """The names of `row_categories`; only those known over the horizon, where asked."""
    names = (
        schema.names(kind="category", roles=("future",)) if ahead else schema.names(kind="category")
    )
    return (*names, *calendar_names(features))
