import numpy as np
import pandas as pd
import pytest

from lstmcast.errors import DataError
from lstmcast.runtime.forecasting import forecast, rows_ahead
from lstmcast.runtime.inputs import (
    forecastable,
    future_panel,
    history_panel,
    template_frame,
)
from lstmcast.runtime.unfamiliar import unfamiliar
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import bundle_of, dataset_of, network_of


def parts_frame(n_rows=40):
    times = pd.date_range("2024-12-30", periods=n_rows, freq="h")
    return pd.DataFrame(
        {
            "day": times.day,
            "month": times.month,
            "year": times.year,
            "hour": times.hour,
            "y": np.arange(float(n_rows)),
            "known": np.arange(float(n_rows)) / 10,
        }
    )


def filled_template(bundle, data, tmp_path):
    template = template_frame(data.panel, rows_ahead(bundle.preparation), bundle.config.data)
    future = [column.name for column in data.panel.schema.columns if column.role == "future"]
    path = tmp_path / "future.csv"
    template.assign(**{name: 1.5 for name in future if name == "known"}).to_csv(path, index=False)
    return template, path


@pytest.mark.parametrize(
    ("frame", "settings", "columns", "first"),
    [
        (
            hourly_frame(40).rename(columns={"x": "known"}),
            {},
            ["time", "known"],
            ["2024-01-02T16:00:00", ""],
        ),
        (
            hourly_frame(40).rename(columns={"x": "known"}),
            {"tz": "Europe/Berlin"},
            ["time", "known"],
            ["2024-01-02T16:00:00+01:00", ""],
        ),
        (
            hourly_frame(40)
            .rename(columns={"x": "known"})
            .assign(time=lambda f: f["time"].dt.strftime("%d/%m/%Y %Hh")),
            {"format": "%d/%m/%Y %Hh"},
            ["time", "known"],
            ["02/01/2024 16h", ""],
        ),
        (
            parts_frame(),
            {"time": ["day", "month", "year", "hour"]},
            ["day", "month", "year", "hour", "known"],
            [31, 12, 2024, 16, ""],
        ),
        (
            parts_frame(),
            {
                "time": ["day", "month", "year", "hour"],
                "future_covariates": ["known", "hour"],
            },
            ["day", "month", "year", "hour", "known"],
            [31, 12, 2024, 16, ""],
        ),
        (
            panel_frame({"a": 60, "7": 50}, freq="h").rename(columns={"x": "known"}),
            {"series": "id"},
            ["time", "id", "known"],
            ["2024-01-03T02:00:00", "7", ""],
        ),
    ],
)
def test_the_template_is_written_as_the_data_and_reads_back(
    frame, settings, columns, first, tmp_path
):
    data = dataset_of(
        frame,
        data={"future_covariates": ["known"], **settings},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    bundle = bundle_of(data, tmp_path)
    template, path = filled_template(bundle, data, tmp_path)
    assert list(template) == columns
    assert template.iloc[0].tolist() == first
    assert len(template) == 3 * data.panel.n_series
    future = future_panel(bundle, path)
    found = forecast(data.panel, data.preparation, network_of(data), future=future)
    assert np.isfinite(found.prediction).all()


def test_a_template_left_empty_names_the_rows_to_fill_in(tmp_path):
    frame = hourly_frame(40).rename(columns={"x": "known"})
    data = dataset_of(frame, data={"future_covariates": ["known"]})
    bundle = bundle_of(data, tmp_path)
    template_frame(data.panel, 3, bundle.config.data).to_csv(tmp_path / "f.csv", index=False)
    future = future_panel(bundle, tmp_path / "f.csv")
    with pytest.raises(DataError, match=r"'known': .* missing at 2024-01-02 16:00; 2024"):
        forecast(data.panel, data.preparation, network_of(data), future=future)


def test_a_template_covers_the_lead(tmp_path):
    frame = hourly_frame(40).rename(columns={"x": "known"})
    data = dataset_of(
        frame,
        data={"future_covariates": ["known"]},
        window={"lookback": 4, "horizon": 3, "lead": 2},
    )
    rows = rows_ahead(data.preparation)
    assert len(template_frame(data.panel, rows, data.preparation.config.data)) == 5


def test_new_data_may_lie_outside_the_period_of_training(tmp_path):
    data = dataset_of(hourly_frame(60), data={"start": "2024-01-01", "end": "2024-01-02"})
    panel = history_panel(bundle_of(data, tmp_path), hourly_frame(100))
    assert panel.n_rows == 100


def test_new_data_have_the_frequency_of_the_run(tmp_path):
    data = dataset_of(hourly_frame(60))
    bundle = bundle_of(data, tmp_path)
    assert history_panel(bundle, hourly_frame(2)).schema == data.panel.schema
    daily = hourly_frame(10).assign(time=pd.date_range("2024-01-01", periods=10))
    with pytest.raises(DataError):
        history_panel(bundle, daily)


def test_a_missing_value_is_refused_only_where_a_forecast_reads_it(tmp_path):
    data = dataset_of(hourly_frame(60), data={"past_covariates": ["x"]})
    bundle, network, frame = bundle_of(data, tmp_path), network_of(data), hourly_frame(30)
    whole = forecast(history_panel(bundle, frame), bundle.preparation, network)
    old = frame.assign(x=frame["x"].where(frame.index != 3))
    part = forecast(history_panel(bundle, old), bundle.preparation, network)
    assert np.array_equal(whole.prediction, part.prediction)
    frame.loc[28, "x"] = np.nan
    with pytest.raises(DataError, match=r"column .x.*2024-01-02 04:00"):
        forecast(history_panel(bundle, frame), bundle.preparation, network)


def test_the_last_values_of_a_late_column_need_not_be_there(tmp_path):
    late = [{"column": "x", "available_after": "3h"}]
    data = dataset_of(hourly_frame(60), data={"past_covariates": late})
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    frame = hourly_frame(30)
    whole = forecast(history_panel(bundle, frame), bundle.preparation, network)
    frame.loc[27:, "x"] = np.nan
    part = forecast(history_panel(bundle, frame), bundle.preparation, network)
    assert np.array_equal(whole.prediction, part.prediction)


def test_a_file_of_the_future_without_the_covariate_is_refused(tmp_path):
    data = dataset_of(hourly_frame(60), data={"future_covariates": ["x"]})
    bundle = bundle_of(data, tmp_path)
    with pytest.raises(DataError, match="'x'"):
        future_panel(bundle, hourly_frame(70)[["time", "y"]])


def test_series_and_categories_that_training_did_not_see_are_named(tmp_path):
    frame = panel_frame({"a": 40, "b": 40}).assign(kind="wet")
    data = dataset_of(frame, data={"series": "id", "past_covariates": ["kind"]})
    bundle = bundle_of(data, tmp_path)
    assert unfamiliar(history_panel(bundle, frame), bundle.preparation) == []
    new = panel_frame({"b": 9, "c": 9}).assign(kind=["wet", "dry"] * 9)
    found = unfamiliar(history_panel(bundle, new), bundle.preparation)
    assert found == [
        "'c': not in training, so forecast with what was learned from the others",
        "'a': in training, but not in these data",
        "kind 'dry': not in training, so read as unknown",
    ]


def test_series_too_short_to_forecast_are_left_out_and_named(tmp_path):
    data = dataset_of(panel_frame({"a": 40, "b": 40}), data={"series": "id"})
    bundle, network = bundle_of(data, tmp_path), network_of(data)
    frame = panel_frame({"a": 9, "b": 3, "c": 4})
    panel, texts = forecastable(history_panel(bundle, frame), bundle.preparation)
    assert panel.series == ("a", "c")
    assert texts == ("1 series is too short ('b') and left out: a forecast reads 4 rows",)
    alone = history_panel(bundle, frame[frame["id"] == "c"])
    together = forecast(panel, bundle.preparation, network).prediction
    np.testing.assert_array_equal(
        together[1:], forecast(alone, bundle.preparation, network).prediction
    )
    none = history_panel(bundle, panel_frame({"a": 2, "b": 3}))
    assert forecastable(none, bundle.preparation) == (none, ())


def test_features_that_look_back_make_more_series_too_short_but_those_that_count_do_not(tmp_path):
    frame = panel_frame({"a": 40, "b": 40})
    lagged = dataset_of(frame, data={"series": "id"}, features={"lags": {"y": [3]}})
    since = dataset_of(frame, data={"series": "id"}, features={"time_since": ["y"]})
    new = panel_frame({"a": 7, "b": 6, "c": 4})
    for data, series in ((lagged, ("a",)), (since, ("a", "b", "c"))):
        bundle = bundle_of(data, tmp_path / series[-1])
        assert forecastable(history_panel(bundle, new), bundle.preparation)[0].series == series
