"""Darts: `BlockRNNModel`, which encodes the lookback and gives the horizon at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from darts import TimeSeries
from darts.models import BlockRNNModel
from pytorch_lightning.callbacks import Callback
from work import LEARNING_RATE, SEED, Work, main


class Clock(Callback):
    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_epoch_start(self, *_: object) -> None:
        self._began = time.perf_counter()

    def on_train_epoch_end(self, *_: object) -> None:
        self.seconds.append(time.perf_counter() - self._began)


QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "logger": False,
    "enable_checkpointing": False,
}


def series(work: Work) -> TimeSeries:
    return TimeSeries.from_dataframe(work.frame(), "time", "y")


def train(work: Work) -> list[float]:
    clock = Clock()
    model = BlockRNNModel(
        input_chunk_length=work.lookback,
        output_chunk_length=work.horizon,
        model="LSTM",
        hidden_dim=work.units,
        n_rnn_layers=1,
        batch_size=work.batch_size,
        n_epochs=work.epochs,
        optimizer_kwargs={"lr": LEARNING_RATE},
        random_state=SEED,
        pl_trainer_kwargs={**QUIET, "callbacks": [clock]},
    )
    model.fit(series(work)[: work.train_rows], verbose=False)
    work.model.mkdir(parents=True, exist_ok=True)
    model.save(str(work.model / "model.pt"))
    return clock.seconds


def load(work: Work) -> BlockRNNModel:
    return BlockRNNModel.load(str(work.model / "model.pt"), pl_trainer_kwargs=QUIET, trusted=True)


def predict(work: Work) -> None:
    forecast = load(work).predict(work.horizon, series=series(work), verbose=False)
    forecast.to_dataframe().to_csv(work.model / "forecast.csv")


def once(work: Work) -> Callable[[], object]:
    model, history = load(work), series(work)[-work.lookback :]
    return lambda: model.predict(work.horizon, series=history, verbose=False)


def error(work: Work) -> float:
    forecasts = load(work).historical_forecasts(
        series(work),
        start=work.train_rows,
        start_format="position",
        forecast_horizon=work.horizon,
        retrain=False,
        last_points_only=False,
        verbose=False,
    )
    predicted = np.stack([forecast.values()[:, 0] for forecast in forecasts])
    return work.test_error(lambda past: predicted)


if __name__ == "__main__":
    main(train, predict, once, error)
