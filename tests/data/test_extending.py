from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.data.assembling import build_panel
from lstmcast.data.dataset import load_panel
from lstmcast.data.extending import extend
from lstmcast.data.panel import Origin
from lstmcast.data.reading.table import needed_columns, table_from_frame
from lstmcast.errors import DataError
from tests.builders import panel_frame

LENGTHS = {"a": 5, "b": 8}


def data_of(**changes):
    values = {
        "path": None,
        "time": "time",
        "series": "id",
        "target": "y",
        "past_covariates": ["x"],
        "future_covariates": ["known", "kind"],
        **changes,
    }
    return config_from_mapping({"data": values}).config


def history(frame=None, **changes):
    frame = panel_frame(LENGTHS) if frame is None else frame
    frame = frame.assign(known=1.0, kind=np.array(["r", "s"])[np.arange(len(frame)) % 2])
    return load_panel(data_of(**changes), frame=frame)


def future_frame(steps=2, *, lengths=LENGTHS):
    pieces = [
        pd.DataFrame(
            {
                "time": pd.date_range("2024-01-01", periods=n + steps, freq="D")[n:],
                "id": name,
                "known": np.arange(steps) + 10.0 * n,
                "kind": ["new", "r", "s", "r"][:steps],
            }
        )
        for name, n in lengths.items()
    ]
    return pd.concat(pieces, ignore_index=True)


def future_of(panel, frame, **changes):
    data = data_of(**changes).data
    table = table_from_frame(
        frame, data, columns=needed_columns(data, ahead=True), schema=panel.schema
    )
    return build_panel(table, data, schema=panel.schema, ahead=True)


def test_every_series_grows_from_its_own_end():
    panel = history()
    longer = extend(panel, 2, known=False)
    assert longer.offsets.tolist() == [0, 7, 17]
    assert longer.times[5:7].tolist() == pd.to_datetime(["2024-01-06", "2024-01-07"]).tolist()
    assert longer.times[15:].tolist() == pd.to_datetime(["2024-01-09", "2024-01-10"]).tolist()
    assert np.isnan(longer.values[[5, 6, 15, 16]]).all()
    assert (longer.codes[[5, 6, 15, 16]] == -1).all()
    old = [*range(5), *range(7, 15)]
    assert np.array_equal(longer.values[old], panel.values)
    assert np.array_equal(longer.codes[old], panel.codes)


def test_the_panel_that_is_extended_stays_as_it_was():
    panel = history()
    values, codes = panel.values.copy(), panel.codes.copy()
    extend(panel, 2, future=future_of(panel, future_frame()))
    assert np.array_equal(panel.values, values)
    assert np.array_equal(panel.codes, codes)


def test_future_covariates_are_filled_in_and_nothing_else():
    panel = history()
    longer = extend(panel, 2, future=future_of(panel, future_frame()))
    assert longer.values[[5, 6, 15, 16], 2].tolist() == [50, 51, 80, 81]
    assert np.isnan(longer.values[[5, 6, 15, 16], :2]).all()
    texts = [longer.levels[0][code] for code in longer.codes[:, 0]]
    assert texts == ["r", "s", "r", "s", "r", "new", "r", *"srsrsrsr", "new", "r"]


def test_rows_of_other_times_and_series_in_the_future_are_not_read():
    panel = history()
    frame = future_frame(4, lengths={**LENGTHS, "c": 3})
    early = future_frame(2, lengths={"a": 3, "b": 3}).assign(known=-1.0)
    shuffled = pd.concat([early, frame]).drop_duplicates(["time", "id"], keep="last")
    shuffled = shuffled.sample(frac=1, random_state=0)
    longer = extend(panel, 2, future=future_of(panel, shuffled, gaps="fill"))
    assert longer.values[[5, 6, 15, 16], 2].tolist() == [50, 51, 80, 81]


def test_a_run_without_future_covariates_needs_no_future():
    panel = load_panel(data_of(future_covariates=[]), frame=panel_frame(LENGTHS))
    assert extend(panel, 3).n_rows == 13 + 6


def test_without_a_future_the_needed_columns_and_times_are_named():
    message = r"needed: known, kind from 2024-01-06 to 2024-01-10. Give them with --future"
    with pytest.raises(DataError, match=message):
        extend(history(), 2)


def test_rows_missing_in_the_future_are_named():
    panel = history()
    frame = future_frame().drop(index=2)
    message = "column 'known': .* missing at 2024-01-09 of series 'b'. Needed: known, kind from"
    with pytest.raises(DataError, match=message):
        extend(panel, 2, future=future_of(panel, frame))


def test_the_file_of_a_missing_future_covariate_is_named():
    panel = history()
    future = future_of(panel, future_frame().drop(index=2))
    n_rows = future.n_rows
    origin = Origin(("future.csv",), np.zeros(n_rows, np.int32), np.arange(n_rows) + 2)
    with pytest.raises(DataError, match=r"^future\.csv, column 'known': .* at 2024-01-09 of"):
        extend(panel, 2, future=replace(future, origin=origin))


def test_a_series_missing_in_the_future_is_named_and_many_rows_are_counted():
    panel = history()
    frame = future_frame(4)
    frame = frame[frame["id"] == "a"]
    with pytest.raises(DataError, match=r"2024-01-09 of series 'b'; .* and 1 more rows"):
        extend(panel, 4, future=future_of(panel, frame))


def test_a_missing_category_is_named_with_its_column():
    panel = history()
    frame = future_frame()
    frame.loc[1, "kind"] = None
    with pytest.raises(DataError, match=r"column 'kind': .* missing at 2024-01-07 of series 'a'"):
        extend(panel, 2, future=future_of(panel, frame))


def test_times_go_on_over_a_change_of_the_clock():
    times = pd.date_range("2024-03-30 00:00", periods=26, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"time": times, "y": np.arange(26.0)})
    values = {"path": None, "time": "time", "target": "y", "tz": "Europe/Berlin"}
    panel = load_panel(config_from_mapping({"data": values}).config, frame=frame)
    longer = extend(panel, 2)
    local = pd.DatetimeIndex(longer.times[-2:], tz="UTC").tz_convert("Europe/Berlin")
    assert [str(time) for time in local] == [
        "2024-03-31 03:00:00+02:00",
        "2024-03-31 04:00:00+02:00",
    ]


def test_months_go_on_by_the_calendar():
    times = pd.date_range("2024-01-31", periods=5, freq="ME")
    frame = pd.DataFrame({"time": times, "y": np.arange(5.0)})
    values = {"path": None, "time": "time", "target": "y"}
    panel = load_panel(config_from_mapping({"data": values}).config, frame=frame)
    assert [str(t)[:10] for t in extend(panel, 2).times[-2:]] == ["2024-06-30", "2024-07-31"]
