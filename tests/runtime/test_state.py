import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.errors import BundleError
from lstmcast.experiment.calibrating import calibrate
from lstmcast.files import held
from lstmcast.runtime.adapting import nothing_learned
from lstmcast.runtime.bundle import load_bundle
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.inputs import history_panel
from lstmcast.runtime.state import calibration_now, state_dir
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import bundle_of, dataset_of, network_of, write_run

COUNTS = {"train": 60, "validation": 50, "test": 0}
FRAME = hourly_frame(200)


class Run:
    """A calibrated run of the first 110 rows of a frame, and its network."""

    def __init__(self, folder, frame=FRAME, *, known=110, learned=True, **settings):
        data = dataset_of(frame[:known], split=COUNTS, **settings)
        self.network = network_of(data)
        self.calibration = calibrate(data, self.network).calibration
        self.static = self.calibration.only_shown().shifts
        begun = nothing_learned(self.calibration, data.preparation).to_json()
        values = {"static": self.calibration.to_json(), "learned": begun if learned else None}
        self.bundle = bundle_of(data, folder, calibration=values)
        self.state = state_dir(self.bundle.path) / "calibration.json"

    def now(self, frame=None):
        panel = None if frame is None else history_panel(self.bundle, frame)
        found, notes = calibration_now(self.bundle, self.network, learn_from=panel)
        return found.only_shown(), notes


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_without_data_the_intervals_are_those_of_training(run):
    found, notes = run.now()
    assert np.array_equal(found.shifts, run.static)
    assert not notes
    assert not run.state.parent.exists()


