"""Work for the executors: functions that a fresh process can import."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from lstmcast.errors import ConfigError, DataError, Problem


def add(shared: int, item: int) -> int:
    return shared + item


def fail_at_three(shared: int, item: int) -> int:
    if item == 3:
        raise DataError("three is no use", file="numbers.csv", line=item)
    return shared + item


def fail_with_problems(shared: Any, item: Any) -> None:
    raise ConfigError([Problem("a.b", "is wrong."), Problem("c", "too.")], file="x.yaml")


def fail_with_what_does_not_travel(shared: Any, item: Any) -> None:
    class Local(Exception):
        pass

    raise Local("from a library")


def return_what_does_not_travel(shared: Any, item: Any) -> Any:
    return lambda: item


def die_at_three(shared: int, item: int) -> int:
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return shared + item


def leave_at_three(shared: int, item: int) -> int:
    if item == 3:
        print("the last words", file=sys.stderr, flush=True)
        os._exit(7)
    return shared + item


def first_sleeps_least(folder: Path, item: int) -> int:
    """Leave a file named by this process; all but the first item stay."""
    (folder / str(os.getpid())).touch()
    if item:
        time.sleep(600)
    return item


def tell_and_sleep(folder: Path, item: int) -> None:
    """Leave a file named by this process, and stay."""
    (folder / str(os.getpid())).touch()
    time.sleep(600)


def describe_process(shared: Any, item: int) -> dict[str, Any]:
    """Where this process runs and what it may use; long enough for another to take the next."""
    time.sleep(0.5)
    return {
        "pid": os.getpid(),
        "cores": os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(),
        "environment": dict(os.environ),
        "heavy": sorted({"keras", "tensorflow", "jax", "pandas"} & set(sys.modules)),
    }


def chatter(shared: Any, item: int) -> int:
    """Print as libraries do, from Python and from C."""
    print("to stdout")
    os.write(2, b"to stderr\n")
    return item


def tell_node_and_end_on_one(shared: tuple[Path, str], item: int) -> int:
    """Add the node of Ray to a file of the item at each beginning; end on one node only."""
    import ray

    folder, good = shared
    node = ray.get_runtime_context().get_node_id()
    with (folder / str(item)).open("a", encoding="utf-8") as file:
        file.write(f"{node}\n")
    time.sleep(0.1 if node == good else 600)
    return item


class CountsItsCopies:
    """Leaves a file each time it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        (self.folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()


class Nowhere:
    """Needs a module that is not there wherever it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, ("nowhere",)
