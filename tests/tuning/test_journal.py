from __future__ import annotations

import os
from pathlib import Path

import pytest

from lstmcast.errors import BundleError, ConfigError, ResourceError
from lstmcast.tuning.journal import EVENTS, HEADER, Asked, Journal, locked, set_aside, write_atomic
from lstmcast.tuning.trial import Trial

IDENTITY = {"version": "1", "data": "abc", "config": {"seed": 7, "tune": {"trials": 5}}}
HISTORY = [
    Asked(0, None),
    Trial(0, "completed", score=1.5, scores=(1.5,), curve=(2.0, 1.5), epochs=(2,), parameters=9),
    Asked(1, {"model.units": "[2]", "training.learning_rate": 0.1}),
    Trial(1, "failed", error="ValueError: no"),
]


def kept(directory: Path) -> Journal:
    directory.mkdir(exist_ok=True)
    journal = Journal(directory)
    journal.begin(IDENTITY)
    for event in HISTORY:
        journal.add(event)
    return journal


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    kept(tmp_path)
    assert Journal(tmp_path).begin(IDENTITY) == HISTORY


def test_torn_anywhere_it_loses_no_whole_line(tmp_path: Path) -> None:
    kept(tmp_path)
    whole = (tmp_path / EVENTS).read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        (tmp_path / EVENTS).write_bytes(whole[:length])
        events = Journal(tmp_path).begin(IDENTITY)
        assert events == HISTORY[: sum(end <= length for end in ends)]
        # What is added next begins a line of its own.
        Journal(tmp_path).add(HISTORY[0])
        assert Journal(tmp_path).begin(IDENTITY) == [*events, HISTORY[0]]


def test_a_header_that_was_half_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / HEADER, "{}")
    monkeypatch.undo()
    assert Journal(tmp_path).begin(IDENTITY) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": "2"}, 'version (was "1", now "2")'),
        ({"data": "xyz"}, 'data (was "abc", now "xyz")'),
        ({"config": {"seed": 8, "tune": {"trials": 5}}}, "seed (was 7, now 8)"),
        ({"config": {"seed": 7, "tune": {"trials": 5, "method": "grid"}}}, "tune.method"),
    ],
)
def test_another_search_is_refused_with_what_differs(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    kept(tmp_path)
    with pytest.raises(ConfigError) as caught:
        Journal(tmp_path).begin({**IDENTITY, **changed})
    assert said in str(caught.value)


def test_the_budget_may_change(tmp_path: Path) -> None:
    kept(tmp_path)
    more = {**IDENTITY, "config": {"seed": 7, "tune": {"trials": 9}}}
    assert Journal(tmp_path).begin(more) == HISTORY


@pytest.mark.parametrize("line", ["nonsense", '{"event": "asked"}', '{"event": "x"}', "[1]", "1"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    kept(tmp_path)
    with (tmp_path / EVENTS).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BundleError, match="line 5: cannot be read"):
        Journal(tmp_path).begin(IDENTITY)


def test_a_directory_is_held_by_one(tmp_path: Path) -> None:
    held = tmp_path / "s"
    with locked(held), pytest.raises(ResourceError, match="another process"), locked(held):
        pass
    with locked(held):
        pass


def test_an_earlier_search_is_set_aside(tmp_path: Path) -> None:
    directory = tmp_path / "co2.tune"
    assert set_aside(directory) is None
    kept(directory)
    aside = set_aside(directory)
    assert aside is not None and aside.name.startswith("co2.tune-")
    assert Journal(aside).begin(IDENTITY) == HISTORY
    assert not directory.exists()


def test_a_search_that_goes_on_elsewhere_is_not_set_aside(tmp_path: Path) -> None:
    directory = tmp_path / "co2.tune"
    kept(directory)
    with locked(directory), pytest.raises(ResourceError, match="another process"):
        set_aside(directory)
    assert Journal(directory).begin(IDENTITY) == HISTORY
