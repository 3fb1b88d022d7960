from __future__ import annotations

import os

import pytest

from lstmcast.execution import threads
from lstmcast.execution.threads import cores_of, cpus_of_each, thread_limits


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("n_workers", "cpus", "expected"),
    [
        (2, 4, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (3, 2, [[0, 1], [2, 3], [4, 5]]),
        (2, 1, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        # Too few for all: no worker may be stuck beside another while a core is idle.
        (3, 4, [[], [], []]),
        (9, 1, [[]] * 9),
    ],
)
def test_each_worker_has_an_equal_part_of_the_cores(
    n_workers: int, cpus: int, expected: list[list[int]]
) -> None:
    assert [cores_of(each, n_workers, cpus=cpus) for each in range(n_workers)] == expected


def test_where_the_system_tells_no_cores_workers_stay_on_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores_of(0, 2, cpus=1) == []


@pytest.mark.parametrize(("n_workers", "cpus"), [(1, 8), (2, 4), (3, 2), (8, 1), (20, 1)])
def test_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch, n_workers: int, cpus: int) -> None:
    monkeypatch.setattr(threads, "available_cpus", lambda: 8)
    assert cpus_of_each(n_workers) == cpus


def test_the_libraries_are_told_as_many_threads_as_cores() -> None:
    limits = thread_limits(3)
    assert limits.pop("TF_NUM_INTEROP_THREADS") == "1"
    assert {"OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "PJRT_NPROC"} <= set(limits)
    assert set(limits.values()) == {"3"}
