"""NeuralForecast: `LSTM` in its direct form, with a linear decoder, on as many updates."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import LSTM
from pytorch_lightning.callbacks import Callback
from work import LEARNING_RATE, SEED, Work, main

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


class Clock(Callback):
    """Notes the end of each step; on the class, for the fit works on copies."""

    ends: ClassVar[list[float]] = []

    def on_train_start(self, *_: object) -> None:
        self.ends.append(time.perf_counter())

    def on_train_batch_end(self, *_: object) -> None:
        self.ends.append(time.perf_counter())


def frame(work: Work) -> pd.DataFrame:
    return work.frame().rename(columns={"time": "ds"}).assign(unique_id="series")


def train(work: Work) -> list[float]:
    model = LSTM(
        h=work.horizon,
        input_size=work.lookback,
        encoder_hidden_size=work.units,
        encoder_n_layers=1,
        decoder_layers=1,
        recurrent=False,
        loss=MSE(),
        scaler_type="identity",
        max_steps=work.epochs * work.n_batches,
        batch_size=1,
        windows_batch_size=work.batch_size,
        learning_rate=LEARNING_RATE,
        random_seed=SEED,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        enable_checkpointing=False,
        callbacks=[Clock()],
    )
    forecaster = NeuralForecast(models=[model], freq="h")
    forecaster.fit(frame(work).iloc[: work.train_rows])
    forecaster.save(str(work.model), overwrite=True, save_dataset=False)
    # As many steps as an epoch has elsewhere; its own epochs are single steps.
    return np.diff(Clock.ends[:: work.n_batches]).tolist()


def predict(work: Work) -> None:
    forecaster = NeuralForecast.load(str(work.model))
    forecaster.predict(df=frame(work)).to_csv(work.model / "forecast.csv")


def once(work: Work) -> Callable[[], object]:
    forecaster = NeuralForecast.load(str(work.model))
    history = frame(work).iloc[-work.lookback :]
    return lambda: forecaster.predict(df=history)


def error(work: Work) -> float:
    network = NeuralForecast.load(str(work.model)).models[0].eval()

    def forecast(past: np.ndarray) -> np.ndarray:
        inputs = {
            "insample_y": torch.from_numpy(past)[..., None],
            "insample_mask": torch.ones(past.shape),
            "futr_exog": None,
            "hist_exog": None,
            "stat_exog": None,
        }
        with torch.inference_mode():
            return network(inputs)[..., 0].numpy()

    return work.test_error(forecast)


if __name__ == "__main__":
    main(train, predict, once, error)
