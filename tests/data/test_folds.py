"""Every test origin is in one fold, and no fold may train on its part or on what comes after."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.loading import config_from_mapping
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.folds import fold_data, make_folds
from lstmcast.data.panel import head
from lstmcast.data.splitting import split_panel
from lstmcast.errors import TooShortError
from tests.builders import panel_frame


def config_of(*, lookback=2, horizon=3, split=None, **backtest):
    return config_from_mapping(
        {
            "data": {"path": None, "time": "time", "series": "id", "target": "y"},
            "window": {"lookback": lookback, "horizon": horizon},
            "split": split or {"train": 20, "validation": 5, "test": 15},
            "backtest": backtest,
        }
    ).config


def panel_of(config, lengths, *, begins=None):
    """Daily series of these lengths, each from its own day on."""
    frame = panel_frame(lengths)
    days = pd.to_timedelta(frame["id"].map(begins or {}).fillna(0), unit="D")
    return load_panel(config, frame=frame.assign(time=frame["time"] + days))


def first_targets(config, fold, bounds=None):
    """Rows that are the first target of a window of the fold's part, by a plain loop."""
    horizon = config.window.horizon
    rows = []
    for _, _, begin, end in (fold.splits.bounds if bounds is None else bounds).tolist():
        rows += [row for row in range(begin, end) if row + horizon <= end]
    return rows


def test_the_rows_that_can_be_a_first_target_are_cut_into_equal_parts():
    # 15 test rows, 13 of which can be a first target of 3.
    config = config_of(folds=3)
    folds = make_folds(panel_of(config, {"a": 40}), config)
    assert [fold.splits.bounds[0].tolist() for fold in folds] == [
        [0, 20, 25, 31],
        [0, 24, 29, 35],
        [0, 28, 33, 40],
    ]


def test_a_sliding_window_keeps_the_length_of_the_first_training_rows():
    config = config_of(folds=3, window="sliding")
    folds = make_folds(panel_of(config, {"a": 40}), config)
    assert [fold.splits.bounds[0, :3].tolist() for fold in folds] == [
        [0, 20, 25],
        [4, 24, 29],
        [8, 28, 33],
    ]


def test_parts_may_be_given_by_their_length_and_the_last_is_what_is_left():
    config = config_of(every=5)
    folds = make_folds(panel_of(config, {"a": 40}), config)
    assert [len(first_targets(config, fold)) for fold in folds] == [5, 5, 3]


def test_the_first_part_has_the_splits_of_the_config():
    config = config_of(folds=4, split={"train": 0.6, "validation": 0.2, "test": 0.2})
    panel = panel_of(config, {"a": 50, "b": 33})
    base, (first, *_) = split_panel(panel, config.split), make_folds(panel, config)
    assert np.array_equal(first.splits.bounds[:, :3], base.bounds[:, :3])


def test_all_series_share_the_times_of_the_parts():
    config = config_of(folds=2)
    panel = panel_of(config, {"a": 40, "late": 18}, begins={"late": 22})
    one, two = make_folds(panel, config)
    assert one.splits.bounds.tolist() == [[0, 20, 25, 33], [40, 40, 43, 51]]
    assert two.splits.bounds.tolist() == [[0, 26, 31, 40], [40, 44, 49, 58]]


def test_each_series_may_have_its_own_parts():
    split = {"train": 0.5, "validation": 0.0, "test": 0.5, "per": "series"}
    config = config_of(folds=2, horizon=1, split=split)
    one, two = make_folds(panel_of(config, {"a": 20, "b": 8}), config)
    assert one.splits.bounds.tolist() == [[0, 10, 10, 15], [20, 24, 24, 26]]
    assert two.splits.bounds.tolist() == [[0, 15, 15, 20], [20, 26, 26, 28]]


def test_a_series_too_short_for_its_own_parts_is_only_trained_on():
    split = {"train": 0.5, "validation": 0.0, "test": 0.5, "per": "series"}
    config = config_of(folds=2, split=split)
    panel = panel_of(config, {"a": 20, "short": 4})
    for fold in make_folds(panel, config):
        assert all(row < 20 for row in first_targets(config, fold))
        data = fold_data(panel, fold)
        assert len(build_dataset(config, data.panel, splits=data.splits).starts["test"]) == 4


