import gc
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import load_config
from lstmcast.errors import BundleError, ConfigError, DataWarning, ResourceError
from lstmcast.forecaster import Forecaster
from lstmcast.runtime.bundle import verify_bundle
from tests.builders import panel_frame, weekly_cycle
from tests.networks import BACKEND
from tests.runtime.fakes import dataset_of, network_of, write_run

CONFIG = {
    "data": {"time": "day", "target": "y"},
    "window": {"lookback": 5, "horizon": 2},
    "model": {"units": [3]},
    "calibration": {"levels": [0.8]},
    "training": {"epochs": 1, "backend": BACKEND, "device": "cpu"},
}
SCORED = {"series": "score"}


@pytest.fixture(scope="module")
def fitted():
    return Forecaster(CONFIG).fit(weekly_cycle())


def test_a_fitted_forecaster_evaluates_and_predicts(fitted):
    assert fitted.evaluate()["metrics"]["test"]["model"]["mae"] > 0
    forecast = fitted.predict()
    assert list(forecast) == ["day", "step", "prediction", "0.1", "0.9"]
    assert forecast["day"].tolist() == pd.to_datetime(["2024-06-09", "2024-06-10"]).tolist()
    assert np.isfinite(forecast["prediction"]).all()


def test_the_whole_history_forecasts_as_the_forecasters_own_last_rows(fitted):
    pd.testing.assert_frame_equal(fitted.predict(weekly_cycle()), fitted.predict())
    pd.testing.assert_frame_equal(fitted.predict(weekly_cycle(), steps=7), fitted.predict(steps=7))


def test_a_forecast_from_fewer_rows_begins_after_them(fitted):
    forecast = fitted.predict(weekly_cycle().iloc[:50], steps=1)
    assert forecast["day"].tolist() == pd.to_datetime(["2024-02-20"]).tolist()


def test_what_reading_did_to_new_data_is_a_warning(fitted):
    frame = weekly_cycle()
    frame.loc[frame.index[-2:], "y"] = np.nan
    with pytest.warns(DataWarning, match="left out 2 rows at the start or end"):
        forecast = fitted.predict(frame, steps=1)
    assert forecast["day"].tolist() == pd.to_datetime(["2024-06-07"]).tolist()


def test_new_data_are_measured_after_the_validation_period(fitted):
    found = fitted.evaluate(weekly_cycle())
    assert found["windows"]["test"] == fitted.evaluate()["windows"]["test"]
    assert found["metrics"]["test"] == fitted.evaluate()["metrics"]["test"]


def test_a_saved_forecaster_is_loaded_and_forecasts_the_same(fitted, tmp_path):
    path = fitted.save(tmp_path / "kept" / "run")
    verify_bundle(path)
    again = Forecaster.load(path)
    pd.testing.assert_frame_equal(again.predict(), fitted.predict())
    assert [entry.name for entry in path.parent.iterdir()] == ["run"]
    # Nothing of where it was fitted is kept.
    assert load_config(path / "config.yaml").config.runs_dir == "runs"


def test_what_the_intervals_have_learned_is_saved_too(fitted, tmp_path):
    learning = Forecaster.load(fitted.save(tmp_path / "run"))
    learned = learning.predict(weekly_cycle(240), learn=True)
    kept = Forecaster.load(learning.save(tmp_path / "kept" / "run"))
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["run", "run.state"]
    pd.testing.assert_frame_equal(kept.predict(weekly_cycle(240)), learned)
    assert not learned.equals(fitted.predict(weekly_cycle(240)))
    with pytest.raises(ResourceError, match=r"other\.state: is there already"):
        (tmp_path / "other.state").mkdir()
        learning.save(tmp_path / "other")


