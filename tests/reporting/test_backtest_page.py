"""The tables, the plot and the page of a backtest."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.evaluation.folds import over, over_steps, score_folds
from lstmcast.reporting.backtest_page import fold_table, judge_of, render_backtest, series_table
from lstmcast.reporting.origins import FoldPeriods, Origins, Period
from lstmcast.reporting.plots.origins import plot_origins
from lstmcast.reporting.plots.writing import write_backtest_plots
from lstmcast.reporting.report import choose_plots
from tests.reporting.conftest import METRICS, make_contents


def fold_metrics(contents, fold):
    """What `metrics.json` holds, as far as the page reads it."""
    test = contents.test
    scale = np.full((len(test.series_names), 1), 5.0)
    scores = score_folds(test, fold, METRICS, mase_scale=scale)
    first = {"test": {"first": "2023-03-02T00:00:00.000000", "last": ""}}
    metrics = {
        "folds": [
            {"fold": i, "periods": first, "metrics": values}
            for i, values in enumerate(scores.by_fold, start=1)
        ],
        "over_folds": over(scores.by_fold),
        "by_step": over_steps(scores.by_fold),
    }
    if scores.by_series:
        metrics |= {
            "by_series": scores.by_series,
            "over_series": over([*scores.by_series.values()]),
        }
    return metrics


@pytest.fixture
def panel_contents():
    return make_contents(n_windows=30, horizon=4, series=("a", "b"), levels=(0.1, 0.5, 0.9))


FOLD = np.tile(np.repeat(np.array([1, 2, 3], dtype=np.int32), 10), 2)


def periods(number, *, refitted=True, validated=True):
    day = np.datetime64("2024-01-01", "us")

    def period(first, last):
        return Period(day + np.timedelta64(first, "D"), day + np.timedelta64(last, "D"))

    found = {"train": period(0, 50), "test": period(60 + number, 60 + number)}
    if validated:
        found["validation"] = period(51, 60)
    return FoldPeriods(number, found, refitted)


def test_the_table_by_fold_has_each_fold_then_mean_and_deviation(panel_contents):
    metrics = fold_metrics(panel_contents, FOLD)
    table = fold_table(metrics, "mase")
    assert [row.label for row in table.rows] == [
        "1  from 2023-03-02",
        "2  from 2023-03-02",
        "3  from 2023-03-02",
        "mean",
        "± deviation",
    ]
    assert table.columns == ("model", "naive", "seasonal naive")
    model = [row.values[0] for row in table.rows]
    assert model[3] == pytest.approx(np.mean(model[:3]))
    assert model[4] == pytest.approx(np.std(model[:3], ddof=1))
    # What only the model has is no column of the others.
    assert fold_table(metrics, "coverage").rows[3].values[1:] == (None, None)


def test_the_table_by_series_is_there_for_several(panel_contents):
    metrics = fold_metrics(panel_contents, FOLD)
    table = series_table(metrics, "mase")
    assert [row.label for row in table.rows] == ["a", "b", "mean", "± deviation"]
    assert series_table({}, "mase") is None


def test_mase_judges_where_there_is_one():
    assert judge_of({"model": {"mse": 1.0, "mase": 0.5}}) == "mase"
    assert judge_of({"model": {"mse": 1.0, "mase": None}}) == "mse"
    assert judge_of({"model": {"mae": None}}) == "mae"


def test_the_page_shows_tables_plots_and_warnings(panel_contents, tmp_path):
    metrics = fold_metrics(panel_contents, FOLD)
    origins = Origins(tuple(map(periods, (1, 2, 3))), "expanding window, refit always")
    written = write_backtest_plots(panel_contents, origins, tmp_path / "plots")
    assert {path.name for path in written} == {
        f"{name}.{kind}"
        for name in ("origins", "error_by_step", "forecast")
        for kind in ("png", "svg")
    }
    page = render_backtest(panel_contents, metrics, choose_plots(written))
    for text in ("MASE by fold", "All folds together", "MASE by series", "± deviation", "3 folds"):
        assert text in page
    assert page.count("<img") == 3
    assert "<script" not in page


def test_the_origins_have_a_bar_for_each_split_of_each_fold():
    figure = plot_origins(Origins((periods(1), periods(2, refitted=False)), "refit never"))
    (axes,) = figure.axes
    assert len(axes.patches) == 6
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "training",
        "test",
        "validation",
        "of an earlier fit",
    ]
    pale = [patch.get_alpha() for patch in axes.patches if patch.get_y() > 1.5]
    assert sorted(pale) == [0.3, 0.3, 1.0]


def test_many_folds_and_none_with_validation_are_drawn():
    figure = plot_origins(Origins(tuple(periods(i, validated=False) for i in range(1, 81)), "x"))
    (axes,) = figure.axes
    assert len(axes.get_yticks()) <= 25
    assert figure.get_size_inches()[1] < 12
