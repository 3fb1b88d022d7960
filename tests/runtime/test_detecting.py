from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstmcast.data.dataset import load_panel
from lstmcast.errors import BundleError, ConfigError, TooShortError
from lstmcast.experiment.calibrating import calibrate
from lstmcast.runtime import bundle as files
from lstmcast.runtime.bundle import Bundle
from lstmcast.runtime.detecting import detect
from lstmcast.runtime.judging import Search
from lstmcast.runtime.outputs import raw_outputs
from lstmcast.runtime.run_writer import RunWriter
from lstmcast.runtime.scores import Scores, fit_scores, needed_scores, read_scores
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import FakeNetwork, bundle_of, dataset_of, network_of

COUNTS = {"train": 100, "validation": 60, "test": 60}
QUANTILES = {
    "output": {"type": "quantiles", "levels": [0.1, 0.5, 0.9]},
    "training": {"loss": "quantile"},
}


class Fitted:
    """A dataset, a network of plain numbers, and the scores that a training would keep."""

    def __init__(self, frame, network=None, **settings):
        self.data = dataset_of(frame, **{"split": COUNTS, **settings})
        self.preparation = self.data.preparation
        self.network = network or network_of(self.data)
        self.calibration = calibrate(self.data, self.network).calibration
        self.scores = fit_scores(
            self.network,
            self.data.prepared,
            self.preparation,
            self.data.starts["validation"],
            calibration=self.calibration,
        )

    def detect(self, frame=None, *, rate=0.05, future=None, **search):
        config = self.preparation.config
        panel = self.data.panel if frame is None else load_panel(config, frame=frame)
        settings = Search(rate=rate, **search)
        return detect(panel, self.preparation, self.network, self.scores, settings, future=future)


class Last:
    """Forecasts the last value that was read, whatever the step."""

    def __init__(self, horizon=3):
        self.horizon = horizon

    def __call__(self, inputs):
        last = inputs["past"][:, -1, :1]
        return np.repeat(last[:, None, :, None], self.horizon, axis=1)


class Zero(FakeNetwork):
    """Forecasts the training mean."""

    def __call__(self, inputs):
        return np.zeros_like(super().__call__(inputs))


class Counts(FakeNetwork):
    """Forecasts a mean and a dispersion."""

    def __call__(self, inputs):
        return np.abs(super().__call__(inputs)) + 0.5


def noise_frame(n_rows, *, seed=0, shift_from=None):
    values = np.random.default_rng(seed).normal(size=n_rows)
    if shift_from is not None:
        values[shift_from:] += 2.0
    times = pd.date_range("2020-01-01", periods=n_rows, freq="h")
    return pd.DataFrame({"time": times, "y": values})


def long_noise(**settings):
    split = {"train": 200, "validation": 4000, "test": 12000}
    frame = noise_frame(16200, **settings)
    return Fitted(frame, Zero(3), split=split)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_the_share_of_alarms_is_the_rate_where_nothing_has_changed(rate):
    found = long_noise().detect(rate=rate)
    summary = found.summary()
    assert summary["points"] == 12000
    assert abs(summary["share"] - rate) < 0.01
    assert summary["count_p_value"] > 0.01
    assert summary["expected"] == pytest.approx(rate * 12000, rel=0.03)


def test_p_values_are_uniform_where_nothing_has_changed():
    p = long_noise().detect().p_value.ravel()
    shares = [(p <= level).mean() for level in np.linspace(0.1, 0.9, 9)]
    assert np.allclose(shares, np.linspace(0.1, 0.9, 9), atol=0.02)


def test_a_series_that_has_drifted_gives_more_alarms():
    found = long_noise(shift_from=10_000).detect(rate=0.01)
    assert found.summary()["share"] > 0.05
    assert found.summary()["count_p_value"] < 1e-6
    assert "That is more than chance brings" in found.text


@pytest.mark.parametrize("settings", [{}, QUANTILES], ids=["point", "quantiles"])
@pytest.mark.parametrize("step", [1, 3])
def test_every_value_is_judged_by_its_forecast_as_a_naive_loop_does(settings, step):
    fitted = Fitted(hourly_frame(220), **settings)
    found = fitted.detect(rate=0.1, step=step, replace=False)
    prepared, preparation = fitted.data.prepared, fitted.preparation
    assert found.panel.times[found.rows].tolist() == fitted.data.panel.times[160:].tolist()

    def score(start):
        outputs = raw_outputs(fitted.network, prepared, preparation, np.array([start]))
        y = preparation.to_network(
            prepared.actual[[start + 4 + step - 1]][:, None], np.zeros(1, int)
        )
        if outputs.quantiles is None:
            return abs(y[0, 0, 0] - outputs.points[0, step - 1, 0])
        low, high = outputs.quantiles[0, step - 1, 0, [0, -1]]
        return max(low - y[0, 0, 0], y[0, 0, 0] - high)

    validation = np.array([score(start) for start in fitted.data.starts["validation"]])
    size = fitted.calibration.size[0, step - 1, 0]
    for i in range(57):  # the last windows reach beyond the data
        own = score(160 + i - 4 - step + 1)
        p = (1 + (validation >= own).sum()) / (len(validation) + 1)
        assert found.p_value[i, 0] == pytest.approx(p)
        assert found.score[i, 0] == pytest.approx(own / size)
        assert found.anomaly[i, 0] == (p <= 0.1)
        outside = not found.lower[i, 0] <= found.actual[i, 0] <= found.upper[i, 0]
        assert outside == found.anomaly[i, 0]


