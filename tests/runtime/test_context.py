"""The last rows of a series, kept as CSV, forecast exactly as the whole series does."""

import numpy as np
import pandas as pd
import pytest

from lstmcast.data.extending import extend
from lstmcast.data.panel import tail
from lstmcast.data.preparing import prepare
from lstmcast.data.windows import gather_inputs
from lstmcast.runtime.context import context_frame, context_rows, time_column, written_times
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.inputs import future_panel, history_panel
from tests.builders import panel_frame
from tests.runtime.fakes import bundle_of, dataset_of, network_of

STRATEGIES = ("ffill", "seasonal", "interpolate", "mean", "zero")


def holey_frame(*, tz=None, seed=0):
    """Two series of different lengths and ends, with long holes near their ends."""
    rng = np.random.default_rng(seed)
    pieces = []
    for name, n in {"007": 200, 'b "q", é': 150}.items():
        times = pd.date_range("2024-03-25", periods=n, freq="h", tz=tz)
        piece = pd.DataFrame(
            {
                "time": times,
                "id": name,
                "y": rng.normal(size=n) + 5,
                "z": rng.normal(size=n) * 1e-7,
                "x": rng.normal(size=n),
                "known": rng.normal(size=n),
                "word": rng.choice(["NA", "01", "b,c"], size=n),
                "size": len(name) / 3,
                "town": f"town {n}",
            }
        )
        piece.loc[n - 90 : n - 3, "x"] = np.nan
        piece.loc[n - 20 : n - 12, "y"] = np.nan
        piece.loc[n - 60 : n - 4, "z"] = np.nan
        piece.loc[n - 9, "word"] = None
        piece.loc[n - 8, "x"] = 50.0  # an outlier, alone in the hole
        pieces.append(piece)
    return pd.concat(pieces, ignore_index=True)


def settings_of(strategy, **data):
    return {
        "data": {
            "series": "id",
            "target": ["y", "z"],
            "past_covariates": [{"column": "x", "available_after": "3h"}, "word"],
            "future_covariates": ["known"],
            "static_covariates": ["size", "town"],
            "missing": {"strategy": strategy, "indicator": True},
            "outliers": {"method": "hampel", "action": "mask"},
            **data,
        },
        "features": {
            "calendar": ["hour"],
            "lags": {"y": [1, 5]},
            "rolling": {"x": {"window": 6, "statistics": ["std"]}},
            "time_since": ["known"],
        },
        "scaling": {"per": "series"},
        "split": {"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    }


def future_frame(frame, steps=3):
    ends = frame.groupby("id", sort=False)["time"].max()
    pieces = [
        pd.DataFrame(
            {"time": [end + pd.Timedelta(hours=i + 1) for i in range(steps)], "id": name}
        ).assign(known=np.arange(steps) * 0.1)
        for name, end in ends.items()
    ]
    return pd.concat(pieces, ignore_index=True)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_the_context_forecasts_as_the_whole_history_does(strategy, tz, tmp_path):
    frame = holey_frame(tz=tz)
    data = dataset_of(frame, **settings_of(strategy, tz=tz))
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    future = future_panel(bundle, future_frame(frame))
    context = history_panel(bundle)
    assert context.n_rows < data.panel.n_rows
    found = forecast(context, bundle.preparation, network, future=future)
    # The whole panel, prepared without any cutting.
    window = bundle.config.window
    prepared = prepare(extend(data.panel, 3, future=future), bundle.preparation)
    starts = prepared.panel.offsets[1:] - window.lookback - window.horizon
    assert prepared.observed.inputs[starts[:, None] + np.arange(window.lookback)].all()
    outputs = network(gather_inputs(prepared.arrays, starts, window))
    expected = bundle.preparation.to_units(outputs, prepared.groups)[..., 0]
    assert np.array_equal(found.prediction, expected)
    assert np.array_equal(found.times, prepared.panel.times[starts[:, None] + 4 + np.arange(3)])
    again = forecast(history_panel(bundle, frame), bundle.preparation, network, future=future)
    assert np.array_equal(again.prediction, expected)


def test_the_context_reads_back_to_what_fills_its_gaps():
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=60), "y": np.arange(60.0)})
    frame["x"] = 1.0
    frame.loc[30:50, "x"] = np.nan
    settings = {"past_covariates": ["x"], "season_length": 7}

    def kept(n_rows, strategy):
        missing = {"missing": {"strategy": strategy}}
        data = dataset_of(frame.iloc[:n_rows], data={**settings, **missing})
        return context_rows(data.panel, data.preparation).tolist()

    # Rows 51 to 54 are read, and nothing is missing there.
    assert kept(55, "ffill") == kept(55, "seasonal") == kept(55, "zero") == [4]
    # Rows 46 to 49 are filled from row 29, or from 25 to 28, or from nothing.
    assert (kept(50, "ffill"), kept(50, "seasonal"), kept(50, "zero")) == ([21], [25], [4])


