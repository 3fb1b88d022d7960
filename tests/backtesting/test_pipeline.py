"""A backtest as a whole: what it writes, how it fits again, how it goes on where it stopped."""

from __future__ import annotations

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error

from lstmcast.backtesting import backtest, pipeline
from lstmcast.backtesting.measuring import quantiles_at, shared_levels
from lstmcast.backtesting.plan import FoldResult, SilentFollower
from lstmcast.backtesting.work import run_group
from lstmcast.errors import BundleError, ResourceError, TooShortError
from lstmcast.execution.work import Outcome
from lstmcast.experiment import train
from lstmcast.runtime.bundle import load_bundle, verify_bundle
from lstmcast.runtime.runs import find_run, list_runs
from tests.backtesting.conftest import config_of, frame_of, remembering
from tests.builders import panel_frame

FILES = {
    "manifest.json",
    "config.yaml",
    "metrics.json",
    "folds.csv",
    "forecasts.npz",
    "forecasts.csv",
    "log.jsonl",
    "report.html",
}
PLOTS = {
    f"{name}.{kind}" for name in ("origins", "error_by_step", "forecast") for kind in ("png", "svg")
}

# The shared backtest is drawn.
pytestmark = pytest.mark.usefixtures("undrawn")


class Recorder:
    """Keeps what it is told."""

    def __init__(self):
        self.follower = self
        self.training = SilentFollower.training
        self.fits, self.done, self.resumed = [], [], None

    def fit_begins(self, number, n_folds):
        self.fits.append(number)

    def resumes(self, n_done, n_folds):
        self.resumed = (n_done, n_folds)

    def fold_done(self, result, n_done, n_folds):
        self.done.append(result.number)


@pytest.fixture(scope="module")
def always(tmp_path_factory, fits):
    """Three folds with a fit each, of 23 origins, and the directory of its runs."""
    runs_dir = tmp_path_factory.mktemp("always")
    with remembering(fits):
        return backtest(config_of(), frame=frame_of(), runs_dir=runs_dir)


