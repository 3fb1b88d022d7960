"""Small backtests, and what they need."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lstmcast.backtesting import work
from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset
from lstmcast.experiment.network import InMemory, train_in_memory
from lstmcast.training.progress import Progress
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


@pytest.fixture(scope="module")
def fits() -> dict[str, InMemory]:
    """The fits of a module, kept by `remembering`."""
    return {}


@contextmanager
def remembering(fits: dict[str, InMemory]) -> Iterator[None]:
    """Fit the same network on the same rows once: for tests of what is made of the fits."""

    def fit(dataset: Dataset, progress: Progress, *, weights: Any = None) -> InMemory:
        config = dataset.preparation.config.model_dump(mode="json", exclude={"backtest"})
        said = json.dumps([config, dataset.preparation.to_json()])
        content = pickle.dumps((said, dataset.fitted_starts, dataset.prepared.arrays, weights))
        key = hashlib.sha256(content).hexdigest()
        if key not in fits:
            fits[key] = train_in_memory(dataset, progress, weights=weights)
        return fits[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "train_in_memory", fit)
        yield


@pytest.fixture
def fitted_once(fits: dict[str, InMemory]) -> Iterator[None]:
    """Fits that the module has seen are taken from there."""
    with remembering(fits):
        yield


@pytest.fixture
def weekly() -> Any:
    return frame_of()
