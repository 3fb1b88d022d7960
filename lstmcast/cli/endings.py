"""Ending a command by a signal: Ctrl-C, or SIGTERM as a container's manager sends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from lstmcast.interrupts import ask_to_end, waits

_STDERR = 2
# Some who start a process pass on what it got already: that is still one request.
_ONE_REQUEST = 0.3
# After which an exception is raised again that was lost: when the callback is over.
_AGAIN_SECONDS = 0.05
_CLEAR_LINE = "\r\x1b[K"


class Terminated(BaseException):
    """The process was asked to end (SIGTERM); an exception, so that what is open is cleaned up."""


_ENDS: dict[int, type[BaseException]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: Terminated,
}


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into `Terminated` while the body runs, and Ctrl-C into `KeyboardInterrupt`.

    The first signal raises the exception, so that what is half-written is removed; where requests
    wait, such as in a fit for the end of a batch, it is only left for whoever looks. A second one
    ends the process at once. What the first one raised is lost where a library's callback runs,
    such as JAX's in the garbage collector: Python tells of that, and then it is raised again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # A shell starts its background jobs deaf to Ctrl-C: they stay so.
    before: dict[int, Any] = {each: signal.getsignal(each) for each in _ENDS}
    before = {each: old for each, old in before.items() if old != signal.SIG_IGN}
    asked: type[BaseException] | None = None

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked is not None:
            return
        asked = _ENDS[number]
        ask_to_end(asked)
        if not waits():
            raise asked

    def end_again(_number: int, _frame: FrameType | None) -> None:
        if asked is not None:
            raise asked

    def lost(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, tuple(_ENDS.values())):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        else:
            hook(unraisable)

    with _watched(set(before)):
        for each in before:
            signal.signal(each, end)
        hook = sys.unraisablehook
        if hasattr(signal, "setitimer"):
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, end_again)
            sys.unraisablehook = lost
        try:
            yield
        finally:
            ask_to_end(None)
            sys.unraisablehook = hook
            for each, old in before.items():
                signal.signal(each, old)


@contextmanager
def _watched(numbers: set[int]) -> Iterator[None]:
    """Have a thread see each signal when it comes, also while the main thread is in C code."""
    if os.name == "nt":  # Signals cannot be written to a pipe there.
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    stderr = _own_stderr()
    watch = threading.Thread(target=_watch, args=(reader, stderr, numbers), daemon=True)
    watch.start()
    old = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(old)
        os.close(writer)
        watch.join()
        os.close(reader)
        with suppress(OSError):
            os.close(stderr)


def _own_stderr() -> int:
    """A duplicate: training points the original elsewhere, for what the libraries print."""
    try:
        return os.dup(_STDERR)
    except OSError:  # it is closed
        return -1


def _watch(reader: int, stderr: int, numbers: set[int]) -> None:
    """Say what the first signal does, where that is not seen soon, and end at the second."""
    first: float | None = None
    while sent := os.read(reader, 1):
        number, now = sent[0], time.monotonic()
        if number not in numbers:
            continue
        if first is None:
            first = now
            if waits():
                _tell(stderr, "ending after this batch; a second signal ends at once")
        elif now - first >= _ONE_REQUEST:
            _tell(stderr, "error: ended at once; what was kept before is whole.")
            os._exit(128 + number)


def _tell(stderr: int, text: str) -> None:
    """Write a line, below a bar that may be drawn."""
    clear = _CLEAR_LINE if os.isatty(stderr) else ""
    with suppress(OSError):
        os.write(stderr, f"{clear}{text}\n".encode())
