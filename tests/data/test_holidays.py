import importlib.util
import json

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Holidays
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.extending import extend
from lstmcast.data.holidays import HolidayDates, holiday_features, look_up_holidays
from lstmcast.data.panel import Column, Schema
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import prepare
from lstmcast.errors import ConfigError, DataError, ResourceError

CHRISTMAS = HolidayDates(
    2020, 2030, np.array(["2023-12-25", "2023-12-26", "2024-01-01"], dtype="datetime64[D]")
)


def days(first, last, step="D"):
    return np.arange(first, last, dtype=f"datetime64[{step}]").astype("datetime64[us]")


def features(times, *, freq, tz=None, before=0, after=0, known=CHRISTMAS):
    schema = Schema(("t",), None, (Column("y", "target"),), freq, 1, tz)
    settings = Holidays(country="DE", before=before, after=after)
    found = holiday_features(settings, known, np.array(times, dtype="datetime64[us]"), schema)
    return {feature.name: (feature, values.tolist()) for feature, values in found}


def values(times, **options):
    return {name: found for name, (_, found) in features(times, **options).items()}


def test_a_day_has_the_holidays_so_many_days_before_and_after_it():
    found = values(days("2023-12-23", "2023-12-29"), freq="D", before=2, after=1)
    assert found == {
        "calendar.holiday": [0, 0, 1, 1, 0, 0],
        "calendar.holiday.before1": [0, 1, 1, 0, 0, 0],
        "calendar.holiday.before2": [1, 1, 0, 0, 0, 0],
        "calendar.holiday.after1": [0, 0, 0, 1, 1, 0],
    }


def test_an_hour_has_the_flag_of_its_day_in_the_time_zone_of_the_data():
    # Midnight in Berlin is 23:00 UTC of the day before.
    times = ["2023-12-24T22:00", "2023-12-24T23:00", "2023-12-26T22:00", "2023-12-26T23:00"]
    assert values(times, freq="h", tz="Europe/Berlin")["calendar.holiday"] == [0, 1, 1, 0]
    assert values(times, freq="h")["calendar.holiday"] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("freq", "times", "expected"),
    [
        ("MS", ["2023-11-01", "2023-12-01", "2024-01-01"], [0, 2, 1]),
        ("ME", ["2023-11-30", "2023-12-31", "2024-01-31"], [0, 2, 1]),
        ("W-SUN", ["2023-12-24", "2023-12-31", "2024-01-07"], [0, 2, 1]),
        ("2D", ["2023-12-24", "2023-12-26", "2023-12-28"], [1, 1, 0]),
        ("B", ["2023-12-22", "2023-12-25", "2023-12-27"], [0, 1, 0]),
    ],
)
def test_a_longer_step_counts_the_holidays_of_the_days_that_it_stands_for(freq, times, expected):
    assert values(times, freq=freq)["calendar.holiday"] == expected


def test_they_are_known_ahead_and_not_scaled():
    ((feature, _),) = features(days("2023-12-24", "2023-12-26"), freq="D").values()
    assert feature.ahead and not feature.scaled


def test_a_year_that_the_run_does_not_know_is_an_error_that_names_it():
    with pytest.raises(DataError, match=r"of DE from 2020 to 2030, and the rows reach into 2031"):
        values(days("2031-01-01", "2031-01-03"), freq="D")


def test_the_dates_of_a_country_are_looked_up_for_the_years_of_the_data_and_ten_more():
    found = look_up_holidays(Holidays(country="DE"), days("2022-05-01", "2023-02-01"))
    assert (found.first, found.last) == (2021, 2033)
    texts = [str(day) for day in found.dates]
    assert {"2022-10-03", "2023-04-07", "2033-12-26"} <= set(texts)  # unity, Good Friday, Christmas
    assert "2022-11-01" not in texts
    assert texts == sorted(texts)
    part = look_up_holidays(Holidays(country="DE", subdivision="BY"), days("2022-05-01", "2023"))
    assert "2022-11-01" in {str(day) for day in part.dates}  # All Saints' Day in Bavaria
    assert HolidayDates.from_json(json.loads(json.dumps(found.to_json()))).dates.tolist() == (
        found.dates.tolist()
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"country": "Germany"}, r"Received: Germany\. Did you mean 'DE'\?"),
        ({"country": "new zealand"}, r"Did you mean 'NZ'\?"),
        ({"country": "usa"}, r"Did you mean 'USA'"),
        ({"country": "DE", "subdivision": "Bayer"}, r"of DE .*Did you mean 'Bayern'"),
        ({"country": "DE", "subdivision": "77"}, r"Received: 77\. Known: .*BY"),
    ],
)
def test_an_unknown_country_or_part_is_an_error_with_the_nearest_one(settings, said):
    with pytest.raises(ConfigError, match=said):
        look_up_holidays(Holidays(**settings), days("2022-05-01", "2022-05-03"))


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"pip install 'lstmcast\[holidays\]'"):
        look_up_holidays(Holidays(country="DE"), days("2022-05-01", "2022-05-03"))


def test_a_run_reads_its_holidays_over_the_horizon_without_the_package(monkeypatch):
    frame = pd.DataFrame(
        {"time": pd.date_range("2023-11-01", "2023-12-20", freq="D"), "y": np.arange(50.0)}
    )
    config = config_from_mapping(
        {
            "data": {"path": None, "time": "time", "target": "y"},
            "features": {"holidays": {"country": "DE", "before": 1, "after": 0}},
            "window": {"lookback": 7, "horizon": 7},
            "split": {"validation": 0.2, "train": 0.5, "test": 0.3},
        }
    ).config
    dataset = build_dataset(config, load_panel(config, frame=frame))
    written = json.loads(json.dumps(dataset.preparation.to_json()))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    preparation = Preparation.from_json(written, config)
    ahead = prepare(extend(dataset.panel, 7), preparation)  # 21 to 27 December
    assert ahead.arrays.future[-7:].tolist() == [
        [0, 0], [0, 0], [0, 0], [0, 1], [1, 1], [1, 0], [0, 0]
    ]  # fmt: skip