def arrays_of(run):
    with np.load(run.path / "forecasts.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def test_a_backtest_is_a_whole_directory_and_leaves_nothing_else(always):
    manifest = verify_bundle(always.path)
    assert manifest["kind"] == "backtest"
    assert {path.name for path in always.path.iterdir() if path.is_file()} == FILES
    assert {path.name for path in (always.path / "plots").iterdir()} == PLOTS
    assert [path.name for path in always.path.parent.iterdir()] == [always.path.name]
    assert "http" not in (always.path / "report.html").read_text().replace("http-equiv", "")


def test_every_test_origin_is_forecast_once_by_the_fold_that_it_is_of(always):
    arrays = arrays_of(always)
    # 25 test rows from row 75 on; the first targets 75 … 97, the inputs 7 rows before.
    assert arrays["starts"].tolist() == list(range(68, 91))
    assert arrays["fold"].dtype == np.int32
    assert np.bincount(arrays["fold"]).tolist() == [0, 7, 8, 8]
    y = frame_of()["y"].to_numpy()
    ahead = arrays["starts"][:, None] + 7 + np.arange(3)
    assert np.array_equal(arrays["y_true"][..., 0], y[ahead])
    assert np.array_equal(arrays["baseline_naive"][:, 0, 0], y[arrays["starts"] + 6])
    assert arrays["levels"].tolist() == [0.1, 0.9]
    assert set(arrays) == {
        "fold",
        "targets",
        "series_names",
        "levels",
        "starts",
        "series",
        "origin_times",
        "y_true",
        "y_pred",
        "quantiles",
        "baseline_naive",
        "baseline_seasonal_naive",
        "baseline_drift",
    }


def test_the_scores_are_those_of_the_forecasts_by_fold_step_and_over_folds(always):
    arrays, metrics = arrays_of(always), json.loads((always.path / "metrics.json").read_text())
    true, pred, fold = (arrays[name] for name in ("y_true", "y_pred", "fold"))
    model = metrics["metrics"]["test"]["model"]
    assert model["mae"] == pytest.approx(mean_absolute_error(true.ravel(), pred.ravel()))
    by_fold = [
        mean_absolute_error(true[fold == i].ravel(), pred[fold == i].ravel()) for i in (1, 2, 3)
    ]
    assert [each["metrics"]["model"]["mae"] for each in metrics["folds"]] == pytest.approx(by_fold)
    over = metrics["over_folds"]["model"]["mae"]
    assert over["mean"] == pytest.approx(np.mean(by_fold))
    assert over["deviation"] == pytest.approx(np.std(by_fold, ddof=1))
    steps = np.abs(true - pred)[..., 0]
    by_step = [steps[fold == i].mean(axis=0) for i in (1, 2, 3)]
    found = metrics["by_step"]["model"]["mae"]
    assert found["mean"] == pytest.approx(np.mean(by_step, axis=0).tolist())
    assert found["deviation"] == pytest.approx(np.std(by_step, axis=0, ddof=1).tolist())
    # One scale for all folds: the seasonal naive error within the config's 60 training rows.
    y = frame_of()["y"].to_numpy()[:60]
    assert model["mase"] == pytest.approx(model["mae"] / np.abs(y[7:] - y[:-7]).mean())
    assert "by_series" not in metrics


def test_the_tables_hold_every_fold_and_forecast(always):
    folds = pd.read_csv(always.path / "folds.csv")
    assert folds["fold"].tolist() == folds["fitted"].tolist() == [1, 2, 3]
    assert folds["train_first"].tolist() == ["2024-01-01"] * 3
    days = pd.to_datetime(frame_of()["day"])
    assert folds["test_first"].tolist() == [str(days[row].date()) for row in (75, 82, 90)]
    assert folds["validation_last"].tolist() == [str(days[row].date()) for row in (74, 81, 89)]
    assert folds["train_windows"].tolist() == [60 - 9, 67 - 9, 75 - 9]
    assert {"mase", "mase_naive", "epochs", "best_epoch", "seconds"} <= set(folds)
    table = pd.read_csv(always.path / "forecasts.csv")
    columns = ["fold", "origin", "day", "step", "prediction", "actual", "0.1", "0.9"]
    assert table.columns.tolist() == columns
    assert len(table) == 23 * 3


def test_the_first_fold_is_the_run_of_the_same_config(always, tmp_path):
    run = train(config_of(), frame=frame_of(), runs_dir=tmp_path)
    with np.load(run.path / "forecasts.npz") as arrays:
        for name in ("y_pred", "quantiles"):
            ours = arrays_of(always)[name][:7]
            np.testing.assert_allclose(arrays[name][:7], ours, rtol=1e-5)
    assert always.metrics["scales"] == run.metrics["scales"]
    baselines = [each.metrics["metrics"]["test"]["naive"] for each in (always, run)]
    # A baseline has intervals, and so a CRPS, in a run alone.
    assert baselines[0] == {name: v for name, v in baselines[1].items() if name != "crps"}


def test_a_backtest_is_no_run(always):
    runs_dir = always.path.parent
    assert list_runs(runs_dir) == []
    assert [entry.path for entry in list_runs(runs_dir, kind="backtest")] == [always.path]
    assert find_run("latest", runs_dir, kind="backtest") == always.path
    with pytest.raises(BundleError, match="no run under"):
        find_run("latest", runs_dir)
    with pytest.raises(BundleError, match="is a backtest, not a run: it holds no network"):
        load_bundle(find_run(always.path.name, runs_dir))


@pytest.mark.usefixtures("fitted_once")
@pytest.mark.parametrize(
    ("refit", "fitted"), [("never", [1, 1, 1]), ("warm", [1, 2, 3]), (2, [1, 1, 3])]
)
def test_the_network_is_fitted_again_as_asked(refit, fitted, always, weekly, tmp_path):
    listener = Recorder()
    config = config_of(backtest={"refit": refit})
    run = backtest(config, frame=weekly, runs_dir=tmp_path, listener=listener)
    assert [fold["fitted"] for fold in run.metrics["folds"]] == fitted
    assert listener.fits == sorted(set(fitted))
    assert listener.done == [1, 2, 3]
    prints = [fold["fingerprint"] for fold in run.metrics["folds"]]
    first = always.metrics["folds"]
    for fold, mine in enumerate(prints):
        theirs = first[fitted[fold] - 1]["fingerprint"]
        # A warm fit prepares the data as a fresh one does, and has other weights.
        assert mine["preparation"] == theirs["preparation"]
        if refit == "warm" and fold:
            assert mine["weights"] != theirs["weights"]


@pytest.mark.usefixtures("fitted_once")
def test_without_a_new_fit_the_first_network_forecasts_all_as_a_run_does(weekly, tmp_path):
    config = config_of(backtest={"refit": "never"})
    run, whole = (
        backtest(config, frame=weekly, runs_dir=tmp_path),
        train(config, frame=weekly, runs_dir=tmp_path),
    )
    with np.load(whole.path / "forecasts.npz") as arrays:
        np.testing.assert_allclose(arrays["y_pred"], arrays_of(run)["y_pred"], rtol=1e-5)
    ours, theirs = (each.metrics["metrics"]["test"]["model"] for each in (run, whole))
    assert ours["mase"] == pytest.approx(theirs["mase"], rel=1e-5)


class Elsewhere:
    """What it runs is sent there and back, as to another process."""

    n_workers = 2

    def run(self, work, shared, items):
        for item in reversed(list(items)):  # ended in another order
            sent = pickle.loads(pickle.dumps((work, shared, item)))
            yield Outcome(item, pickle.loads(pickle.dumps(sent[0](*sent[1:]))))


def test_folds_may_run_in_other_processes_and_end_in_any_order(always, weekly, tmp_path):
    listener = Recorder()
    run = backtest(
        config_of(), frame=weekly, runs_dir=tmp_path, executor=Elsewhere(), listener=listener
    )
    assert listener.done == [3, 2, 1]
    assert listener.fits == []  # nobody can follow a fit there
    for name, values in arrays_of(always).items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(arrays_of(run)[name], values, rtol=1e-6)
    assert [fold["fold"] for fold in run.metrics["folds"]] == [1, 2, 3]


def test_a_panel_with_late_and_short_series_distributions_and_an_ensemble(tmp_path):
    frame = panel_frame({"a": 90, "late": 25, "short": 12}).rename(columns={"time": "day"})
    late = frame["id"] == "late"
    frame.loc[late, "day"] += pd.Timedelta(65, "D")
    config = config_of(
        data={"series": "id", "past_covariates": ["x"]},
        split={"train": 50, "validation": 10, "test": 30},
        output={"type": "student_t", "levels": [0.1, 0.5, 0.9]},
        training={"seeds": 2},
        backtest={"folds": 3, "window": "sliding"},
        scaling={"per": "series"},
    )
    run = backtest(config, frame=frame, runs_dir=tmp_path)
    arrays = arrays_of(run)
    assert arrays["quantiles"].shape == (*arrays["y_pred"].shape, 3)
    assert arrays["series_names"].tolist() == ["a", "late", "short"]
    # `late` begins with row 90 of the panel, five rows into the test period.
    assert (arrays["starts"][arrays["series"] == 1] >= 90).all()
    values = frame["y"].to_numpy()
    assert np.array_equal(arrays["y_true"][:, 0, 0], values[arrays["starts"] + 7])
    scores = run.metrics["metrics"]["test"]["model"]
    assert 0 <= scores["coverage"] <= 1
    assert set(run.metrics["by_series"]) == {"a", "late"}  # `short` has no test row
    assert run.metrics["by_series"]["late"]["model"]["pinball"] > 0
    of_folds = [fold["metrics"]["model"]["crps"] for fold in run.metrics["folds"]]
    assert run.metrics["over_folds"]["model"]["crps"]["mean"] == pytest.approx(np.mean(of_folds))
    assert min(of_folds) <= scores["crps"] <= max(of_folds)
    values = [run.metrics["by_series"][name]["model"]["mae"] for name in ("a", "late")]
    assert run.metrics["over_series"]["model"]["mae"]["mean"] == pytest.approx(np.mean(values))
    assert len(run.metrics["folds"]) == 3
    table = pd.read_csv(run.path / "forecasts.csv")
    assert table.columns.tolist()[:4] == ["fold", "origin", "day", "id"]


def test_a_column_that_is_called_fold_keeps_its_name(weekly, tmp_path):
    config = config_of(data={"time": "fold"}, backtest={"folds": 1})
    run = backtest(config, frame=weekly.rename(columns={"day": "fold"}), runs_dir=tmp_path)
    assert pd.read_csv(run.path / "forecasts.csv").columns.tolist()[:3] == [
        "fold_",
        "origin",
        "fold",
    ]
    assert run.metrics["over_folds"]["model"]["mae"]["deviation"] is None


def failing_after(n_groups):
    """`run_group` that fails as a killed process would, after so many groups."""
    calls = SimpleNamespace(done=0)

    def run(task, group):
        if calls.done == n_groups:
            raise KeyboardInterrupt
        calls.done += 1
        return run_group(task, group)

    return run


@pytest.mark.usefixtures("fitted_once")
def test_an_interrupted_backtest_goes_on_where_it_stopped(weekly, always, tmp_path, monkeypatch):
    config = config_of()
    monkeypatch.setattr(pipeline, "run_group", failing_after(2))
    with pytest.raises(KeyboardInterrupt):
        backtest(config, frame=weekly, runs_dir=tmp_path)
    assert list_runs(tmp_path, kind="backtest") == []
    monkeypatch.undo()
    listener = Recorder()
    run = backtest(config, frame=weekly, runs_dir=tmp_path, listener=listener)
    assert listener.resumed == (2, 3)
    assert listener.fits == listener.done == [3]
    assert [path.name for path in tmp_path.iterdir()] == [run.path.name]
    for name, values in arrays_of(always).items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(arrays_of(run)[name], values, rtol=1e-6)
    assert [fold["windows"]["train"] for fold in run.metrics["folds"]] == [51, 58, 66]


@pytest.mark.usefixtures("fitted_once")
def test_other_data_or_another_config_begin_anew(weekly, tmp_path, monkeypatch):
    config = config_of()
    monkeypatch.setattr(pipeline, "run_group", failing_after(1))
    with pytest.raises(KeyboardInterrupt):
        backtest(config, frame=weekly, runs_dir=tmp_path)
    monkeypatch.setattr(pipeline, "run_group", failing_after(0))
    for changed_config, frame, resumed in (
        (config_of(seed=9), weekly, None),
        (config, weekly.assign(y=weekly["y"] + 1), None),
        (config, weekly, (1, 3)),
    ):
        listener = Recorder()
        with pytest.raises(KeyboardInterrupt):
            backtest(changed_config, frame=frame, runs_dir=tmp_path, listener=listener)
        assert listener.resumed == resumed


@pytest.mark.long
def test_a_damaged_piece_of_an_interrupted_backtest_is_computed_again(
    weekly, tmp_path, monkeypatch
):
    config = config_of()
    monkeypatch.setattr(pipeline, "run_group", failing_after(2))
    with pytest.raises(KeyboardInterrupt):
        backtest(config, frame=weekly, runs_dir=tmp_path)
    monkeypatch.undo()
    (piece,) = tmp_path.rglob("fold-1.npz")
    piece.write_bytes(piece.read_bytes()[:-10])
    listener = Recorder()
    backtest(config, frame=weekly, runs_dir=tmp_path, listener=listener)
    assert listener.resumed == (1, 3)
    assert listener.fits == [1, 3]


def test_the_same_backtest_runs_once_at_a_time(weekly, tmp_path, monkeypatch):
    config = config_of()

    def meanwhile(task, group):
        with pytest.raises(ResourceError, match="another process runs the same backtest"):
            backtest(config, frame=weekly, runs_dir=tmp_path)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run_group", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        backtest(config, frame=weekly, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_one_fold_names_it(weekly, tmp_path):
    # The rows 83 to 91 have no value: no window of the second fold has all its targets.
    y = weekly["y"].where(~weekly.index.isin(range(82, 92)))
    config = config_of(data={"missing": {"strategy": "ffill"}})
    with pytest.raises(TooShortError, match="fold 2 of 3: the test split has no window"):
        backtest(config, frame=weekly.assign(y=y), runs_dir=tmp_path)


def test_a_fold_of_which_no_window_is_whole_is_told_of_before_it_is_trained(weekly, tmp_path):
    y = weekly["y"].where(~weekly.index.isin(range(75, 92, 3)))
    config = config_of(data={"missing": {"strategy": "mask"}})
    with pytest.raises(TooShortError, match=r"fold 1 of 3: the test split has no window"):
        backtest(config, frame=weekly.assign(y=y), runs_dir=tmp_path)


def test_the_quantiles_of_a_backtest_are_those_that_every_fold_has():
    def fold(*levels):
        quantiles = np.array(levels, dtype=float)[None, None, None]
        return FoldResult(facts={"levels": list(levels)}, arrays={"quantiles": quantiles})

    results = [fold(0.1, 0.5, 0.9), fold(0.025, 0.1, 0.5, 0.9, 0.975)]
    levels = shared_levels(results)
    assert levels == (0.1, 0.5, 0.9)
    for result in results:
        assert quantiles_at(levels, result).ravel().tolist() == list(levels)


def test_too_many_folds_leave_nothing_behind(weekly, tmp_path):
    with pytest.raises(TooShortError, match="= 23 of them"):
        backtest(config_of(backtest={"folds": 24}), frame=weekly, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
