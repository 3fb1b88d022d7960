"""How far a training is: a bar on a terminal, a line an epoch where there is none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from lstmcast.training.progress import EpochRow, Progress

_STDERR = 2
# Seconds between two drawings; more often than the eye sees costs training time.
_PERIOD = 0.1
_WIDEST_BAR, _NARROWEST_BAR = 24, 8
_CLEAR = "\r\x1b[K"


@contextmanager
def following(*, quiet: bool = False) -> Iterator[Progress | None]:
    """What follows a training on standard error.

    It writes to a duplicate of the descriptor: training points the original elsewhere, to keep the
    libraries' chatter from the user.

    Yields:
        The progress to hand to the training; None with `quiet`.
    """
    if quiet:
        yield None
        return
    with _own_stderr() as stream:
        if not stream.isatty():
            yield LineProgress(stream)
            return
        bar = BarProgress(stream)
        try:
            yield bar
        finally:
            bar.close()


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """Standard error under a descriptor of our own; the object itself where it is no descriptor."""
    try:
        replaced = sys.stderr.fileno() != _STDERR
    except (AttributeError, OSError):
        replaced = True
    if replaced:
        yield sys.stderr
        return
    with open(os.dup(_STDERR), "w", buffering=1, encoding=sys.stderr.encoding) as stream:
        yield stream


class LineProgress:
    """A line an epoch.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._epochs = 0

    def fit_begins(self, *, epochs: int, batches: int) -> None:
        """Note how many epochs there can be."""
        self._epochs = epochs

    def batches_done(self, batches: int) -> None:
        """Nothing: a line an epoch is enough."""

    def epoch_done(self, row: EpochRow) -> None:
        """Write the line."""
        line = [f"epoch {row.epoch}/{self._epochs}", *_losses(row), f"{row.seconds:.1f} s"]
        print("  ".join(line), file=self._stream, flush=True)

    def fit_ends(self) -> None:
        """Nothing."""


class BarProgress:
    """One line that is drawn again and again: bar, epoch, losses, learning rate, time left.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._epochs = self._batches = self._batch = 0
        self._last: EpochRow | None = None
        self._began = self._drawn = 0.0
        self._write("reading the data, loading Keras …")

    def fit_begins(self, *, epochs: int, batches: int) -> None:
        """Draw the empty bar."""
        self._epochs, self._batches = epochs, batches
        self._began = time.monotonic()
        self._draw()

    def batches_done(self, batches: int) -> None:
        """Move the bar, if it was not moved just now."""
        self._batch = batches
        if time.monotonic() - self._drawn >= _PERIOD:
            self._draw()

    def epoch_done(self, row: EpochRow) -> None:
        """Show the epoch's losses."""
        self._last, self._batch = row, 0
        self._draw()

    def fit_ends(self) -> None:
        """Say what follows; the table after it tells the rest."""
        self._write("exporting, measuring, drawing …")

    def close(self) -> None:
        """Clear the line for what is printed next."""
        self._stream.write(_CLEAR)
        self._stream.flush()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        done = self._last.epoch if self._last is not None else 0
        share = (done + self._batch / max(self._batches, 1)) / max(self._epochs, 1)
        parts = [f"epoch {min(done + 1, self._epochs)}/{self._epochs}"]
        parts += _losses(self._last) if self._last is not None else []
        parts += [f"≤ {_duration(self._left(share))} left"] if done else []
        self._write(_fitted(parts, share, self._width()))

    def _left(self, share: float) -> float:
        """Seconds, if all epochs run; early stopping may end it sooner."""
        return (time.monotonic() - self._began) * (1 - share) / share

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            return 80

    def _write(self, text: str) -> None:
        self._stream.write(_CLEAR + text[: self._width() - 1])
        self._stream.flush()


def _fitted(parts: list[str], share: float, columns: int) -> str:
    """The bar and the parts in less than a terminal's width.

    Where it is narrow the bar becomes short and goes, then the parts go, the last one first.
    """
    while len(parts) > 1 and len("  ".join(parts)) >= columns:
        parts = parts[:-1]
    text = "  ".join(parts)
    length = min(_WIDEST_BAR, columns - len(text) - 3)
    if length < _NARROWEST_BAR:
        return text
    filled = round(share * length)
    return f"{'█' * filled}{'░' * (length - filled)}  {text}"


def _losses(row: EpochRow) -> list[str]:
    validation = [] if row.val_loss is None else [f"val_loss {row.val_loss:.4g}"]
    return [f"loss {row.loss:.4g}", *validation, f"lr {row.learning_rate:.2g}"]


def _duration(seconds: float) -> str:
    """Such as `45 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
