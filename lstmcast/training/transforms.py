"""Transforms of windows into frequencies, as matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosines(n_steps: int) -> NDArray[np.float32]:
    """The orthonormal cosine transform (DCT-II), whose inverse is its transpose.

    Unlike Fourier's it does not take the end of a window for its neighbour at the start.

    Args:
        n_steps: Steps of a window.

    Returns:
        float32 `(n_steps, n_steps)`, frequency by step, the slowest first.
    """
    from scipy.fft import dct

    waves: NDArray[np.float32] = dct(np.eye(n_steps), axis=0, norm="ortho").astype(np.float32)
    return waves


def fourier(n_steps: int) -> NDArray[np.float32]:
    """Fourier's transform in real numbers, whose inverse is its transpose.

    Args:
        n_steps: Steps of a window.

    Returns:
        float32 `(2 * n_frequencies, n_steps)`: the cosines of the `n_steps // 2 + 1` frequencies,
        the slowest first, then their sines. A sine that is zero at every step is there as well.
    """
    spectrum = np.fft.rfft(np.eye(n_steps), axis=0, norm="ortho")
    # All but the first one, and the last one of an even number of steps, stand for two.
    twice = (np.arange(len(spectrum)) > 0) & (2 * np.arange(len(spectrum)) < n_steps)
    spectrum *= np.where(twice, np.sqrt(2), 1)[:, None]
    return np.concatenate([spectrum.real, spectrum.imag]).astype(np.float32)
