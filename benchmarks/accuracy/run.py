"""Train the benchmark configs, and keep what each run came to.

    python benchmarks/accuracy/run.py --data PATH/ETTh1.csv
    python benchmarks/accuracy/page.py

Each run is a whole `lstmcast train` process with one config; only the horizon and the seed are set.
What is done already is not run again, so a stopped benchmark goes on where it was. The naive
forecast of each run is held against the figures that the protocol gives for ETTh1: a benchmark of
other windows, another scale or another split ends with its first run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results" / "accuracy.json"
# Repeating the last value on ETTh1, all seven columns: MSE and MAE on standardised values.
NAIVE = {
    96: (1.2944, 0.7132),
    192: (1.3249, 0.7331),
    336: (1.3299, 0.7460),
    720: (1.3351, 0.7550),
}


@dataclass(frozen=True)
class Case:
    """A config, and the horizons that it is trained for."""

    name: str
    config: Path
    horizons: tuple[int, ...]


CASES = (
    Case("multivariate", HERE / "etth.yaml", (96, 192, 336, 720)),
    Case("OT alone", HERE / "etth_ot.yaml", (96,)),
    Case("in a minute", HERE / "etth_quick.yaml", (96,)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="ETTh1.csv or a file of its form")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--cases", nargs="*", choices=[case.name for case in CASES])
    parser.add_argument("--horizons", type=int, nargs="*", help="only these")
    parser.add_argument("--set", nargs="*", default=[], dest="overrides", help="more --set options")
    parser.add_argument("--runs", type=Path, help="keep the runs there")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    results = load(options.output)
    for case, horizon, seed in _wanted(options):
        key = {"data": options.data.stem, "case": case.name, "horizon": horizon, "seed": seed}
        key["set"] = options.overrides
        if any(_same(run, key) for run in results["runs"]):
            continue
        with tempfile.TemporaryDirectory() as folder:
            kept = options.runs or Path(folder)
            run = key | train(case.config, options.data, horizon, seed, options.overrides, kept)
        _check_protocol(run)
        results["runs"].append(run)
        save(results, options.output)
        print(_line(run), flush=True)


def _same(run: dict[str, Any], key: dict[str, Any]) -> bool:
    return all(run[name] == value for name, value in key.items())


def _wanted(options: argparse.Namespace) -> Iterator[tuple[Case, int, int]]:
    """Seed by seed, so that a benchmark that is stopped has some of everything."""
    for seed in options.seeds:
        for case in CASES:
            if options.cases and case.name not in options.cases:
                continue
            for horizon in case.horizons:
                if not options.horizons or horizon in options.horizons:
                    yield case, horizon, seed


def train(
    config: Path, data: Path, horizon: int, seed: int, overrides: list[str], runs: Path
) -> dict[str, Any]:
    """One whole process, and what it came to."""
    settings = [
        f"data.path={data.resolve()}",
        f"window.horizon={horizon}",
        f"seed={seed}",
        f"runs_dir={runs.resolve()}",
        *overrides,
    ]
    arguments = [text for setting in settings for text in ("--set", setting)]
    began = time.perf_counter()
    done = subprocess.run(
        ["lstmcast", "train", str(config), *arguments, "--json"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        check=True,
    )
    seconds = time.perf_counter() - began
    answer = json.loads(done.stdout)
    folder = Path(answer["run"])
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return {
        "seconds": round(seconds, 1),
        "epochs": answer["epochs"],
        "best_epoch": answer["best_epoch"],
        "parameters": manifest["network"]["parameters"],
        "windows": answer["windows"]["test"],
        "validation": metrics["metrics_scaled"]["validation"],
        "test": metrics["metrics_scaled"]["test"],
        "naive": _naive(metrics),
    }


def _naive(metrics: dict[str, Any]) -> dict[str, float]:
    """The naive forecast's errors on standardised values, the mean over the targets."""
    scores = metrics["metrics"]["test"]["naive"]
    targets = list(scores.get("by_target", {"": scores}).values())
    deviations = metrics["scales"]["deviation"]
    pairs = list(zip(targets, deviations, strict=True))
    return {
        "mse": statistics.fmean(target["mse"] / unit**2 for target, unit in pairs),
        "mae": statistics.fmean(target["mae"] / unit for target, unit in pairs),
    }


def _check_protocol(run: dict[str, Any]) -> None:
    """End the benchmark where the naive forecast of ETTh1 is not the one of the protocol."""
    if (run["data"], run["case"]) != ("ETTh1", "multivariate"):
        return
    expected, naive = NAIVE[run["horizon"]], run["naive"]
    if any(abs(a - b) > 5e-5 for a, b in zip(expected, naive.values(), strict=True)):
        sys.exit(f"not the protocol: repeating the last value gives {naive}, not {expected}")


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"runs": []}


def save(results: dict[str, Any], path: Path) -> None:
    results["date"] = f"{datetime.now(UTC):%Y-%m-%d}"
    results["machine"] = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def _line(run: dict[str, Any]) -> str:
    return (
        f"{run['data']} {run['case']}, {run['horizon']} ahead, seed {run['seed']}: "
        f"MSE {run['test']['mse']:.4f}, MAE {run['test']['mae']:.4f} "
        f"(validation {run['validation']['mse']:.4f}, {run['validation']['mae']:.4f}), "
        f"{run['best_epoch']} of {run['epochs']} epochs, {run['seconds']:.0f} s"
    )


if __name__ == "__main__":
    main()