def test_what_a_fold_reads_ends_with_its_last_target():
    config = config_of(folds=3)
    panel = panel_of(config, {"a": 40, "late": 8}, begins={"late": 32})
    one, two, _ = (fold_data(panel, fold) for fold in make_folds(panel, config))
    assert one.panel.series == ("a",)  # the other begins after the first part
    assert one.panel.n_rows == 31
    assert two.panel.series == ("a", "late")
    assert two.panel.offsets.tolist() == [0, 35, 38]
    assert two.in_whole(np.array([34, 35, 37])).tolist() == [34, 40, 42]
    assert np.array_equal(two.panel.times[35:], panel.times[40:43])


def test_the_head_of_a_panel_keeps_the_static_values_of_the_series_that_stay():
    frame = panel_frame({"a": 4, "b": 3, "c": 5})
    frame["size"] = frame["id"].map({"a": 1.0, "b": 2.0, "c": 3.0})
    values = {"time": "time", "series": "id", "target": "y", "static_covariates": ["size"]}
    panel = load_panel(config_from_mapping({"data": {"path": None, **values}}).config, frame=frame)
    cut = head(panel, np.array([2, 0, 5]))
    assert cut.series == ("a", "c")
    assert cut.offsets.tolist() == [0, 2, 7]
    assert cut.static_values.tolist() == [[1.0], [3.0]]
    assert cut.values.tolist() == panel.values[[0, 1, 7, 8, 9, 10, 11]].tolist()


def test_more_parts_than_first_targets_are_refused_with_the_arithmetic():
    config = config_of(folds=14)
    with pytest.raises(TooShortError, match=r"15 rows; 15 - window\.horizon 3 \+ 1 = 13 .* 14"):
        make_folds(panel_of(config, {"a": 40}), config)


def test_without_a_test_period_there_is_no_part():
    config = config_of(every=2, split={"train": 30, "validation": 10, "test": 0})
    with pytest.raises(TooShortError, match="the test period has 0 rows"):
        make_folds(panel_of(config, {"a": 40}), config)


SHAPES = st.fixed_dictionaries(
    {
        "lengths": st.lists(st.integers(1, 40), min_size=1, max_size=4),
        "begins": st.lists(st.integers(0, 30), min_size=4, max_size=4),
        "horizon": st.integers(1, 6),
        "per": st.sampled_from(["panel", "series"]),
        "window": st.sampled_from(["expanding", "sliding"]),
        "folds": st.integers(1, 6),
        "every": st.none() | st.integers(1, 9),
    }
)


@settings(max_examples=15, deadline=None)
@given(SHAPES)
def test_every_test_origin_is_in_one_fold_and_none_is_trained_on(shape):
    split = {"train": 0.5, "validation": 0.15, "test": 0.35, "per": shape["per"]}
    backtest = {name: shape[name] for name in ("folds", "every", "window")}
    config = config_of(horizon=shape["horizon"], split=split, **backtest)
    lengths = {f"s{i}": n for i, n in enumerate([40, *shape["lengths"]])}
    begins = dict(zip(lengths, [0, *shape["begins"]], strict=False))
    panel = panel_of(config, lengths, begins=begins)
    base = split_panel(panel, config.split)
    try:
        folds = make_folds(panel, config)
    except TooShortError:
        return
    found = [row for fold in folds for row in first_targets(config, fold)]
    assert sorted(found) == first_targets(config, None, base.bounds)
    for fold in folds:
        train, validation, begin, end = fold.splits.bounds.T
        assert (panel.offsets[:-1] <= train).all()
        assert ((train <= validation) & (validation <= begin) & (begin <= end)).all()
        assert (end <= base.bounds[:, 3]).all()
        if shape["window"] == "expanding":
            assert (train == panel.offsets[:-1]).all()
        # The first series has a row at each time, so that it has all rows of a part.
        first = folds[0].splits.bounds[0]
        if shape["per"] == "series":
            assert begin[0] - validation[0] == first[2] - first[1]
            if shape["window"] == "sliding":
                assert validation[0] - train[0] == first[1] - first[0]
