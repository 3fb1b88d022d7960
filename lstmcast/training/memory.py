"""How much memory a fit will take, told before it takes it."""

from __future__ import annotations

from lstmcast.config.schema import Config
from lstmcast.data.windows import Starts, WindowArrays

_FLOAT32 = 4
# Numbers that a recurrent layer keeps for each step, window and unit: the sums and the values of
# four gates, two states, and, on the way back, as many gradients. Measured within a quarter on both
# backends, with one and two layers of 8 to 128 units.
_KEPT = 20
# Bytes for each window: its start on the device, its position, and the order of an epoch (int64,
# with the copy that is made of it).
_PER_WINDOW = 4 + 4 + 8 + 8


def fit_memory(config: Config, arrays: WindowArrays, starts: Starts, *, parts: int) -> int:
    """Bytes that a fit needs beside the prepared rows and the libraries, about.

    The rows once more (on JAX for each part), what is noted of each window, and what one batch
    keeps for its gradient, which grows with the batch, the lookback and the units.

    Args:
        config: Its `model`, `training` and `window`.
        arrays: The prepared rows.
        starts: The windows to fit on and to validate on.
        parts: How many cores each batch is divided among, which are devices on JAX.
    """
    model, window = config.model, config.window
    rows = (arrays.past, arrays.future, arrays.past_codes, arrays.future_codes)
    n_windows = len(starts.train) + len(starts.validation)
    states = model.states(
        lookback=window.lookback, horizon=window.horizon, n_targets=len(config.data.target)
    )
    inputs = (window.lookback + window.horizon) * arrays.past.shape[1]
    batch = config.training.batch_size * (_KEPT * states + 2 * inputs) * _FLOAT32
    copies = parts if config.training.backend == "jax" else 1
    return int(copies * sum(array.nbytes for array in rows) + _PER_WINDOW * n_windows + batch)
