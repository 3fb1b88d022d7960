"""The rows of each fold of a backtest, as a plot and a table show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Period:
    """A stretch of rows, from the first to the last time; both are in it."""

    first: np.datetime64
    last: np.datetime64


@dataclass(frozen=True)
class FoldPeriods:
    """What a fold was forecast from.

    Attributes:
        number: From 1.
        periods: Of `train`, `validation` and `test`, what has rows. Training and validation are
            those of the network that forecast the fold, which may be that of an earlier one.
        refitted: Whether the network was fitted for this fold.
    """

    number: int
    periods: Mapping[str, Period]
    refitted: bool


@dataclass(frozen=True)
class Origins:
    """All folds of a backtest, in order, and how it went on from one to the next.

    Attributes:
        folds: Their rows.
        how: Such as "expanding window, refit always".
    """

    folds: tuple[FoldPeriods, ...]
    how: str
