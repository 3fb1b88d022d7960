"""The cosine transform of windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosines(n_steps: int) -> NDArray[np.float32]:
    """The orthonormal cosine transform (DCT-II) as a matrix, whose inverse is its transpose.

    Unlike Fourier's it does not take the end of a window for its neighbour at the start.

    Args:
        n_steps: Steps of a window.

    Returns:
        float32 `(n_steps, n_steps)`, frequency by step, the slowest first.
    """
    from scipy.fft import dct

    waves: NDArray[np.float32] = dct(np.eye(n_steps), axis=0, norm="ortho").astype(np.float32)
    return waves
