import subprocess
import sys

import pytest

from lstmcast.reporting.tables import (
    ResultTable,
    Row,
    member_table,
    render_text,
    result_table,
    step_table,
    target_tables,
)

SCORES = {
    "model": {
        "rmse": 1.5,
        "r2": 0.9,
        "coverage": 0.8,
        "by_step": {"rmse": [1.0, 2.0]},
        "by_target": {"a": {"rmse": 1.0}, "b": {"rmse": 3.0}},
    },
    "seasonal_naive": {
        "rmse": 12.25,
        "r2": None,
        "by_step": {"rmse": [0.5, None]},
        "by_target": {"a": {"rmse": 4.0}, "b": {"rmse": 2.0}},
    },
    "drift": {
        "rmse": 1.5,
        "r2": 0.95,
        "by_step": {"rmse": [3.0, 2.5]},
        "by_target": {"a": {"rmse": 5.0}, "b": {"rmse": 6.0}},
    },
}


def test_a_result_table_puts_the_model_beside_the_baselines_and_marks_the_best():
    assert result_table(SCORES) == ResultTable(
        "metric",
        ("model", "seasonal naive", "drift"),
        (
            Row("RMSE", (1.5, 12.25, 1.5), frozenset({0, 2})),
            Row("R²", (0.9, None, 0.95), frozenset({2})),
            Row("coverage", (0.8, None, None), frozenset()),
        ),
    )


def test_metrics_may_be_chosen():
    assert [row.label for row in result_table(SCORES, ["r2"]).rows] == ["R²"]


def test_a_model_without_baselines_is_not_the_best_of_anything():
    (row,) = result_table({"model": {"mae": 1.0}}).rows
    assert row.best == frozenset()


def test_a_step_table_has_a_row_for_each_step():
    assert step_table(SCORES, "rmse").rows == (
        Row("1", (1.0, 0.5, 3.0), frozenset({1})),
        Row("2", (2.0, None, 2.5), frozenset({0})),
    )


def test_there_is_a_table_for_each_of_several_targets():
    tables = target_tables(SCORES)
    assert list(tables) == ["a", "b"]
    assert tables["b"].rows == (Row("RMSE", (3.0, 2.0, 6.0), frozenset({1})),)
    assert target_tables({"model": {"mae": 1.0}}) == {}


def test_a_member_table_has_a_mean_and_a_deviation_for_each_split():
    def spread(mean, deviation):
        return {"mean": mean, "deviation": deviation, "values": []}

    members = {
        "metrics": {"validation": {"mae": spread(2.0, 0.5)}, "test": {"mae": spread(3.0, None)}},
        "metrics_scaled": {
            "validation": {"mse": spread(0.1, 0.2)},
            "test": {"mse": spread(0.3, 0.4)},
        },
    }
    assert member_table(members) == ResultTable(
        "metric",
        ("validation", "± validation", "test", "± test"),
        (
            Row("MAE", (2.0, 0.5, 3.0, None), frozenset()),
            Row("standardised MSE", (0.1, 0.2, 0.3, 0.4), frozenset()),
        ),
    )


def test_plain_text_is_aligned_and_marks_the_best():
    assert render_text(result_table(SCORES)).splitlines() == [
        "metric     model   seasonal naive    drift",
        "RMSE       1.500*           12.25    1.500*",
        "R²        0.9000                –   0.9500*",
        "coverage  0.8000                –        –",
    ]


def test_columns_that_do_not_fit_go_into_a_block_below():
    table = ResultTable(
        "metric", ("model", "naive", "drift"), (Row("MAE", (1.0, 2.0, 3.0), frozenset({0})),)
    )
    # 6 for the labels, then 2 + 6 and 2 + 5 for each column and its mark.
    assert render_text(table, width=24) == (
        "metric  model   naive\nMAE     1.000*  2.000\n\nmetric  drift\nMAE     3.000"
    )


@pytest.mark.parametrize("n_baselines", range(4))
def test_the_table_of_all_baselines_fits_a_terminal(n_baselines):
    names = ["model", "naive", "seasonal_naive", "drift"][: n_baselines + 1]
    scores = {name: {"mse": 123456.7, "mae": 1e-9} for name in names}
    text = render_text(result_table(scores))
    assert "\n\n" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_tables_and_report_do_not_import_matplotlib():
    code = (
        "import sys, lstmcast.reporting.tables, lstmcast.reporting.report;"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
