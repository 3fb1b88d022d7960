"""Every config that ships trains, is kept, and forecasts."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from lstmcast.config.loading import load_config
from lstmcast.experiment import train
from lstmcast.forecaster import Forecaster
from lstmcast.models.registry import ARCHITECTURES

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))
# One of each file and kind of output.
DRAWN = ("co2", "gru", "demand")
# One short epoch over a few windows of the newest rows.
SHORT = {
    "co2_weekly.csv": ["data.start=1993-01-01"],
    "demand_hourly.csv": ["data.start=2024-10-20", "features.calendar=[hour]"],
}
SHORTER = ["training.epochs=1", "training.schedule=none", "window.stride=40"]


@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_trains_and_forecasts(path, tmp_path, request):
    if path.stem not in DRAWN:
        request.getfixturevalue("undrawn")
    data = Path(yaml.safe_load(path.read_text())["data"]["path"]).name
    overrides = [*SHORT[data], *SHORTER, f"runs_dir={tmp_path}"]
    config = load_config(path, overrides=overrides).config
    run = train(config)
    assert run.manifest["onnx"]["parity"] <= 1e-5
    measured = "mase" if config.task == "forecast" else "log_loss"
    assert run.metrics["metrics"]["test"]["model"][measured] > 0
    forecaster = Forecaster.load(run.path)
    future = None
    if config.data.future_covariates:
        future = forecaster.template()
        future[["temperature", "holiday"]] = 10.0, 0.0
    forecast = forecaster.predict(future=future)
    if config.model.type == "attention":
        weights = forecaster.attention().groupby("site")["weight"]
        assert np.allclose(weights.sum(), 1, atol=1e-5)
        assert (weights.size() == config.window.lookback).all()
    n_series = forecaster.bundle.manifest["data"]["series"]
    assert len(forecast) == n_series * config.window.horizon
    number = "prediction" if config.task == "forecast" else "p_up"
    assert np.isfinite(forecast[number]).all()


def test_every_architecture_has_a_config_of_its_name():
    by_name = {path.stem: yaml.safe_load(path.read_text())["model"]["type"] for path in CONFIGS}
    assert {name: by_name.get(name) for name in ARCHITECTURES} == {n: n for n in ARCHITECTURES}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_names_its_run_after_its_file(path):
    assert load_config(path).config.name == path.stem