def test_a_forecaster_is_not_saved_over_anything(fitted, tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(ResourceError, match="is there already"):
        fitted.save(tmp_path / "run")
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot be written"):
        fitted.save(tmp_path / "file" / "run")


def test_what_was_fitted_and_not_saved_goes_with_the_forecaster(trained_run, monkeypatch, tmp_path):
    import shutil

    from lstmcast import experiment

    def copied(config, *, runs_dir, **options):
        shutil.copytree(trained_run, runs_dir / "run")
        return experiment.TrainedRun(runs_dir / "run", {}, {}, (), {})

    monkeypatch.setattr(experiment, "train", copied)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    forecaster = Forecaster(CONFIG).fit(weekly_cycle())
    assert len(list(tmp_path.iterdir())) == 1
    del forecaster
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_an_untrained_forecaster_says_what_to_call():
    with pytest.raises(ConfigError, match=r"not trained\. Call `fit`"):
        Forecaster(CONFIG).predict()


def test_a_wrong_config_is_refused_at_once():
    with pytest.raises(ConfigError, match=r"window\.lookback"):
        Forecaster({**CONFIG, "window": {"lookback": 0}})


def test_a_directory_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(BundleError, match="is not a run"):
        Forecaster.load(tmp_path)


def test_at_least_one_step_is_forecast(fitted):
    with pytest.raises(ConfigError, match="steps must be 1 or more"):
        fitted.predict(steps=0)
    with pytest.raises(ConfigError, match="steps must be 1 or more"):
        fitted.template(steps=0)


def test_anomalies_are_found_in_new_data(fitted):
    frame = weekly_cycle()
    frame.loc[frame.index[-3], "y"] += 1000
    found = fitted.detect(frame, rate=0.05)
    table = found.table()
    assert table["anomaly"].tolist()[-3]
    assert len(table) == found.summary()["points"]
    assert found.text.startswith(f"{found.summary()['anomalies']} of {len(table)} points")


def test_a_column_with_the_name_of_a_result_is_refused_before_it_is_lost(tmp_path):
    data = dataset_of(panel_frame({"a": 40}).rename(columns={"id": "score"}), data=SCORED)
    forecaster = Forecaster.load(write_run(data, tmp_path))
    with pytest.raises(ConfigError, match=r"`score` is the name of another column.*anomalies"):
        forecaster.detect(panel_frame({"a": 40}))


def test_a_saved_run_predicts_without_keras(trained_run):
    script = (
        "import json, sys; from lstmcast.forecaster import Forecaster;"
        "Forecaster.load(sys.argv[1]).predict();"
        "heavy = {'keras', 'tensorflow', 'jax', 'sklearn', 'matplotlib', 'scipy'};"
        "print(json.dumps(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(trained_run)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_what_training_did_not_see_or_is_too_short_is_a_warning_and_no_error(tmp_path, monkeypatch):
    frame = panel_frame({"a": 40, "b": 40}).assign(kind="wet")
    data = dataset_of(
        frame,
        data={"series": "id", "future_covariates": ["kind"]},
        features={"series_embedding": True},
        scaling={"per": "series"},
    )
    forecaster = Forecaster.load(write_run(data, tmp_path))
    monkeypatch.setattr(forecaster, "network", lambda: network_of(data))
    history = panel_frame({"b": 40, "new": 9, "short": 3}).assign(kind="wet")
    future = panel_frame({"b": 43, "new": 12}).assign(kind="hail")
    with pytest.warns(DataWarning) as caught:
        forecast = forecaster.predict(history, future=future)
    assert sorted(str(each.message) for each in caught) == [
        "'a': in training, but not in these data",
        "'new', 'short': not in training, so forecast with what was learned from the others",
        "1 series is too short ('short') and left out: a forecast reads 4 rows",
        "kind 'hail': not in training, so read as unknown",
        "the series end at different times, from 2024-01-03 to 2024-02-09 ('new', 'short' before "
        "the others): each is forecast from its own last row on",
    ]
    assert forecast["id"].tolist() == ["b"] * 3 + ["new"] * 3
    assert np.isfinite(forecast["prediction"]).all()
