"""Bare PyTorch: a module, a loop over shuffled batches, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from work import LEARNING_RATE, SEED, Work, main


class Network(torch.nn.Module):
    def __init__(self, units: int, horizon: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(1, units, batch_first=True)
        self.head = torch.nn.Linear(units, horizon)

    def forward(self, past: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(past[..., None])
        return self.head(states[:, -1])


def train(work: Work) -> list[float]:
    torch.manual_seed(SEED)
    network = Network(work.units, work.horizon)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    values = torch.from_numpy(work.frame()["y"].to_numpy()[: work.train_rows].copy())
    windows = values.unfold(0, work.lookback + work.horizon, 1)
    seconds = []
    for _ in range(work.epochs):
        began = time.perf_counter()
        for chosen in torch.randperm(len(windows)).split(work.batch_size):
            batch = windows[chosen]
            optimizer.zero_grad()
            error = network(batch[:, : work.lookback]) - batch[:, work.lookback :]
            error.square().mean().backward()
            optimizer.step()
        seconds.append(time.perf_counter() - began)
    work.model.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), work.model / "model.pt")
    return seconds


def load(work: Work) -> Network:
    network = Network(work.units, work.horizon)
    network.load_state_dict(torch.load(work.model / "model.pt", weights_only=True))
    return network.eval()


def last_window(work: Work) -> torch.Tensor:
    return torch.from_numpy(work.frame()["y"].to_numpy()[-work.lookback :].copy())[None]


def predict(work: Work) -> None:
    with torch.inference_mode():
        forecast = load(work)(last_window(work))[0].numpy()
    np.savetxt(work.model / "forecast.csv", forecast)


def once(work: Work) -> Callable[[], object]:
    network, window = load(work), last_window(work)

    def call() -> torch.Tensor:
        with torch.inference_mode():
            return network(window)

    return call


def error(work: Work) -> float:
    network = load(work)
    with torch.inference_mode():
        return work.test_error(lambda past: network(torch.from_numpy(past)).numpy())


if __name__ == "__main__":
    main(train, predict, once, error)
