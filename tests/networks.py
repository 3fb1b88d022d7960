"""Seeded builders of tiny configs, batches, prepared rows and networks.

The tests that use them run on the backend that KERAS_BACKEND names, TensorFlow by default.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.windows import WindowArrays
from lstmcast.models.registry import ARCHITECTURES
from lstmcast.models.shapes import Shapes, dtype_of

BACKEND = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# Before anything puts JAX to work: a batch may be divided among devices, which are cores.
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")
LOOKBACK, HORIZON = 6, 3
PLAIN = Shapes(LOOKBACK, HORIZON, n_targets=1, n_outputs=1, past=2)
# Every kind of input, two targets and three quantiles.
FULL = Shapes(
    LOOKBACK,
    HORIZON,
    n_targets=2,
    n_outputs=3,
    past=4,
    future=2,
    static=2,
    past_levels=(4,),
    future_levels=(3, 5),
    static_levels=(6,),
)


def make_config(
    *, window: tuple[int, int, int] = (LOOKBACK, HORIZON, 0), **training: Any
) -> Config:
    """A config with these `training` fields, or whole sections `model`, `output` and `scaling`.

    `window` is lookback, horizon and lead, `levels` those of quantiles.
    """
    lookback, horizon, lead = window
    levels = training.pop("levels", None)
    output, scaling, model = (training.pop(name, {}) for name in ("output", "scaling", "model"))
    return Config.model_validate(
        {
            "data": {"time": "time", "target": "y"},
            "window": {"lookback": lookback, "horizon": horizon, "lead": lead},
            "output": {"type": "quantiles", "levels": levels} if levels else output,
            "scaling": scaling,
            "model": model,
            "training": {"backend": BACKEND, **training},
        }
    )


def make_network(name: str, shapes: Shapes, *, seed: int = 0, **parameters: Any) -> Any:
    """A freshly initialised network of an architecture, by name, with four units."""
    import keras

    from lstmcast.models.registry import build_network

    keras.utils.set_random_seed(seed)
    return build_network(ARCHITECTURES[name](**{"units": [4], **parameters}), shapes)


def make_batch(shapes: Shapes, n_windows: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Random inputs of a network."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.integers(0, 3, (n_windows, *shape), dtype=np.int32)
        if dtype_of(name) == "int32"
        else rng.normal(size=(n_windows, *shape)).astype(np.float32)
        for name, shape in shapes.inputs.items()
    }


def make_arrays(shapes: Shapes, lengths: tuple[int, ...] = (30,), *, seed: int = 0) -> WindowArrays:
    """Random prepared rows of series of these lengths."""
    rng = np.random.default_rng(seed)
    n_rows, n_series = sum(lengths), len(lengths)

    def numbers(n: int, columns: int) -> np.ndarray:
        return rng.normal(size=(n, columns)).astype(np.float32)

    def codes(n: int, levels: tuple[int, ...]) -> np.ndarray:
        ids = [rng.integers(0, n_ids, n, dtype=np.int32) for n_ids in levels]
        return np.stack(ids, axis=1) if ids else np.zeros((n, 0), np.int32)

    return WindowArrays(
        past=numbers(n_rows, shapes.past),
        future=numbers(n_rows, shapes.future),
        static=numbers(n_series, shapes.static),
        past_codes=codes(n_rows, shapes.past_levels),
        future_codes=codes(n_rows, shapes.future_levels),
        static_codes=codes(n_series, shapes.static_levels),
        series_of_row=np.repeat(np.arange(n_series, dtype=np.int32), lengths),
        n_targets=shapes.n_targets,
    )


def run_network(network: Any, batch: dict[str, np.ndarray]) -> np.ndarray:
    """The output of a network as it is in inference."""
    import keras

    if BACKEND == "jax":
        # Compiled once; uncompiled, JAX compiles each operation on its own.
        return network.predict_on_batch(batch)
    return keras.ops.convert_to_numpy(network(batch, training=False))
