import numpy as np

from lstmcast.config.schema import Window
from lstmcast.data.dataset import load_panel
from lstmcast.data.short_series import without_short_series
from tests.builders import panel_frame
from tests.runtime.fakes import config_of


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
    assert without_short_series(panel, Window(lookback=4, horizon=3)) is panel
