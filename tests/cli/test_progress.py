from __future__ import annotations

import io
import os
import pty
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

import pytest

from lstmcast.cli.progress import BarProgress, LineProgress, following
from lstmcast.training.chatter import captured_chatter
from lstmcast.training.kernels import Kernel
from lstmcast.training.progress import EpochRow, Plan

FIRST = EpochRow(epoch=1, loss=0.51234567, val_loss=0.75, learning_rate=0.001, seconds=1.24)
UNVALIDATED = EpochRow(epoch=1, loss=0.5, val_loss=None, learning_rate=0.001, seconds=1.0)


def drawn(columns: int, draw: Callable[[TextIO], None]) -> list[str]:
    """What stood on the one line of a terminal of that width, one after the other."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        draw(stream)
    content = b""
    # A terminal that nobody writes to any more ends with an error.
    with suppress(OSError):
        while part := os.read(reader, 4096):
            content += part
    os.close(reader)
    return content.decode().split("\r\x1b[K")[1:]


def plan(*, epochs: int, batches: int, member: int = 0, members: int = 1) -> Plan:
    kernel = Kernel("generic", "it runs", ("no GPU",), jit=True, compilation="on")
    return Plan(epochs, batches, kernel, 2_500_000, 7 + member, member, members)


def test_a_pipe_gets_one_line_an_epoch() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.fit_begins(plan(epochs=20, batches=3))
    progress.batches_done(2)
    progress.epoch_done(FIRST)
    progress.fit_ends()
    runs_on, line = stream.getvalue().splitlines()
    assert runs_on == "it runs (no GPU); XLA: on; about 2.5 MB"
    assert line == "epoch 1/20  loss 0.5123  val_loss 0.75  lr 0.001  1.2 s"


def test_a_pipe_is_told_once_how_long_it_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("lstmcast.cli.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.fit_begins(plan(epochs=20, batches=10))
    for seconds, batches in ((1.0, 2), (5.0, 4), (5.0, 6)):
        now[0] += seconds
        progress.batches_done(batches)
    (told,) = stream.getvalue().splitlines()[1:]
    # 5 s for 2 of 200 batches; before the first two are done, the network is compiled.
    assert told == "at most 8 min 10 s left, if no epoch is saved by stopping early"


def test_a_pipe_is_told_which_member_trains_and_the_time_left_over_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("lstmcast.cli.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    progress = LineProgress(stream)
    for member in range(2):
        progress.fit_begins(plan(epochs=20, batches=10, member=member, members=3))
        if not member:
            progress.batches_done(5)
        now[0] += 10.0
        # The first member stops after this epoch.
        progress.epoch_done(FIRST)
        progress.fit_ends()
    progress.fit_begins(plan(epochs=20, batches=10, member=2, members=3))
    now[0] += 10.0
    progress.batches_done(10)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("it runs")
    assert [line.split("  ")[:2] for line in lines[1:3]] == [
        ["seed 7 (1 of 3)", "epoch 1/20"],
        ["seed 8 (2 of 3)", "epoch 1/20"],
    ]
    # 30 s for 2.5 epochs; 19 of the last member's may follow.
    assert lines[3] == "at most 3 min 48 s left, if no epoch is saved by stopping early"
    assert len(lines) == 4


def test_no_validation_shows_no_val_loss() -> None:
    stream = io.StringIO()
    LineProgress(stream).epoch_done(UNVALIDATED)
    assert "val_loss" not in stream.getvalue()


def test_the_bar_tells_epoch_losses_rate_and_time_left_in_one_line() -> None:
    def draw(stream: TextIO) -> None:
        bar = BarProgress(stream)
        bar.fit_begins(plan(epochs=4, batches=10))
        bar.batches_done(5)
        bar.epoch_done(FIRST)

    line = drawn(120, draw)[-1]
    assert line.startswith("██████░░░░░░░░░░░░░░░░░░  epoch 2/4  loss 0.5123  val_loss 0.75  ")
    assert line.endswith("≤ 0 s left")
    assert "\n" not in line


def test_the_bar_tells_which_member_trains_and_how_far_all_are() -> None:
    def draw(stream: TextIO) -> None:
        bar = BarProgress(stream)
        for member in range(2):
            bar.fit_begins(plan(epochs=4, batches=10, member=member, members=2))
            if not member:
                bar.batches_done(5)
                bar.epoch_done(FIRST)
            bar.fit_ends()

    lines = drawn(120, draw)
    # The first member stopped after one of its four epochs.
    assert lines[3].startswith("███░░░░░░░░░░░░░░░░░░░░░  seed 7 (1 of 2)  epoch 2/4  loss 0.5123")
    assert lines[4].startswith("████████████░░░░░░░░░░░░  seed 8 (2 of 2)  epoch 1/4  ≤ ")
    assert lines[5:] == ["exporting, measuring, drawing …"]


@pytest.mark.parametrize("columns", [12, 20, 40, 60, 80])
def test_the_bar_never_reaches_the_edge_of_a_narrow_terminal(columns: int) -> None:
    def draw(stream: TextIO) -> None:
        bar = BarProgress(stream)
        bar.fit_begins(plan(epochs=100, batches=10))
        bar.epoch_done(FIRST)
        bar.fit_ends()

    # The line that says what it runs on stays, and may be as long as it is.
    lines = [line for line in drawn(columns, draw) if "\n" not in line]
    assert max(map(len, lines)) < columns
    assert "epoch 2/100" in lines[-2]
    assert ("█" in lines[-2] or "░" in lines[-2]) == (columns >= 60)


def test_the_bar_leaves_an_empty_line_behind() -> None:
    def draw(stream: TextIO) -> None:
        bar = BarProgress(stream)
        bar.fit_begins(plan(epochs=2, batches=1))
        bar.close()

    assert drawn(80, draw)[-1] == ""


def test_progress_is_seen_while_the_libraries_are_not(capfd: pytest.CaptureFixture[str]) -> None:
    with following() as progress:
        assert progress is not None
        with captured_chatter() as chatter:
            os.write(2, b"from C++\n")
            progress.epoch_done(FIRST)
    assert "epoch 1" in capfd.readouterr().err
    assert chatter.text == "from C++\n"


def test_quiet_has_no_progress() -> None:
    with following(quiet=True) as progress:
        assert progress is None


def test_following_leaves_standard_error_open(capfd: pytest.CaptureFixture[str]) -> None:
    with following():
        pass
    print("still here", file=sys.stderr)
    assert capfd.readouterr().err == "still here\n"
