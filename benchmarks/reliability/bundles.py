"""What becomes of a run that is damaged, or made to do harm.

Three rounds on the smoke run, which is trained first (or on --run):

- damage: every file cut off at 0, 50 and 99 %, and with one bit flipped at many places; then a
  forecast. It must be refused, or be the forecast of the whole run.
- the same with the manifest's hashes made right, as somebody would who wants the run to be opened;
  the forecast may differ then, but nothing else than a typed error may be raised.
- hostile runs, each opened by `lstmcast predict` in a process of its own: exit code, seconds and
  peak memory beside those of the whole run.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
MANIFEST = "manifest.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a run to damage copies of; else one is trained")
    parser.add_argument("--only-hostile", action="store_true", help="the last round alone")
    parser.add_argument("--flips", type=int, default=20, help="places in each file")
    parser.add_argument("--rounds", type=int, default=3, help="of which the quickest is told")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole = arguments.run or trained(Path(folder) / "runs")
        print(f"{'fault':54} tried  outcomes")
        for mended in () if arguments.only_hostile else (False, True):
            for name, outcomes in damaged(whole, Path(folder), arguments.flips, mended=mended):
                kind = f"{name}, hashes {'mended' if mended else 'as written'}"
                said = ", ".join(f"{what} {n}" for what, n in sorted(outcomes.items()))
                print(f"{kind:54}{sum(outcomes.values()):6}  {said}")
        print(f"\n{'hostile run':40}{'exit':>5}{'seconds':>9}{'CPU':>7}{'peak MB':>9}  message")
        for what, change in {"(the whole run)": lambda run: None, **HOSTILE}.items():
            rounds = [opened(whole, Path(folder), change) for _ in range(arguments.rounds)]
            each = min(rounds, key=lambda opening: opening.cpu)
            numbers = f"{each.code:5}{each.seconds:9.2f}{each.cpu:7.2f}{each.memory:9.0f}"
            print(f"{what:40}{numbers}  {each.message}")


def trained(runs: Path) -> Path:
    config = ROOT / "configs" / "smoke.yaml"
    command = [sys.executable, "-m", "lstmcast", "train", str(config), "-q", "--json"]
    done = subprocess.run(
        [*command, "--set", f"runs_dir={runs}"], check=True, capture_output=True, text=True
    )
    return Path(json.loads(done.stdout)["run"])


def damaged(
    whole: Path, folder: Path, flips: int, *, mended: bool
) -> Iterator[tuple[str, collections.Counter[str]]]:
    """For each file of a run how often which outcome came."""
    run = Path(shutil.copytree(whole, folder / f"damaged-{mended}"))
    expected = forecast(run)
    names = [*json.loads((run / MANIFEST).read_text())["files"], MANIFEST]
    manifest = (run / MANIFEST).read_bytes()
    for name in names:
        if mended and name == MANIFEST:
            continue
        content, outcomes = (run / name).read_bytes(), collections.Counter[str]()
        for fault in faults(content, flips):
            (run / name).write_bytes(fault)
            if mended:
                mend(run, name)
            outcomes[outcome(run, expected)] += 1
            (run / MANIFEST).write_bytes(manifest)
        (run / name).write_bytes(content)
        yield name, outcomes


def faults(content: bytes, flips: int) -> Iterator[bytes]:
    for share in (0, 0.5, 0.99):
        if int(share * len(content)) < len(content):
            yield content[: int(share * len(content))]
    for place in sorted({i * len(content) // flips for i in range(flips)}) if content else ():
        yield content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]


def outcome(run: Path, expected: str) -> str:
    from lstmcast.errors import LstmcastError

    try:
        return "same forecast" if forecast(run) == expected else "OTHER FORECAST"
    except LstmcastError as error:
        return type(error).__name__
    except Exception as error:
        return f"UNTYPED {type(error).__name__}"


def forecast(run: Path) -> str:
    from lstmcast import Forecaster

    return str(Forecaster.load(run).predict().to_csv())


def mend(run: Path, name: str) -> None:
    """Write the size and the hash that a file has now into the manifest."""
    manifest, content = json.loads((run / MANIFEST).read_text()), (run / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"][name] = {"sha256": digest, "size": len(content)}
    (run / MANIFEST).write_text(json.dumps(manifest))


class Opening(NamedTuple):
    """How a process ended, after how many seconds, with how many MB at the most."""

    code: int
    seconds: float
    cpu: float
    memory: float
    message: str


def opened(whole: Path, folder: Path, change: Callable[[Path], Any]) -> Opening:
    """A forecast from a changed copy, as a process of its own."""
    run = Path(shutil.copytree(whole, folder / "hostile", symlinks=True))
    change(run)
    command = [sys.executable, "-m", "lstmcast", "predict", str(run), "-q"]
    began = time.perf_counter()
    with (folder / "stderr").open("w+b") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        stderr.seek(0)
        message = stderr.read().decode()
    shutil.rmtree(run)
    (folder / "outside.csv").unlink(missing_ok=True)
    text = message.strip().replace(f"{run}/", "").replace("\n", " ")[:110]
    cpu = usage.ru_utime + usage.ru_stime
    return Opening(os.waitstatus_to_exitcode(status), seconds, cpu, usage.ru_maxrss / 1024, text)


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/lstmcast-pwned",)


def replaced(name: str, content: bytes) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        (run / name).write_bytes(content)
        if name != MANIFEST:
            mend(run, name)

    return change


def listed(name: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        manifest = json.loads((run / MANIFEST).read_text())
        manifest["files"][name] = {"sha256": "0" * 64, "size": 0}
        (run / MANIFEST).write_text(json.dumps(manifest))

    return change


def linked(run: Path) -> None:
    (run / "context.csv").rename(run.parent / "outside.csv")
    (run / "context.csv").symlink_to(run.parent / "outside.csv")


def graph(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def changed(run: Path) -> None:
        import onnx

        model = onnx.load(run / "model.onnx")
        change(model)
        (run / "model.onnx").write_bytes(model.SerializeToString())
        mend(run, "model.onnx")

    return changed


def outside(model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="../../../etc/passwd")


def huge(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [2_500_000_000]


HARM = pickle.dumps(Harm())
HEADER = b'{"a":{"dtype":"F32","shape":[2500000000],"data_offsets":[0,10000000000]}}'
HOSTILE: dict[str, Callable[[Path], Any]] = {
    "a pickle as the manifest": replaced(MANIFEST, HARM),
    "a pickle as preparation.json": replaced("preparation.json", HARM),
    "a pickle as calibration.json": replaced("calibration.json", HARM),
    "a pickle as config.yaml": replaced("config.yaml", HARM),
    "a pickle as probe.npz": replaced("probe.npz", HARM),
    "a pickle as model.onnx": replaced("model.onnx", HARM),
    "JSON nested 10^6 deep": replaced("preparation.json", b"[" * 10**6),
    "`..` in the manifest": listed("../outside"),
    "an absolute path in the manifest": listed("/etc/passwd"),
    "a link": linked,
    "an extra file": lambda run: (run / "more.py").write_text("1"),
    "ONNX: weights in another file": graph(outside),
    "ONNX: a custom operator": graph(lambda m: setattr(m.graph.node[0], "domain", "evil")),
    "ONNX: a loop": graph(lambda m: setattr(m.graph.node[0], "op_type", "Loop")),
    "ONNX: a function": graph(lambda m: m.functions.add(name="f", domain="evil")),
    "ONNX: a constant of 10 GB": graph(huge),
    # Not read where there is an ONNX file to forecast with.
    "weights: a header of 10 GB": lambda run: (
        replaced("weights.safetensors", struct.pack("<Q", 10**10) + b"{}")(run),
        without_onnx(run),
    ),
    "weights: of 10 GB": lambda run: (
        replaced("weights.safetensors", struct.pack("<Q", len(HEADER)) + HEADER)(run),
        without_onnx(run),
    ),
}


def without_onnx(run: Path) -> None:
    manifest = json.loads((run / MANIFEST).read_text())
    del manifest["files"]["model.onnx"]
    (run / "model.onnx").unlink()
    (run / MANIFEST).write_text(json.dumps(manifest))


if __name__ == "__main__":
    main()
