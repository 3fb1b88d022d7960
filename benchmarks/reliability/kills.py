"""Kill commands at random moments, and see that nothing is torn and nothing is lost.

    python benchmarks/reliability/kills.py --out kills.json

Trainings, searches, forecasts into a file and copies of a run are started again and again and
killed (SIGKILL) after a random part of the time that one takes. After each kill every run that is
there must verify, and every file be the old one or the new one. At the end the trainings and
searches have gone on to their ends, and must have come to what an unbroken one comes to: the same
weights to the bit, the same trials.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lstmcast.errors import BundleError
from lstmcast.files import sha256_of
from lstmcast.runtime.bundle import load_bundle, verify_bundle

CONFIG = """\
name: kills
data: {path: data.csv, time: time, target: y}
window: {lookback: 48, horizon: 12}
model: {units: [16], dropout: 0.2}
training: {epochs: 400, early_stopping: null, weight_average: 0.9}
tune: {trials: 8, space: {model.units: [[4], [8], [16]], training.learning_rate: [0.001, 0.01]}}
"""
LSTMCAST = [sys.executable, "-m", "lstmcast"]
SAVE = "import sys; from lstmcast import Forecaster; Forecaster.load(sys.argv[1]).save(sys.argv[2])"


def main() -> None:
    """Kill, go on, compare, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("kills"), help="Where to work.")
    parser.add_argument("--kills", type=int, default=50, help="How many, over the four commands.")
    parser.add_argument("--backend", default="jax")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("kills.json"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    found = {}
    for part, share in SHARES.items():
        folder = prepared(options.folder.absolute() / part.__name__, options.backend)
        found[part.__name__] = part(folder, round(options.kills * share), chance)
        print(part.__name__, found[part.__name__], flush=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def prepared(folder: Path, backend: str) -> Path:
    """A directory with data and a config."""
    folder.mkdir(parents=True)
    hours = np.arange(4_000)
    noise = np.random.default_rng(0).normal(size=len(hours))
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, "h"),
            "y": np.round(10 + 3 * np.sin(2 * np.pi * hours / 24) + noise, 3),
        }
    )
    frame.to_csv(folder / "data.csv", index=False)
    (folder / "c.yaml").write_text(CONFIG.replace("{epochs", f"{{backend: {backend}, epochs"))
    return folder


def killed_train(folder: Path, n_kills: int, chance: random.Random) -> dict[str, Any]:
    """Trainings that go on, against one that nobody kills."""
    command = ["train", "c.yaml", "--resume", "-q", "--json"]
    whole = folder / "whole"
    seconds = timed([*command, f"--set=runs_dir={whole}"], folder)
    moments = parts_of(seconds, chance, 0.2, 0.6)
    kills = kill(command, folder, n_kills, moments, lambda: check_runs(folder / "runs"))
    timed(command, folder)
    (unbroken,) = whole.glob("kills-*")
    # Those that were done before their moment came are among them.
    runs = sorted((folder / "runs").glob("kills-*"))
    return {
        "kills": kills,
        "runs": len(runs),
        "same_weights": sum(same_weights(run, unbroken) for run in runs),
        "same_history": sum(history_of(run).equals(history_of(unbroken)) for run in runs),
    }


def same_weights(run: Path, other: Path) -> bool:
    """Whether two runs have the same weights, to the bit."""
    own, others = (load_bundle(path).weights() for path in (run, other))
    return all(np.array_equal(own[name], others[name]) for name in others)


def history_of(run: Path) -> pd.DataFrame:
    """The losses of a run by epoch."""
    return pd.read_csv(run / "history.csv").drop(columns="seconds")


def killed_tune(folder: Path, n_kills: int, chance: random.Random) -> dict[str, Any]:
    """A search that goes on, against one that nobody kills."""
    few = ["--set=training.epochs=40"]
    command = ["tune", "c.yaml", "-q", "--json", *few]
    whole = folder / "whole"
    seconds = timed([*command, f"--set=runs_dir={whole}"], folder)
    moments = parts_of(seconds, chance, 0.1, 0.4)
    kills = kill(command, folder, n_kills, moments, lambda: check_runs(folder / "runs"))
    timed(command, folder)
    records = [
        [
            json.loads(line)
            for line in (runs / "kills.tune" / "trials.jsonl").read_text().splitlines()
        ]
        for runs in (folder / "runs", whole)
    ]
    scores = [
        {each["number"]: each["score"] for each in record if each["event"] == "ended"}
        for record in records
    ]
    return {
        "kills": kills,
        "trials": len(scores[0]),
        "ended_twice": sum(each["event"] == "ended" for each in records[0]) - len(scores[0]),
        "scores_equal": scores[0] == scores[1],
    }


