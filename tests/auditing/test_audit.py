"""An audit passes the pipeline as it is, and sees each way in which one could leak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.auditing import Audit, Settings, audit, canary, short_fit, views
from lstmcast.auditing.kept import data_differences, kept_check
from lstmcast.auditing.views import Probe
from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.data import cleaned, dataset, fitting
from lstmcast.data.dataset import build_dataset, fingerprint, load_panel
from lstmcast.errors import ConfigError
from lstmcast.runtime import outputs
from lstmcast.runtime.network_shapes import shapes_of
from tests.auditing.conftest import fake_fit
from tests.builders import weekly_cycle
from tests.data.test_leaks import STRATEGIES, full_config, panel_frame
from tests.networks import BACKEND

FITTED = {"scalers", "cleaning", "vocabularies", "exponents"}
LATER = {"features", "windows", "weights", "forecasts"}


@pytest.fixture(scope="module")
def frame() -> Any:
    return panel_frame()


def audited(frame: Any, settings: Settings | None = None, **changes: Any) -> Audit:
    config = full_config(**changes)
    return audit(config, load_panel(config, frame=frame), settings)


def leaking(found: Audit, cut: str | None = None) -> set[str]:
    return {each.check for each in found.checks if each.state == "leak" and cut in (None, each.cut)}


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_pipeline_as_it_is_does_not_leak(frame: Any, strategy: str) -> None:
    missing = {"strategy": strategy, "indicator": True}
    found = audited(frame, data__missing=missing, scaling__per="series")
    assert found.passed, [each for each in found.checks if each.state != "ok"]
    assert {each.cut for each in found.checks} == {"training", "validation", "before"}
    assert {each.check for each in found.checks} >= LATER | FITTED | {"control"}
    assert "Nothing leaks" in found.verdict


@pytest.mark.usefixtures("untrained")
def test_each_fold_is_audited_where_that_is_asked_for(frame: Any) -> None:
    found = audited(frame, Settings(folds=True))
    places = {each.place for each in found.checks}
    assert places == {"split", *(f"fold {number}" for number in range(1, 6))}
    assert found.passed


@pytest.mark.usefixtures("untrained")
def test_statistics_of_all_rows_are_seen(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = dataset.fit_preparation

    def fit_on_all(panel: Any, splits: Any, config: Any) -> Any:
        bounds = splits.bounds.copy()
        bounds[:, 1] = panel.offsets[1:]
        return fit(panel, replace(splits, bounds=bounds), config)

    monkeypatch.setattr(dataset, "fit_preparation", fit_on_all)
    found = audited(frame)
    assert not found.passed
    assert leaking(found, "training") >= FITTED
    assert leaking(found, "validation") >= FITTED
    assert found.verdict.startswith("There is a leak: scalers")


def test_a_leak_that_makes_other_columns_is_a_leak_and_no_error(
    frame: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Narrow:
        """Reads the columns that it was made for, as a trained network does."""

        def __init__(self, data: Any) -> None:
            self._own, self._probe = shapes_of(data.preparation).past, Probe(data.preparation)

        def __call__(self, inputs: Any) -> Any:
            assert inputs["past"].shape[-1] == self._own
            return self._probe(inputs)

    def fit(data: Any, progress: Any) -> Any:
        return replace(fake_fit(data, progress), network=Narrow(data))

    monkeypatch.setattr(short_fit, "train_in_memory", fit)
    assert audited(frame).passed
    monkeypatch.setattr(fitting, "fit_vocabulary", lambda codes, levels: tuple(sorted(levels)))
    assert leaking(audited(frame)) >= {"vocabularies", "forecasts"}


@pytest.mark.usefixtures("untrained")
def test_rows_that_read_the_next_one_are_seen(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = dataset.prepare

    def ahead(panel: Any, preparation: Any) -> Any:
        prepared = prepare(panel, preparation)
        past = np.roll(prepared.arrays.past, -1, axis=0)
        return replace(prepared, arrays=replace(prepared.arrays, past=past))

    monkeypatch.setattr(dataset, "prepare", ahead)
    assert leaking(audited(frame)) == LATER


@pytest.mark.usefixtures("untrained")
def test_training_windows_with_targets_after_the_cut_are_seen(
    frame: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = dataset.window_starts

    def beyond(usable: Any, window: Any, **where: Any) -> Any:
        bounds = where["bounds"] + [0, 1]
        return find(usable, window, **{**where, "bounds": bounds})

    monkeypatch.setattr(dataset, "window_starts", beyond)
    assert leaking(audited(frame)) == {"windows", "weights"}


def test_a_fit_that_reads_other_rows_is_seen(frame: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(data: Any, progress: Any) -> Any:
        weights = {"w": data.prepared.arrays.past.sum(axis=0)}
        return replace(fake_fit(data, progress), weights=weights)

    monkeypatch.setattr(short_fit, "train_in_memory", greedy)
    assert leaking(audited(frame)) == {"weights"}


@pytest.mark.usefixtures("untrained")
def test_a_forecast_that_reads_beyond_its_origin_is_seen(
    frame: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = outputs.gather_inputs

    def shifted(arrays: Any, starts: Any, window: Any) -> Any:
        return gather(arrays, starts + 1, window)

    monkeypatch.setattr(outputs, "gather_inputs", shifted)
    assert leaking(audited(frame)) == {"forecasts"}


@pytest.mark.usefixtures("untrained")
def test_a_late_column_read_inside_its_delay_is_seen(
    frame: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaned, "shift_rows", lambda values, rows, steps: values)
    found = audited(frame)
    # Inputs of windows that are fitted end before; what is fitted on training rows may read these.
    assert leaking(found, "training") == set()
    assert leaking(found, "validation") == {"features", "forecasts"}


@pytest.mark.usefixtures("untrained")
def test_an_audit_that_sees_nothing_says_that_it_is_blind(
    frame: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "perturbed", lambda panel, region, **how: panel)
    found = audited(frame)
    assert not found.passed
    assert [each.check for each in found.checks if each.state == "blind"] == ["control"]
    assert "blind" in found.verdict


def tiny_config(**sections: Any) -> Config:
    return config_from_mapping(
        {
            "data": {"path": None, "time": "day", "target": "y"},
            "window": {"lookback": 5, "horizon": 2},
            "model": {"units": [2]},
            "training": {"batch_size": 4, "backend": BACKEND, "seeds": 3},
            **sections,
        }
    ).config


@pytest.mark.slow
def test_a_short_fit_is_one_network_and_a_few_steps() -> None:
    config = tiny_config()
    data = build_dataset(config, load_panel(config, frame=weekly_cycle(60)))
    fitted = short_fit.short_fit(data, validated=False)
    (history,) = fitted.histories
    assert (history.plan.epochs, history.plan.batches) == (2, 4)
    assert len(history.rows) == 2
    assert history.rows[-1].val_loss is None
    assert not any("member" in name for name in fitted.weights)


@pytest.mark.long
def test_the_weights_of_a_real_fit_are_the_same_to_the_bit() -> None:
    config = tiny_config()
    found = audit(config, load_panel(config, frame=weekly_cycle(100)))
    weights = [each for each in found.checks if each.check == "weights"]
    assert [each.cut for each in weights] == ["training", "validation"]
    assert found.passed, found.verdict
    (control,) = [each for each in found.checks if each.check == "control"]
    assert "weights" in control.text


def test_one_network_stands_for_those_of_all_series(frame: Any) -> None:
    config = full_config().model_copy(deep=True)
    config = config_from_mapping(
        {**config.model_dump(mode="json"), "model": {"type": "lstm", "scope": "each"}}
    ).config
    found = audit(config, load_panel(config, frame=frame), Settings(trains=False))
    assert found.passed


def test_an_empty_validation_split_has_one_cut() -> None:
    config = tiny_config(split={"train": 80, "validation": 0, "test": 20})
    panel = load_panel(config, frame=weekly_cycle(100))
    found = audit(config, panel, Settings(trains=False))
    assert {each.cut for each in found.checks} == {"training", "before"}


def test_without_rows_after_training_there_is_nothing_to_change() -> None:
    config = tiny_config(split={"train": 100, "validation": 0, "test": 0})
    found = audit(config, load_panel(config, frame=weekly_cycle(100)), Settings(trains=False))
    assert found.checks == ()
    assert found.passed
    assert "Nothing comes after the training rows" in found.verdict


def test_what_is_said_to_be_known_must_be_a_column(frame: Any) -> None:
    with pytest.raises(ConfigError, match="--known price: there is no such column among y, late"):
        audited(frame, Settings(trains=False, known=("price",)))


def test_the_preparation_of_a_run_must_be_what_its_rows_give(frame: Any) -> None:
    config = full_config()
    own = build_dataset(config, load_panel(config, frame=frame)).preparation
    assert kept_check(own, own).state == "ok"
    scaler = replace(own.target_scaler, centre=own.target_scaler.centre + 0.1)
    found = kept_check(replace(own, target_scaler=scaler), own)
    assert (found.state, found.differing) == ("leak", 1)
    assert "target_scaler.centre[0][0]" in found.text
    rounded = replace(own.target_scaler, centre=own.target_scaler.centre * (1 + 1e-13))
    assert kept_check(replace(own, target_scaler=rounded), own).state == "ok"


def test_other_data_are_told_apart_in_words(frame: Any) -> None:
    config = full_config()
    panel = load_panel(config, frame=frame)
    kept = {
        "fingerprint": fingerprint(panel),
        "rows": panel.n_rows,
        "series": 2,
        "first": str(panel.times.min()),
        "last": str(panel.times.max()),
    }
    assert data_differences(kept, panel) == []
    assert data_differences({**kept, "rows": 5}, panel) == [
        f"rows 5 in the run, {panel.n_rows} now"
    ]
    (said,) = data_differences({**kept, "fingerprint": "0"}, panel)
    assert said == "values or columns, not rows or times"


def test_very_many_windows_are_sampled_but_all_their_rows_are_compared(
    frame: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = full_config()
    data = build_dataset(config, load_panel(config, frame=frame))
    whole = views.fitted_windows(data)
    monkeypatch.setattr(views, "GATHERED_WINDOWS", 5)
    read = views.fitted_windows(data)
    assert len(read["past"]) == len(read["targets"]) == 5
    assert np.array_equal(read["past"][[0, -1]], whole["past"][[0, -1]])
    assert np.array_equal(read["starts"], whole["starts"])
    window, arrays = config.window, data.prepared.arrays
    behind = np.unique(whole["starts"][:, None] + np.arange(window.lookback))
    assert np.array_equal(read["rows_past"], arrays.past[behind])
    ahead = np.unique(
        whole["starts"][:, None] + window.lookback + window.lead + np.arange(window.horizon)
    )
    assert np.array_equal(read["rows_targets"], arrays.targets[ahead])
    assert np.array_equal(read["rows_future"], arrays.future[ahead])