def spiked(frame, *rows, by=20.0):
    changed = frame.copy()
    changed.loc[list(rows), "y"] += by
    return changed


def test_one_spike_gives_one_alarm_when_it_is_not_read():
    frame = noise_frame(220)
    fitted = Fitted(frame, Last())
    quiet = fitted.detect(frame, rate=0.02).anomaly[:, 0]
    with_spike = spiked(frame, 190)
    found = fitted.detect(with_spike, rate=0.02)
    assert np.flatnonzero(found.anomaly[:, 0] & ~quiet).tolist() == [30]
    # The naive forecast of the next value is the spike, where it is read.
    found = fitted.detect(with_spike, rate=0.02, replace=False)
    assert np.flatnonzero(found.anomaly[:, 0] & ~quiet).tolist() == [30, 31]


def one_by_one(fitted, frame, *, rate, step):
    """The same, going through the rows in their order."""
    lookback = fitted.preparation.config.window.lookback
    changed, anomalies, replaced = frame.copy(), [], []
    settings = {"rate": rate, "step": step, "replace": False}
    observed = frame["y"].to_numpy()
    for place in range(fitted.detect(frame, **settings).n_points):
        now = fitted.detect(changed, **settings)
        row = int(np.flatnonzero(frame["time"] == now.panel.times[now.rows[place]])[0])
        # A replaced value is its own forecast: judge what was observed.
        is_anomaly = not now.lower[place, 0] <= observed[row] <= now.upper[place, 0]
        anomalies.append(is_anomaly)
        if is_anomaly and sum(row - other < lookback for other in replaced) < lookback // 4:
            changed.loc[row, "y"] = now.prediction[place, 0]
            replaced.append(row)
    return np.array(anomalies)


@pytest.mark.parametrize(
    ("step", "settings"),
    [
        (1, {}),
        (2, {"window": {"lookback": 8, "horizon": 3, "lead": 1}}),
        (1, {"features": {"rolling": {"y": {"window": 5}}}}),
        (1, {"data": {"missing": {"strategy": "mask"}, "outliers": {"method": "hampel"}}}),
        (3, QUANTILES),
    ],
    ids=["plain", "lead", "rolling", "mask", "quantiles"],
)
def test_replacing_is_what_going_through_the_rows_one_by_one_gives(step, settings, monkeypatch):
    monkeypatch.setattr("lstmcast.runtime.detecting.BATCH", 1)  # several stretches
    frame = hourly_frame(185)
    split = {"train": 100, "validation": 60, "test": 25}
    window = {"lookback": 8, "horizon": 3}
    fitted = Fitted(frame, **{"split": split, "window": window, **settings})
    frame = spiked(frame, 163, 168, 169, 170, 171, 172, 180, by=15.0)
    found = fitted.detect(frame, rate=0.1, step=step)
    assert found.anomaly.sum() > 5
    expected = one_by_one(fitted, frame, rate=0.1, step=step)
    assert found.anomaly[:, 0].tolist() == expected.tolist()
    plain = fitted.detect(frame, rate=0.1, step=step, replace=False)
    assert not np.array_equal(found.prediction, plain.prediction)


def test_a_change_that_lasts_is_read_when_a_quarter_of_the_inputs_is_replaced():
    frame = noise_frame(220)
    window = {"lookback": 12, "horizon": 2}
    fitted = Fitted(frame, Last(2), window=window)
    quiet = fitted.detect(rate=0.02, replace=False)
    frame.loc[180:, "y"] += 50
    found = fitted.detect(frame, rate=0.02)
    # Three are replaced; the fourth is read, and its level is that of all that come after.
    assert found.anomaly[20:24].all()
    assert np.array_equal(found.anomaly[24:32], quiet.anomaly[24:32])


def test_series_are_judged_alone_as_among_others_and_new_ones_from_their_first_forecast_on():
    settings = {"data": {"target": "y", "series": "id"}, "split": COUNTS}
    frame = panel_frame({"a": 220, "b": 220})
    fitted = Fitted(frame, **settings)
    new = panel_frame({"c": 60}, seed=3)
    found = fitted.detect(pd.concat([frame, new], ignore_index=True))
    series = np.array(found.panel.series)[found.panel.series_of_row[found.rows]]
    assert [(series == name).sum() for name in "abc"] == [60, 60, 56]
    alone = fitted.detect(new)
    assert np.array_equal(alone.p_value, found.p_value[series == "c"])
    table = found.table()
    assert list(table.columns[:2]) == ["time", "id"]
    only = found.table(only=True)
    assert only.equals(table[table["anomaly"]].reset_index(drop=True))


