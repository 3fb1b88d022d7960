"""The whole pipeline, on a few tiny trainings."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.errors import ConfigError, DataError, ResourceError, TooShortError
from lstmcast.execution.local import LocalExecutor
from lstmcast.execution.work import Outcome
from lstmcast.experiment import pipeline, rebuild_network, train
from lstmcast.forecaster import Forecaster
from lstmcast.models.ensemble import members_of
from lstmcast.runtime.bundle import load_bundle, verify_bundle
from lstmcast.runtime.evaluating import evaluate_panel
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.inputs import history_panel
from lstmcast.runtime.network import OnnxNetwork
from lstmcast.training.inference import KerasNetwork
from tests.builders import panel_frame, weekly_cycle
from tests.networks import BACKEND

FILES = {
    "calibration.json",
    "ranks.npz",
    "scores.npz",
    "config.yaml",
    "context.csv",
    "forecasts.csv",
    "forecasts.npz",
    "history.csv",
    "log.jsonl",
    "manifest.json",
    "metrics.json",
    "model.onnx",
    "preparation.json",
    "probe.npz",
    "report.html",
    "weights.safetensors",
}

# The shared runs are drawn.
pytestmark = pytest.mark.usefixtures("undrawn")


def config_of(runs_dir, *, data=None, training=None, **sections):
    return config_from_mapping(
        {
            "runs_dir": str(runs_dir),
            "data": {"path": None, "time": "day", "target": "y", **(data or {})},
            "window": {"lookback": 5, "horizon": 2},
            "model": {"units": [3]},
            "training": {"epochs": 1, "backend": BACKEND, "device": "cpu", **(training or {})},
            **sections,
        }
    ).config


def test_a_run_is_whole_and_verified(trained_run):
    manifest = verify_bundle(trained_run)
    assert {path.name for path in trained_run.iterdir() if path.is_file()} == FILES
    assert (trained_run / "plots").is_dir()
    assert not (trained_run.parent / ".partial").exists()
    assert manifest["onnx"]["parity"] < 1e-5
    assert manifest["data"] | {"fingerprint": ""} == {
        "fingerprint": "",
        "rows": 160,
        "series": 1,
        "first": "2024-01-01T00:00:00.000000",
        "last": "2024-06-08T00:00:00.000000",
    }
    assert manifest["network"]["parameters"] == sum(
        weight.size for weight in load_bundle(trained_run).weights().values()
    )


def test_a_run_keeps_how_its_intervals_are_calibrated_and_what_they_learned(trained_run):
    bundle = load_bundle(trained_run)
    calibration, learned = bundle.calibration()
    metrics = bundle.metrics()
    assert calibration.n_windows.tolist() == [metrics["windows"]["validation"]]
    assert str(learned.tracks[0].time) == "2024-06-08T00:00:00.000000"
    with np.load(trained_run / "forecasts.npz", allow_pickle=False) as arrays:
        assert arrays["levels"].tolist() == list(calibration.shown) == [0.025, 0.1, 0.9, 0.975]
        assert arrays["quantiles"].shape == (*arrays["y_true"].shape, 4)
    found = metrics["intervals"]
    wide = next(each for each in found["static"]["intervals"] if each["level"] == 0.95)
    assert wide["coverage"] == pytest.approx(metrics["metrics"]["test"]["model"]["coverage"])
    assert "the 95 % interval" in metrics["verdicts"]["intervals"]["text"]
    assert set(metrics["metrics"]["test"]["naive"]) >= {"crps"}


def test_the_test_forecasts_are_those_of_the_exported_network(trained_run):
    bundle = load_bundle(trained_run)
    network = OnnxNetwork(bundle.network_file)
    again = evaluate_panel(bundle, history_panel(bundle, bundle.config.data.path), network)
    kept = bundle.metrics()
    assert kept["windows"] == {"train": 103, "validation": 22, "test": 22}
    assert again["windows"]["test"] == kept["windows"]["test"]
    assert again["metrics"]["test"] == kept["metrics"]["test"]
    assert again["metrics_scaled"]["test"] == kept["metrics_scaled"]["test"]
    arrays = np.load(trained_run / "forecasts.npz")
    error = arrays["y_pred"] - arrays["y_true"]
    assert kept["metrics"]["test"]["model"]["mse"] == pytest.approx(np.mean(error**2))
    table = pd.read_csv(trained_run / "forecasts.csv")
    assert len(table) == 22 * 3
    assert table["prediction"].tolist() == arrays["y_pred"].ravel().tolist()


def test_the_log_tells_of_data_and_epochs(trained_run):
    lines = [json.loads(line) for line in (trained_run / "log.jsonl").read_text().splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "data"
    assert events.count("epoch") == len(pd.read_csv(trained_run / "history.csv"))


def test_a_rebuilt_network_forecasts_as_the_exported_one(trained_run):
    bundle = load_bundle(trained_run)
    keras = KerasNetwork(rebuild_network(bundle.preparation, bundle.weights()))
    panel = history_panel(bundle)
    found, expected = (
        forecast(panel, bundle.preparation, network).prediction
        for network in (keras, OnnxNetwork(bundle.network_file))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_run_of_distributions_scores_and_samples_them(tmp_path):
    frame = weekly_cycle(n_rows=160)
    config = config_of(
        tmp_path,
        output={"type": "normal"},
        data={"target": ["y", "twice"]},
        calibration={"method": "none"},
    )
    run = train(config, frame=frame.assign(twice=2 * frame["y"]))
    files = {path.name for path in run.path.iterdir() if path.is_file()}
    assert files == FILES - {"calibration.json", "scores.npz"}
    assert run.manifest["onnx"]["parity"] < 1e-5
    assert run.manifest["network"]["shapes"]["head"] == "normal"
    scores = run.metrics["metrics"]["test"]["model"]
    by_target = [scores["by_target"][name]["crps"] for name in ("y", "twice")]
    assert scores["crps"] == pytest.approx(np.mean(by_target))
    assert scores["crps"] == pytest.approx(np.mean(scores["by_step"]["crps"]))
    # The pinball loss of the distribution's quantiles at many levels tends to half of it.
    arrays = np.load(run.path / "forecasts.npz")
    low, median, high = np.moveaxis(arrays["quantiles"], -1, 0)
    np.testing.assert_allclose(high - median, median - low, rtol=1e-6)
    assert np.array_equal(median, arrays["y_pred"])
    loc, scale = median, (high - median) / NormalDist().inv_cdf(0.9)
    levels = (np.arange(400) + 0.5) / 400
    errors = [arrays["y_true"] - (loc + scale * NormalDist().inv_cdf(level)) for level in levels]
    pinball = [
        np.maximum(level * error, (level - 1) * error).mean()
        for level, error in zip(levels, errors, strict=True)
    ]
    assert scores["crps"] == pytest.approx(2 * np.mean(pinball), rel=1e-2)

    forecaster = Forecaster.load(run.path)
    table = forecaster.predict(steps=7)
    assert (table["0.1"] < table["0.5"]).all()
    assert (table["0.5"] < table["0.9"]).all()
    paths = forecaster.sample(3, steps=7)
    assert list(paths.columns) == ["day", "target", "path", "step", "value"]
    assert len(paths) == 2 * 3 * 7
    pd.testing.assert_frame_equal(paths, forecaster.sample(3, steps=7))
    with pytest.raises(ConfigError, match="n_paths must be 1 or more"):
        forecaster.sample(0)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    """Members of the seeds 5, 6 and 7, each with its best epoch."""
    return train(ensemble_config(tmp_path_factory.mktemp("ensemble")), frame=weekly_cycle())


def ensemble_config(runs_dir):
    return config_of(runs_dir, training={"seeds": 3, "epochs": 2}, seed=5)


def test_an_ensemble_is_one_run_with_the_weights_and_the_history_of_all_members(ensemble):
    manifest = verify_bundle(ensemble.path)
    assert {path.name for path in ensemble.path.iterdir() if path.is_file()} == FILES
    assert manifest["onnx"]["parity"] < 1e-5
    bundle = load_bundle(ensemble.path)
    weights = bundle.weights()
    assert {name.partition("/")[0] for name in weights} == {"member_0", "member_1", "member_2"}
    assert manifest["network"]["parameters"] == sum(w.size for w in weights.values())
    history = pd.read_csv(ensemble.path / "history.csv")
    assert history["member"].tolist() == [0, 0, 1, 1, 2, 2]
    assert history["epoch"].tolist() == [1, 2, 1, 2, 1, 2]
    lines = [json.loads(line) for line in (ensemble.path / "log.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines if line["event"] == "fit"] == [5, 6, 7]
    epochs = [line for line in lines if line["event"] == "epoch"]
    assert [line["member"] for line in epochs] == history["member"].tolist()


def test_a_member_is_what_a_run_of_its_seed_alone_is(ensemble, tmp_path):
    alone = train(config_of(tmp_path, training={"epochs": 2}, seed=7), frame=weekly_cycle())
    weights, members = load_bundle(alone.path).weights(), load_bundle(ensemble.path).weights()
    assert not [name for name in weights if name.startswith("member")]
    for name, values in weights.items():
        np.testing.assert_allclose(members[f"member_2/{name}"], values, rtol=1e-6, atol=1e-8)
    assert "member" not in pd.read_csv(alone.path / "history.csv")
    assert "members" not in alone.metrics
    found = ensemble.metrics["members"]
    # No member is calibrated alone.
    assert "coverage" in ensemble.metrics["metrics"]["test"]["model"]
    assert not {"coverage", "pinball"} & set(found["metrics"]["test"])
    assert found["best_epoch"][2] == alone.metrics["best_epoch"]
    for split in ("validation", "test"):
        for name, spread in found["metrics"][split].items():
            own = alone.metrics["metrics"][split]["model"][name]
            assert spread["values"][2] == pytest.approx(own, rel=1e-5)
        for name, spread in found["metrics_scaled"][split].items():
            own = alone.metrics["metrics_scaled"][split][name]
            assert spread["values"][2] == pytest.approx(own, rel=1e-5)
            assert spread["mean"] == pytest.approx(np.mean(spread["values"]))


def test_members_trained_side_by_side_are_the_same(ensemble, tmp_path):
    class LastFirst:
        """Stands for other processes: what goes there and comes back is pickled."""

        n_workers = 2

        def run(self, work, shared, items):
            work, shared = pickle.loads(pickle.dumps((work, shared)))
            for item in reversed(list(items)):
                yield Outcome(item, pickle.loads(pickle.dumps(work(shared, item))))

    config = ensemble_config(tmp_path)
    apart = train(config, frame=weekly_cycle(), executor=LastFirst())
    own, theirs = (load_bundle(run.path).weights() for run in (apart, ensemble))
    assert list(own) == list(theirs)
    for name, weight in own.items():
        np.testing.assert_allclose(weight, theirs[name], rtol=1e-5, atol=1e-7)
    ours, others = (pd.read_csv(run.path / "history.csv") for run in (apart, ensemble))
    assert ours["member"].tolist() == others["member"].tolist()
    np.testing.assert_allclose(ours["val_loss"], others["val_loss"], rtol=1e-5)


def test_one_network_is_not_trained_side_by_side(tmp_path):
    with pytest.raises(ConfigError, match=r"training\.seeds: is 1"):
        train(config_of(tmp_path), frame=weekly_cycle(), executor=LocalExecutor())
    assert list(tmp_path.iterdir()) == []


def test_an_ensemble_forecasts_the_median_of_its_members(ensemble):
    bundle = load_bundle(ensemble.path)
    rebuilt = rebuild_network(bundle.preparation, bundle.weights())
    networks = [OnnxNetwork(bundle.network_file), KerasNetwork(rebuilt)]
    networks += [KerasNetwork(member) for member in members_of(rebuilt)]
    panel = history_panel(bundle)
    exported, whole, *members = (
        forecast(panel, bundle.preparation, network).prediction for network in networks
    )
    assert len(members) == 3
    assert not np.allclose(members[0], members[1])
    np.testing.assert_allclose(exported, np.median(members, axis=0), rtol=1e-6)
    np.testing.assert_allclose(whole, exported, rtol=1e-6)


def test_an_ensemble_that_cannot_be_exported_forecasts_through_keras(tmp_path, monkeypatch):
    def refuse(*_):
        raise ResourceError("no ONNX today")

    monkeypatch.setattr("lstmcast.training.export.write_onnx", refuse)
    run = train(config_of(tmp_path, training={"seeds": 2}), frame=weekly_cycle())
    assert any("forecasts through Keras" in warning for warning in run.warnings)
    assert run.metrics["members"]["metrics"]["test"]["mae"]["deviation"] > 0
    forecaster = Forecaster.load(run.path)
    assert forecaster.bundle.network_file is None
    found = forecaster.evaluate(weekly_cycle())["metrics"]["test"]["model"]["mae"]
    assert found == pytest.approx(run.metrics["metrics"]["test"]["model"]["mae"], rel=1e-5)


@pytest.mark.slow
def test_a_panel_with_everything_and_empty_splits_is_trained(tmp_path):
    frame = panel_frame({"a": 60, "b": 45}).rename(columns={"time": "day"})
    rng = np.random.default_rng(0)
    frame["known"] = rng.normal(size=len(frame))
    frame["word"] = rng.choice(["p", "q"], size=len(frame))
    frame["kind"] = rng.choice(["r", "s"], size=len(frame))
    frame["town"] = frame["id"].map({"a": "Oslo", "b": "Rome"})
    frame["size"] = frame["id"].map({"a": 1.0, "b": 2.0})
    config = config_of(
        tmp_path,
        data={
            "series": "id",
            "target": ["y", "x"],
            "past_covariates": ["word"],
            "future_covariates": ["known", "kind"],
            "static_covariates": ["town", "size"],
        },
        features={"categories": {"encoding": "embedding"}, "calendar": ["dayofweek"]},
        output={"type": "quantiles", "levels": [0.1, 0.5, 0.9]},
        model={"units": [3], "linear_share": 0.2},
        training={"loss": "quantile"},
        split={"train": 60, "validation": 0, "test": 0},
    )
    run = train(config, frame=frame)
    assert any("validation split is empty" in warning for warning in run.warnings)
    assert any("test split is empty" in warning for warning in run.warnings)
    assert run.metrics["windows"]["test"] == 0
    assert run.metrics["worst_series"]["series"] == []
    assert (run.path / "metrics_by_series.csv").is_file()
    assert run.metrics["metrics"]["test"]["model"]["mae"] is None
    bundle = load_bundle(run.path)
    assert bundle.manifest["onnx"]["parity"] < 1e-5
    assert (bundle.weights()["linear/kernel"] != 0).all()


def test_a_run_that_fails_leaves_no_half_run(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "fit", fail)
    with pytest.raises(KeyboardInterrupt):
        train(config_of(tmp_path), frame=weekly_cycle())
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (weekly_cycle(8), TooShortError),
        (weekly_cycle().assign(y=np.where(np.arange(160) == 9, np.nan, 1.0)), DataError),
    ],
)
def test_nothing_is_written_when_a_run_does_not_start(frame, error, tmp_path):
    with pytest.raises(error):
        train(config_of(tmp_path / "runs"), frame=frame)
    assert not (tmp_path / "runs").exists()


# Trains on a frame and on frames perturbed after a cut; prints a hash of the weights of each.
_TRAIN = """
import hashlib, json, sys
import numpy as np
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.experiment import shapes_of
from lstmcast.models.registry import build_network
from lstmcast.training.backend import load_keras
from lstmcast.data.windows import Starts
from lstmcast.training.fitting import fit_network
from lstmcast.training.progress import SilentProgress
from lstmcast.training.weights import weights_of
from tests.builders import weekly_cycle
from tests.test_experiment import config_of

