import numpy as np
import pytest
from scipy import stats

from lstmcast.data.panel import select
from lstmcast.data.windows import gather_inputs, target_rows
from lstmcast.errors import BundleError, ConfigError
from lstmcast.experiment.calibrating import calibrate
from lstmcast.runtime import bundle as files
from lstmcast.runtime import paths
from lstmcast.runtime.bundle import load_bundle
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.paths import Ranks, Sampling, fit_ranks, read_ranks
from lstmcast.runtime.run_writer import RunWriter
from lstmcast.runtime.tables import paths_frame
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import bundle_of, dataset_of, network_of

UNSCALED = {"target": "none", "features": "none"}


def random_walk(inputs):
    """Normal forecasts whose centre is the last value, with the deviation 1 at every step."""
    last = np.repeat(inputs["past"][:, -1:, :1], 3, axis=1)
    return np.stack([last, np.ones_like(last)], axis=-1).astype(np.float32)


def counts(inputs):
    """Negative binomial forecasts with the mean of the lookback."""
    mean = np.repeat(inputs["past"][:, :, :1].mean(axis=1, keepdims=True), 3, axis=1)
    return np.stack([mean + 0.1, np.full_like(mean, 0.5)], axis=-1)


def normal_data(n_rows=40, **settings):
    return dataset_of(hourly_frame(n_rows), output={"type": "normal"}, scaling=UNSCALED, **settings)


def test_errors_add_up_along_a_path():
    data = normal_data()
    sampling = Sampling(n_paths=4000, kept=True)
    found = forecast(data.panel, data.preparation, random_walk, steps=9, sampling=sampling)
    assert found.paths.shape == (1, 4000, 9, 1)
    # Each block begins at the last value of the one before: variances of 1, 2 and 3.
    deviation = found.paths[0, :, :, 0].std(axis=0)
    np.testing.assert_allclose(deviation, np.sqrt([1, 1, 1, 2, 2, 2, 3, 3, 3]), rtol=0.05)
    last = data.panel.values[-1, 0]
    for step, variance in ((2, 1), (3, 2), (8, 3)):
        expected = stats.norm(last, np.sqrt(variance)).ppf([0.1, 0.5, 0.9])
        np.testing.assert_allclose(found.quantiles[0, step, 0], expected, atol=0.15)
    # The first block's are those of the distribution itself, and the point is no path's.
    np.testing.assert_allclose(
        found.quantiles[0, 0, 0], stats.norm(last, 1).ppf([0.1, 0.5, 0.9]), rtol=1e-6
    )
    np.testing.assert_allclose(found.prediction[0, :, 0], last, rtol=1e-6)


def test_a_path_of_quantiles_lies_between_the_outermost():
    output = {"type": "quantiles", "levels": [0.05, 0.5, 0.95], "paths": 50}
    data = dataset_of(hourly_frame(40), output=output)
    network = network_of(data)
    found = forecast(data.panel, data.preparation, network, sampling=Sampling(None, 300, kept=True))
    drawn, quantiles = found.paths[0, :, :, 0], np.sort(found.quantiles[0, :, 0], axis=-1)
    assert (drawn >= quantiles[:, 0] - 1e-12).all()
    assert (drawn <= quantiles[:, -1] + 1e-12).all()
    beyond = forecast(data.panel, data.preparation, network, steps=7)
    assert (np.diff(beyond.quantiles[:, 3:], axis=-1) >= 0).all()


@pytest.mark.parametrize("output", [{}, {"type": "normal"}], ids=str)
def test_paths_of_a_calibrated_run_lie_within_its_intervals_as_they_should(output):
    data = dataset_of(hourly_frame(300), output=output)
    network = network_of(data)
    if output.get("type") == "normal":

        def network(inputs):  # far too sure of itself
            last = np.repeat(inputs["past"][:, -1:, :1], 3, axis=1)
            return np.stack([last, np.full_like(last, 0.01)], axis=-1)

    calibration = calibrate(data, network).calibration
    sampling = Sampling(n_paths=4000, kept=True)
    found = forecast(
        data.panel, data.preparation, network, calibration=calibration, sampling=sampling
    )
    drawn = found.paths[0, :, :, 0]
    for level, quantile in zip(found.levels, found.quantiles[0, :, 0].T, strict=True):
        assert (drawn <= quantile + 1e-9).mean(axis=0) == pytest.approx(level, abs=0.04)


def test_paths_of_counts_are_counts():
    frame = hourly_frame(40).assign(y=np.arange(40) % 7)
    data = dataset_of(frame, output={"type": "negative_binomial"}, scaling=UNSCALED)
    sampling = Sampling(n_paths=30, kept=True)
    found = forecast(data.panel, data.preparation, counts, steps=6, sampling=sampling)
    drawn = found.paths
    for values in (drawn, found.quantiles, found.prediction):
        assert (values == np.floor(values)).all()
    assert (drawn >= 0).all()
    assert np.ptp(drawn) > 0


def test_the_paths_of_a_series_are_the_same_alone_as_among_others(monkeypatch):
    data = dataset_of(
        panel_frame({"a": 60, "b": 30, "c": 45}),
        data={"series": "id"},
        output={"type": "student_t", "paths": 20},
        features={"lags": {"y": [1, 3]}},
        scaling={"per": "series", "target_transform": "yeo_johnson"},
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )

    def network(inputs):
        centre = np.repeat(inputs["past"].mean(axis=(1, 2))[:, None, None], 3, axis=1)
        return np.stack([centre, np.ones_like(centre), np.full_like(centre, 5)], axis=-1)

    def paths_of(panel):
        sampling = Sampling(kept=True)
        return forecast(panel, data.preparation, network, steps=8, sampling=sampling)

    among = paths_of(data.panel)
    assert among.paths.shape == (3, 20, 8, 1)
    alone = paths_of(select(data.panel, np.array([1])))
    np.testing.assert_allclose(alone.paths[0], among.paths[1], rtol=1e-9)
    np.testing.assert_allclose(alone.quantiles[0], among.quantiles[1], rtol=1e-9)
    # However few rows are in memory at once.
    monkeypatch.setattr(paths, "ROWS", 60)
    np.testing.assert_allclose(paths_of(data.panel).paths, among.paths, rtol=1e-9)


