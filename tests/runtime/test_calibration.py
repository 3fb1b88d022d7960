import json

import numpy as np
import pytest

from lstmcast.data.dataset import load_panel
from lstmcast.experiment.calibrating import Calibrated, calibrate
from lstmcast.runtime.calibration import Calibration, Outputs, Residuals, fit_calibration
from lstmcast.runtime.evaluating import forecast_windows, training_scales
from lstmcast.runtime.forecasting import forecast
from lstmcast.runtime.intervals import measure_intervals
from lstmcast.runtime.outputs import all_outputs
from tests.builders import hourly_frame, panel_frame
from tests.runtime.fakes import FakeNetwork, config_of, dataset_of, network_of

COUNTS = {"train": 100, "validation": 60, "test": 60}
QUANTILES = {
    "output": {"type": "quantiles", "levels": [0.2, 0.5, 0.8]},
    "training": {"loss": "quantile"},
}


def calibrated(frame, **settings):
    data = dataset_of(frame, split=COUNTS, **settings)
    network = network_of(data)
    found = calibrate(data, network)
    return data, network, found.calibration, found.notes


def residuals_of(actual, *, names=("a",), series=None, quantiles=None):
    n = len(actual)
    return Residuals(
        outputs=Outputs(np.zeros_like(actual), quantiles),
        actual=actual,
        series=np.zeros(n, int) if series is None else series,
        names=names,
    )


def test_a_forecast_has_the_ends_of_the_intervals_beside_the_networks_own_quantiles():
    data, network, calibration, warnings = calibrated(hourly_frame(220), **QUANTILES)
    assert not warnings
    found = forecast(data.panel, data.preparation, network, calibration=calibration)
    assert found.levels == (0.025, 0.1, 0.2, 0.5, 0.8, 0.9, 0.975)
    assert (np.diff(found.quantiles, axis=-1) >= 0).all()
    plain = forecast(data.panel, data.preparation, network)
    assert np.array_equal(found.prediction, plain.prediction)
    assert np.array_equal(found.quantiles[..., 3], plain.prediction)


def test_a_point_forecast_is_never_shifted():
    data, network, calibration, _ = calibrated(hourly_frame(220))
    found = forecast(data.panel, data.preparation, network, calibration=calibration)
    assert found.levels == (0.025, 0.1, 0.9, 0.975)
    assert np.array_equal(
        found.prediction, forecast(data.panel, data.preparation, network).prediction
    )
    # Beyond the horizon they are those of paths drawn from them.
    longer = forecast(data.panel, data.preparation, network, calibration=calibration, steps=5)
    assert (np.diff(longer.quantiles[:, 3:], axis=-1) >= 0).all()
    assert (longer.quantiles[:, 3:, :, 0] < longer.quantiles[:, 3:, :, -1]).all()
    assert np.array_equal(longer.quantiles[:, :3], found.quantiles)


@pytest.mark.parametrize("settings", [{}, QUANTILES])
def test_validation_windows_hold_their_share_at_every_step(settings):
    data, network, calibration, _ = calibrated(hourly_frame(220), **settings)
    starts = data.starts["validation"]
    found = forecast_windows(
        data.prepared,
        data.preparation,
        network,
        split="validation",
        starts=starts,
        calibration=calibration,
    )
    y = found.y_true[:]
    n = len(starts)
    for level, quantile in zip(found.levels, np.moveaxis(found.quantiles[:], -1, 0), strict=True):
        if level == 0.5:
            continue
        below = (y < quantile - 1e-9).sum(axis=(0, 2))
        # The rank of the calibrated quantile among the n residuals, ends apart.
        rank = np.ceil((n + 1) * max(level, 1 - level) - 1e-9)
        expected = rank - 1 if level > 0.5 else n - rank
        assert (below == expected).all()


