from __future__ import annotations

import numpy as np
import pytest

from lstmcast.training.losses import window_loss
from tests.networks import make_config

TRUE = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]], np.float32)
PREDICTED = np.array([[[1.0, 4.0], [2.0, 4.0]], [[3.0, 0.0], [0.0, 0.0]]], np.float32)


def losses_of(predicted: np.ndarray, **training: object) -> np.ndarray:
    import keras

    loss = window_loss(make_config(**training))
    return keras.ops.convert_to_numpy(loss(TRUE, predicted))


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        # Errors 0, 2, -1, 0 and 3, 0, 0, 0.
        ({"loss": "mse"}, [5 / 4, 9 / 4]),
        ({"loss": "mae"}, [3 / 4, 3 / 4]),
        # Half the square up to delta, then delta · (|error| - delta / 2).
        ({"loss": "huber", "huber_delta": 1.0}, [(1.5 + 0.5) / 4, 2.5 / 4]),
        ({"loss": "huber", "huber_delta": 2.0}, [(2.0 + 0.5) / 4, 4.0 / 4]),
    ],
    ids=str,
)
def test_a_loss_is_the_mean_over_the_steps_and_targets_of_each_window(
    training: dict[str, object], expected: list[float]
) -> None:
    np.testing.assert_allclose(losses_of(PREDICTED[..., None], **training), expected, rtol=1e-6)


def test_pinball_weighs_errors_by_level() -> None:
    from sklearn.metrics import mean_pinball_loss

    levels = [0.1, 0.5, 0.9]
    rng = np.random.default_rng(0)
    quantiles = rng.normal(size=(*TRUE.shape, 3)).astype(np.float32)
    expected = [
        np.mean(
            [
                mean_pinball_loss(TRUE[window].ravel(), quantiles[window, ..., i].ravel(), alpha=a)
                for i, a in enumerate(levels)
            ]
        )
        for window in range(2)
    ]
    found = losses_of(quantiles, loss="quantile", levels=levels)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_pinball_of_the_median_is_half_the_absolute_error() -> None:
    found = losses_of(PREDICTED[..., None], loss="quantile", levels=[0.5])
    np.testing.assert_allclose(found, [3 / 8, 3 / 8], rtol=1e-6)
