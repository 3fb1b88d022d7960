"""A fit that was interrupted comes to the same weights and history as an unbroken one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.data.windows import Starts
from lstmcast.interrupts import ask_to_end
from lstmcast.training import checkpoints as keeping
from lstmcast.training.checkpoints import Checkpoints
from lstmcast.training.fitting import Fitter
from lstmcast.training.history import History
from lstmcast.training.progress import EpochRow, SilentProgress
from tests.networks import PLAIN, make_arrays, make_config, make_network

STARTS = Starts(train=np.arange(12), validation=np.arange(12, 18))
ROOM = 18


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_PERIOD", 0.0)


class Stopped(Exception):
    """Stands for what ends a process."""


class Stopping(SilentProgress):
    """Ends the fits after so many epochs."""

    def __init__(self, after: int) -> None:
        self.left = after

    def epoch_done(self, row: EpochRow) -> None:
        # The callbacks after this one have not seen the epoch: it is done again.
        self.left -= 1
        if self.left < 0:
            raise Stopped


class Asking(SilentProgress):
    """Asks for the end of the process, as a signal does, after so many batches."""

    def __init__(self, after: int) -> None:
        self.left = after

    def batches_done(self, batches: int) -> None:
        self.left -= 1
        if self.left == 0:
            ask_to_end(Stopped)


@pytest.fixture(autouse=True)
def not_asked() -> Iterator[None]:
    yield
    ask_to_end(None)


def networks(n: int, **parameters: Any) -> list[Any]:
    return [make_network("lstm", PLAIN, seed=seed, dropout=0.3, **parameters) for seed in range(n)]


def fit(
    members: Sequence[Any],
    config: Any,
    kept: Checkpoints | None,
    *,
    after: int = 10**6,
    progress: SilentProgress | None = None,
) -> tuple[History, ...]:
    own = None if kept is None else [kept.of_fit(number) for number in range(len(members))]
    fitter = Fitter(members, make_arrays(PLAIN), config, room=ROOM)
    return fitter.fit(STARTS, progress or Stopping(after), checkpoints=own)


def assert_same(members: Any, others: Any, histories: Any, expected: Any) -> None:
    for one, other in zip(members, others, strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    for one, other in zip(histories, expected, strict=True):
        assert one.best_epoch == other.best_epoch and one.stopped == other.stopped
        for row, like in zip(one.rows, other.rows, strict=True):
            assert (row.epoch, row.loss, row.val_loss, row.learning_rate) == (
                like.epoch,
                like.loss,
                like.val_loss,
                like.learning_rate,
            )


CASES: list[Any] = [
    pytest.param({"learning_rate": 0.1, "early_stopping": {"patience": 3}}, {}, id="adam"),
    pytest.param({"optimizer": "adamw", "weight_average": 0.9}, {}, id="average"),
    pytest.param({"schedule": "cosine", "augmentation": {"jitter": 0.3}}, {}, id="augmented"),
    pytest.param({"optimizer": "sgd"}, {"recurrent_dropout": 0.2}, id="recurrent dropout"),
]


@pytest.mark.parametrize(("training", "parameters"), CASES)
def test_an_interrupted_fit_ends_as_an_unbroken_one(
    training: dict[str, Any], parameters: dict[str, Any], tmp_path: Path
) -> None:
    config = make_config(**{"batch_size": 4, "epochs": 9, "reduce_lr": {"patience": 1}, **training})
    whole = networks(1, **parameters)
    expected = fit(whole, config, None)
    kept = Checkpoints(tmp_path / "kept")
    kept.begin({})
    for after in (3, 2):
        with pytest.raises(Stopped):
            fit(networks(1, **parameters), config, kept, after=after)
    assert kept.of_fit(0).latest().values["rows"][-1]["epoch"] == 5
    members = networks(1, **parameters)
    assert_same(members, whole, fit(members, config, kept), expected)
    # Once more: nothing is trained again.
    again = networks(1, **parameters)
    assert_same(again, whole, fit(again, config, kept, after=0), expected)


@pytest.mark.parametrize(("training", "parameters"), CASES)
def test_a_fit_that_ends_between_two_batches_loses_none(
    training: dict[str, Any], parameters: dict[str, Any], tmp_path: Path
) -> None:
    given = {"batch_size": 4, "epochs": 5, "reduce_lr": {"patience": 1}, **training}
    config = make_config(**given, steps_per_execution=1)
    whole = networks(1, **parameters)
    expected = fit(whole, config, None)
    kept = Checkpoints(tmp_path / "kept")
    kept.begin({})
    # Of 3 batches an epoch: within the first one, twice within the second one, at the end of it.
    for after, stands in ((2, (0, 2)), (2, (1, 1)), (1, (1, 2)), (1, (2, 0))):
        with pytest.raises(Stopped):
            fit(networks(1, **parameters), config, kept, progress=Asking(after))
        ask_to_end(None)
        values = kept.of_fit(0).latest().values
        assert (len(values["rows"]), values["batches"]) == stands
    members = networks(1, **parameters)
    assert_same(members, whole, fit(members, config, kept), expected)


def test_the_last_epoch_may_be_the_half_done_one(tmp_path: Path) -> None:
    config = make_config(batch_size=4, epochs=2, steps_per_execution=1)
    whole = networks(1)
    expected = fit(whole, config, None)
    kept = Checkpoints(tmp_path / "kept")
    kept.begin({})
    with pytest.raises(Stopped):
        fit(networks(1), config, kept, progress=Asking(5))
    ask_to_end(None)
    members = networks(1)
    assert_same(members, whole, fit(members, config, kept), expected)


def test_of_an_ensemble_the_members_that_are_done_are_kept(tmp_path: Path) -> None:
    config = make_config(batch_size=4, epochs=4)
    whole = networks(3)
    expected = fit(whole, config, None)
    kept = Checkpoints(tmp_path / "kept")
    kept.begin({})
    with pytest.raises(Stopped):
        fit(networks(3), config, kept, after=6)
    assert kept.of_fit(0).finished() is not None and kept.of_fit(1).finished() is None
    members = networks(3)
    assert_same(members, whole, fit(members, config, kept, after=6), expected)
