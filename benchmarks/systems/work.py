"""The work that every system is given: the same data, windows, sizes and number of updates.

One target column is standardised by its training rows; a window is `lookback` steps and the
`horizon` that follow, all inside the training rows; the network is one LSTM layer and a dense head,
trained by Adam on the mean squared error without validation. The test error is that of the windows
whose targets lie in the test rows, on standardised values.

Only numpy and pandas are imported here, for each system runs in its own process and environment.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

LEARNING_RATE = 1e-3
SEED = 7


@dataclass(frozen=True)
class Work:
    """What is to be done; the fields are the options of every system's command line."""

    data: Path
    model: Path
    time: str = "date"
    target: str = "OT"
    lookback: int = 96
    horizon: int = 24
    units: int = 64
    batch_size: int = 32
    epochs: int = 5
    train_rows: int = 8640
    test_rows: int = 2880

    @property
    def n_windows(self) -> int:
        return self.train_rows - self.lookback - self.horizon + 1

    @property
    def n_batches(self) -> int:
        return -(-self.n_windows // self.batch_size)

    def frame(self) -> pd.DataFrame:
        """The training and test rows, the target standardised, as float32."""
        frame = pd.read_csv(self.data, usecols=[self.time, self.target], parse_dates=[self.time])
        frame = frame.iloc[: self.train_rows + self.test_rows]
        train = frame[self.target].iloc[: self.train_rows]
        values = (frame[self.target] - train.mean()) / train.std(ddof=0)
        return pd.DataFrame({"time": frame[self.time], "y": values.astype("float32")})

    def windows(self, values: np.ndarray, *, test: bool = False) -> np.ndarray:
        """Views of all training or test windows, `(windows, lookback + horizon)`."""
        rows = values[self.train_rows - self.lookback :] if test else values[: self.train_rows]
        return np.lib.stride_tricks.sliding_window_view(rows, self.lookback + self.horizon)

    def test_error(self, forecast: Callable[[np.ndarray], np.ndarray]) -> float:
        """Mean squared error of a forecast `(windows, horizon)` of inputs `(windows, lookback)`."""
        windows = self.windows(self.frame()["y"].to_numpy(), test=True)
        predicted = forecast(np.ascontiguousarray(windows[:, : self.lookback]))
        return float(np.mean(np.square(predicted - windows[:, self.lookback :])))


def main(
    train: Callable[[Work], list[float]],
    predict: Callable[[Work], None],
    once: Callable[[Work], Callable[[], object]],
    error: Callable[[Work], float],
) -> None:
    """The command line of a system: `train`, `predict`, `once` or `error`.

    Args:
        train: Trains, saves the model, gives the seconds of each epoch.
        predict: Loads the model, forecasts from the end of the data, writes a CSV.
        once: Loads the model and gives a function that makes one forecast.
        error: Loads the model and gives its test error.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["train", "predict", "once", "error"])
    for name, default in Work.__dataclass_fields__.items():
        kind = {"Path": Path, "int": int, "str": str}[str(default.type)]
        required = name in ("data", "model")
        parser.add_argument(f"--{name}", type=kind, required=required, default=default.default)
    options = vars(parser.parse_args())
    task = options.pop("task")
    work = Work(**options)
    if task == "train":
        print(json.dumps({"epoch_seconds": train(work)}))
    elif task == "predict":
        predict(work)
    elif task == "once":
        print(json.dumps({"seconds": time_calls(once(work))}))
    else:
        print(json.dumps({"mse": error(work)}))


def time_calls(call: Callable[[], object], *, calls: int = 50) -> list[float]:
    """Seconds of each of some calls, after five that are not counted."""
    seconds = []
    for number in range(calls + 5):
        began = time.perf_counter()
        call()
        if number >= 5:
            seconds.append(time.perf_counter() - began)
    return seconds
