"""The windows of the accuracy benchmark are those of published figures."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.config.loading import load_config
from lstmcast.data.dataset import Dataset, build_dataset, load_panel
from lstmcast.data.windows import origins, target_rows
from lstmcast.evaluation.baselines import baseline_forecasts
from lstmcast.runtime.evaluating import training_scales

CONFIG = Path(__file__).parents[1] / "benchmarks" / "accuracy" / "etth.yaml"
COLUMNS = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]


def dataset_of(path: Path, horizon: int) -> Dataset:
    overrides = [f"data.path={path}", f"window.horizon={horizon}"]
    config = load_config(CONFIG, overrides=overrides).config
    return build_dataset(config, load_panel(config))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ett") / "made_up.csv"
    values = np.random.default_rng(0).normal(size=(17_420, 7)).cumsum(axis=0).round(3)
    frame = pd.DataFrame(values, columns=COLUMNS)
    frame.insert(0, "date", pd.date_range("2016-07-01", periods=len(frame), freq="h"))
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(("horizon", "n_windows"), [(96, 2785), (720, 2161)])
def test_the_splits_are_8640_2880_and_2880_rows_and_no_window_is_dropped(
    made_up: Path, horizon: int, n_windows: int
) -> None:
    dataset = dataset_of(made_up, horizon)
    window = dataset.preparation.config.window
    assert {name: len(starts) for name, starts in dataset.starts.items()} == {
        "train": 8640 - window.lookback - horizon + 1,
        "validation": n_windows,
        "test": n_windows,
    }
    for name, first in (("train", window.lookback), ("validation", 8640), ("test", 11_520)):
        rows = target_rows(dataset.starts[name], window)
        assert (rows[0, 0], rows[1, 0] - rows[0, 0]) == (first, 1)
    assert rows[-1, -1] == 14_399


def test_columns_are_standardised_by_the_training_rows(made_up: Path) -> None:
    dataset = dataset_of(made_up, 96)
    raw = pd.read_csv(made_up)[COLUMNS].to_numpy()
    train = raw[:8640]
    deviations = train.std(axis=0)  # of the population
    expected = (raw - train.mean(axis=0)) / deviations
    np.testing.assert_allclose(dataset.prepared.arrays.past, expected, rtol=1e-4, atol=1e-4)
    scales = training_scales(dataset.prepared, dataset.splits)
    np.testing.assert_allclose(scales.deviation, deviations)


@pytest.mark.skipif("ETTH1_CSV" not in os.environ, reason="ETTH1_CSV names no copy of ETTh1.csv")
@pytest.mark.parametrize(
    ("horizon", "mse", "mae"),
    [(96, 1.2944, 0.7132), (192, 1.3249, 0.7331), (336, 1.3299, 0.7460), (720, 1.3351, 0.7550)],
)
def test_repeating_the_last_value_of_etth1_gives_the_known_errors(
    horizon: int, mse: float, mae: float
) -> None:
    dataset = dataset_of(Path(os.environ["ETTH1_CSV"]), horizon)
    panel, window, starts = dataset.panel, dataset.preparation.config.window, dataset.starts["test"]
    naive = baseline_forecasts(
        ["naive"],
        dataset.prepared.actual,
        offsets=panel.offsets,
        starts=starts,
        window=window,
        season_length=24,
    )["naive"]
    error = naive - dataset.prepared.actual[target_rows(starts, window)]
    error /= training_scales(dataset.prepared, dataset.splits).deviation
    assert (np.mean(error**2).round(4), np.abs(error).mean().round(4)) == (mse, mae)
    assert (naive[:, 0] == dataset.prepared.actual[origins(starts, window)]).all()
