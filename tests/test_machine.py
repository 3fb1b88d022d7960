from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lstmcast import machine


def test_the_hardware_is_told_in_plain_values() -> None:
    found = machine.hardware()
    assert set(found) == {"system", "processor", "cpus"}
    assert found["processor"]
    assert found["cpus"] == machine.available_cpus()


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    return tmp_path


def test_a_quota_of_the_container_bounds_the_cores(
    container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.available_cpus() == 8
    (container / "cpu.max").write_text("150000 100000\n")
    assert machine.available_cpus() == 2
    (container / "cpu.max").write_text("max 100000\n")
    assert machine.available_cpus() == 8


@pytest.mark.parametrize(("threads", "cpus"), [("3", 3), ("0", 1), ("16", 8), ("", 8), ("3,2", 8)])
def test_the_number_of_threads_that_a_user_allows_bounds_the_cores(
    container: Path, monkeypatch: pytest.MonkeyPatch, threads: str, cpus: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert machine.available_cpus() == cpus


def test_a_limit_of_the_container_bounds_the_memory(container: Path) -> None:
    whole = machine.available_memory()
    assert whole is None or whole > 10_000_000
    (container / "memory.max").write_text("max\n")
    assert machine.available_memory() == whole
    (container / "memory.max").write_text("1000000\n")
    assert machine.available_memory() == 1_000_000


def test_what_pyarrow_has_freed_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = []
    pool = SimpleNamespace(release_unused=lambda: given_back.append(True))
    pyarrow = SimpleNamespace(default_memory_pool=lambda: pool)
    monkeypatch.setitem(sys.modules, "pyarrow", pyarrow)
    machine.release_memory()
    assert given_back == [True]


def test_pyarrow_is_not_loaded_to_give_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pyarrow", raising=False)
    machine.release_memory()
    assert "pyarrow" not in sys.modules


# Touches 48 MB five times and prints how many pages were new in the first and in the last.
_TOUCHES = """
import resource
import numpy as np
from lstmcast import machine

machine.keep_large_blocks()
faults = [resource.getrusage(resource.RUSAGE_SELF).ru_minflt]
for _ in range(5):
    np.ones(6_000_000)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[1] - faults[0], faults[5] - faults[4])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep blocks")
def test_a_large_block_that_was_freed_is_used_again() -> None:
    # In a process of its own: the setting is for good.
    done = subprocess.run(
        [sys.executable, "-c", _TOUCHES], capture_output=True, text=True, check=True
    )
    first, last = map(int, done.stdout.split())
    assert first > 0
    assert last <= first / 10


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        machine.ctypes, "CDLL", lambda name: asked.append(name) or SimpleNamespace()
    )
    machine.keep_large_blocks()  # it has no `mallopt`, and nothing is raised
    assert asked == [None]
