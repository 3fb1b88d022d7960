"""How far a training is: a bar on a terminal, a line an epoch where there is none."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from lstmcast.machine import megabytes

if TYPE_CHECKING:
    from lstmcast.training.progress import EpochRow, Plan

_STDERR = 2
# Seconds between two drawings; more often than the eye sees costs training time.
_PERIOD = 0.1
_WIDEST_BAR, _NARROWEST_BAR = 24, 8
# Seconds after which the time left is worth telling: what is compiled first is in them.
_SETTLED = 3.0
CLEAR_LINE = "\r\x1b[K"


@contextmanager
def following(*, quiet: bool = False) -> Iterator[BarProgress | LineProgress | None]:
    """What follows a training on standard error.

    It writes to a duplicate of the descriptor: training points the original elsewhere, to keep the
    libraries' chatter from the user.

    Yields:
        The progress to hand to the training; None with `quiet`.
    """
    if quiet:
        yield None
        return
    with own_stderr() as stream:
        if not stream.isatty():
            yield LineProgress(stream)
            return
        bar = BarProgress(stream)
        try:
            yield bar
        finally:
            bar.close()


@contextmanager
def own_stderr() -> Iterator[TextIO]:
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
    """What the fits run on, how long they may take, and a line an epoch.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._label: list[str] = []
        self._told: str | None = None
        self._clock: _Clock | None = None

    def next_training(self, label: str) -> None:
        """A training of several begins; its lines begin with the label."""
        self._label, self._clock = [label], None

    def tell(self, text: str) -> None:
        """Write a line between the trainings."""
        self._write(text)

    def fit_begins(self, plan: Plan) -> None:
        """Say what the fits run on, before the first."""
        if self._clock is None:
            self._clock = _Clock(plan)
            if plan_text(plan) != self._told:
                self._told = plan_text(plan)
                self._write(self._told)
        else:
            self._clock.next_fit(plan)
        if plan.done or plan.done_batches:
            self._write(_going_on(plan))

    def batches_done(self, batches: int) -> None:
        """Say once a fit, after the first seconds, how long they all may take."""
        clock = self._clock
        if clock is None:
            return
        clock.begin(batches)
        if not clock.told and clock.is_settled(batches):
            clock.told = True
            left = duration(clock.left(batches))
            self._write(f"at most {left} left, if no epoch is saved by stopping early")

    def epoch_done(self, row: EpochRow) -> None:
        """Write the line."""
        parts = [f"epoch {row.epoch}"]
        if self._clock is not None:
            self._clock.epochs_done = row.epoch
            parts = [*_member(self._clock.plan), f"{parts[0]}/{self._clock.plan.epochs}"]
        self._write("  ".join([*self._label, *parts, *_losses(row), f"{row.seconds:.1f} s"]))

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def fit_ends(self) -> None:
        """Nothing."""


class BarProgress:
    """One line that is drawn again and again: bar, epoch, losses, learning rate, time left.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._label: list[str] = []
        self._told: str | None = None
        self._batch = 0
        self._clock: _Clock | None = None
        self._last: EpochRow | None = None
        self._drawn = 0.0
        self._write("reading the data, loading Keras …")

    def next_training(self, label: str) -> None:
        """A training of several begins; its bar is followed by the label."""
        self._label, self._clock = [label], None

    def tell(self, text: str) -> None:
        """Write a line that stays, above the bar."""
        self._stream.write(f"{CLEAR_LINE}{text}\n")

    def fit_begins(self, plan: Plan) -> None:
        """Say what the fits run on, on a line that stays, and draw the empty bar under it."""
        self._last, self._batch = None, 0
        if self._clock is None:
            self._clock = _Clock(plan)
            if plan_text(plan) != self._told:
                self._told = plan_text(plan)
                self.tell(self._told)
        else:
            self._clock.next_fit(plan)
        if plan.done or plan.done_batches:
            self.tell(_going_on(plan))
        self._draw()

    def batches_done(self, batches: int) -> None:
        """Move the bar, if it was not moved just now."""
        self._batch = batches
        if self._clock is not None:
            self._clock.begin(batches)
        if time.monotonic() - self._drawn >= _PERIOD:
            self._draw()

    def epoch_done(self, row: EpochRow) -> None:
        """Show the epoch's losses."""
        self._last, self._batch = row, 0
        if self._clock is not None:
            self._clock.epochs_done = row.epoch
        self._draw()

    def fit_ends(self) -> None:
        """Say what follows the last fit; the table after it tells the rest."""
        if self._clock is None or self._clock.is_last:
            self._write("  ".join([*self._label, "exporting, measuring, drawing …"]))

    def close(self) -> None:
        """Clear the line for what is printed next."""
        self._stream.write(CLEAR_LINE)
        self._stream.flush()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        clock = self._clock
        if clock is None:
            return
        epochs = clock.plan.epochs
        parts = [*self._label, *_member(clock.plan)]
        parts += [f"epoch {min(clock.epochs_done + 1, epochs)}/{epochs}"]
        parts += _losses(self._last) if self._last is not None else []
        if clock.has_ended_an_epoch or clock.is_settled(self._batch):
            parts.append(f"≤ {duration(clock.left(self._batch))} left")
        self._write(_fitted(parts, clock.share(self._batch), self._width()))

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            return 80

    def _write(self, text: str) -> None:
        self._stream.write(CLEAR_LINE + text[: self._width() - 1])
        self._stream.flush()


