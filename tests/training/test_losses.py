from __future__ import annotations

import numpy as np
import pytest

from lstmcast.training.losses import masked_loss, window_loss
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


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_a_masked_loss_is_the_mean_over_what_was_observed(loss: str) -> None:
    import keras

    of_windows = window_loss(make_config(loss=loss))
    observed = np.array([[[1, 0], [1, 1]], [[0, 0], [0, 1]]], np.float32)
    spoilt = np.where(observed > 0, TRUE, 99.0).astype(np.float32)
    found = keras.ops.convert_to_numpy(
        masked_loss(of_windows, spoilt, PREDICTED[..., None], observed)
    )
    errors = np.abs(PREDICTED - TRUE)
    each = {
        "mse": errors**2,
        "mae": errors,
        "huber": np.where(errors > 1, errors - 0.5, errors**2 / 2),
    }
    np.testing.assert_allclose(found, [each[loss][0][[0, 1, 1], [0, 0, 1]].mean(), 0.0], rtol=1e-6)


def test_a_masked_loss_with_nothing_missing_is_the_loss_itself() -> None:
    import keras

    config = make_config(loss="quantile", levels=[0.1, 0.5, 0.9])
    predicted = np.random.default_rng(0).normal(size=(2, 2, 2, 3)).astype(np.float32)
    whole, masked = (
        keras.ops.convert_to_numpy(each)
        for each in (
            window_loss(config)(TRUE, predicted),
            masked_loss(window_loss(config), TRUE, predicted, np.ones_like(TRUE)),
        )
    )
    np.testing.assert_allclose(masked, whole, rtol=1e-6)


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
