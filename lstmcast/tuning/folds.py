"""The validation periods of a search: those before the test, which no trial sees."""

from __future__ import annotations

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.folds import Fold, fold_data
from lstmcast.data.panel import Panel
from lstmcast.data.splitting import Splits, split_panel, splits_at
from lstmcast.errors import ConfigError, Problem, TooShortError


def validation_folds(panel: Panel, config: Config) -> tuple[tuple[Panel, Splits], ...]:
    """Panels that end with a validation period, and where that begins.

    The last is the config's own. The others are as long, each right before the next, and train on
    what is before them.

    Raises:
        ConfigError: If there is no validation split, or it is one of series.
        TooShortError: If there are too few rows for so many.
    """
    if config.split.by == "series":
        message = "is series, and a search goes by time. Set it to time, or train without a search."
        raise ConfigError([Problem("split.by", message)])
    own, folds = split_panel(panel, config.split), config.tune.folds
    if not own.rows("validation", panel.n_rows).any():
        message = "is empty: a search needs validation rows, for the test split is not for choices."
        raise ConfigError([Problem("split.validation", message)])
    length = own.cuts[:, 1:2] - own.cuts[:, :1]
    return tuple(_fold(panel, own.cuts - length * back, folds) for back in reversed(range(folds)))


def _fold(panel: Panel, cuts: np.ndarray, folds: int) -> tuple[Panel, Splits]:
    """The panel up to the second cut, with an empty test."""
    splits = splits_at(panel, cuts[:, [0, 1, 1]])
    if not splits.rows("train", panel.n_rows).any():
        raise TooShortError(
            f"tune.folds: {folds} validation periods leave no row for training before the first. "
            "Lower tune.folds or split.validation, or give more data."
        )
    data = fold_data(panel, Fold(number=0, splits=splits))
    return data.panel, data.splits
