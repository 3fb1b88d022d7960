"""Worked out on 160 daily rows of which the config's split has 112 to train on, 24 and 24."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.data.dataset import load_panel
from lstmcast.errors import ConfigError, TooShortError
from lstmcast.tuning.folds import validation_folds
from tests.builders import panel_frame
from tests.tuning.conftest import MakeConfig


def test_one_fold_is_the_configs_own_without_its_test(make_config: MakeConfig) -> None:
    config = make_config()
    panel = load_panel(config)
    ((part, splits),) = validation_folds(panel, config)
    assert part.n_rows == 136
    assert np.array_equal(part.values, panel.values[:136])
    counts = {name: int(splits.rows(name, part.n_rows).sum()) for name in ("train", "validation")}
    assert counts == {"train": 112, "validation": 24}
    assert not splits.rows("test", part.n_rows).any()


def test_folds_are_as_long_as_the_last_and_each_begins_where_the_one_before_ends(
    make_config: MakeConfig,
) -> None:
    config = make_config(folds=3)
    folds = validation_folds(load_panel(config), config)
    periods = [np.flatnonzero(splits.rows("validation", part.n_rows)) for part, splits in folds]
    assert [(int(rows[0]), int(rows[-1]) + 1) for rows in periods] == [
        (64, 88),
        (88, 112),
        (112, 136),
    ]
    for (part, splits), rows in zip(folds, periods, strict=True):
        assert part.n_rows == rows[-1] + 1
        train = np.flatnonzero(splits.rows("train", part.n_rows))
        assert train.tolist() == list(range(rows[0]))


def test_series_are_cut_at_the_same_times(make_config: MakeConfig) -> None:
    frame = panel_frame({"a": 100, "b": 60}).rename(columns={"time": "day"})
    config = make_config(folds=2)
    data = config.data.model_copy(update={"series": "id", "path": None})
    config = config.model_copy(update={"data": data})
    panel = load_panel(config, frame=frame)
    for part, splits in validation_folds(panel, config):
        assert (splits.cuts == splits.cuts[0]).all()
        seen = splits.rows("train", part.n_rows) | splits.rows("validation", part.n_rows)
        assert (part.times[seen] < splits.cuts[0, 1]).all()
        assert not (part.times >= splits.cuts[0, 1]).any()


def test_as_many_folds_as_leave_a_row_to_train_on_are_possible(make_config: MakeConfig) -> None:
    config = make_config(folds=5)  # the first begins 4 · 24 rows before row 112
    folds = validation_folds(load_panel(config), config)
    assert int(folds[0][1].rows("train", folds[0][0].n_rows).sum()) == 16
    with pytest.raises(TooShortError, match=r"tune\.folds: 6 .* Lower tune\.folds"):
        validation_folds(load_panel(config), make_config(folds=6))


def test_without_validation_rows_there_is_nothing_to_choose_by(make_config: MakeConfig) -> None:
    config = make_config()
    split = config.split.model_copy(update={"train": 0.85, "validation": 0.0, "test": 0.15})
    config = config.model_copy(update={"split": split})
    with pytest.raises(ConfigError) as raised:
        validation_folds(load_panel(config), config)
    assert [problem.path for problem in raised.value.problems] == ["split.validation"]
