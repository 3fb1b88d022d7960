"""Runs without Keras: a fitted preparation and networks that are functions of `past`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lstmcast.config.loading import config_from_mapping, dump_config
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset, build_dataset, load_panel
from lstmcast.data.panel import tail
from lstmcast.runtime import bundle as files
from lstmcast.runtime.bundle import Bundle, load_bundle
from lstmcast.runtime.context import context_frame, context_rows
from lstmcast.runtime.evaluating import training_scales
from lstmcast.runtime.outputs import n_outputs_of
from lstmcast.runtime.run_writer import RunWriter

# What the manifest and the metrics of every run say.
FACTS: dict[str, Any] = {
    "name": "run",
    "created": "2024-01-01T00:00:00Z",
    "backend": "tensorflow",
    "data": {"rows": 40, "series": 1, "first": "2024-01-01", "last": "2024-01-02"},
    "network": {"shapes": {"lookback": 4, "horizon": 3}, "parameters": 2},
    "seconds": {"total": 1.0, "fit": 0.5},
}
MEASURED: dict[str, Any] = {
    "windows": {"train": 1, "validation": 1, "test": 1},
    "epochs": 1,
    "best_epoch": 1,
    "metrics": {"test": {"model": {}}},
    "verdicts": {},
}


@dataclass(frozen=True)
class FakeNetwork:
    """Weighs every number that it is given, so that no input can differ unnoticed.

    Attributes:
        horizon: Steps of its output.
        n_targets: Targets of its output.
        n_outputs: Outputs for each.
    """

    horizon: int
    n_targets: int = 1
    n_outputs: int = 1

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        batch = len(inputs["past"])
        total = np.zeros(batch)
        for name in sorted(inputs):
            flat = inputs[name].reshape(batch, -1).astype(np.float64)
            total += flat @ np.cos(np.arange(flat.shape[1]) + len(name))
        shape = (self.horizon, self.n_targets, self.n_outputs)
        steps = np.arange(1, np.prod(shape) + 1).reshape(shape)
        return np.tanh(total / 10)[:, None, None, None] * steps.astype(np.float32) / steps.size


def config_of(*, data: dict[str, Any] | None = None, **sections: Any) -> Config:
    """A config on `time` and `y`, without a file."""
    values = {"path": None, "time": "time", "target": "y", **(data or {})}
    small = {"window": {"lookback": 4, "horizon": 3}}
    return config_from_mapping({"data": values, **small, **sections}).config


def dataset_of(frame: pd.DataFrame, **settings: Any) -> Dataset:
    """A dataset of a frame."""
    config = config_of(**settings)
    return build_dataset(config, load_panel(config, frame=frame))


def network_of(dataset: Dataset) -> FakeNetwork:
    """A fake network of the shape that a dataset asks for."""
    config = dataset.preparation.config
    n_outputs = n_outputs_of(config.output)
    return FakeNetwork(config.window.horizon, dataset.panel.n_targets, n_outputs)


def write_run(
    dataset: Dataset,
    runs_dir: Path,
    run_id: str = "run-1",
    *,
    calibration: dict[str, Any] | None = None,
    **manifest: Any,
) -> Path:
    """The directory of a run as `train` writes it, without a network."""
    writer = RunWriter(runs_dir, run_id)
    if calibration is not None:
        writer.json(files.CALIBRATION, calibration)
    panel, preparation = dataset.panel, dataset.preparation
    writer.text(files.CONFIG, dump_config(preparation.config))
    writer.json(files.PREPARATION, preparation.to_json())
    scales = training_scales(dataset.prepared, dataset.splits)
    writer.json(files.METRICS, {**MEASURED, "scales": scales.to_json()})
    writer.weights({"w": np.ones(2, dtype=np.float32)})
    writer.table(files.CONTEXT, context_frame(tail(panel, context_rows(panel, preparation))))
    return writer.finish({**FACTS, "name": preparation.config.name, **manifest})


def bundle_of(
    dataset: Dataset, runs_dir: Path, *, calibration: dict[str, Any] | None = None
) -> Bundle:
    """The same, read back."""
    return load_bundle(write_run(dataset, runs_dir, calibration=calibration))