def test_a_run_has_one_state_however_it_is_named(run, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(run.bundle.path)
    assert state_dir(tmp_path / "link") == run.state.parent
    monkeypatch.chdir(run.bundle.path)
    assert state_dir(Path()) == run.state.parent


def test_the_median_stays_the_point_forecast(tmp_path):
    run = Run(tmp_path, output={"type": "quantiles"})
    found, _ = run.now(FRAME)
    panel = history_panel(run.bundle, FRAME)
    ahead = forecast(panel, run.bundle.preparation, run.network, calibration=found)
    assert np.array_equal(ahead.quantiles[..., ahead.levels.index(0.5)], ahead.prediction)


def test_data_that_bring_nothing_new_leave_no_trace(run):
    run.now(FRAME[:110])
    assert not run.state.parent.exists()


def test_actual_values_move_the_intervals_and_are_remembered(run):
    found, notes = run.now(FRAME)
    assert not notes
    assert not np.array_equal(found.shifts, run.static)
    assert np.array_equal(run.now()[0].shifts, found.shifts)
    load_bundle(run.bundle.path)  # the run is as it was


def test_levels_that_are_not_shown_move_with_those_beside_them(run):
    panel = history_panel(run.bundle, FRAME)
    found, _ = calibration_now(run.bundle, run.network, learn_from=panel)
    before = run.calibration
    assert found.levels == before.levels
    for step, moved in enumerate((found.shifts - before.shifts)[0, :, 0]):
        shown = [moved[before.levels.index(level)] for level in before.shown]
        expected = np.interp(before.levels, before.shown, shown)
        assert moved == pytest.approx(expected, abs=1e-12), step
    assert np.array_equal(found.only_shown().shifts, run.now()[0].shifts)


def test_the_same_data_again_change_nothing(run):
    first, _ = run.now(FRAME)
    kept = run.state.read_bytes()
    again, _ = run.now(FRAME)
    assert np.array_equal(again.shifts, first.shifts)
    assert run.state.read_bytes() == kept


@pytest.mark.parametrize(
    "window", [{"lookback": 4, "horizon": 3}, {"lookback": 4, "horizon": 2, "lead": 2}]
)
@pytest.mark.parametrize("cuts", [[111], [150], [112, 113, 160]])
def test_learning_in_portions_is_learning_at_once(tmp_path, window, cuts):
    once, portions = Run(tmp_path / "once", window=window), Run(tmp_path / "more", window=window)
    expected, _ = once.now(FRAME)
    for cut in cuts:
        portions.now(FRAME[:cut])
    # A later file need not hold what came long before.
    found, _ = portions.now(FRAME[cuts[-1] - 20 :])
    assert found.shifts == pytest.approx(expected.shifts, abs=1e-12)
    ours, theirs = (json.loads(each.state.read_text()) for each in (portions, once))
    assert ours["learned"][0]["times"] == theirs["learned"][0]["times"]


def test_a_run_that_was_not_tested_learns_all_the_same(tmp_path):
    tested, untested = Run(tmp_path / "a"), Run(tmp_path / "b", learned=False)
    assert np.array_equal(untested.now()[0].shifts, untested.static)
    assert np.array_equal(untested.now(FRAME)[0].shifts, tested.now(FRAME)[0].shifts)
    still = Run(tmp_path / "c", learned=False, calibration={"adaptive": None})
    assert np.array_equal(still.now(FRAME)[0].shifts, still.static)


def test_series_with_errors_of_their_own_learn_each_from_theirs(tmp_path):
    frame = panel_frame({"a": 200, "b": 200})
    early = frame[frame["time"] < frame["time"].min() + pd.Timedelta(days=110)]
    run = Run(
        tmp_path,
        early,
        known=len(early),
        data={"series": "id"},
        calibration={"per": "series", "levels": [0.8]},
    )
    found, _ = run.now(pd.concat([early, frame[frame["id"] == "a"]]).drop_duplicates())
    static = run.static
    assert not np.array_equal(found.shifts[0], static[0])
    assert np.array_equal(found.shifts[1:], static[1:])


def test_a_target_that_is_missing_teaches_nothing(tmp_path):
    settings = {"data": {"missing": {"strategy": "ffill"}}}
    run = Run(tmp_path, **settings)
    gone = FRAME.copy()
    gone.loc[110:, "y"] = np.nan
    found, _ = run.now(gone)
    assert np.array_equal(found.shifts, run.static)


def test_a_missing_value_that_means_zero_is_known_only_up_to_the_end(tmp_path):
    run = Run(tmp_path, data={"missing": {"strategy": "zero"}})
    run.now(FRAME[:130])
    kept = json.loads(run.state.read_text())
    assert kept["learned"][0]["time"].startswith(str(FRAME["time"][129])[:10])
    assert np.datetime64(kept["learned"][0]["time"]) == np.datetime64(FRAME["time"][129])


def test_what_cannot_be_kept_is_used_all_the_same(run, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    found, (note,) = run.now(FRAME)
    assert "is not kept" in note
    assert not np.array_equal(found.shifts, run.static)
    assert not run.state.exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no such locks")
def test_while_another_process_learns_the_forecast_is_made_without_keeping(run):
    with held(run.state.parent, "busy"):
        found, (note,) = run.now(FRAME)
    assert "another process" in note
    assert np.array_equal(run.now(FRAME)[0].shifts, found.shifts)


@pytest.mark.parametrize("text", ["{", '{"format": 1}', '{"format": 9, "calibration": ""}', "[]"])
def test_a_state_that_is_none_of_the_runs_is_not_read_and_not_replaced(run, text):
    run.state.parent.mkdir()
    run.state.write_text(text)
    found, (note,) = run.now()
    assert str(run.state) in note and "remove the file" in note
    assert np.array_equal(found.shifts, run.static)
    run.now(FRAME)
    assert run.state.read_text() == text


def test_a_run_without_a_calibration_has_the_networks_own_quantiles(tmp_path):
    data = dataset_of(FRAME[:110], split=COUNTS)
    bundle = bundle_of(data, tmp_path)
    assert calibration_now(bundle, network_of(data)) == (None, [])


def test_a_damaged_calibration_is_an_error_of_the_run(tmp_path):
    data = dataset_of(FRAME[:110], split=COUNTS)
    path = write_run(data, tmp_path, calibration={"static": {"series": []}, "learned": None})
    with pytest.raises(BundleError, match=r"calibration\.json: cannot be read"):
        load_bundle(path).calibration()
