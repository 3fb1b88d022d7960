import numpy as np
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.data.dataset import build_dataset, fingerprint, load_panel
from lstmcast.errors import TooShortError
from tests.builders import hourly_frame, panel_frame


def config_of(*, data=None, **sections):
    values = {"path": None, "time": "time", "target": "y", **(data or {})}
    small = {"window": {"lookback": 4, "horizon": 2}}
    return config_from_mapping({"data": values, **small, **sections}).config


def dataset_of(frame, **settings):
    config = config_of(**settings)
    return build_dataset(config, load_panel(config, frame=frame))


def test_windows_belong_to_the_split_of_all_their_targets():
    data = dataset_of(hourly_frame(40), split={"train": 20, "validation": 10, "test": 10})
    # The targets of start s are rows s + 4 and s + 5.
    assert data.starts["train"].tolist() == list(range(15))
    assert data.starts["validation"].tolist() == list(range(16, 25))
    assert data.starts["test"].tolist() == list(range(26, 35))
    assert data.warnings == ()


def test_only_training_windows_have_a_stride():
    data = dataset_of(
        hourly_frame(40),
        window={"lookback": 4, "horizon": 2, "stride": 5},
        split={"train": 20, "validation": 10, "test": 10},
    )
    assert data.starts["train"].tolist() == [0, 5, 10]
    assert len(data.starts["test"]) == 9


def test_a_lead_moves_the_targets():
    data = dataset_of(
        hourly_frame(40),
        window={"lookback": 4, "horizon": 2, "lead": 3},
        split={"train": 20, "validation": 10, "test": 10},
    )
    assert data.starts["train"].tolist() == list(range(12))
    assert data.starts["validation"][0] == 13


def test_derived_features_delay_the_first_window_of_each_series():
    data = dataset_of(
        panel_frame({"a": 40, "b": 30}),
        data={"series": "id"},
        features={"lags": {"y": [3]}},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    starts = data.starts["train"]
    assert starts[0] == 3
    assert starts[starts >= 40][0] == 43


def test_empty_splits_are_told():
    data = dataset_of(hourly_frame(40), split={"train": 40, "validation": 0, "test": 0})
    assert [len(data.starts[split]) for split in ("validation", "test")] == [0, 0]
    assert "validation split is empty: early stopping" in data.warnings[0]
    assert "test split is empty" in data.warnings[1]


def test_a_series_without_training_rows_has_test_windows_only():
    frame = panel_frame({"a": 40, "b": 40})
    frame = frame[(frame["id"] == "a") | (frame["time"] >= "2024-02-01")]
    data = dataset_of(
        frame,
        data={"series": "id", "static_covariates": []},
        scaling={"per": "series"},
        split={"train": 20, "validation": 10, "test": 10},
    )
    assert data.preparation.grouping.series == ("a",)
    assert (data.panel.series_of_row[data.starts["train"]] == 0).all()
    assert (data.panel.series_of_row[data.starts["test"]] == 1).any()
    assert data.prepared.groups.tolist() == [0, 1]


def test_too_few_training_rows_are_refused_with_the_arithmetic():
    message = (
        r"the train split has no window: one needs window.lookback 4 \+ window.lead 0 \+ "
        r"window.horizon 2 = 6 consecutive rows of one series; the split has 5 rows"
    )
    with pytest.raises(TooShortError, match=message):
        dataset_of(hourly_frame(40), split={"train": 5, "validation": 0, "test": 35})


def test_a_split_shorter_than_the_horizon_is_refused():
    with pytest.raises(TooShortError, match=r"the test split has no window: one needs window\.hor"):
        dataset_of(hourly_frame(40), split={"train": 30, "validation": 9, "test": 1})


def test_holes_are_counted_where_they_leave_no_window():
    frame = hourly_frame(40)
    frame.loc[1:20:3, "y"] = np.nan
    with pytest.raises(TooShortError, match="7 of them with missing values"):
        dataset_of(
            frame,
            data={"missing": {"strategy": "drop"}},
            split={"train": 20, "validation": 10, "test": 10},
        )


def test_the_fingerprint_depends_on_everything_that_is_read():
    frame = panel_frame({"a": 6, "b": 6}).assign(word="p", town="Oslo")
    frame.loc[6:, "town"] = "Rome"
    settings = {"series": "id", "past_covariates": ["x", "word"], "static_covariates": ["town"]}
    config = config_of(data=settings)

    def of(changed):
        return fingerprint(load_panel(config, frame=changed))

    changes = [
        frame.assign(y=frame["y"] + 1),
        frame.assign(word="q"),
        frame.assign(town=frame["town"].map({"Oslo": "Rome", "Rome": "Oslo"})),
        frame.assign(time=frame["time"] + np.timedelta64(1, "D")),
        frame.assign(id=frame["id"] + "2"),
    ]
    found = {of(frame), *(of(changed) for changed in changes)}
    assert len(found) == 6
    assert of(frame.sample(frac=1, random_state=0)) == of(frame)
