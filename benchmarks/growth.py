"""Whether a window costs the same however many there are, in one series or in thousands.

Whole epochs of a small network (what is measured is the input path), each case in a process of its
own, in turns: windows a second of the epochs after the first, and the memory that the process takes
above what importing the libraries took.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

LOOKBACK, HORIZON, BATCH = 24, 4, 256
# Series, windows in each, epochs.
CASES = {
    "10^4 windows": (1, 10**4, 101),
    "10^5 windows": (1, 10**5, 11),
    "10^6 windows": (1, 10**6, 3),
    "10^7 windows": (1, 10**7, 2),
    "10^6 windows in 10^4 series": (10**4, 100, 3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="tensorflow", choices=["tensorflow", "jax"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(*CASES[options.case], backend=options.backend)))
        return
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CASES}
    for _ in range(options.rounds):
        for name in CASES:
            command = [sys.executable, __file__, "--case", name, "--backend", options.backend]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[name].append(json.loads(output.splitlines()[-1]))
    print(f"{'case':30}{'windows a second':>18}{'least-most':>20}{'MB above imports':>20}")
    for name, results in found.items():
        rates = [result["rate"] for result in results]
        memory = statistics.median(result["memory"] for result in results)
        spread = f"{min(rates):,.0f}-{max(rates):,.0f}"
        print(f"{name:30}{statistics.median(rates):18,.0f}{spread:>20}{memory:20,.0f}")


def measure(n_series: int, n_windows: int, epochs: int, *, backend: str) -> dict[str, float]:
    """Train on made-up rows."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from lstmcast.config.loading import config_from_mapping
    from lstmcast.data.windows import Starts, WindowArrays
    from lstmcast.models.registry import build_network
    from lstmcast.models.shapes import Shapes
    from lstmcast.training.backend import load_keras
    from lstmcast.training.fitting import fit_network
    from lstmcast.training.progress import SilentProgress

    config = config_from_mapping(
        {
            "data": {"path": "none", "time": "t", "target": "y"},
            "window": {"lookback": LOOKBACK, "horizon": HORIZON},
            "model": {"type": "lstm", "units": [4], "dropout": 0.0},
            "training": {"backend": backend, "batch_size": BATCH, "epochs": epochs, "jit": True},
        }
    ).config
    load_keras(config.training, seed=0)
    network = build_network(
        config.model, Shapes(LOOKBACK, HORIZON, n_targets=1, n_outputs=1, past=1)
    )
    imports = resident()
    length = n_windows + LOOKBACK + HORIZON - 1
    n_rows = n_series * length
    floats, codes = np.empty((n_rows, 0), np.float32), np.empty((n_rows, 0), np.int32)
    arrays = WindowArrays(
        past=np.random.default_rng(0).standard_normal((n_rows, 1), dtype=np.float32),
        future=floats,
        static=floats[:n_series],
        past_codes=codes,
        future_codes=codes,
        static_codes=codes[:n_series],
        series_of_row=np.repeat(np.arange(n_series, dtype=np.int32), length),
        n_targets=1,
    )
    starts = (np.arange(n_series)[:, None] * length + np.arange(n_windows)).ravel()
    history = fit_network(
        network,
        arrays,
        starts=Starts(train=starts, validation=np.arange(0)),
        config=config,
        progress=SilentProgress(),
    )
    seconds = statistics.median(row.seconds for row in history.rows[1:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"rate": len(starts) / seconds, "memory": peak - imports}


def resident() -> float:
    """MB that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
