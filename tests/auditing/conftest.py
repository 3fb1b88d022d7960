"""Audits without Keras: a fit that is a sum over all that it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lstmcast.auditing import short_fit
from lstmcast.auditing.views import Probe, fitted_windows
from lstmcast.data.dataset import Dataset
from lstmcast.experiment.network import InMemory


def fake_fit(dataset: Dataset, progress: Any) -> InMemory:
    """Weights that change with any number of any window that is trained on."""
    read = fitted_windows(dataset)
    weights = {name: np.array([np.sum(np.cos(values))]) for name, values in read.items()}
    return InMemory((), weights, Probe(dataset.preparation))


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake in place of the training."""
    monkeypatch.setattr(short_fit, "train_in_memory", fake_fit)
