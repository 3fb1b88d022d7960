from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lstmcast.errors import ResourceError
from lstmcast.execution import on_ray
from lstmcast.execution.on_ray import RayExecutor
from tests.commands import project_path
from tests.execution import jobs

pytest.importorskip("ray", reason="Ray, an extra of lstmcast, is not installed")
pytestmark = pytest.mark.slow


def test_a_node_that_joins_is_used_and_loses_nothing_when_it_dies(
    cluster: Any, tmp_path: Path
) -> None:
    head, joined, alive, results = cluster.head_node.node_id, None, True, []

    def items() -> Iterator[int]:
        for item in range(1000):
            if not alive:
                return
            yield item

    def begun() -> list[list[str]]:
        """For each item that has begun, the nodes on which it did, in order."""
        return [path.read_text().split() for path in tmp_path.iterdir()]

    executor = RayExecutor(cluster.address)
    for outcome in executor.run(jobs.tell_node_and_end_on_one, (tmp_path, head), items()):
        results.append(outcome.unwrap())
        joined = joined or cluster.add_node(num_cpus=2)
        if alive and [joined.node_id] in begun():
            cluster.remove_node(joined, allow_graceful=False)
            alive = False
    lost = [nodes for nodes in begun() if nodes[0] == joined.node_id]
    assert sorted(results) == list(range(len(begun())))
    assert lost
    assert all(nodes[1:] == [head] for nodes in lost)


def test_an_item_that_kills_its_process_each_time_is_given_up(
    cluster: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "RETRIES", 1)
    outcomes = {each.item: each for each in RayExecutor("auto").run(jobs.die_at_three, 10, [2, 3])}
    assert outcomes[2].result == 12
    with pytest.raises(ResourceError, match=r"Ray gave the item up, .* 1 retries"):
        outcomes[3].unwrap()
    assert capfd.readouterr() == ("", "")


def test_items_wait_in_the_iterator_and_not_at_ray(cluster: Any) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(6):
            taken.append(item)
            yield item

    executor = RayExecutor("auto")
    assert executor.n_workers == 2
    for given, _ in enumerate(executor.run(jobs.add, 1, items())):
        assert len(taken) <= given + 2
    assert taken == list(range(6))


def test_workers_are_told_how_many_threads_they_may_use(cluster: Any) -> None:
    (outcome,) = RayExecutor("auto", cpus=2).run(jobs.describe_process, None, [0])
    environment = outcome.unwrap()["environment"]
    assert environment["OMP_NUM_THREADS"] == environment["TF_NUM_INTRAOP_THREADS"] == "2"
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_connection_that_the_caller_has_is_used_and_kept(cluster: Any) -> None:
    import ray

    handler = signal.getsignal(signal.SIGTERM)
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)
    try:
        assert [each.result for each in RayExecutor("nowhere").run(jobs.add, 1, [0])] == [1]
        assert ray.is_initialized()
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, handler)  # Ray has put its own there


AUTO = """
import signal
from lstmcast.execution.on_ray import RayExecutor
from tests.execution import jobs

handler = signal.signal(signal.SIGTERM, signal.SIG_IGN)
executor = RayExecutor("auto")
print(executor.n_workers > 0, [outcome.result for outcome in executor.run(jobs.chatter, 1, [0])])
import ray
print(ray.is_initialized(), signal.getsignal(signal.SIGTERM) == signal.SIG_IGN)
"""


def test_auto_needs_no_address_and_nothing_but_results_is_printed() -> None:
    # It joins what other tests have started on this machine; alone it starts one.
    done = subprocess.run(
        [sys.executable, "-c", AUTO],
        env={**os.environ, "PYTHONPATH": project_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True [0]\nFalse True\n", "")


def test_what_fits_on_no_node_is_told(cluster: Any) -> None:
    with pytest.raises(ResourceError, match="no node of the Ray cluster has 3 cores and 0 GPUs"):
        list(RayExecutor("auto", cpus=3).run(jobs.add, 1, [0]))
    with pytest.raises(ResourceError, match="the most GPUs are 0"):
        list(RayExecutor("auto", gpus=0.5).run(jobs.add, 1, [0]))


def test_what_a_node_cannot_import_is_told(cluster: Any) -> None:
    (outcome,) = RayExecutor("auto").run(jobs.add, jobs.Nowhere(), [0])
    with pytest.raises(ResourceError, match=r"could not begin .* No module named 'nowhere'"):
        outcome.unwrap()


def test_an_address_where_nobody_answers_is_told() -> None:
    with pytest.raises(ResourceError, match="no Ray cluster answers at nowhere"):
        list(RayExecutor("nowhere").run(jobs.add, 1, [0]))
