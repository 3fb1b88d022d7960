"""Nothing after a fold's last validation row reaches what it prepares or trains."""

import json

import numpy as np
import pandas as pd
import pytest

from lstmcast.auditing.checks import compare
from lstmcast.auditing.views import fitted_windows
from lstmcast.backtesting.plan import Task, groups_of
from lstmcast.backtesting.work import run_group
from lstmcast.data.dataset import build_dataset, load_panel
from lstmcast.data.folds import fold_data, make_folds
from lstmcast.experiment.network import train_in_memory
from lstmcast.training.progress import SilentProgress
from tests.backtesting.conftest import config_of
from tests.data.test_leaks import ALL, full_config, panel_frame
from tests.data.test_leaks import perturbed as perturbed_anywhere
from tests.networks import BACKEND

TRAINING = {
    "epochs": 2,
    "batch_size": 64,
    "backend": BACKEND,
    "device": "cpu",
    "deterministic": True,
}


def leak_config(**changes):
    """Every stage that fits or looks back, switched on, and a tiny network."""
    whole = full_config(**changes).model_dump(mode="json")
    backtest = {"folds": 3, "window": "sliding"}
    return config_of(
        **{**whole, "model": {"units": [2]}, "training": TRAINING, "backtest": backtest}
    )


@pytest.fixture(scope="module")
def frame():
    return panel_frame()


def perturbed(frame, after):
    """Other values after a time, and late ones that were not out then.

    A series keeps its last target, and so its length.
    """
    changed = perturbed_anywhere(frame, after, columns=ALL)
    not_out = (frame["time"] > after - pd.Timedelta(hours=3)) & (frame["time"] <= after)
    changed.loc[not_out, "late"] = 7.0
    last = frame.groupby("site")["time"].idxmax()
    changed.loc[last, "y"] = 60.0
    return changed


def fold_inputs(config, frame, number):
    """What a fold fits and trains on: the preparation, its windows and all that these read."""
    panel = load_panel(config, frame=frame)
    data = fold_data(panel, make_folds(panel, config)[number - 1])
    dataset = build_dataset(config, data.panel, splits=data.splits)
    return json.dumps(dataset.preparation.to_json()), fitted_windows(dataset), dataset


def last_seen(config, frame, number, *, split="validation"):
    """Time of the last training or validation row of a fold; that of all series is the same."""
    panel = load_panel(config, frame=frame)
    column = ("train", "validation").index(split)
    cut = make_folds(panel, config)[number - 1].splits.cuts[0, column]
    return pd.Timestamp(cut) - pd.Timedelta(1, "us")


@pytest.mark.parametrize("strategy", ["seasonal", "interpolate", "mean"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_later_values_change_nothing_that_a_fold_fits_or_trains_on(frame, number, strategy):
    config = leak_config(data__missing={"strategy": strategy, "indicator": True})
    changed = perturbed(frame, last_seen(config, frame, number))
    preparation, read, _ = fold_inputs(config, frame, number)
    other_preparation, other_read, _ = fold_inputs(config, changed, number)
    assert preparation == other_preparation
    assert len(read["starts"]) > 100
    assert compare(read, other_read).names == ()


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_later_values_leave_the_weights_of_a_fold_bit_identical(frame, number):
    config = leak_config()
    early = last_seen(config, frame, number, split="train") - pd.Timedelta(hours=2)
    same, later, control = (
        train_in_memory(fold_inputs(config, each, number)[-1], SilentProgress()).weights
        for each in (
            frame,
            perturbed(frame, last_seen(config, frame, number)),
            perturbed(frame, early),
        )
    )
    for name, values in same.items():
        assert np.array_equal(values, later[name]), name
    assert any(not np.array_equal(values, control[name]) for name, values in same.items())


@pytest.mark.slow
def test_the_fingerprints_of_a_fold_show_a_leak_and_only_a_leak(frame):
    config = leak_config()

    def second_fold(frame):
        panel = load_panel(config, frame=frame)
        folds = make_folds(panel, config)
        _, second, _ = groups_of(folds, config.backtest)
        (result,) = run_group(Task(config, panel, len(folds)), second)
        return result

    own = second_fold(frame)
    later = second_fold(perturbed(frame, last_seen(config, frame, 2)))
    assert own.facts["fingerprint"] == later.facts["fingerprint"]
    assert not np.array_equal(own.arrays["points"], later.arrays["points"])
    early = last_seen(config, frame, 2, split="train") - pd.Timedelta(hours=2)
    control = second_fold(perturbed(frame, early))
    for part in ("preparation", "weights"):
        assert own.facts["fingerprint"][part] != control.facts["fingerprint"][part]


def test_rows_after_the_last_target_of_a_fold_are_not_even_there(frame):
    config = leak_config()
    panel = load_panel(config, frame=frame)
    for fold in make_folds(panel, config):
        data = fold_data(panel, fold)
        assert (data.panel.offsets[1:] == data.splits.bounds[:, 3]).all()
