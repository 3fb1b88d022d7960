"""What all executors have in common: the order of things, on pools without processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lstmcast.execution.feeding import feed
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.work import Outcome
from tests.execution import jobs


class Stack:
    """Ends the item that began last; `room` items fit."""

    def __init__(self, room: Callable[[], int]) -> None:
        self.room = room
        self.items: list[int] = []
        self.most = self.waits = 0

    @property
    def running(self) -> int:
        return len(self.items)

    def has_room(self) -> bool:
        return self.running < self.room()

    def start(self, item: int) -> None:
        self.items.append(item)
        self.most = max(self.most, self.running)

    def wait(self) -> list[Outcome[int, int]]:
        self.waits += 1
        item = self.items.pop()
        return [Outcome(item, item)]


def test_an_item_is_taken_only_when_there_is_room_and_the_outcomes_were_given() -> None:
    events: list[str] = []

    def items() -> Iterator[int]:
        for item in range(5):
            events.append(f"take {item}")
            yield item

    for outcome in feed(items(), Stack(lambda: 2)):
        events.append(f"give {outcome.item}")
    assert events == [
        *("take 0", "take 1", "give 1"),
        *("take 2", "give 2"),
        *("take 3", "give 3"),
        *("take 4", "give 4", "give 0"),
    ]


def test_none_pauses_until_an_item_has_ended() -> None:
    pool = Stack(lambda: 3)
    outcomes = feed(iter([0, None, 1, 2, None, 3]), pool)
    assert [outcome.item for outcome in outcomes] == [0, 2, 3, 1]
    assert pool.most == 2


def test_none_is_not_asked_again_before_an_item_has_ended() -> None:
    class Slow(Stack):
        def wait(self) -> list[Outcome[int, int]]:
            self.waits += 1
            return [] if self.waits == 1 else super().wait()

    asked: list[int | None] = []

    def items() -> Iterator[int | None]:
        for item in (0, None, 1):
            asked.append(item)
            yield item

    outcomes = feed(items(), Slow(lambda: 2))
    assert next(outcomes).item == 0
    assert asked == [0, None]
    assert [outcome.item for outcome in outcomes] == [1]


def test_room_that_comes_later_is_used() -> None:
    pool = Stack(lambda: 1 if pool.waits < 2 else 3)
    assert len(list(feed(range(8), pool))) == 8
    assert pool.most == 3


def test_to_pause_while_nothing_runs_is_a_bug_that_is_told() -> None:
    with pytest.raises(RuntimeError, match="nothing to wait for"):
        list(feed([None], Stack(lambda: 1)))
    with pytest.raises(RuntimeError, match="nothing to wait for"):
        list(LocalExecutor().run(jobs.add, 1, [None]))


def test_no_items_are_no_outcomes() -> None:
    assert list(feed([], Stack(lambda: 1))) == []
