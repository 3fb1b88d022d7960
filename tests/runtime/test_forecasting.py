import numpy as np
import pandas as pd
import pytest

from lstmcast.data.dataset import load_panel
from lstmcast.data.panel import head
from lstmcast.data.preparing import prepare
from lstmcast.errors import ConfigError, DataError, TooShortError
from lstmcast.runtime.forecasting import forecast, rows_ahead
from lstmcast.runtime.inputs import future_panel, history_panel
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import FakeNetwork, bundle_of, dataset_of, network_of


def last_values(inputs):
    """A network that adds the last two values of the first input: 1, 2, 3 steps ahead."""
    past = inputs["past"][:, :, 0]
    base = past[:, -1] + past[:, -2]
    return np.stack([base, base * 2, base * 3], axis=1)[:, :, None, None].astype(np.float32)


def plain(frame, **settings):
    return dataset_of(frame, scaling={"target": "none", "features": "none"}, **settings)


def test_a_forecast_begins_right_after_the_last_row():
    frame = hourly_frame(40)
    data = plain(frame)
    found = forecast(data.panel, data.preparation, last_values)
    base = np.float32(frame["y"].iloc[-1]) + np.float32(frame["y"].iloc[-2])
    np.testing.assert_allclose(found.prediction[0, :, 0], [base, base * 2, base * 3], rtol=1e-6)
    assert (
        found.times[0].tolist() == pd.date_range("2024-01-02 16:00", periods=3, freq="h").tolist()
    )


def test_fewer_steps_than_the_horizon_are_its_first_ones():
    data = plain(hourly_frame(40))
    whole = forecast(data.panel, data.preparation, last_values)
    part = forecast(data.panel, data.preparation, last_values, steps=2)
    assert np.array_equal(part.prediction, whole.prediction[:, :2])
    assert part.times.shape == (1, 2)


def test_a_forecast_beyond_the_horizon_reads_its_own_blocks():
    frame = hourly_frame(40)
    data = plain(frame)
    found = forecast(data.panel, data.preparation, last_values, steps=8)
    values = frame["y"].astype(np.float32).tolist()
    for _ in range(3):
        base = np.float32(values[-1]) + np.float32(values[-2])
        values += [base, base * 2, base * 3]
    np.testing.assert_allclose(found.prediction[0, :, 0], values[40:48], rtol=1e-5)
    assert (
        found.times[0].tolist() == pd.date_range("2024-01-02 16:00", periods=8, freq="h").tolist()
    )


def test_a_series_of_a_panel_has_the_same_forecast_alone_as_among_others(tmp_path):
    frame = panel_frame({"a": 60, "b": 45, "c": 50})
    data = dataset_of(
        frame,
        data={"series": "id", "past_covariates": ["x"]},
        features={"series_embedding": True, "calendar": ["dayofweek"]},
        scaling={"per": "series"},
    )
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    together = forecast(data.panel, bundle.preparation, network).prediction
    for i, name in enumerate(data.panel.series):
        panel = history_panel(bundle, frame[frame["id"] == name])
        alone = forecast(panel, bundle.preparation, network).prediction
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-6)


