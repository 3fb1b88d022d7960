"""`model.scope: each`: a network for each series, from training to forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.errors import ConfigError, DataError, DataWarning
from lstmcast.execution.local import LocalExecutor
from lstmcast.experiment import TrainedRun, train
from lstmcast.experiment.apart import _Network, _shares
from lstmcast.experiment.network import rebuild_forecaster
from lstmcast.forecaster import Forecaster
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.inputs import history_panel, served_panel
from tests.builders import panel_frame
from tests.networks import BACKEND

LENGTHS = {"a": 80, "b": 80, "c": 80}
SPLIT = {"train": 50, "validation": 15, "test": 15}


def config_of(runs_dir: Path, **model: Any) -> Config:
    return config_from_mapping(
        {
            "runs_dir": str(runs_dir),
            "data": {"time": "time", "series": "id", "target": "y"},
            "split": SPLIT,
            "scaling": {"per": "series"},
            "window": {"lookback": 6, "horizon": 2},
            "model": {"units": [3], **model},
            "training": {"epochs": 2, "backend": BACKEND, "device": "cpu"},
        }
    ).config


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    whole = panel_frame(LENGTHS)
    # The last begins after the training rows.
    return whole[(whole["id"] != "c") | (whole["time"] >= "2024-02-25")]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame) -> TrainedRun:
    return train(config_of(tmp_path_factory.mktemp("each"), scope="each"), frame=frame)


@pytest.fixture
def forecaster(run: TrainedRun) -> Forecaster:
    return Forecaster.load(run.path)


def test_each_network_is_trained_as_it_would_be_alone(
    run: TrainedRun, tmp_path: Path, frame: pd.DataFrame
) -> None:
    own = Forecaster.load(run.path).bundle.weights()
    alone = train(config_of(tmp_path), frame=frame[frame["id"] == "b"])
    expected = Forecaster.load(alone.path).bundle.weights()
    assert {name for name in own if name.startswith("series_1/")} == {
        f"series_1/{name}" for name in expected
    }
    for name, weight in expected.items():
        np.testing.assert_allclose(own[f"series_1/{name}"], weight, rtol=1e-6, atol=1e-8)
        # The networks differ, so that the above says something.
        assert not np.array_equal(own[f"series_0/{name}"], weight)


def test_side_by_side_they_are_the_same(
    run: TrainedRun, tmp_path: Path, frame: pd.DataFrame
) -> None:
    apart = train(config_of(tmp_path, scope="each"), frame=frame, executor=LocalExecutor())
    own, theirs = (Forecaster.load(each.path).bundle.weights() for each in (apart, run))
    assert list(own) == list(theirs)
    for name, weight in own.items():
        np.testing.assert_allclose(weight, theirs[name], rtol=1e-6, atol=1e-8)


def test_the_run_says_which_series_have_a_network(run: TrainedRun) -> None:
    assert "'c': no training window, so no network" in " ".join(run.warnings)
    assert run.metrics["networks"]["series"] == ["a", "b"]
    history = pd.read_csv(run.path / "history.csv")
    assert history["series"].tolist() == ["a", "a", "b", "b"]
    with np.load(run.path / "forecasts.npz") as kept:
        assert set(kept["series"]) == {0, 1}
    assert "networks" in (run.path / "report.html").read_text()


def test_a_network_that_nothing_watches_is_told(tmp_path: Path, frame: pd.DataFrame) -> None:
    ended = frame[(frame["id"] != "b") | (frame["time"] < "2024-02-20")]
    config = config_of(tmp_path, scope="each")
    warnings = build_dataset(config, load_panel(config, frame=ended)).warnings
    told = [text for text in warnings if "no window of the validation split" in text]
    assert [text.partition(":")[0] for text in told] == ["'b'"]
    # What a network of all series would do is not said beside.
    assert not any("learned from the others" in text for text in warnings)


def test_a_series_is_forecast_alone_as_among_the_others(
    forecaster: Forecaster, frame: pd.DataFrame
) -> None:
    known = frame[frame["id"] != "c"]
    whole = forecaster.predict(known)
    assert set(whole["id"]) == {"a", "b"}
    for name in "ab":
        with pytest.warns(DataWarning, match="in training, but not in these data"):
            alone = forecaster.predict(known[known["id"] == name])
        among = whole[whole["id"] == name]
        np.testing.assert_allclose(alone["prediction"], among["prediction"], rtol=1e-6)


def test_a_series_without_a_network_is_left_out_with_a_warning(
    forecaster: Forecaster, frame: pd.DataFrame
) -> None:
    with pytest.warns(DataWarning, match="'c': no network of its own.*so left out"):
        found = forecaster.predict(frame)
    assert set(found["id"]) == {"a", "b"}
    with pytest.raises(DataError, match="'c': no network of its own"):
        forecaster.predict(frame[frame["id"] == "c"])
    # Nothing is said of the run's own rows: it was, in training.
    assert set(forecaster.predict()["id"]) == {"a", "b"}


def test_keras_forecasts_the_same(forecaster: Forecaster) -> None:
    bundle = forecaster.bundle
    panel, _ = served_panel(history_panel(bundle), bundle.preparation)
    network = rebuild_forecaster(bundle.preparation, bundle.weights())
    exported = forecast(panel, bundle.preparation, forecaster.network()).prediction
    found = forecast(panel, bundle.preparation, network).prediction
    np.testing.assert_allclose(found, exported, rtol=1e-6)


def test_a_keras_model_is_that_of_a_series(forecaster: Forecaster) -> None:
    weights = forecaster.bundle.weights()
    network = forecaster.keras_model("b")
    for variable in network.weights:
        np.testing.assert_array_equal(variable.numpy(), weights[f"series_1/{variable.path}"])
    with pytest.raises(ConfigError, match="name the series whose network is wanted"):
        forecaster.keras_model()


def test_new_data_are_measured_where_there_is_a_network(
    forecaster: Forecaster, frame: pd.DataFrame
) -> None:
    known = frame[frame["id"] != "c"]
    with pytest.warns(DataWarning, match="so left out"):
        measured = forecaster.evaluate(frame)
    assert measured == forecaster.evaluate(known)


def test_one_for_each_series_needs_series(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.scope: each needs data\.series"):
        config_from_mapping({"data": {"time": "t", "target": "y"}, "model": {"scope": "each"}})


def test_the_work_is_shared_in_few_bundles() -> None:
    def shared(n_parts: int, n_members: int, n_workers: int) -> list[tuple[int, tuple[int, ...]]]:
        networks = [_Network(part, m) for part in range(n_parts) for m in range(n_members)]
        return [(share.member, share.parts) for share in _shares(networks, n_workers)]

    parts = [(0, 1), (2, 3), (4,), (5,), (6,), (7,), (8,), (9,)]
    assert shared(10, 1, 2) == [(0, each) for each in parts]
    assert shared(1, 3, 2) == [(0, (0,)), (1, (0,)), (2, (0,))]
    several = shared(3, 2, 8)
    assert sorted((part, member) for member, own in several for part in own) == [
        (part, member) for part in range(3) for member in range(2)
    ]
    # Only what an interrupted training has not done.
    assert _shares([_Network(2, 0)], 4)[0].parts == (2,)
    assert _shares([], 4) == []
