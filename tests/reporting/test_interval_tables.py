import numpy as np
import pytest

from lstmcast.reporting.interval_tables import interval_step_table, interval_table


def test_each_asked_interval_has_its_coverage_worst_step_width_and_score(contents):
    measured = contents.intervals
    table = interval_table(measured)
    assert table.columns == ("as calibrated", "learning")
    assert [row.label for row in table.rows[:4]] == [
        "80 %: coverage",
        "80 %: coverage at the worst step",
        "80 %: mean width",
        "80 %: interval score",
    ]
    (wide,) = (each for each in measured["static"]["intervals"] if each["level"] == 0.8)
    steps = np.array(wide["by_step"]["coverage"])
    assert table.rows[0].values[0] == wide["coverage"]
    assert table.rows[1].values[0] == pytest.approx(steps[np.abs(steps - 0.8).argmax()])


def test_without_learning_there_is_one_column(contents):
    measured = {**contents.intervals, "adaptive": None}
    assert interval_table(measured).columns == ("as calibrated",)
    steps = interval_step_table(measured)
    assert steps.columns == ("80 % as calibrated", "95 % as calibrated")
    assert len(steps.rows) == 24
