"""Damage what an interrupted training has kept, and go on with it.

    python benchmarks/reliability/checkpoints.py --folder checkpoints

Each file of a killed training is cut off at 0, 50 and 99 %, has one bit flipped, and once all
checkpoints are emptied. Each time `train --resume` must end whole, say what was damaged, and come
to the weights and the history of an unbroken training.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from kills import LSTMCAST, history_of, prepared, same_weights, started, timed

COMMAND = ["train", "c.yaml", "--resume", "--set=training.epochs=300"]
# Late enough that there are two checkpoints, a second apart.
KILLED_AT = "epoch 150"


def main() -> None:
    """Interrupt, damage, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("checkpoints"), help="Where to work.")
    parser.add_argument("--backend", default="jax")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("checkpoints.json"))
    options = parser.parse_args()
    folder = prepared(options.folder.absolute(), options.backend)
    timed([*COMMAND, "-q", f"--set=runs_dir={folder / 'whole'}"], folder)
    (unbroken,) = (folder / "whole").glob("kills-*")
    interrupt(folder)
    (folder / "runs").rename(folder / "kept")
    counts: Counter[str] = Counter()
    for names, damage in faults(folder, random.Random(options.seed)):
        shutil.copytree(folder / "kept", folder / "runs")
        for name in names:
            (file,) = (folder / "runs" / ".partial").glob(f"*.checkpoint/{name}")
            file.write_bytes(damage(file.read_bytes()))
        done = subprocess.run(
            [*LSTMCAST, *COMMAND], cwd=folder, capture_output=True, text=True, check=False
        )
        (run,) = (folder / "runs").glob("kills-*")
        counts["tried"] += 1
        counts["ended whole"] += done.returncode == 0
        told = [line for line in done.stderr.splitlines() if "is damaged" in line]
        counts["told"] += all(any(name in line for line in told) for name in names)
        counts["same weights"] += same_weights(run, unbroken)
        counts["same history"] += history_of(run).equals(history_of(unbroken))
        print(names, dict(counts), flush=True)
        shutil.rmtree(folder / "runs")
    options.out.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


def interrupt(folder: Path) -> None:
    """Kill a training in the middle."""
    with started(COMMAND, folder) as process:
        for line in process.stderr or ():
            if line.startswith(KILLED_AT):
                process.kill()
                break


def faults(folder: Path, chance: random.Random) -> list[tuple[list[str], Callable[[bytes], bytes]]]:
    """Which files are damaged at once, and how."""

    def cut(share: float) -> Callable[[bytes], bytes]:
        return lambda content: content[: int(len(content) * share)]

    def flip(content: bytes) -> bytes:
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]

    (kept,) = (folder / "kept" / ".partial").glob("*.checkpoint")
    checkpoints = sorted(path.name for path in kept.glob("*.safetensors"))
    damages = [*map(cut, (0, 0.5, 0.99)), flip]
    single = [([name], damage) for name in [*checkpoints, "identity.json"] for damage in damages]
    return [*single, (checkpoints, cut(0))]


if __name__ == "__main__":
    main()
