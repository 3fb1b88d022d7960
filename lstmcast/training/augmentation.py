"""Training windows changed a little at random, so that a network cannot learn them by heart.

Jitter and scaling are those of Um et al. 2017, "Data augmentation of wearable sensor data for
Parkinson's disease monitoring using convolutional neural networks"; masking is dropout of whole
steps of the input; taking frequencies out of a window and its targets together is the frequency
masking of Chen et al. 2023, "FrAug: Frequency domain augmentation for time series forecasting".
"""

from __future__ import annotations

import keras
from keras import ops

from lstmcast.config.schema import Augmentation
from lstmcast.training.losses import Tensor
from lstmcast.training.transforms import fourier


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
            Both; what is to be forecast changes with the window by scaling and by the frequencies
            that are taken out, and stays as it is by the others, which are of the inputs alone.
        """
        n_targets = targets.shape[-1]
        if self._how.frequencies:
            past, targets = self._without_frequencies(past, targets)
        if self._how.shortening:
            past = self._shortened(past)
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

    def _without_frequencies(self, past: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Every second window, at random, without a share of the frequencies of its targets.

        Lookback and horizon are transformed as one sequence of differences from the last value
        known, so that they stay in step and at their level.
        """
        lookback, n_targets = past.shape[1], targets.shape[-1]
        n_windows, n_steps = ops.shape(past)[0], lookback + targets.shape[1]
        own, others = past[..., :n_targets], past[..., n_targets:]
        level = own[:, -1:]
        whole = ops.concatenate([own, targets], axis=1) - level
        shape = (n_windows, n_steps // 2 + 1, 1)
        drawn = keras.random.uniform(shape, seed=self.seeds) >= self._how.frequencies
        spared = keras.random.uniform((n_windows, 1, 1), seed=self.seeds) >= 0.5
        kept = ops.cast(ops.logical_or(drawn, spared), past.dtype)
        # As products: XLA on a CPU computes no fast transform of a batch that is divided.
        waves = ops.convert_to_tensor(fourier(n_steps))
        spectrum = ops.einsum("fs,bst->bft", waves, whole) * ops.concatenate([kept, kept], axis=1)
        whole = ops.einsum("fs,bft->bst", waves, spectrum) + level
        return ops.concatenate([whole[:, :lookback], others], axis=-1), whole[:, lookback:]

    def _shortened(self, past: Tensor) -> Tensor:
        """Each window from a random step on; those before it repeat that step."""
        lookback = past.shape[1]
        drawn = keras.random.uniform((ops.shape(past)[0], 1), seed=self.seeds)
        first = ops.cast(drawn * self._how.shortening * lookback, "int32")
        steps = ops.maximum(ops.arange(lookback, dtype="int32"), first)
        return ops.take_along_axis(past, ops.expand_dims(steps, 2), axis=1)
