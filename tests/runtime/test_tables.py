import numpy as np
import pandas as pd

from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.tables import forecasts_frame, prediction_frame
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import FakeNetwork, dataset_of, network_of


def test_a_single_series_has_time_step_and_prediction():
    data = dataset_of(hourly_frame(40))
    found = forecast(data.panel, data.preparation, network_of(data))
    frame = prediction_frame(found)
    assert list(frame) == ["time", "step", "prediction"]
    assert frame["step"].tolist() == [1, 2, 3]
    assert frame["prediction"].tolist() == found.prediction[0, :, 0].tolist()
    assert frame["time"].tolist() == pd.date_range("2024-01-02 16:00", periods=3, freq="h").tolist()


def test_rows_are_by_series_then_target_then_step_with_a_column_for_each_quantile():
    levels = [0.1, 0.5, 0.9999999]
    data = dataset_of(
        panel_frame({"a": 40, "b": 30}),
        data={"series": "id", "target": ["x", "y"]},
        output={"type": "quantiles", "levels": levels},
        training={"loss": "quantile"},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    found = forecast(data.panel, data.preparation, FakeNetwork(3, 2, 3))
    frame = prediction_frame(found)
    assert list(frame) == ["time", "id", "target", "step", "prediction", "0.1", "0.5", "0.9999999"]
    assert frame["id"].tolist() == ["a"] * 6 + ["b"] * 6
    assert frame["target"].tolist() == (["x"] * 3 + ["y"] * 3) * 2
    assert frame["step"].tolist() == [1, 2, 3] * 4
    row = frame[(frame["id"] == "b") & (frame["target"] == "y") & (frame["step"] == 3)].iloc[0]
    assert row["prediction"] == found.prediction[1, 2, 1]
    assert row["0.1"] == found.quantiles[1, 2, 1, 0]
    assert row["time"] == pd.Timestamp(found.times[1, 2])


def test_times_are_local_where_there_is_a_zone():
    data = dataset_of(hourly_frame(40), data={"tz": "America/New_York"})
    frame = prediction_frame(forecast(data.panel, data.preparation, network_of(data)))
    assert str(frame["time"][0]) == "2024-01-02 16:00:00-05:00"


def test_window_forecasts_have_their_origin_and_what_came_true():
    data = dataset_of(panel_frame({"a": 40, "b": 40}), data={"series": "id", "tz": "UTC"})
    times = np.array(
        [["2024-01-03", "2024-01-04"], ["2024-01-05", "2024-01-06"]], dtype="datetime64[us]"
    )
    y_true = np.array([1.0, 2.0, 3.0, 4.0]).reshape(2, 2, 1)
    forecasts = WindowForecasts(
        split="test",
        starts=np.array([0, 50]),
        series=np.array([0, 1], dtype=np.int32),
        origin_times=times[:, 0] - np.timedelta64(1, "D"),
        times=times,
        y_true=y_true,
        y_pred=y_true + 10,
        quantiles=None,
        levels=(),
        baselines={},
        targets=("y",),
        series_names=("a", "b"),
    )
    frame = forecasts_frame(forecasts, data.panel.schema)
    assert list(frame) == ["origin", "time", "id", "step", "prediction", "actual"]
    assert frame["origin"].dt.day.tolist() == [2, 2, 4, 4]
    assert str(frame["origin"].dt.tz) == "UTC"
    assert frame["time"].dt.day.tolist() == [3, 4, 5, 6]
    assert frame["id"].tolist() == ["a", "a", "b", "b"]
    assert frame["prediction"].tolist() == [11, 12, 13, 14]
    assert frame["actual"].tolist() == [1, 2, 3, 4]
