"""What holds for every executor, whatever it runs on."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from lstmcast.errors import DataError
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.on_ray import RayExecutor
from lstmcast.execution.processes import ProcessExecutor
from lstmcast.execution.work import Executor
from tests.execution import jobs

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray, an extra of lstmcast, is not installed"
)


@pytest.fixture(
    params=["local", "processes", pytest.param("ray", marks=[needs_ray, pytest.mark.slow])]
)
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "ray":
        request.getfixturevalue("cluster")
        return RayExecutor("auto")
    return LocalExecutor() if request.param == "local" else ProcessExecutor(2, 1)


def test_results_do_not_depend_on_the_executor_and_an_error_costs_one_item(
    executor: Executor,
) -> None:
    outcomes = {each.item: each for each in executor.run(jobs.fail_at_three, 10, range(6))}
    error = outcomes.pop(3).error
    assert {item: each.unwrap() for item, each in outcomes.items()} == {
        0: 10, 1: 11, 2: 12, 4: 14, 5: 15
    }  # fmt: skip
    assert isinstance(error, DataError)
    assert str(error) == "numbers.csv, line 3: three is no use"


def test_the_next_item_may_depend_on_the_outcomes_so_far(executor: Executor) -> None:
    given: list[int] = []
    running = 0

    def items() -> Iterator[int | None]:
        nonlocal running
        # One at a time: each is the sum of all results before it.
        while len(given) + running < 5:
            if running:
                yield None
            else:
                running = 1
                yield sum(given)

    for outcome in executor.run(jobs.add, 1, items()):
        given.append(outcome.unwrap())
        running = 0
    assert given == [1, 2, 4, 8, 16]
