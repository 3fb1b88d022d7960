"""A worker process of `ProcessExecutor`: `python -m lstmcast.execution.worker DESCRIPTOR CORES`.

It is told the work and what is shared, then one item after the other, and answers each. When the
process that started it ends, however that comes, its standard input closes, and it ends, too.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from lstmcast.execution.work import attempt_elsewhere


def main(descriptor: str, cores: str) -> None:
    """Work until there is nobody to work for.

    Args:
        descriptor: Number of the file descriptor to hear and to answer on.
        cores: Numbers of the cores to stay on, separated by commas; empty for all.
    """
    threading.Thread(target=_end_with_caller, daemon=True).start()
    if cores:
        with suppress(OSError):  # some containers forbid it; the limits of the threads hold
            os.sched_setaffinity(0, map(int, cores.split(",")))
    connection: Connection = Connection(int(descriptor))
    with suppress(EOFError):
        # Only now: to read them imports what they are made of, and it must find cores and limits.
        work, shared = connection.recv()
        while True:
            connection.send_bytes(attempt_elsewhere(work, shared, connection.recv()))


def _end_with_caller() -> None:
    """End this process, whatever it does, when its standard input ends."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
