"""Training windows changed a little at random, so that a network cannot learn them by heart.

Jitter and scaling are those of Um et al. 2017, "Data augmentation of wearable sensor data for
Parkinson's disease monitoring using convolutional neural networks"; masking is dropout of whole
steps of the input.
"""

from __future__ import annotations

import keras
from keras import ops

from lstmcast.config.schema import Augmentation
from lstmcast.training.losses import Tensor


class SeriesDropout:
    """Takes the series of some windows for unknown, so that a network learns about new ones.

    Args:
        share: Of the windows.
        seed: The seed of the run.
    """

    def __init__(self, share: float, *, seed: int) -> None:
        self._share = share
        self.seeds = keras.random.SeedGenerator(seed)

    def restart(self, seed: int) -> None:
        """Go on with the windows that follow from another seed, from the first one."""
        self.seeds.state.assign(keras.random.SeedGenerator(seed).state)

    def __call__(self, codes: Tensor) -> Tensor:
        """The ids of static categories, `[batch, n]`, the last of them, of the series, 0 in some.

        Args:
            codes: Integers, `[batch, n]`; 0 is "unknown".
        """
        shape = (ops.shape(codes)[0], 1)
        kept = keras.random.uniform(shape, seed=self.seeds) >= self._share
        series = codes[:, -1:] * ops.cast(kept, codes.dtype)
        return ops.concatenate([codes[:, :-1], series], axis=1)


class Augmenter:
    """Changes the windows of a batch.

    Args:
        how: How much of each.
        seed: The seed of the run.
    """

    def __init__(self, how: Augmentation, *, seed: int) -> None:
        self._how = how
        self.seeds = keras.random.SeedGenerator(seed)

    def restart(self, seed: int) -> None:
        """Go on with the changes that follow from another seed, from the first one."""
        self.seeds.state.assign(keras.random.SeedGenerator(seed).state)

    def __call__(self, past: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The windows changed.

        Args:
            past: `[batch, lookback, n]`, scaled, the targets first.
            targets: `[batch, horizon, n_targets]`, scaled.

        Returns:
            Both; what is to be forecast changes with the window by scaling, and stays as it is by
            jitter and masking, which are noise of the inputs alone.
        """
        n_targets = targets.shape[-1]
        if self._how.scaling:
            shape = (ops.shape(past)[0], 1, n_targets)
            factor = 1.0 + self._how.scaling * keras.random.normal(shape, seed=self.seeds)
            scaled, others = past[..., :n_targets] * factor, past[..., n_targets:]
            past, targets = ops.concatenate([scaled, others], axis=-1), targets * factor
        if self._how.jitter:
            past = past + self._how.jitter * keras.random.normal(ops.shape(past), seed=self.seeds)
        if self._how.masking:
            shape = (*ops.shape(past)[:2], 1)
            kept = keras.random.uniform(shape, seed=self.seeds) >= self._how.masking
            past = past * ops.cast(kept, past.dtype)
        return past, targets
