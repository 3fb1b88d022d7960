import numpy as np
import pytest

from lstmcast.evaluation import by_series
from lstmcast.evaluation.by_series import series_scores
from lstmcast.evaluation.scoring import score

METRICS = ("mse", "rmse", "mae", "r2", "smape", "mase")
SCALE = np.array([[1.0, 2.0], [0.5, 1.0], [3.0, 3.0]])


@pytest.fixture
def forecasts(make_forecasts):
    """Two targets; series 0 and 2 have windows, of different number."""
    rng = np.random.default_rng(0)
    y_true = 5 + rng.normal(size=(9, 3, 2))
    return make_forecasts(
        y_true,
        y_true + rng.normal(size=(9, 3, 2)),
        series=np.array([0] * 3 + [2] * 6, dtype=np.int32),
        baselines={"naive": y_true + 2 * rng.normal(size=(9, 3, 2))},
    )


@pytest.mark.parametrize("block", [2, 8192])
def test_each_series_has_the_metrics_of_its_windows_alone(forecasts, monkeypatch, block):
    monkeypatch.setattr(by_series, "BLOCK", block)
    found = series_scores(forecasts, METRICS, SCALE)
    assert found.series == ("s0", "s2")
    assert found.windows.tolist() == [3, 6]
    for place, number in enumerate((0, 2)):
        its = forecasts.series == number
        for name, y_pred in (("model", forecasts.y_pred), ("naive", forecasts.baselines["naive"])):
            expected = score(
                forecasts.y_true[its],
                y_pred[its],
                METRICS,
                scale=np.repeat(SCALE[number : number + 1], its.sum(), axis=0),
                targets=("a", "b"),
            )
            for metric in METRICS:
                assert found.values[name][metric][place] == pytest.approx(expected[metric])


def test_on_average_each_series_counts_alike(make_forecasts):
    y_true = np.zeros((4, 1, 1))
    y_pred = np.array([1.0, 1.0, 1.0, 5.0]).reshape(4, 1, 1)
    found = series_scores(
        make_forecasts(y_true, y_pred, series=np.array([0, 0, 0, 1], dtype=np.int32)),
        ("mae", "r2"),
        np.ones((2, 1)),
    )
    averaged = found.averaged()["model"]
    assert averaged["mae"] == {"mean": 3, "deviation": pytest.approx(8**0.5), "series": 2}
    # Series that never change have no R².
    assert averaged["r2"] == {"mean": None, "deviation": None, "series": 0}


def test_the_worst_series_come_first_and_undefined_ones_are_left_out(make_forecasts):
    y_true, series = np.zeros((14, 1, 1)), np.arange(14, dtype=np.int32)
    y_pred = np.arange(14.0).reshape(14, 1, 1)
    scale = np.where(series == 13, 0.0, 2.0)[:, None]
    baselines = {"naive": y_true + 1}
    forecasts = make_forecasts(y_true, y_pred, series=series, baselines=baselines)
    found = series_scores(forecasts, ("mae", "mase"), scale).worst()
    assert found["metric"] == "mase"
    assert found["series"][0] == {"name": "s12", "windows": 1, "model": 6.0, "naive": 0.5}
    assert [each["name"] for each in found["series"]] == [f"s{i}" for i in range(12, 2, -1)]
    by_mae = series_scores(forecasts, ("mae",), scale).worst()
    assert by_mae["series"][0]["name"] == "s13"


def test_the_table_has_a_row_for_each_series(forecasts):
    rows = series_scores(forecasts, ("mae",), SCALE).rows()
    assert list(rows) == ["series", "windows", "model.mae", "naive.mae"]
    assert rows["series"] == ["s0", "s2"]


def test_without_windows_there_is_no_series(make_forecasts):
    empty = np.empty((0, 2, 1))
    found = series_scores(
        make_forecasts(empty, empty, series=np.empty(0, np.int32)), METRICS, np.ones((1, 1))
    )
    assert found.series == ()
    assert found.worst() == {"metric": "mase", "series": []}
    assert found.averaged()["model"]["mae"]["mean"] is None
