from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lstmcast.errors import ResourceError
from lstmcast.execution.gpus import VISIBLE, gpu_limits, visible_gpus


@pytest.mark.parametrize(
    ("visible", "n_workers", "gpus", "expected"),
    [
        ("0,1,2,3", 4, 1, ["0", "1", "2", "3"]),
        ("0,1,2,3", 2, 2, ["0,1", "2,3"]),
        ("4,6", 2, 1, ["4", "6"]),
        ("0", 2, 0.5, ["0", "0"]),
        ("0,1", 4, 0.5, ["0", "0", "1", "1"]),
        # Two parts of 0.4 fit on one, and the rest of it is nobody's.
        ("0,1", 4, 0.4, ["0", "0", "1", "1"]),
    ],
)
def test_each_worker_sees_its_own_gpus(
    monkeypatch: pytest.MonkeyPatch,
    visible: str,
    n_workers: int,
    gpus: float,
    expected: list[str],
) -> None:
    monkeypatch.setenv(VISIBLE, visible)
    limits = [gpu_limits(each, n_workers, gpus=gpus) for each in range(n_workers)]
    assert limits == [{VISIBLE: each} for each in expected]


def test_workers_that_ask_for_none_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "0,1")
    assert gpu_limits(0, 2, gpus=0) == {}


@pytest.mark.parametrize(
    ("visible", "gpus"), [("", 1), ("-1", 0.5), ("0,1", 1), ("0", 0.4), ("0,1", 2)]
)
def test_too_few_gpus_are_told(monkeypatch: pytest.MonkeyPatch, visible: str, gpus: float) -> None:
    monkeypatch.setenv(VISIBLE, visible)
    with pytest.raises(ResourceError, match=r"3 workers .* Lower --workers or resources.gpus"):
        gpu_limits(0, 3, gpus=gpus)


def test_the_driver_tells_the_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == []
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: x)'\necho 'GPU 1: B (UUID: y)'\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))
    assert visible_gpus() == ["0", "1"]
