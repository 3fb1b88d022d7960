"""Real trials, of tiny networks."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.schema import Config
from lstmcast.data.dataset import load_panel
from lstmcast.data.panel import Panel
from lstmcast.errors import ConfigError
from lstmcast.tuning.folds import validation_folds
from lstmcast.tuning.space import build_space
from lstmcast.tuning.trial import Item, Material, run_trial
from tests.tuning.conftest import MakeConfig


def material_of(config: Config, panel: Panel | None = None) -> Material:
    return Material(config, panel or load_panel(config))


@pytest.mark.usefixtures("undrawn")
def test_a_trial_is_scored_as_a_training_is(make_config: MakeConfig) -> None:
    from lstmcast.experiment import train

    config = make_config(epochs=2)
    trial = run_trial(material_of(config), Item(0, config))
    metrics = train(config).metrics
    assert trial.status == "completed"
    assert trial.score == pytest.approx(metrics["metrics"]["validation"]["model"]["mae"], rel=1e-6)
    assert len(trial.curve) == 2 and trial.epochs == (2,)
    assert trial.parameters == 4 * (3 + 1 + 1) * 3 + (3 + 1) * 2


def test_no_value_of_the_test_period_reaches_a_trial(make_config: MakeConfig) -> None:
    config = make_config(epochs=1)
    panel = load_panel(config)
    first_test_row = 136  # 0.85 of 160
    values = panel.values.copy()
    values[first_test_row:] += 1000.0
    changed = dataclasses.replace(panel, values=values)
    item = Item(0, config)
    before = run_trial(material_of(config), item)
    after = run_trial(material_of(config, changed), item)
    assert dataclasses.replace(after, seconds=0) == dataclasses.replace(before, seconds=0)
    values = panel.values.copy()
    values[first_test_row - 1] += 1000.0  # the control: the last validation row
    other = run_trial(material_of(config, dataclasses.replace(panel, values=values)), item)
    assert other.scores != before.scores


def test_a_hopeless_trial_ends_early(make_config: MakeConfig) -> None:
    config = make_config(epochs=5)
    trial = run_trial(material_of(config), Item(3, config, hopeless=(np.inf, 1e-9, 1e-9)))
    assert (trial.status, trial.epochs, trial.score) == ("pruned", (2,), None)


def test_the_last_epoch_is_never_cut_short(make_config: MakeConfig) -> None:
    config = make_config(epochs=2)
    trial = run_trial(material_of(config), Item(3, config, hopeless=(np.inf, 1e-9, 1e-9)))
    assert trial.status == "completed"


def test_trials_that_agree_share_what_is_prepared(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lstmcast.tuning import trial as trials

    built: list[int] = []
    build = trials.build_dataset

    def counted(config: Config, panel: Panel, **more: Any) -> Any:
        built.append(config.window.lookback)
        return build(config, panel, **more)

    monkeypatch.setattr(trials, "build_dataset", counted)
    config = make_config()
    material = material_of(config)
    other = config.model_copy(
        update={"training": config.training.model_copy(update={"learning_rate": 0.5})}
    )
    longer = config.model_copy(update={"window": config.window.model_copy(update={"lookback": 6})})
    rates = [
        material.dataset(each, 0).preparation.config.training.learning_rate
        for each in (config, other, longer, config)
    ]
    assert built == [5, 6]
    assert rates == [0.001, 0.5, 0.001, 0.001]


def test_what_changes_how_data_are_read_has_them_read_again(make_config: MakeConfig) -> None:
    config = make_config()
    material = material_of(config)
    space = build_space(make_config(space={"data.future_covariates": [[], ["day_no"]]}))
    path = config.data.path
    assert isinstance(path, str)
    frame = pd.read_csv(path)
    frame.assign(day_no=range(len(frame))).to_csv(path, index=False)
    known = space.config({"data.future_covariates": ["day_no"]})
    assert material.dataset(config, 0).prepared.arrays.future.shape[1] == 0
    assert material.dataset(known, 0).prepared.arrays.future.shape[1] == 1
    assert material.dataset(known, 0).panel.n_rows == material.dataset(config, 0).panel.n_rows
    handed = known.model_copy(update={"data": known.data.model_copy(update={"path": None})})
    with pytest.raises(ConfigError, match="handed over"):
        material.dataset(handed, 0)


def test_another_process_gets_the_rows_alone(make_config: MakeConfig) -> None:
    config = make_config()
    material = material_of(config)
    small = len(pickle.dumps(material))
    material.dataset(config, 0)
    assert len(pickle.dumps(material)) == small


def test_validation_folds_lie_in_a_row_before_the_test(make_config: MakeConfig) -> None:
    config = make_config(folds=3)
    panel = load_panel(config)
    folds = validation_folds(panel, config)
    ends = [(int(s.bounds[0, 1]), int(s.bounds[0, 2]), p.n_rows) for p, s in folds]
    assert ends == [(64, 88, 88), (88, 112, 112), (112, 136, 136)]
    assert all(not splits.rows("test", part.n_rows).any() for part, splits in folds)


def test_too_many_folds_are_refused(make_config: MakeConfig) -> None:
    from lstmcast.errors import TooShortError

    config = make_config(folds=9)
    with pytest.raises(TooShortError, match=r"tune\.folds: 9"):
        validation_folds(load_panel(config), config)