@pytest.mark.parametrize("transform", ["log", "log1p", "box_cox", "yeo_johnson"])
def test_a_path_that_runs_away_is_read_again_all_the_same(transform):
    frame = hourly_frame(40)
    frame["y"] = np.exp(frame["y"] / 10)
    scaling = {"target_transform": transform}
    data = dataset_of(frame, output={"type": "normal", "paths": 20}, scaling=scaling)

    def runaway(inputs):
        centre = np.zeros((len(inputs["past"]), 3, 1))
        return np.stack([centre, np.full_like(centre, 1e30)], axis=-1)

    with np.errstate(over="ignore"):  # the quantiles of the first block are infinite
        found = forecast(data.panel, data.preparation, runaway, steps=9)
    assert np.isfinite(found.quantiles[:, 3:]).all()


def test_ranks_are_those_of_what_came_true_within_its_forecasts():
    data = normal_data(120)
    starts = data.starts["validation"]
    found = fit_ranks(random_walk, data.prepared, data.preparation, starts)
    n, window = len(starts), data.preparation.config.window
    assert found.values.shape == (n, 3, 1)
    assert found.values.dtype == np.uint16
    true = data.prepared.actual[target_rows(starts, window)]
    last = gather_inputs(data.prepared.arrays, starts, window)["past"][:, -1:, :1]
    expected = stats.rankdata(true - last, axis=0) - 1
    assert np.array_equal(found.values, expected)


def test_draws_are_uniform_and_as_dependent_as_the_ranks():
    up, rng = np.arange(200, dtype=np.uint16), np.random.default_rng(0)
    ranks = Ranks(np.stack([up, up, 199 - up], axis=1)[..., None])
    drawn = ranks.uniform(5000, rng)[..., 0]
    for step in range(3):
        assert stats.kstest(drawn[:, step], "uniform").pvalue > 0.01
    correlation = np.corrcoef(drawn.T)
    assert correlation[0, 1] > 0.999
    assert correlation[0, 2] < -0.999


def test_the_steps_of_a_path_go_together_as_the_ranks_do():
    data = normal_data()
    up = np.arange(100, dtype=np.uint16)
    together = Ranks(np.repeat(up[:, None, None], 3, axis=1))
    for ranks, expected in ((together, 1.0), (None, 0.0)):
        sampling = Sampling(ranks, 500, kept=True)
        drawn = forecast(data.panel, data.preparation, random_walk, sampling=sampling).paths[0]
        assert np.corrcoef(drawn[:, 0, 0], drawn[:, 2, 0])[0, 1] == pytest.approx(expected, abs=0.1)


def test_there_are_no_ranks_without_validation_windows_or_of_a_point():
    data = normal_data()
    assert fit_ranks(random_walk, data.prepared, data.preparation, np.empty(0, np.int64)) is None
    point = dataset_of(hourly_frame(40))
    starts = point.starts["validation"]
    assert fit_ranks(network_of(point), point.prepared, point.preparation, starts) is None


def test_ranks_are_read_back_from_a_run_and_a_run_may_have_none(tmp_path, monkeypatch):
    data = normal_data()
    assert read_ranks(bundle_of(data, tmp_path / "without")) is None
    ranks = fit_ranks(random_walk, data.prepared, data.preparation, data.starts["validation"])
    finish = RunWriter.finish

    def finish_with(values):
        def write(self, manifest):
            self.arrays(files.RANKS, [("ranks", values)])
            return finish(self, manifest)

        monkeypatch.setattr(RunWriter, "finish", write)

    finish_with(ranks.values)
    assert np.array_equal(read_ranks(bundle_of(data, tmp_path / "with")).values, ranks.values)
    finish_with(ranks.values[:, :2])
    with pytest.raises(BundleError, match=r"ranks\.npz: its ranks do not fit the run"):
        read_ranks(bundle_of(data, tmp_path / "short"))
    assert load_bundle(tmp_path / "with" / "run-1").id == "run-1"


def test_a_point_forecast_without_intervals_has_no_paths():
    data = dataset_of(hourly_frame(40))
    with pytest.raises(ConfigError, match="a point forecast without intervals has no paths"):
        forecast(data.panel, data.preparation, network_of(data), sampling=Sampling(kept=True))


def test_paths_become_a_long_table():
    data = dataset_of(
        panel_frame({"a": 60, "b": 45}),
        data={"series": "id"},
        output={"type": "normal"},
        scaling=UNSCALED,
        split={"train": 0.5, "validation": 0.25, "test": 0.25, "per": "series"},
    )
    sampling = Sampling(n_paths=4, kept=True)
    found = forecast(data.panel, data.preparation, random_walk, steps=2, sampling=sampling)
    table = paths_frame(found)
    assert list(table.columns) == ["time", "id", "path", "step", "value"]
    assert len(table) == 2 * 4 * 2
    row = table[(table["id"] == "b") & (table["path"] == 3) & (table["step"] == 2)]
    assert row["value"].item() == found.paths[1, 2, 1, 0]
    assert row["time"].item() == found.times[1, 1]
