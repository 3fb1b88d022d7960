import numpy as np
import pandas as pd
import pytest

from lstmcast.config.schema import Window
from lstmcast.data.dataset import load_panel
from lstmcast.data.short_series import with_usable_series
from lstmcast.data.times.grid import future_times, past_times
from lstmcast.errors import ConfigError
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.inputs import forecastable, history_panel
from tests.builders import panel_frame
from tests.runtime.fakes import bundle_of, config_of, dataset_of, network_of

ALL_TRAINING = {"train": 1.0, "validation": 0.0, "test": 0.0}


def short_and_long(lengths, **window):
    config = config_of(data={"series": "id"}, window={"lookback": 4, "horizon": 3, **window})
    return load_panel(config, frame=panel_frame(lengths))


def test_series_shorter_than_a_window_are_left_out_and_named():
    panel = short_and_long({"a": 7, "b": 6, "c": 20, "d": 2})
    assert panel.series == ("a", "c")
    assert np.diff(panel.offsets).tolist() == [7, 20]
    assert panel.warnings == (
        "2 series are too short ('b', 'd') and left out: a window needs 7 rows (lookback 4 + "
        "horizon 3), they have at most 6",
    )


def test_many_names_are_counted_and_a_lead_is_part_of_a_window():
    lengths = {"long": 30, **{f"s{i}": 8 for i in range(9)}}
    (text,) = short_and_long(lengths, lead=2).warnings
    assert text.startswith("9 series are too short ('s0', 's1', 's2', 's3', 's4' and 4 more) and")
    assert "needs 9 rows (lookback 4 + lead 2 + horizon 3)" in text


def test_where_all_are_too_short_or_none_is_nothing_is_left_out():
    assert short_and_long({"a": 2, "b": 3}).series == ("a", "b")
    panel = short_and_long({"a": 7, "b": 8})
    data = config_of(data={"series": "id"}).data
    assert with_usable_series(panel, data, Window(lookback=4, horizon=3)) is panel


PAD = {"series": "id", "short_series": "pad", "missing": {"strategy": "mask"}}


def test_padded_series_begin_with_rows_without_values_and_are_trained_on():
    frame = panel_frame({"a": 40, "b": 6, "c": 3, "d": 4})
    data = dataset_of(frame, data={**PAD, "past_covariates": ["x"]}, split=ALL_TRAINING)
    panel = data.panel
    assert panel.series == ("a", "b", "d")
    assert np.diff(panel.offsets).tolist() == [40, 9, 7]
    assert (
        "1 series is too short ('c') and left out: a window needs 4 rows (1 known row +"
        in (panel.warnings[0])
    )
    first = int(panel.offsets[1])
    assert np.isnan(panel.values[first : first + 3]).all()
    assert np.diff(panel.times[first : first + 9]).tolist() == [np.timedelta64(1, "D")] * 8
    expected = frame.loc[frame["id"] == "b", "y"].to_numpy()
    assert np.array_equal(panel.targets[first + 3 : first + 9, 0], expected)
    of_series = panel.series_of_row[data.fitted_starts.train]
    assert np.bincount(of_series).tolist() == [34, 3, 1]


def test_a_padded_series_is_forecast_from_as_little_as_a_row(tmp_path):
    data = dataset_of(panel_frame({"a": 40, "b": 6}), data=PAD, split=ALL_TRAINING)
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    own = history_panel(bundle)
    assert own.series == ("a", "b")
    new = history_panel(bundle, panel_frame({"b": 6, "new": 1}))
    panel, texts = forecastable(new, bundle.preparation)
    assert texts == ()
    found = forecast(panel, bundle.preparation, network).prediction
    assert np.isfinite(found).all()
    again = forecast(own, bundle.preparation, network).prediction
    assert again.shape == (2, 3, 1)


@pytest.mark.parametrize("freq", ["D", "h", "MS", "ME", "W-SUN", "B", "QS"])
def test_steps_before_a_time_are_those_after_the_earliest_of_them(freq):
    times = pd.date_range("2024-03-01", periods=8, freq=freq).to_numpy().astype("datetime64[us]")
    before = past_times(times[-1], 7, freq=freq, tz=None)
    assert before.tolist() == times[:-1].tolist()
    ahead = future_times(before[0], 7, freq=freq, tz=None)
    assert ahead.tolist() == times[1:].tolist()


def test_days_before_a_time_are_those_of_the_calendar_of_its_zone():
    # Midnight in Berlin is 22:00 UTC in summer and 23:00 in winter.
    found = past_times(np.datetime64("2024-03-31T22:00"), 2, freq="D", tz="Europe/Berlin")
    assert found.astype(str).tolist() == [
        "2024-03-29T23:00:00.000000", "2024-03-30T23:00:00.000000"
    ]  # fmt: skip


def test_padding_needs_the_mask():
    with pytest.raises(ConfigError, match=r"data\.short_series: pad needs data\.missing"):
        config_of(data={"series": "id", "short_series": "pad"})