def weights(first_changed, **training):
    frame = weekly_cycle(80)
    frame.loc[first_changed:, "y"] = 1000 * np.random.default_rng(1).normal(size=80 - first_changed)
    config = config_of(
        "runs",
        training={"deterministic": True, "epochs": 3, "batch_size": 16, **training},
        split={"train": 50, "validation": 15, "test": 15},
    )
    data = build_dataset(config, load_panel(config, frame=frame))
    load_keras(config.training, seed=config.seed)
    network = build_network(config.model, shapes_of(data.preparation))
    starts = Starts(train=data.starts["train"], validation=data.starts["validation"])
    fit_network(
        network, data.prepared.arrays, starts=starts, config=config, progress=SilentProgress()
    )
    digest = hashlib.sha256()
    for name, values in sorted(weights_of(network).items()):
        digest.update(values.tobytes())
    return digest.hexdigest()

stopping = {"early_stopping": {"patience": 1}, "reduce_lr": {"patience": 1}}
blind = {"early_stopping": None, "reduce_lr": None}
jobs = {
    "stopping": lambda: weights(80, **stopping),
    "stopping, test changed": lambda: weights(65, **stopping),
    "blind": lambda: weights(80, **blind),
    "blind, validation changed": lambda: weights(50, **blind),
    "blind, training changed": lambda: weights(49, **blind),
}
print(json.dumps({name: jobs[name]() for name in sys.argv[1:]}))
"""


def trained_weights(*names, hash_seed):
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", _TRAIN, *names],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_weights_are_the_same_bits_in_every_process_and_whatever_comes_after_their_cut():
    names = ("stopping", "stopping, test changed", "blind", "blind, validation changed")
    found = trained_weights(*names, "blind, training changed", hash_seed="1")
    other = trained_weights("blind", "stopping", hash_seed="2")
    assert found["stopping"] == other["stopping"]
    assert found["blind"] == other["blind"]
    assert found["stopping, test changed"] == found["stopping"]
    assert found["blind, validation changed"] == found["blind"]
    # The test sees what it looks for.
    assert found["blind, training changed"] != found["blind"]
