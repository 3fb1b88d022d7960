"""Forecasting with a Keras network, in memory that does not grow with the number of windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.models.parameters import NetworkParameters
from lstmcast.models.registry import build_network
from lstmcast.models.shapes import Shapes
from lstmcast.training.weights import load_weights

if TYPE_CHECKING:
    import keras

    from lstmcast.data.windows import Float32Array

CHUNK = 512


class KerasNetwork:
    """A network as a function from a batch of inputs to its output.

    Args:
        network: What `build_network` made.
        chunk: Windows that go through it at once.
    """

    def __init__(self, network: keras.Model, *, chunk: int = CHUNK) -> None:
        import keras

        self._network = network
        self._chunk = chunk
        # XLA would take longer to compile than it saves; JAX has nothing else.
        network.jit_compile = keras.config.backend() == "jax"

    def __call__(self, batch: Mapping[str, NDArray[Any]]) -> Float32Array:
        """The output for a batch of any size.

        Args:
            batch: Inputs by name, as `gather_inputs` makes them.

        Returns:
            float32, `(batch, horizon, n_targets, n_outputs)`.
        """
        n_windows = len(batch["past"])
        outputs = [
            self._run({name: values[first : first + self._chunk] for name, values in batch.items()})
            for first in range(0, max(n_windows, 1), self._chunk)
        ]
        return np.concatenate(outputs)[:n_windows]

    def _run(self, chunk: dict[str, NDArray[Any]]) -> Float32Array:
        """The output for one chunk, filled up to a power of two so that few sizes are compiled."""
        n_windows = len(chunk["past"])
        size = 1 << max(n_windows - 1, 0).bit_length()
        filled = {
            name: np.resize(values, (size, *values.shape[1:])) for name, values in chunk.items()
        }
        return np.asarray(self._network.predict_on_batch(filled), dtype=np.float32)[:n_windows]


def inference_network(
    parameters: NetworkParameters, shapes: Shapes, weights: Mapping[str, NDArray[Any]]
) -> keras.Model:
    """The network in float32, without dropout and penalties, which only training uses."""
    import keras

    bare = parameters.model_copy(update={"dropout": 0.0, "recurrent_dropout": 0.0, "l2": 0.0})
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = build_network(bare, shapes)
    finally:
        keras.config.set_dtype_policy(policy)
    load_weights(network, weights)
    return network
