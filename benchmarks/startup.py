"""Times the commands that must start quickly, as whole processes.

The commands take turns, so that a machine whose speed drifts slows all of them alike; quote the
ratio to `python -c pass`, not the seconds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as runs:
        config = str(ROOT / "configs" / "smoke.yaml")
        lstmcast = [sys.executable, "-m", "lstmcast"]
        subprocess.run(
            [*lstmcast, "train", config, "--set", f"runs_dir={runs}", "-q"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "lstmcast --help": [*lstmcast, "--help"],
            "lstmcast models": [*lstmcast, "models"],
            "lstmcast validate": [*lstmcast, "validate", config],
            "lstmcast predict": [*lstmcast, "predict", "latest", "--runs-dir", runs],
        }
        report(measure(commands, rounds))


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each command in each round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def report(seconds: dict[str, list[float]]) -> None:
    reference = statistics.median(seconds["python -c pass"])
    print(f"{'command':20}{'median s':>10}{'min':>8}{'max':>8}{'x python':>10}")
    for name, values in seconds.items():
        median = statistics.median(values)
        spread = f"{min(values):8.3f}{max(values):8.3f}"
        print(f"{name:20}{median:10.3f}{spread}{median / reference:10.1f}")


if __name__ == "__main__":
    main()
