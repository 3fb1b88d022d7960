"""The classical methods read what came before each origin, and are those of statsforecast."""

import importlib.util

import numpy as np
import pytest

from lstmcast.backtesting import backtest, statistical
from lstmcast.backtesting.statistical import carried_forward, check_installed
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.folds import fold_data, make_folds
from lstmcast.data.preparing import prepare
from lstmcast.errors import ResourceError
from tests.backtesting.conftest import config_of, frame_of
from tests.builders import weekly_cycle

needs_stats = pytest.mark.skipif(
    importlib.util.find_spec("statsforecast") is None, reason="statsforecast is not installed"
)


def forecast(config, frame):
    """The methods' forecasts of the first fold, and its windows."""
    panel = load_panel(config, frame=frame)
    data = fold_data(panel, make_folds(panel, config)[0])
    dataset = build_dataset(config, data.panel, splits=data.splits)
    prepared = prepare(data.panel, dataset.preparation)
    starts = dataset.starts["test"]
    found = carried_forward(prepared, starts, config, fitted_before=data.splits.bounds[:, 2])
    return found, starts


@needs_stats
# What statsforecast says of its own fit here.
@pytest.mark.filterwarnings("ignore:possible convergence problem")
@pytest.mark.parametrize("name", ["auto_ets", "theta", "auto_arima"])
def test_a_method_is_fitted_before_the_fold_and_carried_to_each_origin(name):
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

    theirs = {
        "auto_ets": AutoETS(season_length=7),
        "theta": AutoTheta(season_length=7),
        "auto_arima": AutoARIMA(season_length=7, approximation=True),
    }[name]
    found, starts = forecast(config_of(backtest={"statistical": [name]}), frame_of())
    y = frame_of()["y"].to_numpy()
    fitted = theirs.fit(y[:75])  # training and validation rows
    for window in (0, 3, 6):
        origin = starts[window] + 6
        expected = fitted.forward(y[: origin + 1], h=3)["mean"]
        np.testing.assert_allclose(found.forecasts[name][window, :, 0], expected, rtol=1e-9)
    assert found.warnings == ()


@needs_stats
def test_a_method_skips_the_lead_and_reads_nothing_after_the_origin():
    config = config_of(window={"lead": 2}, backtest={"statistical": ["auto_ets"]})
    found, starts = forecast(config, frame_of())
    frame = frame_of()
    origin = starts[2] + 6
    changed = frame.assign(y=np.where(np.arange(100) > max(origin, 74), 99.0, frame["y"]))
    again, _ = forecast(config, changed)
    assert np.array_equal(found.forecasts["auto_ets"][:3], again.forecasts["auto_ets"][:3])
    assert found.forecasts["auto_ets"].shape == (len(starts), 3, 1)


@needs_stats
def test_where_a_method_cannot_be_fitted_it_repeats_the_last_value(monkeypatch):
    def refuse(season):
        raise NotImplementedError("tiny datasets")

    monkeypatch.setitem(statistical._METHODS, "theta", refuse)
    found, starts = forecast(config_of(backtest={"statistical": ["theta"]}), frame_of())
    y = frame_of()["y"].to_numpy()
    assert np.array_equal(found.forecasts["theta"][:, 2, 0], y[starts + 6])
    assert "theta could not be fitted to 1 of the 1 series" in found.warnings[0]


@needs_stats
def test_missing_values_are_those_before_them():
    frame = weekly_cycle(100)
    frame.loc[[20, 60, 80], "y"] = np.nan
    config = config_of(
        data={"missing": {"strategy": "ffill"}}, backtest={"statistical": ["auto_ets"]}
    )
    found, _ = forecast(config, frame)
    assert np.isfinite(found.forecasts["auto_ets"]).all()


@needs_stats
@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_methods_stand_beside_the_baselines(tmp_path):
    config = config_of(backtest={"folds": 2, "statistical": ["auto_ets", "theta"]})
    run = backtest(config, frame=frame_of(), runs_dir=tmp_path)
    scores = run.metrics["metrics"]["test"]
    assert list(scores) == ["model", "naive", "seasonal_naive", "drift", "auto_ets", "theta"]
    with np.load(run.path / "forecasts.npz") as arrays:
        errors = np.abs(arrays["baseline_auto_ets"] - arrays["y_true"])
    assert scores["auto_ets"]["mae"] == pytest.approx(errors.mean())
    assert "auto ets" in (run.path / "report.html").read_text()


def test_without_statsforecast_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    check_installed(config_of())
    with pytest.raises(ResourceError, match=r"theta, .* pip install 'lstmcast\[stats\]'"):
        check_installed(config_of(backtest={"statistical": ["theta"]}))