def test_calibration_reads_validation_windows_and_nothing_else():
    frame = hourly_frame(220)
    _, _, calibration, _ = calibrated(frame)
    changed = frame.copy()
    changed.loc[160:, "y"] += 50  # the test period
    _, _, again, _ = calibrated(changed)
    assert calibration.to_json() == again.to_json()
    changed.loc[159, "y"] += 50
    _, _, other, _ = calibrated(changed)
    assert calibration.to_json() != other.to_json()


def test_a_calibration_is_read_back_as_it_was():
    _, _, calibration, _ = calibrated(hourly_frame(220), **QUANTILES)
    text = json.dumps(calibration.to_json(), allow_nan=False)
    again = Calibration.from_json(json.loads(text))
    assert np.array_equal(again.shifts, calibration.shifts)
    assert again.to_json() == calibration.to_json()
    broken = json.loads(text) | {"levels": [0.1]}
    with pytest.raises(ValueError, match="do not fit"):
        Calibration.from_json(broken)


def test_without_validation_windows_or_by_choice_nothing_is_calibrated():
    empty = {"train": 100, "validation": 0, "test": 60}
    data = dataset_of(hourly_frame(220), split=empty)
    assert calibrate(data, network_of(data)) == Calibrated()
    _, _, calibration, _ = calibrated(hourly_frame(220), calibration={"method": "none"})
    assert calibration is None


def test_validation_windows_that_all_lack_a_target_are_told_of():
    frame = hourly_frame(220)
    frame.loc[range(100, 160, 2), "y"] = np.nan
    _, _, calibration, notes = calibrated(frame, data={"missing": {"strategy": "mask"}})
    assert calibration is None
    assert "no window of the validation split has all its targets" in notes[0]


def test_too_few_windows_are_told_with_the_arithmetic():
    config = config_of()
    _, (warning,) = fit_calibration(residuals_of(np.ones((30, 3, 1))), config, ())
    assert "30 validation windows" in warning
    assert "1 / (1 - 0.975) - 1 = 39" in warning
    _, none = fit_calibration(residuals_of(np.ones((39, 3, 1))), config, ())
    assert not none


def test_a_series_with_many_windows_goes_by_its_own_errors():
    rng = np.random.default_rng(0)
    series = np.repeat([0, 1], [400, 30])
    actual = rng.normal(size=(430, 1, 1)) * np.where(series == 0, 1, 10)[:, None, None]
    residuals = residuals_of(actual, names=("many", "few"), series=series)
    config = config_of(data={"series": "id"})
    found, _ = fit_calibration(residuals, config, ())
    assert found.grouping.series == ("many",)
    assert found.n_windows.tolist() == [400, 430]
    own = np.sort(actual[:400, 0, 0])[int(np.ceil(401 * 0.9)) - 1]
    assert found.shifts[0, 0, 0, found.levels.index(0.9)] == pytest.approx(own)
    whole = config_of(data={"series": "id"}, calibration={"per": "panel"})
    assert fit_calibration(residuals, whole, ())[0].grouping.series == ()
    each = config_of(data={"series": "id"}, calibration={"per": "series"})
    found, warnings = fit_calibration(residuals, each, ())
    assert found.grouping.series == ("many", "few")
    assert "30 validation windows of a series" in warnings[0]


def test_the_networks_quantile_moves_by_its_own_residuals():
    rng = np.random.default_rng(1)
    actual = rng.normal(size=(99, 1, 1))
    quantiles = np.stack([actual * 0 - 2, actual * 0, actual * 0 + 2], axis=-1)
    residuals = residuals_of(actual, quantiles=quantiles)
    found, _ = fit_calibration(residuals, config_of(**QUANTILES), (0.2, 0.5, 0.8))
    shift = dict(zip(found.levels, found.shifts[0, 0, 0], strict=True))
    ordered = np.sort(actual.ravel())
    assert shift[0.5] == 0
    assert shift[0.8] == pytest.approx(ordered[79] - 2)
    assert shift[0.975] == pytest.approx(ordered[97] - 2)
    assert shift[0.1] == pytest.approx(ordered[9] + 2)


