"""The plots of a search, by what their figures hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from lstmcast.reporting.plots import search as plots
from lstmcast.reporting.plots import style
from lstmcast.reporting.plots.search import (
    Axis,
    SearchContents,
    plot_importance,
    plot_objective,
    plot_parallel_coordinates,
    write_search_plots,
)

CONTENTS = SearchContents(
    name="daily",
    objective="mae",
    numbers=(0, 1, 2, 3, 4),
    scores=(5.0, None, 3.0, 4.0, None),
    statuses=("completed", "failed", "completed", "completed", "pruned"),
    best=2,
    axes=(
        Axis("model.units", (0.5, 0.0, 1.0, -0.1, 0.5), ("[2]", "[3]", "[4]")),
        Axis("training.learning_rate", (0.25, 0.0, 0.75, 1.0, 0.5), ("0.001", "0.01")),
    ),
    importance=(("training.learning_rate", 0.75), ("model.units", 0.25)),
)


def line_of(axes: Axes, label: str) -> np.ndarray:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return np.asarray(line.get_xydata())


def titles(axes: Axes) -> str:
    return axes.get_title(loc="left")


def test_the_objective_is_drawn_with_the_best_so_far() -> None:
    (axes,) = plot_objective(CONTENTS).axes
    assert titles(axes) == "best: 3.000 in trial 2"
    assert axes.get_ylabel() == "validation MAE"
    assert line_of(axes, "best so far")[:, 1].tolist() == [5, 5, 3, 3, 3]
    completed = line_of(axes, "completed")
    assert np.isnan(completed[[1, 4], 1]).all()
    assert completed[[0, 2, 3], 1].tolist() == [5, 3, 4]
    assert line_of(axes, "best").tolist() == [[2, 3]]
    assert set(line_of(axes, "config as it was")[:, 1]) == {5}


def test_trials_without_a_score_are_marked_by_what_became_of_them() -> None:
    (axes,) = plot_objective(CONTENTS).axes
    assert line_of(axes, "failed")[:, 0].tolist() == [1]
    assert line_of(axes, "ended early")[:, 0].tolist() == [4]


def test_the_best_r2_so_far_is_the_highest() -> None:
    (axes,) = plot_objective(replace(CONTENTS, objective="r2", best=0)).axes
    assert line_of(axes, "best so far")[:, 1].tolist() == [5, 5, 5, 5, 5]


def test_a_config_that_failed_as_it_was_has_no_line_of_its_own() -> None:
    contents = replace(CONTENTS, scores=(None, 2.0, 3.0, 4.0, None), best=1)
    (axes,) = plot_objective(contents).axes
    assert "config as it was" not in [line.get_label() for line in axes.lines]
    assert np.isnan(line_of(axes, "best so far")[0, 1])
    assert line_of(axes, "best so far")[1:, 1].tolist() == [2, 2, 2, 2]


def test_a_trial_far_off_leaves_the_picture_and_flattens_nothing() -> None:
    near = replace(CONTENTS, scores=(5.0, 4.0, 3.0, 4.0, 6.0))
    far = replace(CONTENTS, scores=(5.0, 4.0, 3.0, 4.0, 1e6))
    tops = [plot_objective(each).axes[0].get_ylim()[1] for each in (near, far)]
    assert 6.0 < tops[0] < 7
    # Median 4, median distance from it 1: nine of them above.
    assert tops[1] == pytest.approx(13)


def test_a_line_leads_through_the_values_of_each_trial_that_has_a_score() -> None:
    (axes,) = plot_parallel_coordinates(CONTENTS).axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
    found = [np.asarray(line.get_ydata()).tolist() for line in lines]
    # From the worst to the best, so that the best lies on top; the score from 3 to 5 last.
    assert found == [[0.5, 0.25, 1.0], [-0.1, 1.0, 0.5], [1.0, 0.75, 0.0]]
    assert [line.get_color() == style.VALIDATION for line in lines] == [False, False, True]
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["model.\nunits", "training.\nlearning_rate", "validation MAE"]
    marks = [text.get_text().strip() for text in axes.texts]
    assert marks == ["[2]", "[3]", "[4]", "0.001", "0.01", "3.000", "5.000"]


def test_a_better_trial_is_darker_also_where_more_is_better() -> None:
    def darkness(contents: SearchContents) -> dict[float, float]:
        (axes,) = plot_parallel_coordinates(contents).axes
        lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
        return {
            float(line.get_ydata()[-1]): 3 - sum(line.get_color()[:3])
            for line in lines
            if line.get_color() != style.VALIDATION
        }

    lower = darkness(CONTENTS)
    assert lower[0.5] > lower[1.0]
    higher = darkness(replace(CONTENTS, objective="r2", best=0))
    assert higher[0.5] > higher[0.0]


def test_one_trial_alone_is_drawn() -> None:
    alone = replace(
        CONTENTS,
        numbers=(0,),
        scores=(2.0,),
        statuses=("completed",),
        best=0,
        axes=(Axis("seed", (0.5,), ("1", "2")),),
    )
    (axes,) = plot_parallel_coordinates(alone).axes
    (line,) = [line for line in axes.lines if line.get_color() == style.VALIDATION]
    assert np.asarray(line.get_ydata()).tolist() == [0.5, 0.0]
    (axes,) = plot_objective(alone).axes
    assert titles(axes) == "best: 2.000 in trial 0"


def test_importance_has_a_bar_for_each_field_the_largest_on_top() -> None:
    (axes,) = plot_importance(CONTENTS).axes
    assert [bar.get_width() for bar in axes.patches] == [0.75, 0.25]
    assert axes.yaxis_inverted()
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["training.learning_rate", "model.units"]
    assert [text.get_text() for text in axes.texts] == ["75%", "25%"]
    assert axes.get_xlabel().endswith("of the validation MAE, 3 trials")


@pytest.mark.usefixtures("undrawn")
def test_the_files_are_those_of_what_is_known(tmp_path: Path) -> None:
    written = write_search_plots(CONTENTS, tmp_path / "plots")
    names = {"objective", "parallel_coordinates", "importance"}
    assert {path.name for path in written} == {f"{n}.{k}" for n in names for k in ("png", "svg")}
    assert set(written) == set((tmp_path / "plots").iterdir())
    fewer = write_search_plots(replace(CONTENTS, importance=()), tmp_path / "fewer")
    assert {path.stem for path in fewer} == names - {"importance"}


def test_the_plots_are_drawn_whole(tmp_path: Path) -> None:
    odd = replace(CONTENTS, name="a $x$ <b>", axes=(Axis("x" * 60, (0.0,) * 5, ("y" * 60, "1")),))
    for plot in (plot_objective, plot_parallel_coordinates, plot_importance):
        png, svg = plots.save(plot(odd), tmp_path / plot.__name__)
        assert png.read_bytes().startswith(b"\x89PNG")
        assert "<svg" in svg.read_text(encoding="utf-8")
