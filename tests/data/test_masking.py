"""`missing.strategy: mask`: what is missing is not filled, and costs no window."""

import numpy as np
import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.errors import ConfigError, TooShortError
from lstmcast.experiment.network import train_in_memory
from lstmcast.runtime.evaluating import forecast_windows
from lstmcast.runtime.forecasting import forecast
from lstmcast.training.progress import SilentProgress
from tests.builders import hourly_frame
from tests.networks import BACKEND
from tests.runtime.fakes import dataset_of, network_of

MASK = {"missing": {"strategy": "mask"}}
TRAINING = {"backend": BACKEND, "device": "cpu"}


def with_holes(frame, rows, column="y"):
    return frame.assign(**{column: frame[column].mask(frame.index.isin(rows))})


def test_a_missing_input_is_zero_beside_a_column_that_says_so():
    frame = with_holes(with_holes(hourly_frame(60), [20, 21]), [5, 50], "x")
    data = dataset_of(frame, data={"past_covariates": ["x"], **MASK})
    assert [f.name for f in data.preparation.features] == ["x", "y.missing", "x.missing"]
    past = data.prepared.arrays.past
    assert np.flatnonzero(past[:, 0] == 0).tolist() == [20, 21]
    assert np.flatnonzero(past[:, 1] == 0).tolist() == [5, 50]
    assert np.flatnonzero(past[:, 2]).tolist() == [20, 21]
    assert np.flatnonzero(past[:, 3]).tolist() == [5, 50]


def test_the_mask_of_a_future_covariate_is_known_ahead():
    frame = with_holes(hourly_frame(60), [7], "x")
    data = dataset_of(frame, data={"future_covariates": ["x"], **MASK})
    assert data.prepared.arrays.future.shape[1] == 2
    assert data.prepared.arrays.future[7].tolist() == [0, 1]


def test_a_window_to_fit_on_needs_one_target_and_one_to_score_all_of_them():
    frame = with_holes(hourly_frame(60), [20, 21, 22, 30])
    data = dataset_of(frame, data=MASK, window={"lookback": 4, "horizon": 3})
    fitted, scored = data.fitted_starts.train, data.starts["train"]
    # Training rows: 0 … 41; a window of start s has the targets s + 4, s + 5, s + 6.
    assert set(range(36)) - set(fitted.tolist()) == {16}
    assert set(range(36)) - set(scored.tolist()) == {14, 15, 16, 17, 18, 24, 25, 26}
    assert data.n_windows["train"] == 35
    assert np.flatnonzero(data.prepared.arrays.observed[:, 0] == 0).tolist() == [20, 21, 22, 30]


def test_without_holes_nothing_differs_from_a_strategy_that_asks_for_none():
    data, plain = dataset_of(hourly_frame(60), data=MASK), dataset_of(hourly_frame(60))
    assert data.prepared.arrays.observed is None  # so the loss is that of whole windows, exactly
    assert np.array_equal(data.prepared.arrays.past, plain.prepared.arrays.past)
    assert np.array_equal(data.fitted_starts.train, plain.fitted_starts.train)


def test_a_masked_outlier_is_not_learnt_from_but_scored():
    frame = hourly_frame(60)
    frame.loc[20, "y"] = 1000.0
    outliers = {"outliers": {"method": "iqr", "action": "mask"}}
    data = dataset_of(frame, data={**MASK, **outliers})
    assert data.prepared.arrays.observed[20, 0] == 0
    assert data.prepared.arrays.past[20, 0] == 0
    assert data.prepared.actual[20, 0] == 1000


def test_a_forecast_reads_over_holes_and_needs_no_more_than_the_lookback():
    frame = with_holes(hourly_frame(60), [10, 57, 58])
    data = dataset_of(frame, data=MASK, features={"lags": {"y": [5]}})
    found = forecast(data.panel, data.preparation, network_of(data))
    assert np.isfinite(found.prediction).all()


def test_a_test_split_without_a_whole_window_is_not_measured_with_a_warning():
    frame = with_holes(hourly_frame(60), range(1, 59, 2))
    data = dataset_of(frame, data=MASK)
    assert data.n_windows == {"train": 36, "validation": 7, "test": 0}
    assert any("no window of the test split has all its targets" in t for t in data.warnings)
    with pytest.raises(TooShortError, match="the train split has no window"):
        dataset_of(frame, data={"missing": {"strategy": "ffill"}})


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"model": {"window_norm": "last"}}, r"model\.window_norm: last is taken from the targets"),
        ({"data": {"missing": {"strategy": "mask", "limit": 3}}}, "which fills nothing"),
    ],
)
def test_what_needs_filled_values_is_refused_beside_it(sections, said):
    data = {"path": None, "time": "time", "target": "y", **MASK, **sections.pop("data", {})}
    with pytest.raises(ConfigError, match=said):
        config_from_mapping({"data": data, **sections})


@pytest.mark.slow
def test_a_series_with_holes_in_a_third_of_its_rows_trains_and_beats_naive():
    rng = np.random.default_rng(0)
    frame = hourly_frame(500)
    frame["y"] = 10 + 3 * np.sin(np.arange(500) * 2 * np.pi / 8) + 0.1 * rng.normal(size=500)
    frame = with_holes(frame, rng.choice(np.arange(1, 499), 150, replace=False))
    data = dataset_of(
        frame,
        data=MASK,
        window={"lookback": 16, "horizon": 4},
        model={"units": [8]},
        training={**TRAINING, "epochs": 8, "batch_size": 16, "learning_rate": 0.02},
    )
    trained = train_in_memory(data, SilentProgress())
    found = forecast_windows(
        data.prepared,
        data.preparation,
        trained.network,
        split="test",
        starts=data.starts["test"],
    )
    error = np.abs(found.y_pred - found.y_true[:]).mean()
    naive = np.abs(found.baselines["naive"][:] - found.y_true[:]).mean()
    assert error < naive / 3
