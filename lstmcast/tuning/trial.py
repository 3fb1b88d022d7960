"""One trial of a search: a config trained on the rows before the test, and its validation error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lstmcast.config.schema import Config, MetricName
from lstmcast.data.dataset import Dataset, build_dataset, load_panel
from lstmcast.data.panel import Panel
from lstmcast.data.splitting import Splits
from lstmcast.errors import ConfigError, DivergedError
from lstmcast.evaluation.class_metrics import score_classes
from lstmcast.experiment.network import InMemory, train_in_memory
from lstmcast.machine import release_memory
from lstmcast.runtime.classifying import classify_windows, training_priors
from lstmcast.runtime.evaluating import forecast_windows, score_forecasts, training_scales
from lstmcast.training.progress import EpochRow, SilentProgress
from lstmcast.tuning.folds import validation_folds

# What a prepared dataset follows from; trials that agree on these share it.
_PREPARING = dict.fromkeys(("data", "features", "window", "scaling", "output"), True)
_PREPARING_MODEL = {"scope"}
_PREPARING_TRAINING = {"class_weights"}
# What is done to a panel that was read; all else in `data` says how it is read.
_AFTER_READING = {"outliers"}
# Prepared datasets that are kept, for each fold.
_KEPT = 2


@dataclass(frozen=True)
class Item:
    """What a worker is told of a trial.

    Attributes:
        number: From 0; 0 is the config as it is.
        config: The whole config of the trial.
        hopeless: For each epoch the validation loss above which the trial is ended; empty where
            none is.
    """

    number: int
    config: Config
    hopeless: tuple[float, ...] = ()


@dataclass(frozen=True)
class Trial:
    """How a trial ended.

    Attributes:
        number: From 0.
        status: `pruned` where it was ended early.
        score: The objective, mean over the folds; None where it was not measured.
        scores: The objective of each fold.
        curve: Validation loss after each epoch, of the first fold.
        epochs: Trained in each fold.
        parameters: Of the network; 0 where it was not trained.
        seconds: Wall time.
        error: Why it failed.
        same_as: An earlier trial that changed the same, whose result this is; it was not run again.
    """

    number: int
    status: Literal["completed", "pruned", "failed"]
    score: float | None = None
    scores: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()
    parameters: int = 0
    seconds: float = 0.0
    error: str | None = None
    same_as: int | None = None


class Material:
    """The data of a search, prepared when a trial asks for it.

    Args:
        config: That of the search.
        panel: Its data.

    Attributes:
        folds: For each fold the rows up to its validation, and where that begins.
        objective: What is measured.
    """

    def __init__(self, config: Config, panel: Panel) -> None:
        self.folds, self.objective = validation_folds(panel, config), config.tune.objective
        self._read = config.data.model_dump(exclude=_AFTER_READING)
        self._prepared: dict[tuple[int, str], Dataset] = {}

    def dataset(self, config: Config, fold: int) -> Dataset:
        """The dataset of a config and a fold, shared by trials that agree on it."""
        sections = config.model_dump_json(
            include={
                **_PREPARING,
                "model": _PREPARING_MODEL,
                "training": _PREPARING_TRAINING,
            }
        )
        key = (fold, sections)
        if key not in self._prepared:
            panel, splits = self._fold(config, fold)
            while len(self._prepared) >= _KEPT * len(self.folds):
                del self._prepared[next(iter(self._prepared))]
            self._prepared[key] = build_dataset(config, panel, splits=splits)
        dataset = self._prepared[key]
        # The network and its training are those of this trial.
        preparation = replace(dataset.preparation, config=config)
        return replace(dataset, preparation=preparation)

    def _fold(self, config: Config, fold: int) -> tuple[Panel, Splits]:
        """The rows of a fold, read anew where a trial has them read in another way."""
        if config.data.model_dump(exclude=_AFTER_READING) == self._read:
            return self.folds[fold]
        if config.data.path is None:
            raise ConfigError("how data are read cannot be searched where they are handed over.")
        return validation_folds(load_panel(config), config)[fold]

    def __getstate__(self) -> dict[str, Any]:
        """What goes to another process: nothing that can be prepared again there."""
        return {**self.__dict__, "_prepared": {}}


class _Pruned(Exception):
    """The trial is not worth going on with."""


class _Watch(SilentProgress):
    """Keeps the validation losses, and ends a hopeless fit."""

    def __init__(self, item: Item) -> None:
        self.curve: list[float] = []
        # After the last epoch there is nothing to save, and one series says little of the others.
        alone = item.config.model.scope == "panel"
        self._hopeless = item.hopeless[: item.config.training.epochs - 1] if alone else ()

    def epoch_done(self, row: EpochRow) -> None:
        """Compare the best loss so far with what the first trials had reached by then."""
        if row.val_loss is None:
            return
        self.curve.append(row.val_loss)
        epoch = len(self.curve)
        if epoch <= len(self._hopeless) and min(self.curve) > self._hopeless[epoch - 1]:
            raise _Pruned


def run_trial(material: Material, item: Item) -> Trial:
    """Train and measure the config of a trial on every fold.

    Raises:
        LstmcastError: If the config cannot be trained on these data.
    """
    scores, epochs, watch = [], [], _Watch(item)
    trained: InMemory | None = None
    for fold in range(len(material.folds)):
        dataset = material.dataset(item.config, fold)
        try:
            trained = train_in_memory(dataset, watch if fold == 0 else SilentProgress())
        except _Pruned:
            curve = tuple(watch.curve)
            return Trial(item.number, "pruned", curve=curve, epochs=(len(curve),))
        scores.append(_objective(dataset, trained, material.objective))
        epochs.append(max(len(history.rows) for history in trained.histories))
        _forget()
    if not np.isfinite(scores).all():
        raise DivergedError(f"the validation {material.objective} is not a number.")
    return Trial(
        number=item.number,
        status="completed",
        score=float(np.mean(scores)),
        scores=tuple(scores),
        curve=tuple(watch.curve),
        epochs=tuple(epochs),
        parameters=_size(trained.weights) if trained else 0,
    )


def _objective(dataset: Dataset, trained: InMemory, metric: MetricName) -> float:
    """The metric of the validation windows, in the user's units."""
    if dataset.preparation.classes:
        return _of_classes(dataset, trained, metric)
    forecasts = forecast_windows(
        dataset.prepared,
        dataset.preparation,
        trained.network,
        split="validation",
        starts=dataset.starts["validation"],
    )
    scales = training_scales(dataset.prepared, dataset.splits)
    scores, _ = score_forecasts(replace(forecasts, baselines={}), scales, dataset.panel, [metric])
    value = scores["model"][metric]
    return float("nan") if value is None else float(value)


def _of_classes(dataset: Dataset, trained: InMemory, metric: MetricName) -> float:
    """The metric of the validation windows of a classification."""
    forecasts = classify_windows(
        dataset.prepared,
        dataset.preparation,
        trained.network,
        split="validation",
        starts=dataset.starts["validation"],
        priors=training_priors(dataset.prepared, dataset.preparation, dataset.starts["train"]),
    )
    scores = score_classes(replace(forecasts, baselines={}), [metric])
    value = scores["model"][metric]
    return float("nan") if value is None else float(value)


def _forget() -> None:
    """Drop what Keras keeps of the networks that it has built."""
    import keras

    keras.utils.clear_session()
    release_memory()


def _size(weights: Mapping[str, np.ndarray]) -> int:
    return int(sum(weight.size for weight in weights.values()))
