"""What an executor is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")
# A function of a module: other processes import it. It reads what all items share, and one item.
Work = Callable[[Shared, Item], Result]


@dataclass(frozen=True)
class Outcome(Generic[Item, Result]):
    """What became of an item.

    Attributes:
        item: The item.
        result: What the work returned; None where it failed.
        error: What it raised, or a `ResourceError` where its process died; None where it did not.
    """

    item: Item
    result: Result | None = None
    error: Exception | None = None

    def unwrap(self) -> Result:
        """The result.

        Raises:
            Exception: What the work raised.
        """
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Executor(Protocol):
    """Runs the items of some work; the results do not depend on which executor it is.

    Attributes:
        n_workers: How many items it runs at once.
    """

    n_workers: int

    def run(
        self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item | None]
    ) -> Iterator[Outcome[Item, Result]]:
        """Run the items, and give each outcome as soon as it is there.

        An item is taken from `items` only when a worker is free, and after the outcomes so far were
        given, so that the next item may depend on them.

        Args:
            work: The function.
            shared: What all items read, handed to each worker once.
            items: The items. None says that there is nothing to do until a running item has ended;
                it is never given while none runs.
        """
