from __future__ import annotations

import numpy as np
import pytest

from lstmcast.training.transforms import cosines, fourier


@pytest.mark.parametrize("transform", [cosines, fourier])
@pytest.mark.parametrize("n_steps", [1, 2, 7, 8])
def test_the_transpose_is_the_inverse(transform: object, n_steps: int) -> None:
    waves = transform(n_steps)
    assert waves.dtype == np.float32
    np.testing.assert_allclose(waves.T @ waves, np.eye(n_steps), atol=1e-6)


@pytest.mark.parametrize("n_steps", [7, 8])
def test_both_parts_of_a_frequency_lie_half_the_rows_apart(n_steps: int) -> None:
    values = np.random.default_rng(0).normal(size=n_steps)
    expected = np.fft.rfft(values, norm="ortho")
    found = (fourier(n_steps) @ values).reshape(2, -1)
    twice = np.linalg.norm(found, axis=0) / np.abs(expected)
    np.testing.assert_allclose(twice[1:-1], np.sqrt(2), rtol=1e-5)
    assert twice[0] == pytest.approx(1)
    assert twice[-1] == pytest.approx(1 if n_steps % 2 == 0 else np.sqrt(2), rel=1e-5)
