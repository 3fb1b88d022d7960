"""Items side by side, in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any, Generic, Literal

from lstmcast.errors import ResourceError
from lstmcast.execution.feeding import feed
from lstmcast.execution.gpus import gpu_limits
from lstmcast.execution.threads import cores_of, cpus_of_each, thread_limits
from lstmcast.execution.work import Item, Outcome, Result, Shared, Work, outcome_of

# How long a process may take to end that has hung up.
_PATIENCE = 10.0
# Of what a process that died had printed.
_LAST_BYTES = 2000


class ProcessExecutor:
    """Runs the items in processes of this machine, each on cores of its own.

    A process that dies costs the item that it was at, and another takes its place.

    Args:
        n_workers: How many processes.
        cpus: Cores of each; `auto` shares out those that there are.
        gpus: GPUs of each, or what part of one; 0 leaves all of them to all.

    Raises:
        ResourceError: If there are not so many GPUs.
    """

    def __init__(
        self, n_workers: int, cpus: int | Literal["auto"] = "auto", *, gpus: float = 0
    ) -> None:
        self.n_workers = n_workers
        self.cpus = cpus_of_each(n_workers) if cpus == "auto" else cpus
        self.limits = [
            {**thread_limits(self.cpus), **gpu_limits(each, n_workers, gpus=gpus)}
            for each in range(n_workers)
        ]

    def run(
        self, work: Work[Shared, Item, Result], shared: Shared, items: Iterable[Item | None]
    ) -> Generator[Outcome[Item, Result], None, None]:
        """As `Executor.run`."""
        with tempfile.TemporaryDirectory(
            prefix="lstmcast-workers-", ignore_cleanup_errors=True
        ) as folder:
            task = pickle.dumps((work, shared))
            pool: _Processes[Item] = _Processes(task, self, Path(folder))
            try:
                yield from feed(items, pool)
            finally:
                pool.end()


@dataclass(frozen=True)
class _Worker:
    """A running process.

    Attributes:
        place: Which of the workers it is, from 0.
        process: Itself; its standard input is held open for as long as it is to live.
        connection: To talk to it.
        log: What it prints.
    """

    place: int
    process: subprocess.Popen[bytes]
    connection: Connection
    log: Path

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.connection.close()
        if self.process.stdin is not None:
            self.process.stdin.close()


class _Processes(Generic[Item]):
    """The worker processes, started when they are first needed.

    Args:
        task: The work and what is shared, pickled.
        executor: How many there are, and how many cores each has.
        folder: For what they print, and for their temporary files.
    """

    def __init__(self, task: bytes, executor: ProcessExecutor, folder: Path) -> None:
        self._task, self._executor, self._folder = task, executor, folder
        self._workers: dict[int, _Worker] = {}
        self._idle: list[_Worker] = []
        self._busy: dict[object, tuple[_Worker, Item]] = {}

    @property
    def running(self) -> int:
        """As `Pool.running`."""
        return len(self._busy)

    def has_room(self) -> bool:
        """As `Pool.has_room`."""
        return len(self._busy) < self._executor.n_workers

    def start(self, item: Item) -> None:
        """As `Pool.start`."""
        worker = self._free_worker()
        self._busy[worker.connection] = (worker, item)
        with suppress(ConnectionError):  # it has just died: `wait` finds that
            worker.connection.send(item)

    def wait(self) -> list[Outcome[Item, Any]]:
        """As `Pool.wait`."""
        connections = [worker.connection for worker, _ in self._busy.values()]
        return [self._outcome(*self._busy.pop(ready)) for ready in wait_for(connections)]

    def end(self) -> None:
        """End all processes."""
        for worker in self._workers.values():
            worker.end()

    def _outcome(self, worker: _Worker, item: Item) -> Outcome[Item, Any]:
        try:
            answer = worker.connection.recv_bytes()
        except (EOFError, OSError):
            error = _death_of(worker)
            self._remove(worker)
            return Outcome(item, error=error)
        self._idle.append(worker)
        return outcome_of(item, answer)

    def _free_worker(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.process.poll() is None:
                return worker
            self._remove(worker)  # it died while it had nothing to do
        places = range(self._executor.n_workers)
        worker = self._launch(next(place for place in places if place not in self._workers))
        self._workers[worker.place] = worker
        return worker

    def _remove(self, worker: _Worker) -> None:
        worker.end()
        del self._workers[worker.place]

    def _launch(self, place: int) -> _Worker:
        """Start a process, and hand it the work and what is shared."""
        ours, theirs = multiprocessing.Pipe()
        executor, log = self._executor, self._folder / f"{place}.log"
        cores = cores_of(place, executor.n_workers, cpus=executor.cpus)
        arguments = (str(theirs.fileno()), ",".join(map(str, cores)))
        with theirs, log.open("wb") as output:
            process = subprocess.Popen(
                # `-P`: what lies in the working directory takes the place of no module.
                [sys.executable, "-P", "-m", "lstmcast.execution.worker", *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                env=self._environment(executor.limits[place]),
                # Ctrl-C is for the caller, which ends its workers.
                start_new_session=True,
            )
        with suppress(ConnectionError):  # it has just died: `wait` finds that
            ours.send_bytes(self._task)
        return _Worker(place, process, ours, log)

    def _environment(self, limits: Mapping[str, str]) -> dict[str, str]:
        """Of a process: the caller's, where it imports from, and the limits of its own."""
        return {
            **os.environ,
            **limits,
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
            # What is killed leaves its temporary files: they go with the folder.
            "TMPDIR": str(self._folder),
        }


def _death_of(worker: _Worker) -> ResourceError:
    """What to say of a process that hung up in the middle of an item."""
    with suppress(subprocess.TimeoutExpired):
        worker.process.wait(_PATIENCE)
    code = worker.process.poll()
    said = worker.log.read_bytes()[-_LAST_BYTES:].decode(errors="replace").strip()
    last = f" It printed last: {said.splitlines()[-1].strip()}" if said else ""
    if code is None or code >= 0:
        return ResourceError(f"the worker process ended early (exit code {code}).{last}")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    cause = ""
    if name == "SIGKILL":
        cause = (
            " So ends a process where memory runs out: let fewer run side by side, or lower "
            "model.units, training.batch_size or window.lookback."
        )
    return ResourceError(f"the worker process died ({name}).{cause}{last}")
