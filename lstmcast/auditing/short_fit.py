"""A training of a few steps, the same in every bit each time: for audits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset
from lstmcast.data.panel import IntArray
from lstmcast.data.windows import Starts
from lstmcast.experiment.network import InMemory, train_in_memory
from lstmcast.training.progress import SilentProgress

EPOCHS, BATCHES = 2, 4


def alone(dataset: Dataset) -> Dataset:
    """The dataset with one network: where each series has its own, that of the first."""
    preparation = dataset.preparation
    if preparation.config.model.scope == "panel":
        return dataset
    first = replace(preparation, trained=preparation.trained[:1])
    series = dataset.panel.series.index(first.trained[0])
    begin, end = dataset.panel.offsets[series : series + 2]

    def own(starts: IntArray) -> IntArray:
        return np.asarray(starts[(starts >= begin) & (starts < end)])

    fitted = dataset.fitted_starts
    return replace(
        dataset,
        preparation=first,
        fitted_starts=Starts(train=own(fitted.train), validation=own(fitted.validation)),
    )


def short_fit(dataset: Dataset, *, validated: bool) -> InMemory:
    """Train for a few steps on the CPU, from the config's seed, without chance.

    The windows are an even sample that holds the first and the last one. Several networks (members
    of an ensemble, one for each series) are trained from the same code, so one stands for all.

    Args:
        dataset: What to train on.
        validated: Whether validation windows choose among the weights, as in a training.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend is not there.
    """
    dataset = alone(dataset)
    config, fitted = dataset.preparation.config, dataset.fitted_starts
    n_windows = BATCHES * config.training.batch_size
    validation = _sampled(fitted.validation, n_windows) if validated else fitted.validation[:0]
    short = replace(
        dataset,
        preparation=replace(dataset.preparation, config=_short(config)),
        fitted_starts=Starts(train=_sampled(fitted.train, n_windows), validation=validation),
    )
    return train_in_memory(short, SilentProgress())


def _sampled(starts: IntArray, n_windows: int) -> IntArray:
    if len(starts) <= n_windows:
        return starts
    return np.asarray(starts[np.linspace(0, len(starts) - 1, n_windows).astype(np.int64)])


def _short(config: Config) -> Config:
    training = config.training.model_copy(
        update={
            "epochs": min(EPOCHS, config.training.epochs),
            "seeds": 1,
            "device": "cpu",
            "deterministic": True,
            "precision": "float32",
            "tensorboard": False,
        }
    )
    return config.model_copy(update={"training": training})
