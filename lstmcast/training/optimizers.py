"""The optimizers, and the learning rate of each epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lstmcast.config.schema import Training

if TYPE_CHECKING:
    import keras

# What the exponential schedule leaves of the learning rate after the last epoch.
FINAL_FRACTION = 0.01


def make_optimizer(training: Training) -> keras.optimizers.Optimizer:
    """The optimizer that a config asks for, with its clipping and averaging."""
    from keras import optimizers

    own: dict[str, Any] = {
        "adam": {},
        "adamw": {"weight_decay": training.weight_decay},
        "rmsprop": {},
        "sgd": {"momentum": training.momentum},
    }[training.optimizer]
    kind = {
        "adam": optimizers.Adam,
        "adamw": optimizers.AdamW,
        "rmsprop": optimizers.RMSprop,
        "sgd": optimizers.SGD,
    }[training.optimizer]
    average = training.weight_average
    if average is not None:
        own |= {"use_ema": True, "ema_momentum": average}
    return kind(learning_rate=training.learning_rate, clipnorm=training.clipnorm, **own)


def learning_rate_at(training: Training, epoch: int) -> float:
    """The learning rate that the schedule gives an epoch, counted from 0.

    `cosine` falls along half a cosine, from the whole rate towards nothing after the last epoch
    (Loshchilov and Hutter, 2017, without restarts); `exponential` by the same factor each epoch, to
    a hundredth after the last.
    """
    progress = epoch / training.epochs
    factor = {
        "none": 1.0,
        "cosine": (1.0 + math.cos(math.pi * progress)) / 2.0,
        "exponential": math.pow(FINAL_FRACTION, progress),
    }[training.schedule]
    return training.learning_rate * factor
