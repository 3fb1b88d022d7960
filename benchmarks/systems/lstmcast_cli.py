"""lstmcast, by its command line; `once` calls the forecasting network in the process.

It also measures the test period beside three baselines, exports, draws plots and writes a report,
which the others do not.
"""

from __future__ import annotations

import csv
import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import yaml
from work import LEARNING_RATE, SEED, Work, main

# Which backend the config names, and whether what JAX compiled earlier may be used.
BACKEND = os.environ.get("BENCH_BACKEND", "tensorflow")


def config_of(work: Work) -> Path:
    """The experiment as a config file."""
    work.model.mkdir(parents=True, exist_ok=True)
    path = work.model / "config.yaml"
    config = {
        "name": "bench",
        "seed": SEED,
        "data": {"path": str(work.data.resolve()), "time": work.time, "target": work.target},
        "features": {"calendar": []},
        "split": {"train": work.train_rows, "validation": 0, "test": work.test_rows},
        "window": {"lookback": work.lookback, "horizon": work.horizon},
        "model": {"type": "lstm", "units": [work.units], "dropout": 0.0},
        "training": {
            "backend": BACKEND,
            "epochs": work.epochs,
            "batch_size": work.batch_size,
            "learning_rate": LEARNING_RATE,
            "clipnorm": None,
        },
        "runs_dir": str(work.model.resolve()),
    }
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def run_of(work: Work) -> Path:
    return max(work.model.glob("bench-*"))


def command(*arguments: str) -> None:
    from lstmcast.cli.failures import call
    from lstmcast.cli.main import GC_OBJECTS, app

    # As the command itself begins, and ends below.
    gc.set_threshold(GC_OBJECTS)
    if code := call(app, list(arguments)):
        sys.exit(code)


def train(work: Work) -> list[float]:
    command("train", str(config_of(work)), "--quiet", "--json")
    with open(run_of(work) / "history.csv", encoding="utf-8") as rows:
        return [float(row["seconds"]) for row in csv.DictReader(rows)]


def predict(work: Work) -> None:
    output = str(work.model / "forecast.csv")
    data = str(work.data)
    command("predict", str(run_of(work)), "--data", data, "--output", output, "--quiet")


def once(work: Work) -> Callable[[], object]:
    from lstmcast.runtime.network import OnnxNetwork

    network = OnnxNetwork(run_of(work) / "model.onnx")
    window = {"past": work.frame()["y"].to_numpy()[None, -work.lookback :, None]}
    return lambda: network(window)


def error(work: Work) -> float:
    metrics = json.loads((run_of(work) / "metrics.json").read_text(encoding="utf-8"))
    return float(np.float64(metrics["metrics_scaled"]["test"]["mse"]))


if __name__ == "__main__":
    main(train, predict, once, error)
    sys.stdout.flush()
    os._exit(0)
