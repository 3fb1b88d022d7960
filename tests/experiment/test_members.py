"""The sizes of a network, and what can be trained side by side; the pipeline's tests train."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lstmcast.errors import ConfigError
from lstmcast.experiment.apart import check_apart
from lstmcast.models.shapes import Shapes
from lstmcast.runtime.network_shapes import shapes_of
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import config_of, dataset_of


def shapes(frame: pd.DataFrame, **settings: Any) -> Shapes:
    return shapes_of(dataset_of(frame, **settings).preparation)


def panel() -> pd.DataFrame:
    """Two series with two kinds of weather ahead, three of mood behind, and two towns."""
    frame = panel_frame({"a": 40, "b": 40})
    frame["weather"] = ["dry", "wet"] * 40
    frame["mood"] = (["good", "bad", "none"] * 27)[:80]
    frame["town"] = frame["id"].map({"a": "Oslo", "b": "Rome"})
    frame["size"] = frame["id"].map({"a": 1.0, "b": 2.0})
    return frame


WHOLE = {
    "series": "id",
    "past_covariates": ["x", "mood"],
    "future_covariates": ["weather"],
    "static_covariates": ["town", "size"],
}


def test_a_target_alone_is_one_column() -> None:
    assert shapes(hourly_frame()) == Shapes(4, 3, n_targets=1, n_outputs=1, past=1)


def test_targets_come_before_what_is_known_of_the_past() -> None:
    found = shapes(hourly_frame(), data={"target": ["y", "x"]})
    assert (found.n_targets, found.past, found.future) == (2, 2, 0)
    found = shapes(hourly_frame(), data={"past_covariates": ["x"]})
    assert (found.n_targets, found.past, found.future) == (1, 2, 0)


def test_what_is_known_ahead_is_read_behind_and_ahead() -> None:
    features = {"calendar": ["hour"]}  # two columns: sine and cosine
    found = shapes(hourly_frame(), data={"future_covariates": ["x"]}, features=features)
    assert (found.past, found.future) == (1 + 1 + 2, 1 + 2)
    lags = shapes(hourly_frame(), features={"lags": {"y": [1, 2]}})
    assert (lags.past, lags.future) == (1 + 2, 0)


def test_quantiles_are_outputs() -> None:
    levels = [0.1, 0.5, 0.9]
    found = shapes(
        hourly_frame(),
        output={"type": "quantiles", "levels": levels},
        training={"loss": "quantile"},
    )
    assert found.n_outputs == 3


def test_the_window_gives_lookback_and_horizon() -> None:
    found = shapes(hourly_frame(), window={"lookback": 6, "horizon": 2, "lead": 1})
    assert (found.lookback, found.horizon) == (6, 2)


def test_categories_are_columns_of_their_own_where_they_are_not_embedded() -> None:
    found = shapes(panel(), data=WHOLE)
    # y, x, three moods and two weathers; of a series its size and two towns.
    assert (found.past, found.future, found.static) == (1 + 1 + 3 + 2, 2, 1 + 2)
    assert (found.past_levels, found.future_levels, found.static_levels) == ((), (), ())


def test_an_embedded_category_has_an_id_for_each_level_and_one_for_unknown() -> None:
    categories = {"encoding": "embedding", "embedding_size": 5}
    found = shapes(panel(), data=WHOLE, features={"categories": categories})
    assert (found.past, found.future, found.static) == (2, 0, 1)
    # What is known ahead is known behind, too.
    assert sorted(found.past_levels) == [2 + 1, 3 + 1]
    assert (found.future_levels, found.static_levels) == ((2 + 1,), (2 + 1,))
    assert found.embedding_size == 5


def test_only_an_ensemble_is_trained_side_by_side() -> None:
    with pytest.raises(ConfigError) as raised:
        check_apart(config_of())
    (problem,) = raised.value.problems
    assert problem.path == "training.seeds"
    assert "leave out --workers and --ray" in problem.message
    check_apart(config_of(training={"seeds": 2}))


def test_several_processes_write_no_tensorboard_logs() -> None:
    with pytest.raises(ConfigError) as raised:
        check_apart(config_of(training={"seeds": 2, "tensorboard": True}))
    assert [problem.path for problem in raised.value.problems] == ["training.tensorboard"]
