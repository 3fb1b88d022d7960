"""What an executor is given and what it gives back."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

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
    """Runs the items of some work; the results do not depend on which executor it is."""

    @property
    def n_workers(self) -> int:
        """How many items it runs at once."""

    def run(
        self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item | None]
    ) -> Generator[Outcome[Item, Result], None, None]:
        """Run the items, and give each outcome as soon as it is there.

        An item is taken from `items` only when a worker is free, and after the outcomes so far were
        given, so that the next item may depend on them. Closing the iterator ends what still runs.

        Args:
            work: The function.
            shared: What all items read and none changes, handed to each worker once.
            items: The items. None says that there is nothing to do until a running item has ended;
                it is never given while none runs.
        """


def attempt_elsewhere(work: Work[Shared, Item, Result], shared: Shared, item: Item) -> bytes:
    """Run one item in a process that is not the caller's.

    Returns:
        For `outcome_of`: what the work returned or raised, an error with its traceback as a note.
    """
    try:
        return pickle.dumps((work(shared, item), None))
    except Exception as error:  # whatever a library raises, it is the caller's to judge
        error.add_note("".join(traceback.format_exception(error)))
        return _packed(error)


def outcome_of(item: Item, answer: bytes) -> Outcome[Item, Any]:
    """What became of an item, from what `attempt_elsewhere` gave."""
    return Outcome(item, *pickle.loads(answer))


def _packed(error: Exception) -> bytes:
    """An error as it travels; as its text, where its class cannot be made again from its parts."""
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
