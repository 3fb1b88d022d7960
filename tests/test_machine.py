from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lstmcast import machine


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    return tmp_path


def test_a_quota_of_the_container_bounds_the_cores(
    container: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.available_cpus() == 8
    (container / "cpu.max").write_text("150000 100000\n")
    assert machine.available_cpus() == 2
    (container / "cpu.max").write_text("max 100000\n")
    assert machine.available_cpus() == 8


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