def test_a_panel_scaled_by_series_shares_what_it_learned_in_units_of_each():
    frame = panel_frame({"a": 220, "b": 220})
    frame.loc[frame["id"] == "b", "y"] *= 100
    settings = {
        "data": {"series": "id"},
        "scaling": {"per": "series"},
        "calibration": {"per": "panel"},
    }
    data, network, calibration, _ = calibrated(frame, **settings)
    found = forecast(data.panel, data.preparation, network, calibration=calibration)
    scale = data.preparation.target_scaler.scale[:2, 0]
    width = (found.quantiles[..., -1] - found.quantiles[..., 0])[..., 0] / scale[:, None]
    assert width[0] == pytest.approx(width[1])


@pytest.mark.parametrize("lead", [0, 2])
def test_exchangeable_windows_hold_the_share_within_a_point_and_a_half(lead):
    # Noise that nothing can forecast, at horizon 1: each window is as any other.
    frame = hourly_frame(9000, seed=3)
    data = dataset_of(
        frame,
        split={"train": 100, "validation": 4400, "test": 4500},
        window={"lookback": 2, "horizon": 1, "lead": lead},
    )
    network = FakeNetwork(1)
    calibration = calibrate(data, network).calibration
    found = measured(data, network, calibration).metrics
    for scores in (found["static"], found["adaptive"]):
        for each in scores["intervals"]:
            assert each["coverage"] == pytest.approx(each["level"], abs=0.015)
    assert found["difference"]["size"] == pytest.approx(1, abs=0.05)
    assert found["difference"]["gap"] < 0.03


def measured(data, network, calibration):
    forecasts = forecast_windows(
        data.prepared,
        data.preparation,
        network,
        split="test",
        starts=data.starts["test"],
        calibration=calibration,
    )
    return measure_intervals(
        calibration,
        data.prepared,
        data.preparation,
        all_outputs(network, data.prepared, data.preparation, data.starts["test"]),
        forecasts=forecasts,
        mase_scale=training_scales(data.prepared, data.splits).mase_of(data.panel),
    )


def test_baselines_have_a_crps_from_intervals_of_their_own():
    data, network, calibration, _ = calibrated(hourly_frame(220))
    found = measured(data, network, calibration)
    assert list(found.crps) == ["model", "naive", "seasonal_naive", "drift"]
    # The naive forecast with the residuals that it had on validation windows, step by step.
    y = load_panel(data.preparation.config, frame=hourly_frame(220)).targets[:, 0]
    levels, by_step = np.array(calibration.levels), []
    for step in range(3):
        errors = {
            split: y[data.starts[split] + 4 + step] - y[data.starts[split] + 3]
            for split in ("validation", "test")
        }
        ordered, n = np.sort(errors["validation"]), len(errors["validation"])
        ranks = np.ceil((n + 1) * np.maximum(levels, 1 - levels) - 1e-9).astype(int)
        ranks = np.minimum(ranks, n)
        shifts = ordered[np.where(levels > 0.5, ranks - 1, n - ranks)]
        shifts[levels == 0.5] = np.median(ordered)
        excess = errors["test"][:, None] - shifts
        losses = np.pad(np.maximum(levels * excess, (levels - 1) * excess), ((0, 0), (1, 1)))
        by_step.append(2 * np.trapezoid(losses, np.array([0, *levels, 1]), axis=1).mean())
    assert found.crps["naive"] == pytest.approx(np.mean(by_step))


def test_outputs_at_once_are_those_of_the_batches(monkeypatch):
    data, network, _, _ = calibrated(hourly_frame(220), **QUANTILES)
    starts = data.starts["test"]
    whole = all_outputs(network, data.prepared, data.preparation, starts)
    monkeypatch.setattr("lstmcast.runtime.outputs.BATCH", 7)
    parts = all_outputs(network, data.prepared, data.preparation, starts)
    assert np.array_equal(whole.points, parts.points)
    assert np.array_equal(whole.quantiles, parts.quantiles)
