from __future__ import annotations

import os
from pathlib import Path

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