def killed_predict(folder: Path, n_kills: int, chance: random.Random) -> dict[str, Any]:
    """Forecasts into a file that is there: it is the old one or the new one."""
    timed(["train", "c.yaml", "-q", "--set=training.epochs=2"], folder)
    command = ["predict", "latest", "--steps", "3000", "-q", "--output", "forecast.csv"]
    seconds = min(timed(command, folder) for _ in range(3))
    file = folder / "forecast.csv"
    new, old = file.read_bytes(), b"what was there\n"
    file.write_bytes(old)
    seen = {"old": 0, "new": 0, "torn": 0}

    def look() -> None:
        content = file.read_bytes()
        seen["old" if content == old else "new" if content == new else "torn"] += 1
        file.write_bytes(old)
        check_runs(folder / "runs")

    # The file is written at the end.
    moments = parts_of(seconds, chance, 0.8, 1.1)
    return {"kills": kill(command, folder, n_kills, moments, look), **seen}


def killed_save(folder: Path, n_kills: int, chance: random.Random) -> dict[str, Any]:
    """Copies of a run: there whole, or not there."""
    timed(["train", "c.yaml", "-q", "--set=training.epochs=2"], folder)
    (run,) = (folder / "runs").glob("kills-*")
    command = [sys.executable, "-c", SAVE, str(run.relative_to(folder)), "copy"]
    began = time.monotonic()
    subprocess.run(command, cwd=folder, check=True)
    seconds = time.monotonic() - began
    copy, seen = folder / "copy", {"whole": 0, "absent": 0}
    expected = sha256_of(run / "manifest.json")

    def look() -> None:
        if copy.exists():
            verify_bundle(copy)
            if sha256_of(copy / "manifest.json") != expected:
                raise BundleError(f"{copy}: is another run.")
            seen["whole"] += 1
            copy.rename(folder / f"copy-{seen['whole']}")
        else:
            seen["absent"] += 1

    look()
    kills = kill(command, folder, n_kills, parts_of(seconds, chance, 0.5, 1.1), look)
    return {"kills": kills, "whole": seen["whole"] - 1, "absent": seen["absent"]}


def timed(arguments: Sequence[str], folder: Path) -> float:
    """Run a command to its end; how many seconds it took."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "lstmcast", *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - began


def parts_of(seconds: float, chance: random.Random, low: float, high: float) -> Iterator[float]:
    """Moments without end, each after a random part of the time."""
    while True:
        yield chance.uniform(low, high) * seconds


def kill(
    command: Sequence[str],
    folder: Path,
    n_kills: int,
    moments: Iterator[float],
    look: Callable[[], None],
) -> int:
    """Start a command again and again, kill it at the next moment, and look at what is there.

    Returns:
        How many were alive to be killed; after three tries for each it gives up.
    """
    whole = (
        list(command)
        if command[0] == sys.executable
        else [sys.executable, "-m", "lstmcast", *command]
    )
    killed = 0
    for moment in islice(moments, 3 * n_kills):
        if killed == n_kills:
            break
        with subprocess.Popen(
            whole, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
        look()
    return killed


def started(arguments: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """A command that runs in the folder, whose stderr can be read line by line."""
    return subprocess.Popen(
        [*LSTMCAST, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_runs(runs_dir: Path) -> None:
    """That every run that is there is whole.

    Raises:
        BundleError: If one is not.
    """
    for path in runs_dir.glob("*"):
        if path.name.startswith(".") or path.name.endswith((".tune", ".state")):
            continue
        if not (path / "manifest.json").exists():
            raise BundleError(f"{path}: is there without a manifest.")
        verify_bundle(path)


SHARES = {killed_train: 0.4, killed_tune: 0.2, killed_predict: 0.2, killed_save: 0.2}

if __name__ == "__main__":
    main()
