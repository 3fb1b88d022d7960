"""Keeping the workers of an executor busy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from lstmcast.execution.work import Item, Outcome

_END = object()


class Pool(Protocol[Item]):
    """Workers that run items side by side."""

    @property
    def running(self) -> int:
        """How many items run."""

    def has_room(self) -> bool:
        """Whether one more may start now."""

    def start(self, item: Item) -> None:
        """Begin an item; called only where there is room."""

    def wait(self) -> Sequence[Outcome[Item, Any]]:
        """Those that have ended; waits for one, or until there may be more room."""


def feed(items: Iterable[Item | None], pool: Pool[Item]) -> Iterator[Outcome[Item, Any]]:
    """Run all items, as `Executor.run` says.

    Args:
        items: As there.
        pool: Runs them.
    """
    source = iter(items)
    exhausted = paused = False
    while True:
        while not (exhausted or paused) and pool.has_room():
            item: Any = next(source, _END)
            exhausted, paused = item is _END, item is None
            if not (exhausted or paused):
                pool.start(item)
        if not pool.running:
            if exhausted:
                return
            raise RuntimeError("there is nothing to wait for: no item runs")
        for outcome in pool.wait():
            paused = False
            yield outcome
