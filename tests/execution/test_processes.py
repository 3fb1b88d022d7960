from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lstmcast.errors import ConfigError, DataError, ResourceError
from lstmcast.execution.processes import ProcessExecutor
from lstmcast.execution.work import Outcome
from tests.commands import project_path
from tests.execution import jobs

HAS_AFFINITY = hasattr(os, "sched_getaffinity")


def by_item(outcomes: Iterator[Outcome[int, Any]]) -> dict[int, Outcome[int, Any]]:
    return {outcome.item: outcome for outcome in outcomes}


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process is there, one that has ended and that nobody has asked for left out."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def pids_in(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir()]


def test_a_killed_worker_costs_its_item_and_is_replaced() -> None:
    outcomes = by_item(ProcessExecutor(2, 1).run(jobs.die_at_three, 10, range(7)))
    assert {item: each.result for item, each in outcomes.items() if item != 3} == {
        0: 10, 1: 11, 2: 12, 4: 14, 5: 15, 6: 16
    }  # fmt: skip
    with pytest.raises(ResourceError, match=r"died \(SIGKILL\).* memory .* fewer run side by side"):
        outcomes[3].unwrap()


def test_a_process_that_ends_itself_is_reported_with_its_last_words() -> None:
    outcomes = by_item(ProcessExecutor(1, 1).run(jobs.leave_at_three, 10, range(2, 5)))
    assert (outcomes[2].result, outcomes[4].result) == (12, 14)
    with pytest.raises(ResourceError, match=r"exit code 7\).* printed last: the last words"):
        outcomes[3].unwrap()


def test_a_worker_that_dies_while_idle_costs_no_item(tmp_path: Path) -> None:
    seen: list[Any] = []

    def items() -> Iterator[int]:
        yield 0
        pid = seen[0].result["pid"]
        os.kill(pid, signal.SIGKILL)
        # With all its threads; it is for the executor to take note of that.
        ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
        wait_until(lambda: os.waitid(os.P_PID, pid, ended) is not None)
        yield 1

    for outcome in ProcessExecutor(1, 1).run(jobs.describe_process, None, items()):
        seen.append(outcome)
    assert [outcome.error for outcome in seen] == [None, None]
    assert seen[0].result["pid"] != seen[1].result["pid"]


def test_our_errors_arrive_as_they_were_raised() -> None:
    outcomes = by_item(ProcessExecutor(1, 1).run(jobs.fail_at_three, 10, [3, 4]))
    assert outcomes[4].result == 14
    error = outcomes[3].error
    assert isinstance(error, DataError)
    assert (str(error), error.line) == ("numbers.csv, line 3: three is no use", 3)
    assert "in fail_at_three" in error.__notes__[0]
    (outcome,) = ProcessExecutor(1, 1).run(jobs.fail_with_problems, None, [0])
    assert isinstance(outcome.error, ConfigError)
    assert [problem.path for problem in outcome.error.problems] == ["a.b", "c"]


def test_what_cannot_travel_is_told_in_words() -> None:
    (outcome,) = ProcessExecutor(1, 1).run(jobs.fail_with_what_does_not_travel, None, [0])
    assert isinstance(outcome.error, RuntimeError)
    assert str(outcome.error) == "Local: from a library"
    (outcome,) = ProcessExecutor(1, 1).run(jobs.return_what_does_not_travel, None, [0])
    with pytest.raises(Exception, match="pickle"):
        outcome.unwrap()


def test_what_is_shared_reaches_each_worker_once(tmp_path: Path) -> None:
    shared = jobs.CountsItsCopies(tmp_path)
    list(ProcessExecutor(2, 1).run(jobs.describe_process, shared, range(4)))
    copies = [name.partition("-")[0] for name in os.listdir(tmp_path)]
    assert len(copies) == len(set(copies)) == 2


@pytest.mark.skipif(not HAS_AFFINITY, reason="this system lets no process choose its cores")
def test_workers_stay_on_cores_of_their_own_with_as_many_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        pytest.skip("two workers cannot have a core each on a machine with one")
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    first, second = ProcessExecutor(2, 1).run(jobs.describe_process, None, range(2))
    assert first.unwrap()["pid"] != second.unwrap()["pid"]
    assert first.unwrap()["cores"] and second.unwrap()["cores"]
    assert not first.unwrap()["cores"] & second.unwrap()["cores"]
    for outcome in (first, second):
        environment = outcome.unwrap()["environment"]
        assert environment["OMP_NUM_THREADS"] == environment["TF_NUM_INTRAOP_THREADS"] == "1"
        assert outcome.unwrap()["heavy"] == []


def test_workers_see_their_own_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    outcomes = ProcessExecutor(2, 1, gpus=1).run(jobs.describe_process, None, range(2))
    seen = {each.unwrap()["environment"]["CUDA_VISIBLE_DEVICES"] for each in outcomes}
    assert seen == {"3", "5"}
    with pytest.raises(ResourceError, match="3 workers with 1 GPUs each do not fit on the 2"):
        ProcessExecutor(3, 1, gpus=1)


def test_workers_print_nothing_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert [each.result for each in ProcessExecutor(1, 1).run(jobs.chatter, None, [1])] == [1]
    assert capfd.readouterr() == ("", "")


def test_closing_ends_every_process(tmp_path: Path) -> None:
    items = (item for item in (0, 1, None))
    with closing(ProcessExecutor(3, 1).run(jobs.first_sleeps_least, tmp_path, items)) as outcomes:
        next(outcomes)
        wait_until(lambda: len(pids_in(tmp_path)) == 2)
        assert any(map(is_alive, pids_in(tmp_path)))
    assert not any(map(is_alive, pids_in(tmp_path)))


DRIVER = """
import signal
import sys
from pathlib import Path
from lstmcast.execution.processes import ProcessExecutor
from tests.execution import jobs

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
list(ProcessExecutor(2, 1).run(jobs.tell_and_sleep, Path(sys.argv[1]), range(2)))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_driver(tmp_path: Path, number: signal.Signals) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": project_path()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with driver:
        wait_until(lambda: len(pids_in(tmp_path)) == 2)
        driver.send_signal(number)
        assert driver.wait(timeout=60) != 0
    wait_until(lambda: not any(map(is_alive, pids_in(tmp_path))))


def test_a_script_that_guards_nothing_can_use_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import operator\n"
        "from lstmcast.execution.processes import ProcessExecutor\n"
        "print(sorted(o.result for o in ProcessExecutor(2, 1).run(operator.add, 10, range(3))))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": project_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[10, 11, 12]\n", "")
