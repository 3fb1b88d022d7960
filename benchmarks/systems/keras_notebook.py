"""The hand-written Keras notebook: windows copied out, `Sequential`, `fit`, `model.predict`."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
import numpy as np
from work import LEARNING_RATE, SEED, Work, main


class Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self._began)


def train(work: Work) -> list[float]:
    keras.utils.set_random_seed(SEED)
    windows = work.windows(work.frame()["y"].to_numpy())
    network = keras.Sequential(
        [
            keras.Input((work.lookback, 1)),
            keras.layers.LSTM(work.units),
            keras.layers.Dense(work.horizon),
        ]
    )
    network.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="mse")
    clock = Clock()
    network.fit(
        np.ascontiguousarray(windows[:, : work.lookback, None]),
        np.ascontiguousarray(windows[:, work.lookback :]),
        batch_size=work.batch_size,
        epochs=work.epochs,
        callbacks=[clock],
        verbose=0,
    )
    work.model.mkdir(parents=True, exist_ok=True)
    network.save(work.model / "model.keras")
    return clock.seconds


def load(work: Work) -> keras.Model:
    return keras.models.load_model(work.model / "model.keras")


def last_window(work: Work) -> np.ndarray:
    return work.frame()["y"].to_numpy()[None, -work.lookback :, None]


def predict(work: Work) -> None:
    np.savetxt(work.model / "forecast.csv", load(work).predict(last_window(work), verbose=0)[0])


def once(work: Work) -> Callable[[], object]:
    network, window = load(work), last_window(work)
    return lambda: network.predict(window, verbose=0)


def error(work: Work) -> float:
    network = load(work)
    return work.test_error(lambda past: network.predict(past[..., None], verbose=0))


if __name__ == "__main__":
    main(train, predict, once, error)
