"""One item after the other, in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from lstmcast.execution.work import Item, Outcome, Result, Shared, Work


class LocalExecutor:
    """Runs the items one after the other, in this process."""

    n_workers = 1

    def run(
        self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item | None]
    ) -> Generator[Outcome[Item, Result], None, None]:
        """As `Executor.run`."""
        for item in items:
            if item is None:
                raise RuntimeError("there is nothing to wait for: no item runs")
            try:
                result = work(shared, item)
            except Exception as error:  # whatever a library raises, the others go on
                yield Outcome(item, error=error)
            else:
                yield Outcome(item, result)
