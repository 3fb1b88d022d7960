"""A training that diverges: what is kept of it, and how it is told."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.errors import BundleError, DivergedError
from lstmcast.experiment import train
from lstmcast.forecaster import Forecaster
from lstmcast.runtime.bundle import load_bundle
from lstmcast.runtime.runs import find_run, list_runs
from tests.builders import weekly_cycle
from tests.networks import BACKEND

pytestmark = pytest.mark.usefixtures("undrawn")

CONFIG = {
    "name": "steep",
    "data": {"path": "data.csv", "time": "day", "target": "y"},
    "window": {"lookback": 7, "horizon": 3},
    "model": {"units": [3]},
    "training": {
        "epochs": 12,
        "backend": BACKEND,
        "device": "cpu",
        "loss": "mse",
        "optimizer": "sgd",
        "learning_rate": 20.0,
        "clipnorm": None,
        "reduce_lr": None,
    },
}


@pytest.fixture(scope="module")
def diverged(tmp_path_factory: pytest.TempPathFactory) -> DivergedError:
    runs = tmp_path_factory.mktemp("diverged")
    config = config_from_mapping({**CONFIG, "runs_dir": str(runs)}).config
    with pytest.raises(DivergedError) as ended:
        train(config, frame=weekly_cycle())
    return ended.value


def test_the_best_weights_are_kept_in_a_whole_run(diverged: DivergedError) -> None:
    assert diverged.run is not None
    bundle = load_bundle(diverged.run)
    assert all(np.isfinite(weight).all() for weight in bundle.weights().values())
    assert str(diverged).startswith(bundle.manifest["diverged"])
    assert bundle.manifest["diverged"] in bundle.manifest["warnings"]
    metrics = bundle.metrics()
    assert metrics["verdicts"]["fit"]["kind"] == "diverged"
    assert metrics["best_epoch"] <= metrics["epochs"] < 12
    assert len(Forecaster.load(diverged.run).predict(weekly_cycle())) == 3


def test_the_error_tells_the_run_and_nothing_half_done_is_left(diverged: DivergedError) -> None:
    assert diverged.run is not None
    assert diverged.to_json()["run"] == str(diverged.run)
    assert str(diverged.run) in str(diverged)
    assert not (diverged.run.parent / ".partial").exists()


@pytest.mark.parametrize("name", ["latest", "steep"])
def test_only_its_own_name_means_the_run(name: str, diverged: DivergedError) -> None:
    assert diverged.run is not None
    runs_dir = diverged.run.parent
    assert [entry.diverged for entry in list_runs(runs_dir)] == [True]
    with pytest.raises(BundleError, match=r"diverged\. Train again, or name that directory"):
        find_run(name, runs_dir)
    assert find_run(diverged.run.name, runs_dir) == diverged.run
