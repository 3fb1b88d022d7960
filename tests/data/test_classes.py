"""Classes of rows and windows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstmcast.data.class_windows import UNKNOWN, balanced_weights, window_classes
from lstmcast.data.classes import TOLERANCE
from lstmcast.errors import ConfigError, DataError
from tests.builders import symbols
from tests.runtime.fakes import dataset_of

SYMBOLS = {"task": "classification", "data": {"target": "symbol"}}
COUNTS = {"split": {"train": 20, "validation": 10, "test": 10}}


def numbers(values: list[float]) -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=len(values), freq="h")
    return pd.DataFrame({"time": times, "y": values})


def directed(frame: pd.DataFrame, *, threshold: float = 0.0, **sections):
    sections = {"window": {"lookback": 2, "horizon": 2}, **sections}
    output = {"direction": {"threshold": threshold}}
    return dataset_of(frame, task="classification", output=output, **sections)


def of_windows(dataset, starts):
    return window_classes(dataset.prepared, dataset.preparation, np.array(starts))


def test_classes_are_the_levels_of_the_training_rows_in_order():
    dataset = dataset_of(symbols(40), **SYMBOLS, **COUNTS)
    assert dataset.preparation.classes == ("a", "b", "c")
    # Window 0 reads a b a c, and a b a follow.
    assert of_windows(dataset, [0, 1]).tolist() == [[0, 1, 0], [1, 0, 2]]


def test_whole_numbers_are_classes_too():
    frame = symbols(40).replace({"symbol": {"a": 7, "b": 10, "c": 2}}).astype({"symbol": int})
    assert dataset_of(frame, **SYMBOLS, **COUNTS).preparation.classes == ("10", "2", "7")


def test_the_past_classes_are_read_as_columns_and_no_number_of_theirs():
    dataset = dataset_of(symbols(40), **SYMBOLS, **COUNTS)
    names = [feature.name for feature in dataset.preparation.features]
    assert names == ["symbol=a", "symbol=b", "symbol=c"]
    assert dataset.prepared.arrays.past[:4, 1:].argmax(axis=1).tolist() == [0, 1, 0, 2]


def test_a_class_that_training_did_not_see_is_named_and_not_scored():
    frame = symbols(40)
    frame.loc[35, "symbol"] = "z"
    dataset = dataset_of(frame, **SYMBOLS, **COUNTS)
    (warning,) = dataset.warnings
    assert "symbol 'z': not in the training rows" in warning
    assert "2024-01-02 11:00" in warning
    # A window that starts at row 29 forecasts rows 33 to 35; from 32 on it only reads row 35.
    assert set(dataset.starts["test"].tolist()).isdisjoint({29, 30, 31})
    assert 32 in dataset.starts["test"]


def test_one_class_is_nothing_to_tell_apart():
    with pytest.raises(DataError, match=r"hold 1 class \('a'\)"):
        dataset_of(symbols(40, pattern="a"), **SYMBOLS, **COUNTS)


def test_numbers_that_are_not_whole_are_no_classes():
    frame = numbers(np.linspace(0, 1, 40).round(2).tolist())
    with pytest.raises(DataError, match="Ask for their direction"):
        dataset_of(frame, task="classification", **COUNTS)


def test_a_missing_class_is_an_error_unless_the_config_says_else():
    frame = symbols(40)
    frame.loc[8, "symbol"] = None
    with pytest.raises(DataError, match=r"missing in all: symbol 1"):
        dataset_of(frame, **SYMBOLS, **COUNTS)
    data = {**SYMBOLS["data"], "missing": {"strategy": "ffill"}}
    dataset = dataset_of(frame, task="classification", data=data, **COUNTS)
    assert of_windows(dataset, [4])[0, 1] == 1
    assert of_windows(dataset, [4])[0, 0] == UNKNOWN
    assert 4 not in dataset.starts["train"]


def test_a_direction_is_that_from_the_origin():
    dataset = directed(numbers([5, 5, 6, 4, 5, 5, *range(6, 30)]))
    assert dataset.preparation.classes == ("down", "up")
    # Origins: 5 (then 6, 4), 6 (then 4, 5), 4 (then 5, 5), 5 (then 5, 6).
    assert of_windows(dataset, range(4)).tolist() == [[1, 0], [0, 0], [1, 1], [0, 1]]


def test_a_change_of_the_threshold_is_flat():
    dataset = directed(numbers([0.3, 0.3, 0.4, 0.2, *np.arange(26) / 10]), threshold=0.1)
    assert dataset.preparation.classes == ("down", "flat", "up")
    assert of_windows(dataset, [0, 1]).tolist() == [[1, 1], [0, 0]]


def test_a_direction_from_a_missing_origin_is_unknown():
    frame = numbers(np.arange(60, dtype=float).tolist())
    frame.loc[10, "y"] = np.nan
    dataset = directed(frame, data={"missing": {"strategy": "ffill"}})
    # Row 10 is the origin of window 9, and a target of 7 and 8.
    assert set(dataset.starts["train"].tolist()).isdisjoint({7, 8, 9})
    assert {6, 10} <= set(dataset.starts["train"].tolist())


def test_balanced_weights_let_classes_count_alike():
    counts = np.array([30, 10, 0])
    weights = balanced_weights(counts)
    assert weights == pytest.approx((40 / 60, 40 / 20, 1.0))
    assert np.dot(weights, counts) / counts.sum() == pytest.approx(1)


def test_class_weights_come_from_the_training_windows():
    frame = symbols(40)
    training = {"class_weights": "balanced"}
    dataset = dataset_of(frame, **SYMBOLS, **COUNTS, training=training)
    true = of_windows(dataset, dataset.starts["train"])
    counts = np.bincount(true.ravel(), minlength=3)
    found = dataset.prepared.arrays.classes.weights
    assert found == pytest.approx(tuple(counts.sum() / (3 * counts)))


def test_class_weights_by_name():
    training = {"class_weights": {"b": 3}}
    dataset = dataset_of(symbols(40), **SYMBOLS, **COUNTS, training=training)
    assert dataset.prepared.arrays.classes.weights == (1.0, 3.0, 1.0)
    with pytest.raises(ConfigError, match=r"training.class_weights: there is no class 'q'"):
        dataset_of(symbols(40), **SYMBOLS, **COUNTS, training={"class_weights": {"q": 3}})


def test_large_values_keep_their_direction_in_single_precision():
    rng = np.random.default_rng(0)
    steps = rng.integers(-3, 4, size=200) / 1000
    dataset = directed(numbers((1e7 + np.cumsum(steps)).tolist()), threshold=0.001)
    told_by = dataset.prepared.arrays.classes
    change = np.diff(told_by.values[:, 0])
    beyond = told_by.threshold * (1 + TOLERANCE)
    found = (change >= -beyond).astype(int) + (change > beyond)
    expected = np.where(steps[1:] < -0.0015, 0, np.where(steps[1:] > 0.0015, 2, 1))
    # A number near 1e7 is exact to 2e-9 only: a change of just the threshold may lie beyond it.
    sure = np.abs(np.abs(steps[1:]) - 0.001) > 1e-6
    assert (found == expected)[sure].all()


def test_with_a_mask_windows_of_which_a_part_is_missing_are_learned_from():
    frame = symbols(40)
    frame.loc[8, "symbol"] = None
    data = {**SYMBOLS["data"], "missing": {"strategy": "mask"}}
    dataset = dataset_of(frame, task="classification", data=data, **COUNTS)
    assert 4 in dataset.fitted_starts.train
    assert 4 not in dataset.starts["train"]
    assert dataset.prepared.arrays.observed[7:10, 0].tolist() == [1, 0, 1]
