"""Fill the disk at random moments of a training, and see that nothing is lost.

    mount -t tmpfs -o size=24m tmpfs small
    python benchmarks/reliability/full_disk.py --folder small

Each training must end whole, or with exit code 6 and the room that is needed; the runs that were
there before must verify, no half of one may be left among them, and the same command with --resume
must end whole when there is room again, with the weights of an unbroken one.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from kills import check_runs, prepared, started, timed

from lstmcast.runtime.bundle import load_bundle

COMMAND = ["train", "c.yaml", "--resume", "-q", "--set=training.epochs=150"]
_BLOCK = b"\0" * 4096


def main() -> None:
    """Fill, look, make room, go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="On a small file system.")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--backend", default="jax")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("full_disk.json"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    folder = prepared(options.folder.absolute() / "work", options.backend)
    seconds = timed(COMMAND, folder)
    (whole,) = (folder / "runs").glob("kills-*")
    expected = load_bundle(whole).weights()
    counts: Counter[str] = Counter()
    for _ in range(options.times):
        code, said = filled(folder, chance.uniform(0.2, 1.0) * seconds)
        check_runs(folder / "runs")
        counts[f"exit {code}"] += 1
        counts["said how much is needed"] += code == 6 and "needed" in said
        print(code, said.strip().splitlines()[-1:], flush=True)
        if code:
            timed(COMMAND, folder)
        newest = max((folder / "runs").glob("kills-*"))
        ours = load_bundle(newest).weights()
        counts["same weights"] += all((ours[name] == expected[name]).all() for name in expected)
        shutil.rmtree(newest)
    load_bundle(whole)
    options.out.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    print(dict(counts))


def filled(folder: Path, moment: float) -> tuple[int, str]:
    """The exit code and the words of a training whose disk is full from some moment on."""
    filler = folder / "filler"
    with started(COMMAND, folder) as process:
        time.sleep(moment)
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while process.poll() is None:
                file.write(_BLOCK)
        _, said = process.communicate()
    filler.unlink()
    return process.returncode, said


if __name__ == "__main__":
    main()