def test_recursion_equals_forecasts_from_a_history_that_holds_the_forecast(tmp_path):
    """With features, scaling, categories and future covariates, block by block by hand."""
    frame = panel_frame({"a": 60, "b": 45}, freq="h").rename(columns={"x": "known"})
    frame["word"] = np.array(["p", "q", "r"])[np.arange(len(frame)) % 3]
    settings = {
        "data": {"series": "id", "future_covariates": ["known", "word"]},
        "features": {"lags": {"y": [1, 4]}, "calendar": ["hour"]},
        "scaling": {"per": "series", "target_transform": "yeo_johnson"},
        "split": {"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    }
    data = dataset_of(frame, **settings)
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    ends = {"a": 60, "b": 45}
    ahead = pd.concat(
        [
            pd.DataFrame(
                {
                    "time": pd.date_range("2024-01-01", periods=n + 9, freq="h")[n:],
                    "id": name,
                    "known": np.linspace(0, 1, 9),
                    "word": ["q", "never", "p"] * 3,
                }
            )
            for name, n in ends.items()
        ]
    )
    future = future_panel(bundle, ahead)
    found = forecast(data.panel, bundle.preparation, network, steps=8, future=future)
    by_hand, history = [], frame
    for _ in range(3):
        panel = history_panel(bundle, history)
        block = forecast(panel, bundle.preparation, network, future=future)
        by_hand.append(block.prediction)
        rows = [
            {"time": time, "id": name, "y": value[0]}
            for name, times, values in zip(panel.series, block.times, block.prediction, strict=True)
            for time, value in zip(times, values, strict=True)
        ]
        added = pd.DataFrame(rows).merge(ahead, on=["time", "id"])
        history = pd.concat([history, added], ignore_index=True)
    np.testing.assert_allclose(found.prediction, np.concatenate(by_hand, axis=1)[:, :8], rtol=1e-6)


def test_quantiles_of_the_first_block_are_those_of_the_network():
    output = {"type": "quantiles", "levels": [0.1, 0.5, 0.9]}
    data = dataset_of(hourly_frame(40), output=output)
    network = network_of(data)
    found = forecast(data.panel, data.preparation, network, steps=5)
    assert found.quantiles.shape == (1, 5, 1, 3)
    alone = forecast(data.panel, data.preparation, network)
    assert np.array_equal(found.quantiles[:, :3], alone.quantiles)
    assert np.array_equal(found.quantiles[:, :3, :, 1], found.prediction[:, :3])
    assert np.isfinite(found.quantiles).all()
    assert np.isfinite(found.prediction).all()


def test_a_series_is_forecast_alone_as_among_others():
    frame = panel_frame({"a": 60, "b": 30, "c": 45})
    data = dataset_of(
        frame,
        data={"series": "id", "past_covariates": ["x"]},
        features={"rolling": {"x": {"window": 5, "statistics": ["mean", "median"]}}},
        scaling={"per": "series"},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    preparation, network = data.preparation, network_of(data)
    together = forecast(data.panel, preparation, network)
    for i, name in enumerate(["a", "b", "c"]):
        alone = load_panel(preparation.config, frame=frame[frame["id"] == name])
        found = forecast(alone, preparation, network)
        np.testing.assert_allclose(found.prediction[0], together.prediction[i], rtol=1e-12)
        assert np.array_equal(found.times[0], together.times[i])


def test_several_targets_are_forecast_together():
    frame = hourly_frame(40)
    data = plain(frame, data={"target": ["x", "y"]})
    network = FakeNetwork(3, n_targets=2)
    found = forecast(data.panel, data.preparation, network, steps=5)
    assert found.prediction.shape == (1, 5, 2)
    assert np.isfinite(found.prediction).all()


def test_a_lead_skips_steps():
    frame = hourly_frame(40)
    data = plain(frame, window={"lookback": 4, "horizon": 3, "lead": 2})
    found = forecast(data.panel, data.preparation, last_values)
    assert (
        found.times[0].tolist() == pd.date_range("2024-01-02 18:00", periods=3, freq="h").tolist()
    )
    base = np.float32(frame["y"].iloc[-1]) + np.float32(frame["y"].iloc[-2])
    assert found.prediction[0, 0, 0] == pytest.approx(base)


def test_past_covariates_forbid_recursion():
    data = dataset_of(hourly_frame(40), data={"past_covariates": ["x"]})
    with pytest.raises(ConfigError, match=r"beyond the horizon \(3\) .* past covariates x over"):
        forecast(data.panel, data.preparation, network_of(data), steps=4)
    assert forecast(data.panel, data.preparation, network_of(data), steps=3).times.shape == (1, 3)


def test_a_lead_forbids_recursion():
    data = dataset_of(hourly_frame(40), window={"lookback": 4, "horizon": 3, "lead": 1})
    with pytest.raises(ConfigError, match=r"not possible with window\.lead 1"):
        forecast(data.panel, data.preparation, network_of(data), steps=4)


@pytest.mark.parametrize("steps", [0, -1])
def test_at_least_one_step_is_forecast(steps):
    data = dataset_of(hourly_frame(40))
    with pytest.raises(ConfigError, match=f"steps must be 1 or more. Received: {steps}"):
        forecast(data.panel, data.preparation, network_of(data), steps=steps)


def test_rows_ahead_are_whole_blocks_and_the_lead():
    data = dataset_of(hourly_frame(40))
    assert [rows_ahead(data.preparation, n) for n in (None, 1, 3, 4, 7)] == [3, 3, 3, 6, 9]
    led = dataset_of(hourly_frame(40), window={"lookback": 4, "horizon": 3, "lead": 2})
    assert rows_ahead(led.preparation) == 5


def test_future_covariates_are_asked_for_over_all_blocks_at_once(tmp_path):
    data = dataset_of(hourly_frame(40), data={"future_covariates": ["x"]})
    future = hourly_frame(43)[["time", "x"]]
    panel = future_panel(bundle_of(data, tmp_path), future)
    message = r"missing at 2024-01-02 19:00; .*Needed: x from 2024-01-02 16:00 to 2024-01-02 21:00"
    with pytest.raises(DataError, match=message):
        forecast(data.panel, data.preparation, network_of(data), steps=4, future=panel)


def test_too_short_a_history_is_refused_with_the_arithmetic(tmp_path):
    data = dataset_of(panel_frame({"a": 60}), data={"series": "id"}, features={"lags": {"y": [2]}})
    short = history_panel(bundle_of(data, tmp_path), panel_frame({"a": 60, "b": 5}))
    message = (
        r"reads 6 rows \(window.lookback 4 \+ 2 for lags, rolling statistics and late columns\), "
        r"series 'b' has 5: 1 too few"
    )
    with pytest.raises(TooShortError, match=message):
        forecast(short, data.preparation, network_of(data))


@pytest.mark.parametrize("n_rows", [1, 3])
def test_a_history_shorter_than_the_lookback_is_refused(n_rows):
    data = dataset_of(hourly_frame(40), data={"freq": "h"})
    short = load_panel(data.preparation.config, frame=hourly_frame(n_rows))
    with pytest.raises(TooShortError, match=f"the data have {n_rows}: {4 - n_rows} too few"):
        forecast(short, data.preparation, network_of(data))


def test_a_history_of_the_lookback_is_enough():
    data = dataset_of(hourly_frame(40), data={"freq": "h"})
    short = load_panel(data.preparation.config, frame=hourly_frame(4))
    assert np.isfinite(forecast(short, data.preparation, network_of(data)).prediction).all()


def test_a_missing_input_is_named_also_where_a_lag_reads_it():
    settings = {
        "data": {"past_covariates": ["x"], "missing": {"strategy": "drop"}},
        "features": {"lags": {"x": [5]}},
    }
    data = dataset_of(hourly_frame(60), **settings)
    frame = hourly_frame(40)
    frame.loc[33, "x"] = np.nan
    panel = load_panel(data.preparation.config, frame=frame)
    with pytest.raises(DataError, match=r"column 'x': missing at 2024-01-02 09:00, .*'drop' does"):
        forecast(panel, data.preparation, network_of(data))


def test_a_missing_input_is_named_with_its_line(tmp_path):
    data = dataset_of(hourly_frame(60), data={"missing": {"strategy": "drop"}})
    frame = hourly_frame(40)
    frame.loc[38, "y"] = np.nan
    frame.to_csv(tmp_path / "new.csv", index=False)
    panel = history_panel(bundle_of(data, tmp_path), tmp_path / "new.csv")
    with pytest.raises(DataError, match=r"new\.csv, line 40, column 'y': missing at"):
        forecast(panel, data.preparation, network_of(data))


def test_a_missing_category_is_named_where_rows_are_dropped():
    frame = hourly_frame(60).assign(word="p")
    settings = {"past_covariates": ["word"], "missing": {"strategy": "drop"}}
    data = dataset_of(frame, data=settings)
    frame.loc[58, "word"] = None
    panel = load_panel(data.preparation.config, frame=frame)
    with pytest.raises(DataError, match="column 'word': missing at 2024-01-03 10:00"):
        forecast(panel, data.preparation, network_of(data))


@pytest.mark.parametrize("output", ["point", "quantiles"])
def test_many_blocks_read_no_more_rows_and_forecast_the_same(output, monkeypatch):
    """Against blocks that each read all rows there are, with features that reach back."""
    frame = panel_frame({"a": 60, "b": 45}, freq="h").drop(columns="x")
    frame.loc[[50, 58, 100], "y"] = np.nan  # one of them is filled from before the last window
    data = dataset_of(
        frame,
        data={"series": "id", "missing": {"strategy": "ffill"}},
        features={
            "lags": {"y": [1, 4]},
            "rolling": {"y": {"window": 3, "statistics": ["mean"]}},
            "differences": {"y": [1]},
            "calendar": ["hour"],
        },
        output={"type": output},
        scaling={"target_transform": "yeo_johnson"},
    )
    read = []

    def prepared(panel, preparation):
        read.append(panel.n_rows)
        return prepare(panel, preparation)

    def forecasts():
        return forecast(data.panel, data.preparation, network_of(data), steps=90)

    for module in ("forecasting", "paths"):
        monkeypatch.setattr(f"lstmcast.runtime.{module}.prepare", prepared)
    found, most = forecasts(), max(read)
    for module in ("forecasting", "paths"):
        monkeypatch.setattr(
            f"lstmcast.runtime.{module}.read_by_block",
            lambda panel, preparation, *, begin, n_steps: head(
                panel, np.diff(panel.offsets) - n_steps + begin + 3
            ),
        )
    expected = forecasts()
    assert most < max(read) / 2
    np.testing.assert_array_equal(found.prediction, expected.prediction)
    if output == "quantiles":
        np.testing.assert_array_equal(found.quantiles, expected.quantiles)