class _Clock:
    """How far the fits of a training are, and how long they may still take.

    There is one, or one for each member of an ensemble.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.epochs_done = plan.done
        self.told = False
        self._epochs_before = 0
        # Those that took no time of this training since it began: done before it was interrupted,
        # or while it was compiled, which takes as long as many epochs may.
        self._epochs_kept: float = plan.done
        self._began: float | None = None

    def begin(self, batches: int) -> None:
        """What is done for the first time is done: from here on time tells how long it takes."""
        if self._began is None:
            self._began = time.monotonic()
            self._epochs_kept += batches / max(self.plan.batches, 1)

    def next_fit(self, plan: Plan) -> None:
        """The next member's fit begins; the one before may have stopped early."""
        self._epochs_before += self.epochs_done
        self._epochs_kept += plan.done
        self.plan, self.epochs_done, self.told = plan, plan.done, False

    @property
    def is_last(self) -> bool:
        """Whether no fit follows the running one."""
        return self.plan.member + 1 == self.plan.members

    @property
    def has_ended_an_epoch(self) -> bool:
        """Whether an epoch has ended since the time that counts began."""
        return self._began is not None and self._run(0) > 0

    def share(self, batches: int) -> float:
        """The part that is done, with so many batches of the running epoch."""
        return (self.plan.member + self._epochs(batches) / self.plan.epochs) / self.plan.members

    def is_settled(self, batches: int) -> bool:
        """Whether what is done so far tells how long the rest may take."""
        if self._began is None or self._run(batches) <= 0:
            return False
        return time.monotonic() - self._began >= _SETTLED

    def left(self, batches: int) -> float:
        """Seconds, if all epochs run; early stopping may end it sooner."""
        ahead = (self.plan.members - self.plan.member) * self.plan.epochs - self._epochs(batches)
        return (time.monotonic() - (self._began or 0.0)) * ahead / self._run(batches)

    def _run(self, batches: int) -> float:
        """Epochs of all fits since the time that counts began."""
        return self._epochs_before + self._epochs(batches) - self._epochs_kept

    def _epochs(self, batches: int) -> float:
        """Epochs of the running fit that are done."""
        return self.epochs_done + batches / max(self.plan.batches, 1)


def plan_text(plan: Plan) -> str:
    """What a fit runs on, in a line."""
    kernel = plan.kernel
    why = f" ({'; '.join(kernel.reasons)})" if kernel.reasons else ""
    return f"{kernel.says}{why}; XLA: {kernel.compilation}; about {megabytes(plan.memory)}"


def _going_on(plan: Plan) -> str:
    """Where an interrupted fit is taken up."""
    where = [f"epoch {plan.done} of {plan.epochs}"] if plan.done else []
    if plan.done_batches:
        where.append(f"{plan.done_batches} of {plan.batches} batches")
    return "  ".join([*_member(plan), f"going on after {' and '.join(where)}"])


def _member(plan: Plan) -> list[str]:
    """Which of several networks is fitted; nothing for a network alone."""
    if plan.members == 1:
        return []
    of = f"seed {plan.seed}" if plan.series is None else f"series {plan.series}, seed {plan.seed}"
    return [f"{of} ({plan.member + 1} of {plan.members})"]


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


def duration(seconds: float) -> str:
    """Such as `45 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
