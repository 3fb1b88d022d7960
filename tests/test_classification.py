"""A classification from data to classes, with a real network."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lstmcast.auditing.again import compare_forecasts
from lstmcast.data.dataset import load_panel
from lstmcast.errors import ConfigError
from lstmcast.forecaster import Forecaster
from lstmcast.runtime.bundle import load_bundle, verify_bundle
from lstmcast.tuning.trial import Item, Material, run_trial
from tests.builders import panel_frame, symbols
from tests.networks import BACKEND

CONFIG = {
    "name": "symbols",
    "task": "classification",
    "data": {"time": "time", "target": "symbol"},
    "features": {"categories": {"encoding": "embedding"}},
    "window": {"lookback": 4, "horizon": 2},
    "model": {"units": [8]},
    "training": {
        "epochs": 20,
        "batch_size": 32,
        "learning_rate": 0.03,
        "backend": BACKEND,
        "device": "cpu",
    },
}
PATTERN = "abac"


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster(CONFIG).fit(symbols(200, pattern=PATTERN))


@pytest.fixture(scope="module")
def run(fitted, tmp_path_factory):
    return fitted.save(tmp_path_factory.mktemp("classes") / "run")


def test_a_periodic_series_is_learned_and_beats_the_majority(fitted):
    metrics = fitted.evaluate()
    scores = metrics["metrics"]["test"]
    assert scores["model"]["accuracy"] == 1
    assert scores["majority"]["accuracy"] == pytest.approx(0.5, abs=0.05)
    assert set(scores) == {"model", "majority", "last"}
    assert "beats the best baseline, the majority class" in metrics["verdicts"]["baseline"]["text"]


def test_a_generated_sequence_keeps_its_period(fitted):
    expected = (PATTERN * 51)[:200]
    assert "".join(fitted.predict(steps=200)["prediction"]) == expected
    drawn = fitted.generate(steps=200, temperature=0.5)
    assert "".join(drawn["prediction"]) == expected
    pd.testing.assert_frame_equal(drawn, fitted.generate(steps=200, temperature=0.5))


def test_new_data_are_measured_as_training_did(fitted):
    again = fitted.evaluate(symbols(200, pattern=PATTERN))
    assert again["metrics"]["test"] == fitted.evaluate()["metrics"]["test"]


def test_a_kept_run_forecasts_the_same_and_shows_what_was_taken_for_what(fitted, run):
    verify_bundle(run)
    pd.testing.assert_frame_equal(Forecaster.load(run).predict(), fitted.predict())
    report = (run / "report.html").read_text()
    assert "What was taken for what" in report and "Probability and truth" in report
    assert {path.stem for path in (run / "plots").iterdir()} == {
        "confusion",
        "loss",
        "reliability",
    }
    kept = pd.read_csv(run / "forecasts.csv")
    assert (kept["prediction"] == kept["actual"]).all()


def test_what_is_for_numbers_is_refused(fitted):
    with pytest.raises(ConfigError, match="paths are of numbers"):
        fitted.sample(3)


def test_classes_are_written_as_csv_and_as_json(run, invoke):
    arguments = ("predict", run, "--steps", 8)
    frame = pd.read_csv(io.StringIO(invoke(*arguments).out))
    assert "".join(frame["prediction"]) == PATTERN * 2
    assert list(frame) == ["time", "step", "prediction", "p_a", "p_b", "p_c"]
    drawn = invoke(*arguments, "--sample", "--temperature", 0.8, "--seed", 3, "--json").json
    assert {row["prediction"] for row in drawn["rows"]} <= set(PATTERN)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--temperature", "0.8"], "--temperature goes with --sample"),
        (["--seed", "1"], "--seed goes with --sample"),
        (["--sample", "--samples", "3"], "--sample draws classes"),
        (["--samples", "3"], "--sample"),
    ],
)
def test_options_that_do_not_fit_are_refused(run, invoke, options, match):
    result = invoke("predict", run, *options)
    assert result.code == 2
    assert match in result.err


def test_a_run_of_classes_is_shown_judged_and_not_compared(run, invoke):
    shown = invoke("evaluate", run, "--better-than", "majority", "--json")
    assert shown.code == 0
    assert shown.json["gates"][0]["passed"]
    assert "balanced accuracy" in invoke("runs", "show", run).out
    refused = invoke("compare", run, run)
    assert refused.code == 2
    assert "`lstmcast compare` is for forecasts of numbers" in refused.err


def test_numbers_are_not_generated(trained_run, invoke):
    result = invoke("predict", trained_run, "--sample")
    assert result.code == 2
    assert "only classes are generated" in result.err


def test_a_trial_is_scored_by_its_log_loss(fitted, monkeypatch):
    config = fitted.config
    trained = SimpleNamespace(network=fitted.network(), histories=[], weights={})
    trained.histories.append(SimpleNamespace(rows=[]))
    monkeypatch.setattr("lstmcast.tuning.trial.train_in_memory", lambda *_: trained)
    panel = load_panel(config, frame=symbols(200, pattern=PATTERN))
    trial = run_trial(Material(config, panel), Item(0, config))
    expected = fitted.evaluate()["metrics"]["validation"]["model"]["log_loss"]
    assert trial.score == pytest.approx(expected, rel=1e-6)


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_each_series_has_its_own_ensemble_for_its_direction():
    frame = panel_frame({"p": 90, "q": 90})
    config = {
        **CONFIG,
        "data": {"time": "time", "series": "id", "target": "y", "past_covariates": ["x"]},
        "features": {},
        "output": {"direction": {"threshold": 0.2}},
        "model": {"units": [3], "scope": "each"},
        "training": {**CONFIG["training"], "epochs": 1, "seeds": 2, "class_weights": "balanced"},
    }
    forecaster = Forecaster(config).fit(frame)
    forecast = forecaster.predict()
    assert list(forecast)[2:] == ["step", "prediction", "p_down", "p_flat", "p_up"]
    assert np.allclose(forecast[["p_down", "p_flat", "p_up"]].sum(axis=1), 1)
    assert "log_loss" in forecaster.evaluate()["members"]["metrics"]["test"]


def test_probabilities_are_compared_with_those_of_a_run_that_is_the_same(run):
    bundle = load_bundle(run)
    found = compare_forecasts(bundle, bundle)
    assert found is not None and found.identical
    with np.load(run / "forecasts.npz") as kept:
        assert found.values == kept["probabilities"].size


def test_classes_have_no_anomalies(fitted):
    with pytest.raises(ConfigError, match="this run is a classification"):
        fitted.detect(symbols(30, pattern=PATTERN))
