"""The plots and the page of a classification."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.config.class_defaults import CLASS_METRICS
from lstmcast.evaluation.class_metrics import score_classes
from lstmcast.evaluation.classes import ClassForecasts, Guess
from lstmcast.reporting.catalogue import CLASS_PLOTS, class_plots_left_out
from lstmcast.reporting.class_report import render_class_report
from lstmcast.reporting.contents import ClassContents, Fit
from lstmcast.reporting.plots.classes import plot_class_reliability, plot_confusion
from lstmcast.reporting.plots.writing import write_class_plots
from tests.reporting.conftest import history


def contents_of(n_classes: int = 3, *, n_windows: int = 60, horizon: int = 2) -> ClassContents:
    rng = np.random.default_rng(0)
    true = rng.integers(0, n_classes, size=(n_windows, horizon))
    probabilities = rng.dirichlet(np.ones(n_classes), size=(n_windows, horizon))
    times = np.zeros((n_windows, horizon), dtype="datetime64[us]")
    test = ClassForecasts(
        split="test",
        starts=np.arange(n_windows),
        series=np.zeros(n_windows, dtype=np.int32),
        origin_times=times[:, 0],
        times=times,
        y_true=true,
        probabilities=probabilities,
        baselines={"last": Guess(np.zeros_like(true))},
        target="<state>",
        classes=tuple(f"class {i}" for i in range(n_classes)),
        series_names=("",),
    )
    return ClassContents(
        name="states",
        run_id="states-1",
        created="2026-01-01 12:00 UTC",
        config_text="name: states",
        summary={"Data": "100 rows"},
        verdicts=("The model beats the majority class.",),
        warnings=(),
        fits=(Fit(history(5), best_epoch=5),),
        test=test,
        scores={"test": score_classes(test, CLASS_METRICS)},
    )


def test_the_page_shows_results_by_class_and_by_step():
    contents = contents_of()
    html = render_class_report(contents, {"confusion": b"<svg></svg>"})
    for shown in ("balanced accuracy", "class 2 (", "accuracy at each step", "What was taken"):
        assert shown in html
    assert "&lt;state&gt;" in html and "<state>" not in html


def test_every_plot_is_written(tmp_path):
    paths = write_class_plots(contents_of(), tmp_path)
    assert {path.name for path in paths} == {
        f"{name}.{kind}" for name in CLASS_PLOTS for kind in ("png", "svg")
    }


@pytest.mark.parametrize("n_classes", [2, 20, 60])
def test_a_confusion_matrix_is_named_and_numbered_where_that_can_be_read(n_classes):
    axes = plot_confusion(contents_of(n_classes)).axes[0]
    assert len(axes.texts) == (4 if n_classes == 2 else 0)
    named = [label.get_text() for label in axes.get_yticklabels()]
    assert (named[:2] == ["class 0", "class 1"]) == (n_classes <= 40)


def test_the_reliability_plot_counts_every_forecast():
    above, below = plot_class_reliability(contents_of()).axes
    assert sum(bar.get_height() for bar in below.patches) == 120
    assert len(above.get_lines()) == 2


def test_without_test_windows_the_page_says_what_is_not_drawn(tmp_path):
    none = contents_of(n_windows=0)
    assert set(class_plots_left_out(none)) == {"confusion", "reliability"}
    assert {path.stem for path in write_class_plots(none, tmp_path)} == {"loss"}
    html = render_class_report(none, {})
    assert "no windows, so nothing was measured" in html
    assert "Not drawn: What was taken for what." in html
