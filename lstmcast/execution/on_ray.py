"""Items on a Ray cluster, which places them, moves what they read and runs the lost ones again."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, Literal

from lstmcast.errors import ResourceError
from lstmcast.execution.feeding import feed
from lstmcast.execution.threads import thread_limits
from lstmcast.execution.work import (
    Item,
    Outcome,
    Result,
    Shared,
    Work,
    attempt_elsewhere,
    outcome_of,
)

# Stands for the cluster of this machine, or of RAY_ADDRESS, or else one that is started.
AUTO = "auto"
# How often Ray runs an item again whose process or node died.
RETRIES = 3
# Seconds after which it is looked whether nodes have joined.
_PATIENCE = 5.0


class RayExecutor:
    """Runs the items as tasks of a Ray cluster, as many at once as its nodes have room for.

    Args:
        address: Of the cluster; `auto` is that of this machine or of RAY_ADDRESS, and where there
            is none, one is started on this machine for as long as items run.
        cpus: Cores of each item; `auto` is one.
        gpus: GPUs of each item.

    Raises:
        ResourceError: If Ray is not installed.
    """

    def __init__(
        self, address: str, *, cpus: int | Literal["auto"] = "auto", gpus: float = 0
    ) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ResourceError(
                "--ray needs Ray, which is not installed: pip install 'lstmcast[ray]'."
            )
        self.address = address
        self.cpus = 1 if cpus == "auto" else cpus
        self.gpus = gpus
        self._connected = False

    @property
    def n_workers(self) -> int:
        """How many items the cluster runs at once, as it is now.

        Raises:
            ResourceError: If no cluster answers.
        """
        return self._room(self._ray())

    def run(
        self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item | None]
    ) -> Generator[Outcome[Item, Result], None, None]:
        """As `Executor.run`; `shared` may reach the work with arrays that cannot be written to.

        Raises:
            ResourceError: If no cluster answers, or none of its nodes is large enough.
        """
        ray = self._ray()
        try:
            if not self._room(ray):
                raise ResourceError(self._too_small(ray))
            yield from self._run(ray, work, ray.put(shared), items)
        finally:
            self._disconnect(ray)

    def _run(
        self, ray: Any, work: Work[Shared, Item, Result], kept: Any, items: Iterable[Item | None]
    ) -> Generator[Outcome[Item, Result], None, None]:
        """Run the items; `kept` is Ray's reference to what they share."""
        task = ray.remote(
            num_cpus=self.cpus,
            num_gpus=self.gpus,
            max_retries=RETRIES,
            runtime_env={"env_vars": thread_limits(self.cpus)},
        )(attempt_elsewhere)
        pool: _Tasks[Item] = _Tasks(
            ray, lambda item: task.remote(work, kept, item), lambda: self._room(ray)
        )
        try:
            yield from feed(items, pool)
        finally:
            pool.end()

    def _ray(self) -> Any:
        """The module `ray`, connected; as it is, where the caller has connected it."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray

        if not ray.is_initialized():
            _keep_stdout(ray)
            self._connect(ray)
            self._connected = True
        return ray

    def _connect(self, ray: Any) -> None:
        try:
            with _same_signals():
                ray.init(
                    address=None if self.address == AUTO else self.address,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except (OSError, RuntimeError, ValueError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ResourceError(
                f"no Ray cluster answers at {self.address}: {reason} `ray status` on one of its "
                "machines tells whether it runs; `ray start --head` starts one."
            ) from error

    def _disconnect(self, ray: Any) -> None:
        if self._connected:
            ray.shutdown()
            self._connected = False

    def _room(self, ray: Any) -> int:
        """How many items fit on the nodes, whatever else runs there."""
        return sum(
            _fitting(node["Resources"], cpus=self.cpus, gpus=self.gpus)
            for node in ray.nodes()
            if node["Alive"]
        )

    def _too_small(self, ray: Any) -> str:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cpus, gpus = (max(int(node.get(kind, 0)) for node in nodes) for kind in ("CPU", "GPU"))
        return (
            f"no node of the Ray cluster has {self.cpus} cores and {self.gpus:g} GPUs at once; the "
            f"largest has {cpus} cores, and the most GPUs are {gpus}. Lower resources.cpus or "
            "resources.gpus, or add a node."
        )


class _Tasks(Generic[Item]):
    """The items that Ray has.

    Args:
        ray: The module.
        submit: Hands an item over, and gives Ray's reference to its answer.
        room: How many fit at once, as the cluster is now.
    """

    def __init__(self, ray: Any, submit: Callable[[Item], Any], room: Callable[[], int]) -> None:
        self._ray, self._submit, self._room = ray, submit, room
        self._items: dict[Any, Item] = {}

    @property
    def running(self) -> int:
        """As `Pool.running`."""
        return len(self._items)

    def has_room(self) -> bool:
        """As `Pool.has_room`; one is always with Ray, which waits for a node to come back."""
        return len(self._items) < max(self._room(), 1)

    def start(self, item: Item) -> None:
        """As `Pool.start`."""
        self._items[self._submit(item)] = item

    def wait(self) -> list[Outcome[Item, Any]]:
        """As `Pool.wait`."""
        ended, _ = self._ray.wait([*self._items], timeout=_PATIENCE)
        return [self._outcome(reference, self._items.pop(reference)) for reference in ended]

    def end(self) -> None:
        """End all that runs."""
        for reference in self._items:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(reference, force=True)

    def _outcome(self, reference: Any, item: Item) -> Outcome[Item, Any]:
        try:
            answer = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return Outcome(item, error=ResourceError(self._reason(error)))
        return outcome_of(item, answer)

    def _reason(self, error: Exception) -> str:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if isinstance(error, self._ray.exceptions.RayTaskError):
            # What the work raises is part of an answer: so it never got as far as that.
            return (
                f"the item could not begin on the Ray cluster: {lines[-1].strip()} Each machine "
                "needs the same versions of Python, Ray and lstmcast."
            )
        return f"Ray gave the item up, with {RETRIES} retries where its process dies: {lines[0]}"


def _fitting(resources: dict[str, float], *, cpus: int, gpus: float) -> int:
    """How many items fit on a node."""
    fitting = resources.get("CPU", 0.0) // cpus
    if gpus:
        fitting = min(fitting, resources.get("GPU", 0.0) // gpus)
    return int(fitting)


def _keep_stdout(ray: Any) -> None:
    """Keep Ray from printing to standard output what befalls its nodes and processes.

    `log_to_driver` leaves that out, and there is no other public switch.
    """
    ray._private.worker._worker_logs_enabled = False


@contextmanager
def _same_signals() -> Iterator[None]:
    """Keep the caller's handler of SIGTERM, in whose place Ray puts its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
