from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstmcast.config.schema import Augmentation, Features
from lstmcast.data.windows import Starts
from lstmcast.training.fitting import fit_network
from lstmcast.training.progress import SilentProgress
from tests.networks import PLAIN, make_arrays, make_config, make_network

STARTS = Starts(train=np.arange(12), validation=np.arange(12, 18))


def augmented(
    seed: int = 0, windows: tuple[np.ndarray, np.ndarray] | None = None, **how: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of two targets and another column, all ones, and what is to come, all twos, or of others."""
    import keras

    from lstmcast.training.augmentation import Augmenter

    keras.utils.set_random_seed(0)
    change = Augmenter(Augmentation(**how), seed=seed)
    past, ahead = windows or (
        np.ones((200, 50, 3), np.float32),
        np.full((200, 5, 2), 2, np.float32),
    )
    changed = change(keras.ops.convert_to_tensor(past), keras.ops.convert_to_tensor(ahead))
    return tuple(keras.ops.convert_to_numpy(part) for part in changed)


def test_jitter_is_noise_of_the_inputs_alone() -> None:
    past, ahead = augmented(jitter=0.1)
    assert past.mean() == pytest.approx(1, abs=0.01)
    assert past.std() == pytest.approx(0.1, rel=0.05)
    assert (ahead == 2).all()


def test_scaling_is_one_factor_for_each_window_and_target_past_and_ahead() -> None:
    past, ahead = augmented(scaling=0.2)
    factors = past[:, 0, :2]
    assert factors.std() == pytest.approx(0.2, rel=0.2)
    np.testing.assert_allclose(past[..., :2], np.repeat(factors[:, None], 50, axis=1))
    np.testing.assert_allclose(ahead, np.repeat(2 * factors[:, None], 5, axis=1), rtol=1e-6)
    assert (past[..., 2] == 1).all()


def test_masking_sets_whole_steps_to_zero() -> None:
    past, ahead = augmented(masking=0.3)
    assert (past == 0).mean() == pytest.approx(0.3, abs=0.03)
    assert (past.min(axis=-1) == past.max(axis=-1)).all()
    assert (ahead == 2).all()


def test_every_second_window_loses_frequencies_past_and_ahead_together() -> None:
    rng = np.random.default_rng(0)
    past = rng.normal(size=(200, 51, 3)).astype(np.float32)
    ahead = rng.normal(size=(200, 6, 2)).astype(np.float32)
    changed, future = augmented(windows=(past, ahead), frequencies=0.4)
    same = np.isclose(changed, past, atol=1e-4).all(axis=(1, 2))
    np.testing.assert_allclose(future[same], ahead[same], atol=1e-4)
    assert same.mean() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(changed[..., 2], past[..., 2])

    def spectra(behind: np.ndarray, to_come: np.ndarray) -> np.ndarray:
        whole = np.concatenate([behind[..., :2], to_come], axis=1) - past[:, -1:, :2]
        return np.abs(np.fft.rfft(whole[~same], axis=1))

    before, after = spectra(past, ahead), spectra(changed, future)
    lost = np.isclose(after, 0, atol=1e-3)
    np.testing.assert_allclose(after[~lost], before[~lost], atol=1e-3)
    assert lost.mean() == pytest.approx(0.4, abs=0.03)
    # The same of both targets.
    assert (lost[..., 0] == lost[..., 1]).mean() > 0.99


def test_a_shortened_window_begins_with_the_first_step_that_is_left() -> None:
    past = np.broadcast_to(np.arange(50, dtype=np.float32)[:, None], (200, 50, 3))
    ahead = np.ones((200, 5, 2), np.float32)
    changed, future = augmented(windows=(past, ahead), shortening=0.4)
    first = changed[:, 0, 0]
    np.testing.assert_array_equal(changed, np.maximum(past, first[:, None, None]))
    assert first.min() == 0
    assert first.max() == 19
    assert first.mean() == pytest.approx(9.5, abs=1.5)
    np.testing.assert_array_equal(future, ahead)


def test_the_changes_follow_from_the_seed() -> None:
    np.testing.assert_array_equal(augmented(jitter=0.1)[0], augmented(jitter=0.1)[0])
    assert (augmented(jitter=0.1)[0] != augmented(1, jitter=0.1)[0]).any()


def test_a_share_of_the_windows_has_no_series_and_keeps_its_other_categories() -> None:
    import keras

    from lstmcast.training.augmentation import SeriesDropout

    def hidden(seed: int) -> np.ndarray:
        codes = keras.ops.convert_to_tensor(np.full((2000, 3), [4, 5, 6], np.int32))
        return keras.ops.convert_to_numpy(SeriesDropout(0.25, seed=seed)(codes))

    found = hidden(3)
    assert (found[:, :2] == [4, 5]).all()
    assert set(found[:, 2]) == {0, 6}
    assert (found[:, 2] == 0).mean() == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(found, hidden(3))
    assert (found != hidden(4)).any()


def test_the_series_of_training_windows_are_hidden_but_not_of_validation_windows() -> None:
    shapes = replace(PLAIN, static_levels=(4,))

    def fit(**features: object) -> tuple[float, float]:
        history = fit_network(
            make_network("lstm", shapes, dropout=0.0),
            make_arrays(shapes),
            starts=STARTS,
            config=make_config(batch_size=12, epochs=1, learning_rate=1e-12).model_copy(
                update={"features": Features(**features)}
            ),
            progress=SilentProgress(),
        )
        return history.rows[0].loss, history.rows[0].val_loss

    (loss, val_loss), (hidden, val_hidden) = fit(), fit(series_embedding=True, series_dropout=0.9)
    assert hidden != pytest.approx(loss, rel=1e-4)
    assert val_hidden == pytest.approx(val_loss, rel=1e-6)


@pytest.mark.parametrize(
    "how",
    [{name: 0.5} for name in ("jitter", "scaling", "masking", "frequencies", "shortening")],
    ids=str,
)
def test_training_windows_are_changed_and_validation_windows_are_not(how: dict[str, float]) -> None:
    def fit(**training: object) -> tuple[float, float]:
        history = fit_network(
            make_network("lstm", PLAIN, dropout=0.0),
            make_arrays(PLAIN),
            starts=STARTS,
            config=make_config(batch_size=12, epochs=1, learning_rate=1e-12, **training),
            progress=SilentProgress(),
        )
        row = history.rows[0]
        return row.loss, row.val_loss

    (loss, val_loss), (changed, val_changed) = fit(), fit(augmentation=how)
    assert changed != pytest.approx(loss, rel=1e-4)
    assert val_changed == pytest.approx(val_loss, rel=1e-6)
