"""The same work through lstmcast and what a user would pick instead, as whole processes.

The systems take turns, figure by figure, so that a machine whose speed drifts slows all of them
alike: read the ratios, not the seconds. What each is given is in `systems/work.py`; its test error
stands beside its times, so that nothing is fast by learning less. The result is a JSON file that
`page.py` makes a page of.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-bench" / "bin" / "python"


@dataclass(frozen=True)
class System:
    """Something that can do the work."""

    script: str
    imports: str
    python: Path = PEERS
    environment: dict[str, str] = field(default_factory=dict)


OURS = Path(sys.executable)
SYSTEMS = {
    "lstmcast (tensorflow)": System(
        "lstmcast_cli.py", "lstmcast", OURS, {"BENCH_BACKEND": "tensorflow"}
    ),
    "lstmcast (jax)": System("lstmcast_cli.py", "lstmcast", OURS, {"BENCH_BACKEND": "jax"}),
    "Keras notebook": System("keras_notebook.py", "keras", OURS, {"KERAS_BACKEND": "tensorflow"}),
    "Darts": System("darts_block_rnn.py", "darts.models"),
    "NeuralForecast": System("neuralforecast_lstm.py", "neuralforecast"),
    "bare PyTorch": System("bare_torch.py", "torch"),
}
# Beside the whole training: the time of one gradient step, from the epochs after the first.
STEPS = {
    "step, batch 32": {"lookback": 48, "horizon": 1, "batch_size": 32, "epochs": 4},
    "step, batch 128": {"lookback": 48, "horizon": 1, "batch_size": 128, "epochs": 6},
}
TRAIN_ROWS, LOOKBACK, HORIZON, BATCH = 8640, 96, 24, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="CSV with the columns date and OT (ETTh1.csv)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--systems", nargs="*", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--output", type=Path, default=HERE / "results" / "speed.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        data = options.data or made_up(folder / "series.csv")
        found: dict[str, dict[str, list[float]]] = {}
        for number in range(options.rounds + 1):
            systems = [measure(name, data, folder, first=number == 0) for name in options.systems]
            # Each figure of all systems before the next one, so that what is compared lies close.
            for turn in zip(*systems, strict=True):
                for name, (figure, value) in zip(options.systems, turn, strict=True):
                    # The first round fills caches, and is not counted.
                    if number:
                        found.setdefault(figure, {}).setdefault(name, []).append(value)
            print(f"round {number} of {options.rounds}", file=sys.stderr, flush=True)
    results = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "data": options.data.name if options.data else "a made-up hourly series",
        "rounds": options.rounds,
        "figures": found,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    report(found)


def made_up(path: Path) -> Path:
    """An hourly series with a day, a week and noise, of the length of ETTh1."""
    hours = np.arange(17_420)
    rng = np.random.default_rng(0)
    level = np.cumsum(rng.normal(scale=0.05, size=len(hours)))
    cycles = 3 * np.sin(2 * np.pi * hours / 24) + np.sin(2 * np.pi * hours / 168)
    values = level + cycles + rng.normal(scale=0.5, size=len(hours))
    times = pd.date_range("2016-07-01", periods=len(hours), freq="h")
    pd.DataFrame({"date": times, "OT": values.round(4)}).to_csv(path, index=False)
    return path


def measure(name: str, data: Path, folder: Path, *, first: bool) -> Iterator[tuple[str, float]]:
    """One round of a system: the figures, and their values."""
    system = SYSTEMS[name]
    model = folder / name.replace(" ", "-")
    seconds, _, _ = process(system, ["-c", f"import {system.imports}"])
    yield "import, s", seconds
    work = ["--data", str(data), "--model", str(model)]
    shutil.rmtree(model, ignore_errors=True)
    seconds, memory, answer = task(system, "train", work)
    yield "train, whole process, s", seconds
    yield "train, peak memory, MB", memory
    yield "first epoch, s", answer["epoch_seconds"][0]
    yield "predict, whole process, s", task(system, "predict", work)[0]
    once = task(system, "once", work)[2]["seconds"]
    yield "one forecast, ms", 1e3 * statistics.median(once)
    yield "test error, MSE", task(system, "error", work)[2]["mse"]
    for figure, sizes in STEPS.items():
        shutil.rmtree(model, ignore_errors=True)
        options = [text for key, value in sizes.items() for text in (f"--{key}", str(value))]
        answer = task(system, "train", [*work, *options])[2]
        n_windows = TRAIN_ROWS - sizes["lookback"] - sizes["horizon"] + 1
        n_batches = -(-n_windows // sizes["batch_size"])
        yield f"{figure}, ms", 1e3 * statistics.median(answer["epoch_seconds"][1:]) / n_batches
        if not first:
            yield f"{figure}, MSE", task(system, "error", [*work, *options])[2]["mse"]


def task(system: System, name: str, options: list[str]) -> tuple[float, float, dict[str, Any]]:
    """Run a task of a system: seconds, peak memory in MB, and what it answered."""
    seconds, memory, output = process(
        system, [str(HERE / "systems" / system.script), name, *options]
    )
    lines = [line for line in output.splitlines() if line.startswith('{"')]
    return seconds, memory, json.loads(lines[-1]) if lines else {}


def process(system: System, arguments: list[str]) -> tuple[float, float, str]:
    """Run a process of a system: seconds, peak memory in MB, standard output."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **system.environment}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        child = subprocess.Popen(
            [str(system.python), *arguments], env=environment, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        if status:
            errors.seek(0)
            sys.exit(f"{arguments} failed:\n{errors.read().decode(errors='replace')[-3000:]}")
        output.seek(0)
        return seconds, usage.ru_maxrss / 1e3, output.read().decode(errors="replace")


def report(found: dict[str, dict[str, list[float]]]) -> None:
    """Print the medians, and the ratios to lstmcast on each backend."""
    for figure, values in found.items():
        print(f"\n{figure}")
        for name, numbers in values.items():
            line = f"  {name:22}{spread(numbers):>32}"
            for reference in ("lstmcast (tensorflow)", "lstmcast (jax)"):
                if reference in values and "MSE" not in figure:
                    pairs = zip(numbers, values[reference], strict=True)
                    ratios = [number / ours for number, ours in pairs]
                    line += f"   x {spread(ratios)}"
            print(line)


def spread(numbers: list[float]) -> str:
    """Median, and the least and the largest."""
    return f"{statistics.median(numbers):.3g} ({min(numbers):.3g}-{max(numbers):.3g})"


if __name__ == "__main__":
    main()
