"""Classes as they are learned: what came true is gathered, and compared, in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.data.class_windows import window_classes
from lstmcast.experiment import shapes_of
from lstmcast.models.registry import build_network
from lstmcast.runtime.outputs import window_inputs
from lstmcast.training.gathering import GatheringModel
from lstmcast.training.losses import window_loss
from tests.builders import symbols
from tests.networks import BACKEND, run_network
from tests.runtime.fakes import dataset_of

TRAINING = {"backend": BACKEND}
WALK = pd.DataFrame(
    {
        "time": pd.date_range("2024-01-01", periods=80, freq="h"),
        "y": np.random.default_rng(0).integers(0, 4, 80).astype(float),
    }
)
CASES: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "one hot": (symbols(80), {"data": {"target": "symbol"}}),
    "embedded": (
        symbols(80),
        {
            "data": {"target": "symbol"},
            "features": {"categories": {"encoding": "embedding"}},
        },
    ),
    "up or down": (WALK, {"output": {"direction": {}}}),
    "flat, too, after a lead": (
        WALK,
        {
            "output": {"direction": {"threshold": 1}},
            "window": {"lookback": 4, "horizon": 3, "lead": 2},
        },
    ),
    "weighted": (
        symbols(80),
        {"data": {"target": "symbol"}, "training": {"class_weights": {"a": 3}, **TRAINING}},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_loss_of_a_window_is_that_of_the_classes_that_came_true(case) -> None:
    import keras

    frame, sections = case
    settings = {"training": TRAINING, "model": {"units": [3]}, **sections}
    dataset = dataset_of(frame, task="classification", **settings)
    preparation, arrays = dataset.preparation, dataset.prepared.arrays
    network = build_network(preparation.config.model, shapes_of(preparation))
    starts, weights = dataset.fitted_starts, arrays.classes.weights
    loss = window_loss(preparation.config, class_weights=weights)
    model = GatheringModel(
        network, arrays, starts=starts, window=preparation.config.window, loss=loss
    )
    found = keras.ops.convert_to_numpy(model(np.arange(12))["loss"])
    inputs = window_inputs(dataset.prepared, preparation, starts.train[:12])
    logarithms = run_network(network, inputs)[:, :, 0]
    np.testing.assert_allclose(np.exp(logarithms).sum(axis=-1), 1, rtol=1e-5)
    true = window_classes(dataset.prepared, preparation, starts.train[:12])
    each = -np.take_along_axis(logarithms, true[..., None], axis=-1)[..., 0]
    if weights:
        each = each * np.array(weights)[true]
    np.testing.assert_allclose(found, each.mean(axis=1), rtol=1e-5)
