"""The role and the kind of each column: what the config says, and what the table shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lstmcast.config.schema import Covariate, Data
from lstmcast.data.panel import Column, Kind, Role
from lstmcast.data.reading.numbers import is_number
from lstmcast.data.reading.table import Table
from lstmcast.errors import DataError


def columns_of(table: Table, data: Data) -> tuple[Column, ...]:
    """Roles and kinds; a column that the table lacks is a number unless the config says else.

    Raises:
        DataError: If a covariate of no declared type holds numbers and, here and there, text.
    """
    covariates: list[tuple[Role, Sequence[Covariate]]] = [
        ("past", data.past_covariates),
        ("future", data.future_covariates),
        ("static", data.static_covariates),
    ]
    labels = data.targets if data.target_type == "label" else []
    return (
        *(Column(name, "target", data.target_type) for name in data.targets),
        *(
            Column(covariate.column, role, _kind(table, covariate))
            for role, group in covariates
            for covariate in group
        ),
        *(Column(name, "static", "category") for name in labels),
    )


def _kind(table: Table, covariate: Covariate) -> Kind:
    if covariate.type != "auto":
        return covariate.type
    if covariate.column not in table.frame.columns:
        return "number"
    if not isinstance(table.frame[covariate.column].dtype, pd.StringDtype):
        return "number"
    _refuse_mixed(table, covariate.column)
    return "category"


def _refuse_mixed(table: Table, name: str) -> None:
    """Refuse a column that most likely holds numbers, and a text by mistake.

    Each of its numbers would be a category of its own. Of codes such as `0`, `a` and `b`, fewer are
    numbers than texts.

    Raises:
        DataError: Naming the first text.
    """
    values = table.frame[name]
    levels = values.dropna().unique()
    texts = [level for level in levels if not is_number(level)]
    n_numbers = len(levels) - len(texts)
    if n_numbers <= len(texts):
        return
    wrong = values.isin(texts).to_numpy()
    row = int(np.argmax(wrong))
    raise DataError(
        f"this is not a number, as {n_numbers:,} other values of the column are (rows with text: "
        f"{wrong.sum():,}). Mend it, or add it to `data.csv.na` if it stands for a missing value. "
        "If the column holds categories, give it `type: category` in the config.",
        column=name,
        value=values.iloc[row],
        **table.place(row),
    )
