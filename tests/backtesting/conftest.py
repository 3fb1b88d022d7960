"""Small backtests, and what they need."""

from __future__ import annotations

from typing import Any

import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from tests.builders import weekly_cycle
from tests.networks import BACKEND

WEEKLY: dict[str, Any] = {
    "name": "tiny",
    "data": {"path": None, "time": "day", "target": "y"},
    "window": {"lookback": 7, "horizon": 3},
    "split": {"train": 60, "validation": 15, "test": 25},
    "model": {"units": [3]},
    "calibration": {"levels": [0.8]},  # the validation split is too short for more
}


def config_of(**sections: Any) -> Config:
    """A tiny config; the fields of these sections replace its own."""
    training = {"epochs": 1, "batch_size": 32, "backend": BACKEND, "device": "cpu"}
    values = {**WEEKLY, "training": training, "backtest": {"folds": 3}}
    for name, fields in sections.items():
        values[name] = {**values.get(name, {}), **fields} if isinstance(fields, dict) else fields
    return config_from_mapping(values).config


def frame_of(n_rows: int = 100) -> Any:
    return weekly_cycle(n_rows)


@pytest.fixture
def weekly() -> Any:
    return frame_of()
