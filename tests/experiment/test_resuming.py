"""A training that is interrupted goes on, and ends as an unbroken one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.errors import ConfigError, DivergedError
from lstmcast.execution.local import LocalExecutor
from lstmcast.experiment import train
from lstmcast.runtime.bundle import load_bundle
from lstmcast.training import checkpoints
from lstmcast.training.progress import EpochRow, SilentProgress
from tests.builders import weekly_cycle
from tests.networks import BACKEND

pytestmark = pytest.mark.usefixtures("undrawn")


class Ending(SilentProgress):
    """Ends the training after so many epochs."""

    def __init__(self, after: int, kind: type[BaseException] = KeyboardInterrupt) -> None:
        self.left, self.kind = after, kind

    def epoch_done(self, row: EpochRow) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.kind("ended by the test")


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "_PERIOD", 0.0)


def config_of(runs_dir: Path, **training: Any) -> Config:
    return config_from_mapping(
        {
            "name": "tiny",
            "runs_dir": str(runs_dir),
            "data": {"time": "day", "target": "y"},
            "window": {"lookback": 7, "horizon": 3},
            "model": {"units": [3], "linear_share": 0.2},
            "calibration": {"levels": [0.8]},
            "training": {"epochs": 4, "backend": BACKEND, "device": "cpu", **training},
        }
    ).config


def kept(runs_dir: Path) -> list[Path]:
    return list(runs_dir.glob(".partial/*.checkpoint"))


def assert_same(path: Path, other: Path) -> None:
    ours, theirs = (load_bundle(each).weights() for each in (path, other))
    for name, weight in ours.items():
        np.testing.assert_array_equal(weight, theirs[name])
    histories = [
        pd.read_csv(each / "history.csv").drop(columns="seconds") for each in (path, other)
    ]
    pd.testing.assert_frame_equal(*histories)


def test_an_interrupted_training_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    frame, broken = weekly_cycle(), tmp_path / "broken"
    whole = train(config_of(tmp_path / "whole"), frame=frame)
    with pytest.raises(KeyboardInterrupt) as ended:
        train(config_of(broken), frame=frame, progress=Ending(2))
    assert ended.value.__notes__ == [
        "What was trained so far is kept: the same command with --resume goes on with it."
    ]
    assert len(kept(broken)) == 1
    with pytest.raises(ConfigError, match=r"training\.epochs \(was 4, now 9\)"):
        train(config_of(broken, epochs=9), frame=frame, resume=True)
    run = train(config_of(broken), frame=frame, resume=True, progress=Ending(2))
    assert_same(run.path, whole.path)
    assert not (broken / ".partial").exists()


def test_members_that_are_done_are_not_trained_again(tmp_path: Path) -> None:
    frame, broken = weekly_cycle(), tmp_path / "broken"
    whole = train(config_of(tmp_path / "whole", seeds=2, epochs=2), frame=frame)
    with pytest.raises(KeyboardInterrupt):
        # Told of a member when it is done, and ended at the second.
        train(
            config_of(broken, seeds=2, epochs=2),
            frame=frame,
            progress=Ending(2),
            executor=LocalExecutor(),
        )
    run = train(config_of(broken, seeds=2, epochs=2), frame=frame, resume=True)
    assert_same(run.path, whole.path)


@pytest.mark.parametrize(
    ("after", "kind"), [(0, KeyboardInterrupt), (2, DivergedError)], ids=["nothing", "diverged"]
)
def test_what_nobody_can_go_on_with_is_not_kept(
    after: int, kind: type[BaseException], tmp_path: Path
) -> None:
    with pytest.raises(kind):
        train(config_of(tmp_path), frame=weekly_cycle(), progress=Ending(after, kind))
    assert not (tmp_path / ".partial").exists()


def test_where_there_is_nothing_to_go_on_with_it_begins(tmp_path: Path) -> None:
    run = train(config_of(tmp_path, epochs=1), frame=weekly_cycle(), resume=True)
    assert run.path.is_dir()
