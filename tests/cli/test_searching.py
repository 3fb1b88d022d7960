"""What is told of a search while it runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TextIO

import pytest

from lstmcast.cli import searching
from lstmcast.cli.searching import SearchTable, changes_text, following_search
from lstmcast.config.schema import Tune
from lstmcast.tuning.trial import Trial
from tests.cli.test_progress import drawn

TUNE = Tune(trials=20)
DONE = Trial(0, "completed", 1.5, (1.5,), (2.0,), (7,), 100, 65.0)
BETTER = Trial(1, "completed", 0.51239, (0.51239,), (2.0,), (3, 4), 100, 3.0)
RATE = {"training.learning_rate": 0.002}
HEADING = "trial         mae   epochs          time  what it changed"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as the table sees it."""
    moment = [100.0]
    monkeypatch.setattr(searching.time, "monotonic", lambda: moment[0])
    return moment


def lines_of(tell: Callable[[SearchTable], None], tune: Tune = TUNE) -> list[str]:
    """What a pipe gets."""
    stream = io.StringIO()
    table = SearchTable(stream, tune)
    tell(table)
    table.close()
    return stream.getvalue().splitlines()


def on_terminal(columns: int, tell: Callable[[SearchTable], None], tune: Tune = TUNE) -> list[str]:
    """What stood on a terminal, the lines that it keeps in front of those after them."""

    def draw(stream: TextIO) -> None:
        table = SearchTable(stream, tune)
        tell(table)
        table.close()

    return drawn(columns, draw)


def test_a_pipe_gets_a_heading_and_a_row_for_each_trial_and_nothing_of_the_running() -> None:
    def tell(table: SearchTable) -> None:
        table.began(0, {})
        table.began(1, RATE)
        table.ended(BETTER, RATE)
        table.ended(DONE, {})

    assert lines_of(tell) == [
        HEADING,
        "    1      0.5124*       7           3 s  training.learning_rate=0.002",
        "    0       1.500        7    1 min 05 s  nothing: the config as it is",
    ]


def test_the_star_is_at_each_trial_that_was_the_best_when_it_ended() -> None:
    trials = [Trial(n, "completed", score) for n, score in enumerate((3.0, 2.0, 2.0, 4.0, 1.0))]

    def tell(table: SearchTable) -> None:
        for trial in trials:
            table.ended(trial, RATE)

    assert ["*" in line for line in lines_of(tell)[1:]] == [True, True, False, False, True]
    of_r2 = lines_of(tell, TUNE.model_copy(update={"objective": "r2"}))
    assert of_r2[0].split()[1] == "r2"
    assert ["*" in line for line in of_r2[1:]] == [True, False, False, True, False]


def test_a_trial_without_a_score_tells_what_became_of_it() -> None:
    def tell(table: SearchTable) -> None:
        table.ended(Trial(3, "failed", error="MemoryError: too large"), RATE)
        table.ended(Trial(4, "pruned", epochs=(2,), seconds=1.0), RATE)
        table.ended(Trial(5, "completed", 1.5, same_as=2), RATE)

    failed, pruned, same = lines_of(tell)[1:]
    assert failed.split(maxsplit=5) == ["3", "failed", "0", "0", "s", "MemoryError: too large"]
    assert pruned.split()[:3] == ["4", "pruned", "2"]
    assert pruned.endswith("  training.learning_rate=0.002")
    assert same.endswith("  the same as trial 2")


def test_what_goes_on_says_so_and_knows_the_best_of_before() -> None:
    def tell(table: SearchTable) -> None:
        table.resumed({0: DONE, 1: BETTER, 2: Trial(2, "failed", error="no")})
        table.ended(Trial(3, "completed", 0.9), RATE)
        table.ended(Trial(4, "completed", 0.1), RATE)

    told, heading, *rows = lines_of(tell)
    assert told == "going on with a search of which 3 of 20 trials are done"
    assert heading == HEADING
    assert ["*" in row for row in rows] == [False, True]


def test_a_terminal_is_told_what_runs_and_how_long_the_rest_may_take(now: list[float]) -> None:
    def tell(table: SearchTable) -> None:
        table.began(0, {})
        table.began(1, RATE)
        now[0] += 30.0
        table.ended(DONE, {})
        now[0] += 10.0
        table.began(2, RATE)
        table.ended(BETTER, RATE)

    found = on_terminal(120, tell)
    first, second = [part for part in found if "\n" in part][:2]
    assert first.splitlines()[0] == HEADING
    # One of 20 took 30 s: 19 more.
    assert first.splitlines()[2] == "1 of 20 trials done  running: 1 for 30 s  ≤ 9 min 30 s left"
    # Two took 40 s: 18 more.
    assert second.splitlines()[1] == "2 of 20 trials done  running: 2 for 0 s  ≤ 6 min 00 s left"
    assert found[-1] == ""


def test_the_time_left_is_by_the_trials_of_this_process(now: list[float]) -> None:
    def tell(table: SearchTable) -> None:
        table.resumed({n: Trial(n, "completed", 1.0) for n in range(10)})
        table.began(10, RATE)
        table.began(11, RATE)
        now[0] += 60.0
        table.ended(Trial(10, "completed", 2.0), RATE)

    found = on_terminal(120, tell)
    assert any(part.endswith("11 of 20 trials done  running: 11 for 1 min 00 s  ≤ 9 min 00 s left")
               for part in found)  # fmt: skip


def test_between_two_trials_the_next_is_chosen(now: list[float]) -> None:
    found = on_terminal(120, lambda table: table.ended(DONE, {}))
    (row,) = [part for part in found if "\n" in part]
    assert row.splitlines()[-1] == "choosing the next trial …"


def test_nothing_is_wider_than_the_terminal(now: list[float]) -> None:
    many = {f"training.field_{n}": n for n in range(9)}

    def tell(table: SearchTable) -> None:
        for number in range(12):
            table.began(number, many)
        table.ended(DONE, many)

    for columns in (30, 79):
        lines = [line for part in on_terminal(columns, tell) for line in part.splitlines()]
        assert max(map(len, lines)) == columns - 1


def test_a_pipe_gets_whole_lines() -> None:
    many = {f"training.field_{n}": n for n in range(30)}
    assert lines_of(lambda table: table.ended(DONE, many))[1].endswith("training.field_29=29")


def test_the_line_of_the_running_is_drawn_again_while_nothing_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(searching, "_PERIOD", 0.001)

    def tell(table: SearchTable) -> None:
        table.began(0, {})
        # The thread that draws ends with the table.
        ticker = table._ticker
        assert ticker is not None
        ticker.join(timeout=0.1)
        assert ticker.is_alive()

    found = on_terminal(80, tell)
    assert sum(part.startswith("0 of 20 trials done  running: 0 for ") for part in found) > 1
    assert found[-1] == ""


def test_quiet_follows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with following_search(TUNE, quiet=True) as watcher:
        assert watcher is None
    assert capsys.readouterr() == ("", "")


def test_rows_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with following_search(TUNE) as watcher:
        assert watcher is not None
        watcher.ended(DONE, {})
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == HEADING


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "nothing: the config as it is"),
        ({"model.units": [64, 32]}, "model.units=[64,32]"),
        ({"model.type": "gru", "seed": 3}, "model.type=gru seed=3"),
        ({"training.reduce_lr": None}, "training.reduce_lr=null"),
    ],
)
def test_changes_stand_on_one_line(changes: dict[str, object], text: str) -> None:
    assert changes_text(changes) == text
