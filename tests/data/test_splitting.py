import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Split
from lstmcast.data.dataset import load_panel
from lstmcast.data.splitting import split_panel
from lstmcast.errors import ConfigError, DataError, TooShortError
from tests.builders import panel_frame


def panel_of(lengths, **data):
    frame = panel_frame(lengths)
    values = {"path": None, "time": "time", "series": "id", "target": "y", **data}
    return load_panel(config_from_mapping({"data": values}).config, frame=frame)


def late_panel():
    """Series `b` begins four days after `a` and ends with it."""
    frame = panel_frame({"a": 10, "b": 10})
    frame = frame[(frame["id"] == "a") | (frame["time"] >= "2024-01-05")]
    values = {"path": None, "time": "time", "series": "id", "target": "y"}
    return load_panel(config_from_mapping({"data": values}).config, frame=frame)


def test_fractions_of_twenty_rows_give_fourteen_three_and_three():
    splits = split_panel(panel_of({"a": 20}), Split())
    assert splits.bounds.tolist() == [[0, 14, 17, 20]]


@pytest.mark.parametrize("n_rows", [20, 40, 60, 100, 1000, 4000])
def test_rounding_of_the_sum_of_two_fractions_loses_no_row(n_rows):
    splits = split_panel(panel_of({"a": n_rows}), Split(train=0.7, validation=0.15, test=0.15))
    assert splits.bounds[0].tolist() == [0, n_rows * 70 // 100, n_rows * 85 // 100, n_rows]


def test_cut_times_are_shared_by_all_series_of_a_panel():
    splits = split_panel(late_panel(), Split(train=0.5, validation=0.2, test=0.3))
    assert splits.bounds.tolist() == [[0, 5, 7, 10], [10, 11, 13, 16]]
    assert (splits.cuts[0] == splits.cuts[1]).all()
    assert splits.cuts[0, 0] == np.datetime64("2024-01-06")


def test_each_series_may_have_its_own_cuts():
    splits = split_panel(late_panel(), Split(train=0.5, validation=0.0, test=0.5, per="series"))
    assert splits.bounds.tolist() == [[0, 5, 5, 10], [10, 13, 13, 16]]


def test_rows_beyond_row_counts_are_in_no_split():
    splits = split_panel(panel_of({"a": 10}), Split(train=4, validation=2, test=3))
    assert splits.bounds.tolist() == [[0, 4, 6, 9]]
    assert splits.rows("test", 10).tolist() == [False] * 6 + [True] * 3 + [False]


def test_an_empty_validation_split_has_no_row():
    splits = split_panel(panel_of({"a": 10}), Split(train=6, validation=0, test=4))
    assert not splits.rows("validation", 10).any()
    assert splits.rows("test", 10).sum() == 4


def test_a_single_training_row_is_a_split():
    splits = split_panel(panel_of({"a": 3}, freq="D"), Split(train=1, validation=1, test=1))
    assert splits.bounds.tolist() == [[0, 1, 2, 3]]


def test_a_date_covers_its_whole_day():
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=72, freq="h"), "y": 1.0})
    values = {"path": None, "time": "time", "target": "y"}
    panel = load_panel(config_from_mapping({"data": values}).config, frame=frame)
    splits = split_panel(panel, Split(train="2024-01-01", validation="2024-01-02 11:00", test=None))
    assert splits.bounds.tolist() == [[0, 24, 36, 72]]


def test_a_date_is_read_in_the_time_zone_of_the_data():
    frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=72, freq="h"), "y": 1.0})
    values = {"path": None, "time": "time", "target": "y", "tz": "Asia/Tokyo"}
    panel = load_panel(config_from_mapping({"data": values}).config, frame=frame)
    splits = split_panel(panel, Split(train="2024-01-01", validation="2024-01-02", test=None))
    assert splits.bounds.tolist() == [[0, 24, 48, 72]]


def test_rows_of_a_split_are_marked_in_every_series():
    splits = split_panel(late_panel(), Split(train=0.5, validation=0.2, test=0.3))
    assert np.flatnonzero(splits.rows("validation", 16)).tolist() == [5, 6, 11, 12]


def test_too_large_row_counts_are_refused_with_the_arithmetic():
    with pytest.raises(TooShortError, match=r"6 \+ 2 \+ 4 = 12 rows, the data have 10: 2 too few"):
        split_panel(panel_of({"a": 10}), Split(train=6, validation=2, test=4))


def test_too_large_row_counts_name_the_series_that_is_too_short():
    with pytest.raises(TooShortError, match="series 'b' has 6"):
        split_panel(late_panel(), Split(train=4, validation=2, test=4, per="series"))


def test_a_cut_before_the_data_leaves_no_training_row_and_is_refused():
    split = Split(train="2020-01-01", validation="2024-01-05", test=None)
    with pytest.raises(DataError, match=r"from 2024-01-01 to 2024-01-10 and split\.train"):
        split_panel(panel_of({"a": 10}), split)


def test_what_is_no_time_is_refused_with_its_field():
    with pytest.raises(ConfigError, match=r"split\.validation: must be a time"):
        split_panel(panel_of({"a": 10}), Split(train="2024-01-05", validation="soon", test=None))


def test_cuts_after_the_data_leave_no_test_and_are_refused_with_the_end_of_the_data():
    split = Split(train="2024-01-01", validation="2031-01-01", test=None)
    with pytest.raises(DataError, match=r"end at 2024-01-10, .* split\.validation: 2031-01-01\."):
        split_panel(panel_of({"a": 10}), split)


def test_times_that_do_not_ascend_are_refused():
    with pytest.raises(ConfigError, match="must ascend"):
        split_panel(
            panel_of({"a": 10}), Split(train="2024-01-05", validation="2024-01-03", test=None)
        )