def test_the_context_begins_with_a_target(tmp_path):
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=40), "y": np.arange(40.0)})
    frame["x"] = np.arange(40.0)
    frame.loc[33:37, "y"] = np.nan
    data = dataset_of(frame, data={"past_covariates": ["x"], "missing": {"strategy": "zero"}})
    assert context_rows(data.panel, data.preparation).tolist() == [8]
    context = history_panel(bundle_of(data, tmp_path))
    assert context.values[:, 1].tolist() == list(range(32, 40))


def test_a_series_shorter_than_what_is_read_is_kept_whole():
    data = dataset_of(
        panel_frame({"a": 60, "b": 7}),
        data={"series": "id"},
        features={"lags": {"y": [6]}},
        split={"train": 30, "validation": 10, "test": 20},
    )
    assert context_rows(data.panel, data.preparation).tolist() == [10, 7]


def test_a_context_is_read_back_to_the_bit(tmp_path):
    data = dataset_of(
        holey_frame(tz="Europe/Berlin"), **settings_of("seasonal", tz="Europe/Berlin")
    )
    bundle = bundle_of(data, tmp_path)
    expected = tail(data.panel, context_rows(data.panel, data.preparation))
    found = history_panel(bundle)
    assert found.schema == expected.schema
    assert found.series == expected.series
    assert np.array_equal(found.times, expected.times)
    assert np.array_equal(found.values, expected.values, equal_nan=True)
    assert np.array_equal(found.static_values, expected.static_values)
    texts = [
        [panel.levels[0][code] if code >= 0 else None for code in panel.codes[:, 0]]
        for panel in (found, expected)
    ]
    assert texts[0] == texts[1]


def test_times_that_came_in_parts_have_one_column_of_a_free_name():
    times = pd.date_range("2024-01-01", periods=40, freq="h")
    frame = pd.DataFrame({"year": times.year, "month": times.month, "day": times.day})
    frame = frame.assign(hour=times.hour, y=np.arange(40.0), time=1.0)
    parts = ["year", "month", "day", "hour"]
    data = dataset_of(frame, data={"time": parts, "past_covariates": ["time"]})
    assert time_column(data.panel.schema) == "time_"
    assert list(context_frame(data.panel)) == ["time_", "y", "time"]


def test_times_are_written_as_the_config_reads_them():
    times = pd.date_range("2024-07-01", periods=40, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"time": times.strftime("%d.%m.%Y %H:%M"), "y": np.arange(40.0)})
    data = dataset_of(frame, data={"format": "%d.%m.%Y %H:%M", "tz": "Europe/Berlin"})
    found = written_times(data.panel, data.preparation.config.data)
    assert list(found["time"]) == list(frame["time"])
    plain = dataset_of(frame.assign(time=times), data={"tz": "Europe/Berlin"})
    found = written_times(plain.panel, plain.preparation.config.data)
    assert found["time"][0] == "2024-07-01T00:00:00+02:00"
