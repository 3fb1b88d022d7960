import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_squared_error

from lstmcast.errors import TooShortError
from lstmcast.runtime.evaluating import (
    Scales,
    evaluate_panel,
    forecast_windows,
    training_scales,
)
from lstmcast.runtime.inputs import history_panel
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import bundle_of, dataset_of, network_of

COUNTS = {"train": 30, "validation": 10, "test": 10}


def test_windows_hold_what_came_true_and_when():
    frame = hourly_frame(60)
    data = dataset_of(frame, split=COUNTS)
    starts = data.starts["test"]
    found = forecast_windows(
        data.prepared, data.preparation, network_of(data), split="test", starts=starts
    )
    assert starts[0] == 36
    assert found.y_true[:][0, :, 0].tolist() == frame["y"][40:43].tolist()
    assert found.origin_times[0] == np.datetime64(frame["time"][39])
    assert found.times[:][0].tolist() == frame["time"][40:43].tolist()
    assert found.baselines["naive"][:][0, :, 0].tolist() == [frame["y"][39]] * 3


def test_no_window_gives_empty_forecasts():
    data = dataset_of(hourly_frame(60), split=COUNTS)
    found = forecast_windows(
        data.prepared,
        data.preparation,
        network_of(data),
        split="test",
        starts=np.empty(0, dtype=np.int64),
    )
    assert found.y_pred.shape == found.y_true[:].shape == (0, 3, 1)
    assert found.baselines["drift"][:].shape == (0, 3, 1)


def test_scales_come_from_the_training_rows():
    frame = hourly_frame(60)
    data = dataset_of(frame, split=COUNTS)
    scales = training_scales(data.prepared, data.splits)
    training = frame["y"][:30]
    assert scales.deviation[0] == pytest.approx(training.std(ddof=0))
    assert scales.mase[0, 0] == pytest.approx(training.diff(24).abs().mean())
    text = json.dumps(scales.to_json(), allow_nan=False)
    again = Scales.from_json(json.loads(text))
    assert np.array_equal(again.mase, scales.mase)
    assert again.series == ("",)


def test_a_scale_that_is_not_known_is_null():
    scales = Scales(("a",), np.array([[np.nan, 1.0]]), np.array([1.0, 2.0]))
    values = scales.to_json()
    assert values["mase"] == [[None, 1.0]]
    assert np.isnan(Scales.from_json(values).mase[0, 0])


def test_a_new_series_is_scaled_by_the_mean_of_those_of_training():
    data = dataset_of(panel_frame({"a": 60, "b": 60}), data={"series": "id"}, split=COUNTS)
    scales = Scales(("b", "a"), np.array([[1.0], [3.0]]), np.array([1.0]))
    assert scales.mase_of(data.panel).tolist() == [[3], [1]]
    other = dataset_of(panel_frame({"c": 60}), data={"series": "id"}, split=COUNTS)
    assert scales.mase_of(other.panel).tolist() == [[2]]


def test_only_windows_after_the_validation_period_are_measured(tmp_path):
    frame = hourly_frame(100, seed=1)
    data = dataset_of(frame[:60], split=COUNTS)
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    found = evaluate_panel(bundle, history_panel(bundle, frame), network)
    # The targets lie in rows 40 to 99.
    assert found["windows"] == {"test": 58}
    windows = forecast_windows(
        data.prepared, data.preparation, network, split="test", starts=np.arange(36, 54)
    )
    part = evaluate_panel(bundle, history_panel(bundle, frame[:60]), network)
    expected = mean_squared_error(windows.y_true[:].ravel(), windows.y_pred.ravel())
    assert part["windows"] == {"test": 18}
    assert part["metrics"]["test"]["model"]["mse"] == pytest.approx(expected)
    deviation = frame["y"][:30].std(ddof=0)
    assert part["metrics_scaled"]["test"]["mse"] == pytest.approx(expected / deviation**2)
    json.dumps(part, allow_nan=False)


def test_all_windows_of_a_new_series_are_measured(tmp_path):
    data = dataset_of(
        panel_frame({"a": 60}), data={"series": "id"}, split=COUNTS, scaling={"per": "series"}
    )
    bundle = bundle_of(data, tmp_path)
    panel = history_panel(bundle, panel_frame({"a": 60, "new": 20}))
    found = evaluate_panel(bundle, panel, network_of(data))
    assert found["windows"] == {"test": 18 + (20 - 4 - 3 + 1)}


def test_data_that_end_before_the_test_are_refused(tmp_path):
    data = dataset_of(hourly_frame(60), split=COUNTS)
    bundle = bundle_of(data, tmp_path)
    message = r"the data run to 2024-01-02 15:00, .* which ended before 2024-01-02 16:00"
    with pytest.raises(TooShortError, match=message):
        evaluate_panel(bundle, history_panel(bundle, hourly_frame(40)), network_of(data))


def test_data_after_training_need_no_older_rows(tmp_path):
    data = dataset_of(hourly_frame(60), split=COUNTS)
    bundle = bundle_of(data, tmp_path)
    later = hourly_frame(20).assign(time=pd.date_range("2025-01-01", periods=20, freq="h"))
    found = evaluate_panel(bundle, history_panel(bundle, later), network_of(data))
    assert found["windows"] == {"test": 14}