def test_targets_are_judged_apart_and_named():
    frame = hourly_frame(220)
    frame["z"] = frame["y"].to_numpy()[::-1]
    fitted = Fitted(frame, data={"target": ["y", "z"]})
    changed = frame.copy()
    changed.loc[200, "z"] += 1000
    found = fitted.detect(changed)
    assert found.anomaly[40].tolist() == [False, True] or found.anomaly[40, 1]
    table = found.table()
    assert list(table.columns[:2]) == ["time", "target"]
    assert len(table) == found.n_points == 120


def test_values_that_are_missing_are_not_judged():
    frame = hourly_frame(220)
    fitted = Fitted(frame, data={"missing": {"strategy": "ffill"}})
    changed = frame.copy()
    changed.loc[[190, 195], "y"] = np.nan
    found = fitted.detect(changed)
    assert (found.n_points, found.not_judged) == (58, 0)
    dropped = Fitted(frame, data={"missing": {"strategy": "drop"}}).detect(changed)
    # No forecast reads a missing value: the four after each have none.
    assert dropped.n_points + dropped.not_judged == 58
    assert dropped.not_judged == 8


def test_the_last_values_take_future_covariates_beyond_the_end():
    frame = hourly_frame(220)
    frame["x"] = np.arange(220.0)
    fitted = Fitted(frame, data={"future_covariates": ["x"]})
    found = fitted.detect(frame)
    assert (found.n_points, found.not_judged) == (58, 2)
    longer = hourly_frame(223)
    longer["x"] = np.arange(223.0)
    future = load_panel(fitted.preparation.config, frame=longer)
    whole = fitted.detect(frame, future=future)
    assert (whole.n_points, whole.not_judged) == (60, 0)
    assert np.array_equal(whole.p_value[:58], found.p_value)


def test_a_rate_that_cannot_be_had_is_answered_with_the_arithmetic():
    fitted = Fitted(hourly_frame(220))
    with pytest.raises(ConfigError, match=r"1 / \(58 \+ 1\) = 0\.017.*--rate 0\.017 or more.* 99 "):
        fitted.detect(rate=0.01)
    assert fitted.detect(rate=0.017).n_points == 60
    for rate in (0, 1, -1):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            fitted.detect(rate=rate)
    with pytest.raises(ConfigError, match=r"1 to window\.horizon, 3"):
        fitted.detect(step=4)


def test_interpolated_gaps_forbid_replacing():
    frame = hourly_frame(220)
    frame.loc[190, "y"] = np.nan
    fitted = Fitted(frame, data={"missing": {"strategy": "interpolate"}})
    with pytest.raises(ConfigError, match="--no-replace"):
        fitted.detect()
    assert fitted.detect(replace=False).n_points == 59


def test_data_that_end_before_the_test_period_leave_nothing_to_judge():
    fitted = Fitted(hourly_frame(220))
    with pytest.raises(TooShortError, match="Give later data"):
        fitted.detect(hourly_frame(220).head(150))


def test_counts_have_no_interval_below_zero():
    frame = hourly_frame(220)
    frame["y"] = np.random.default_rng(0).poisson(2, 220)
    fitted = Fitted(
        frame,
        Counts(3, n_outputs=2),
        output={"type": "negative_binomial"},
        scaling={"target": "none"},
        training={"loss": "nll"},
    )
    assert (fitted.detect().lower >= 0).all()


def test_scores_are_read_back_and_refused_where_they_do_not_fit(tmp_path):
    fitted = Fitted(hourly_frame(220))
    values = {"static": fitted.calibration.to_json(), "learned": None}
    bundle = bundle_of(fitted.data, tmp_path, calibration=values)
    with pytest.raises(BundleError, match=r"earlier version.*Train it again"):
        needed_scores(bundle)
    kept = with_scores(bundle, tmp_path, fitted.scores)
    again = read_scores(kept)
    assert np.array_equal(again.ordered[0], fitted.scores.ordered[0])
    assert again.ordered[0].shape == (58, 3, 1)
    broken = replace(fitted.scores, ordered=(fitted.scores.ordered[0][:, :2],))
    with pytest.raises(BundleError, match="do not fit"):
        read_scores(with_scores(bundle, tmp_path, broken))


def with_scores(bundle, folder, scores: Scores) -> Bundle:
    writer = RunWriter(folder, "scores")
    writer.arrays(files.SCORES, scores.arrays())
    (bundle.path / files.SCORES).write_bytes((writer.path / files.SCORES).read_bytes())
    writer.discard()
    listed = {**bundle.manifest["files"], files.SCORES: {}}
    return replace(bundle, manifest={**bundle.manifest, "files": listed})


def test_a_run_without_calibration_says_how_to_train_it(tmp_path):
    bundle = bundle_of(dataset_of(hourly_frame(220), split=COUNTS), tmp_path)
    with pytest.raises(BundleError, match=r"calibration\.method auto"):
        needed_scores(bundle)


def test_a_run_keeps_no_more_windows_than_it_needs(monkeypatch):
    monkeypatch.setattr("lstmcast.runtime.scores.MOST_WINDOWS", 20)
    assert Fitted(hourly_frame(220)).scores.ordered[0].shape == (20, 3, 1)
