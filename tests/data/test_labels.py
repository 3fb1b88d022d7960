"""One class for each series: it is told from the covariates, and whole series are split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.data.class_windows import window_classes
from lstmcast.data.dataset import Dataset
from lstmcast.data.preparation import Preparation
from lstmcast.errors import ConfigError, DataError, TooShortError
from lstmcast.experiment import shapes_of
from lstmcast.runtime.generating import classify_ahead
from lstmcast.runtime.inputs import history_panel
from lstmcast.runtime.tables import class_frame
from lstmcast.tuning.folds import validation_folds
from tests.builders import panel_frame
from tests.runtime.fakes import bundle_of, dataset_of

DATA = {
    "time": "time",
    "target": "kind",
    "series": "id",
    "past_covariates": ["x"],
    "static_covariates": ["area"],
}
SETTINGS: dict[str, Any] = {
    "task": "classification",
    "output": {"type": "classes", "of": "series"},
    "window": {"lookback": 4},
}


def labelled(n_series: int = 20, *, n_rows: int = 8) -> pd.DataFrame:
    names = [f"s{i:02}" for i in range(n_series)]
    frame = panel_frame(dict.fromkeys(names, n_rows)).drop(columns="y")
    number = frame["id"].str[1:].astype(int)
    return frame.assign(kind=np.where(number % 2, "odd", "even"), area=number % 3)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return dataset_of(labelled(), data=DATA, **SETTINGS)


def test_every_window_of_a_series_has_its_class(dataset):
    preparation, prepared = dataset.preparation, dataset.prepared
    assert preparation.classes == ("even", "odd")
    starts = np.sort(np.concatenate([*dataset.starts.values()]))
    assert len(starts) == 20 * 4
    series = dataset.panel.series_of_row[starts]
    found = window_classes(prepared, preparation, starts)
    assert found[:, 0].tolist() == (series % 2).tolist()


def test_the_class_is_no_input(dataset):
    assert [feature.name for feature in dataset.preparation.features] == ["x"]
    arrays = dataset.prepared.arrays
    assert not arrays.past[:, 0].any()
    assert arrays.static.shape == (20, 1)  # the area alone
    shapes = shapes_of(dataset.preparation)
    assert not shapes.reads_targets
    assert shapes.n_outputs == 2


def test_a_series_is_in_one_split_and_stays_there_when_others_come(dataset):
    def series_of(made: Dataset) -> dict[str, set[str]]:
        rows = made.panel.series_of_row
        return {
            split: {made.panel.series[i] for i in np.unique(rows[starts])}
            for split, starts in made.starts.items()
        }

    splits = series_of(dataset)
    assert [len(names) for names in splits.values()] == [14, 3, 3]
    assert sum(map(len, splits.values())) == len(set().union(*splits.values()))
    fewer = labelled().query("id != 's05'")
    again = series_of(dataset_of(fewer, data=DATA, **SETTINGS))
    moved = sum(len(splits[name] - again[name] - {"s05"}) for name in splits)
    assert moved <= 2  # only those at an edge


def test_series_may_be_counted(dataset):
    made = dataset_of(
        labelled(), data=DATA, **SETTINGS, split={"train": 10, "validation": 5, "test": 5}
    )
    assert {split: len(starts) for split, starts in made.starts.items()} == {
        "train": 40,
        "validation": 20,
        "test": 20,
    }
    with pytest.raises(TooShortError, match="= 30 series"):
        dataset_of(
            labelled(), data=DATA, **SETTINGS, split={"train": 10, "validation": 10, "test": 10}
        )


def test_the_preparation_is_read_back(dataset):
    kept = Preparation.from_json(dataset.preparation.to_json(), dataset.preparation.config)
    assert kept.classes == dataset.preparation.classes
    assert kept.schema == dataset.preparation.schema


def test_series_without_a_class_are_classified(dataset, tmp_path):
    bundle = bundle_of(dataset, tmp_path)
    unlabelled = labelled(3).drop(columns="kind")
    panel = history_panel(bundle, unlabelled, labels=False)

    def network(inputs):
        return np.log(np.tile([[[[0.2, 0.8]]]], (len(inputs["past"]), 1, 1, 1)))

    frame = class_frame(classify_ahead(panel, bundle.preparation, network))
    assert list(frame) == ["time", "id", "step", "prediction", "p_even", "p_odd"]
    assert frame["prediction"].tolist() == ["odd"] * 3
    own = class_frame(classify_ahead(history_panel(bundle), bundle.preparation, network))
    assert len(own) == 20
    with pytest.raises(ConfigError, match="each series has one class"):
        classify_ahead(panel, bundle.preparation, network, steps=2)
    with pytest.raises(DataError, match="kind"):
        history_panel(bundle, unlabelled)


def test_a_series_has_one_class():
    frame = labelled()
    frame.loc[3, "kind"] = "odd"
    with pytest.raises(DataError, match="earlier row of series 's00' has another"):
        dataset_of(frame, data=DATA, **SETTINGS)


def test_a_series_without_a_class_is_not_trained_on():
    frame = labelled()
    frame.loc[frame["id"] == "s01", "kind"] = None
    made = dataset_of(frame, data=DATA, **SETTINGS)
    starts = np.concatenate([*made.starts.values()])
    assert 1 not in made.panel.series_of_row[starts]


def test_a_search_goes_by_time(dataset):
    with pytest.raises(ConfigError, match=r"split\.by: is series"):
        validation_folds(dataset.panel, dataset.preparation.config)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"window": {"lookback": 4, "horizon": 2}}, "window.horizon"),
        ({"model": {"scope": "each"}}, "model.scope"),
        ({"features": {"series_embedding": True}}, "features.series_embedding"),
        ({"data": {**DATA, "past_covariates": []}}, "data.past_covariates"),
        ({"data": {**DATA, "target_type": "category"}}, "data.target_type"),
        ({"evaluation": {"baselines": ["majority", "last"]}}, "evaluation.baselines"),
        (
            {"split": {"train": "2024-01-02", "validation": "2024-01-03", "test": None}},
            "split.by",
        ),
        ({"output": {"type": "classes"}, "split": {"by": "series"}}, "split.by"),
    ],
)
def test_what_does_not_fit_a_class_of_series_is_named(change, path):
    with pytest.raises(ConfigError) as raised:
        config_from_mapping({"data": DATA, **SETTINGS, **change})
    assert path in [problem.path for problem in raised.value.problems]
