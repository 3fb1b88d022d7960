from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from lstmcast.reporting.catalogue import PLOTS, plots_left_out
from lstmcast.reporting.contents import Fit
from lstmcast.reporting.plots import write_plots
from lstmcast.reporting.plots.acf import plot_residual_acf
from lstmcast.reporting.plots.calibration import plot_pit, plot_reliability
from lstmcast.reporting.plots.error_by_step import plot_error_by_step
from lstmcast.reporting.plots.forecast import plot_forecast
from lstmcast.reporting.plots.loss import plot_loss
from lstmcast.reporting.plots.residuals import plot_residual_histogram, plot_residuals_over_time

WEEKLY = {"freq": "W-SAT", "horizon": 26, "season": 52, "targets": ("co2",)}
PANEL = {"series": ("north", "south", "west"), "levels": (0.05, 0.25, 0.5, 0.75, 0.95)}
SEVERAL = {"targets": ("load", "price", "y_1 $x$"), "freq": "15min", "horizon": 96}
SHAPES = {
    "hourly_24_steps": {},
    "weekly_26_steps": WEEKLY,
    "panel_with_quantiles": PANEL,
    "several_targets": SEVERAL,
    "single_step": {"horizon": 1, "levels": (0.1, 0.5, 0.9)},
}
SVG = "{http://www.w3.org/2000/svg}"


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_plot_is_written_as_a_png_and_an_svg(contents_of, shape, tmp_path):
    paths = write_plots(contents_of(n_windows=40, **shape), tmp_path / "plots")
    assert {path.name for path in paths} == {
        f"{n}.{kind}" for n in PLOTS for kind in ("png", "svg")
    }
    for path in paths:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
            assert path.stat().st_size > 10_000
        else:
            assert len(list(ElementTree.parse(path).iter(f"{SVG}path"))) > 20


def test_an_empty_test_split_leaves_the_loss_alone(contents_of, tmp_path):
    contents = contents_of(n_windows=0)
    assert {path.name for path in write_plots(contents, tmp_path)} == {"loss.png", "loss.svg"}
    reasons = plots_left_out(contents)
    assert set(reasons) == set(PLOTS) - {"loss"}
    assert reasons["forecast"] == "The test split has no windows."


def test_a_single_window_is_drawn_but_has_no_autocorrelation(contents_of, tmp_path):
    contents = contents_of(n_windows=1)
    names = {path.stem for path in write_plots(contents, tmp_path)}
    assert names == set(PLOTS) - {"residual_acf"}
    assert "the longest series has 1 window." in plots_left_out(contents)["residual_acf"]


def test_a_single_step_in_all_has_no_residual_plots(contents_of, tmp_path):
    names = {path.stem for path in write_plots(contents_of(n_windows=1, horizon=1), tmp_path)}
    assert names == {"loss", "forecast", "error_by_step", "reliability", "pit"}


def test_intervals_that_are_not_calibrated_are_not_drawn(contents_of):
    left_out = plots_left_out(contents_of(changes={"intervals": None}))
    assert left_out == dict.fromkeys(("reliability", "pit"), "The intervals are not calibrated.")


class TestReliability:
    def test_shows_the_observed_share_of_each_interval(self, contents):
        (axes, steps) = plot_reliability(contents).axes
        static, learning = axes.lines[1:]
        expected = [each["coverage"] for each in contents.intervals["static"]["intervals"]]
        assert static.get_ydata().tolist() == expected
        assert learning.get_xdata().tolist() == [0.8, 0.95]
        assert steps.get_title(loc="left") == "by step: intervals of 80 % and 95 %"

    def test_needs_no_second_panel_for_a_single_step_and_no_learning(self, contents_of):
        contents = contents_of(horizon=1)
        without = {**contents.intervals, "adaptive": None}
        figure = plot_reliability(replace(contents, intervals=without))
        assert len(figure.axes) == 1
        assert len(figure.axes[0].lines) == 2


class TestPit:
    def test_bars_are_the_shares_between_twentieths(self, contents):
        (axes,) = plot_pit(contents).axes
        heights = [bar.get_height() for bar in axes.patches if bar.get_width() < 0.1]
        assert len(heights) == 20
        assert sum(heights) == pytest.approx(1)
        # Too narrow by 0.7: what should be beyond the outermost twentieth lies there more often.
        assert heights[0] > 0.08 and heights[-1] > 0.08


def test_nothing_but_the_test_plots_is_left_without_a_history(contents_of):
    assert plots_left_out(contents_of(changes={"fits": (Fit((), None),)})) == {
        "loss": "No epoch was recorded."
    }


def test_an_svg_stays_small_with_a_hundred_thousand_windows(contents_of, tmp_path):
    paths = write_plots(contents_of(n_windows=100_000, horizon=12), tmp_path)
    assert max(path.stat().st_size for path in paths if path.suffix == ".svg") < 500_000


def test_the_same_contents_give_the_same_svg(contents_of, tmp_path):
    first, second = (
        write_plots(contents_of(n_windows=30, horizon=3), tmp_path / name) for name in "ab"
    )
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert b"dc:date" not in Path(first[1]).read_bytes()


def test_drawing_leaves_the_settings_of_the_process_alone(contents):
    before = dict(matplotlib.rcParams)
    plot_loss(contents)
    assert dict(matplotlib.rcParams) == before


def test_names_in_a_script_that_the_font_lacks_are_drawn_without_a_warning(contents_of, tmp_path):
    contents = contents_of(n_windows=2, horizon=2, targets=("気温",))
    assert write_plots(contents, tmp_path)


class TestLoss:
    def test_marks_the_best_epoch_and_shows_the_learning_rate_where_it_changes(self, contents):
        figure = plot_loss(contents)
        assert figure.get_suptitle() == "Loss by epoch: the weights of epoch 21 of 30 were kept"
        losses, rates = figure.axes
        assert losses.get_yscale() == "log"
        np.testing.assert_array_equal(
            np.unique(rates.lines[0].get_ydata()), [0.00025, 0.0005, 0.001]
        )

    def test_shows_the_training_loss_alone_without_validation(self, contents):
        (fit,) = contents.fits
        rows = [replace(r, val_loss=None, learning_rate=0.1, loss=1.0) for r in fit.rows]
        figure = plot_loss(replace(contents, fits=(Fit(rows, None),)))
        (axes,) = figure.axes
        assert figure.get_suptitle() == "Loss over 30 epochs"
        assert [line.get_label() for line in axes.lines] == ["training"]
        assert axes.get_yscale() == "linear"

    def test_shows_the_curves_of_every_member_and_marks_the_best_epoch_of_each(self, contents):
        (fit,) = contents.fits
        fits = (fit, Fit(fit.rows[:12], 9), Fit(fit.rows[:20], 15))
        figure = plot_loss(replace(contents, fits=fits))
        title = "Loss by epoch of 3 networks: the weights of epochs 9 to 21 were kept"
        assert figure.get_suptitle() == title
        losses, rates = figure.axes
        assert [len(line.get_xdata()) for line in losses.lines] == [30, 12, 20, 30, 12, 20, 3]
        assert [len(line.get_xdata()) for line in rates.lines] == [30, 12, 20]
        assert list(losses.lines[-1].get_xdata()) == [21, 9, 15]
        labels = [text.get_text() for text in losses.get_legend().get_texts()]
        assert labels == ["training", "validation", "best of each network"]


class TestForecast:
    def test_takes_six_evenly_spaced_origins_of_a_single_series(self, contents_of):
        figure = plot_forecast(contents_of(n_windows=26))
        # The first window starts at row 0, so its origin is row 199 from 2023-03-01 00:00 on.
        assert titles(figure) == [
            f"from {np.datetime64('2023-03-09T07:00') + np.timedelta64(5 * i, 'h')}".replace(
                "T", " "
            )
            for i in range(6)
        ]

    def test_names_the_series_that_it_does_not_show(self, contents_of):
        series = tuple(f"site {i}" for i in range(7))
        figure = plot_forecast(contents_of(n_windows=5, horizon=2, series=series))
        assert len(figure.axes) == 4 * 3
        assert figure.get_supxlabel() == "Not shown: site 4 load, site 5 load, site 6 load"

    def test_draws_what_was_observed_and_what_was_forecast(self, contents_of):
        contents = contents_of(n_windows=1, horizon=3)
        (axes,) = plot_forecast(contents).axes
        lines = {line.get_label(): line for line in axes.lines}
        # 24 steps before the origin, the origin, three after it
        actual = contents.actuals.values[-28:, 0]
        np.testing.assert_array_equal(lines["actual"].get_ydata(), actual)
        np.testing.assert_array_equal(lines["forecast"].get_ydata(), contents.test.y_pred[0, :, 0])

    def test_follows_one_step_forecasts_through_time(self, contents_of):
        contents = contents_of(n_windows=1300, horizon=1)
        figure = plot_forecast(contents)
        (axes,) = figure.axes
        lines = {line.get_label(): line for line in axes.lines}
        assert "the last 200 of 1,300 steps" in figure.get_suptitle()
        np.testing.assert_array_equal(
            lines["forecast"].get_ydata(), contents.test.y_pred[-200:, 0, 0]
        )

    def test_says_which_quantiles_a_band_spans(self, contents_of):
        figure = plot_forecast(contents_of(n_windows=3, levels=(0.05, 0.25, 0.5, 0.75, 0.95)))
        labels = figure.axes[0].get_legend_handles_labels()[1]
        assert {"90 % interval", "50 % interval"} <= set(labels)


class TestErrorByStep:
    def test_draws_the_mean_absolute_error_of_each_step(self, contents_of):
        contents = contents_of(n_windows=2, horizon=2)
        y_true = np.zeros((2, 2, 1))
        y_pred = np.array([[[1.0], [-4.0]], [[-3.0], [6.0]]])
        test = replace(contents.test, y_true=y_true, y_pred=y_pred, baselines={"naive": y_pred * 2})
        (axes,) = plot_error_by_step(replace(contents, test=test)).axes
        assert {line.get_label(): line.get_ydata().tolist() for line in axes.lines} == {
            "model": [2.0, 5.0],
            "naive": [4.0, 10.0],
        }
        assert axes.get_title(loc="left") == "load: 2.00 at step 1, 5.00 at step 2"

    def test_leaves_out_a_baseline_that_is_nowhere_known(self, contents_of):
        contents = contents_of(n_windows=2, horizon=2)
        unknown = {"drift": np.full_like(contents.test.y_true, np.nan)}
        test = replace(contents.test, baselines=unknown)
        (axes,) = plot_error_by_step(replace(contents, test=test)).axes
        assert [line.get_label() for line in axes.lines] == ["model"]


class TestResiduals:
    def test_states_where_ninety_percent_of_the_errors_lie(self, contents_of):
        contents = contents_of(n_windows=101, horizon=1)
        errors = np.arange(-50.0, 51.0).reshape(-1, 1, 1)
        test = replace(contents.test, y_pred=contents.test.y_true + errors)
        figure = plot_residual_histogram(replace(contents, test=test))
        assert titles(figure) == ["load: 90 % between −45.0 and 45.0"]

    def test_an_outlier_does_not_hide_the_rest(self, contents_of):
        contents = contents_of(n_windows=5000, horizon=1)
        y_pred = contents.test.y_pred.copy()
        y_pred[7] += 1e9
        figure = plot_residuals_over_time(
            replace(contents, test=replace(contents.test, y_pred=y_pred))
        )
        assert figure.axes[0].get_ylim()[1] < 100


class TestAutocorrelation:
    def test_counts_the_lags_outside_the_band(self, contents_of):
        contents = contents_of(n_windows=40, horizon=2)
        # Errors that alternate: r_k = (-1)^k (40 - k) / 40, far outside 1.96 / √40 = 0.31 at
        # each of the 10 lags.
        y_pred = contents.test.y_true + np.where(np.arange(40) % 2, 1.0, -1.0)[:, None, None]
        figure = plot_residual_acf(replace(contents, test=replace(contents.test, y_pred=y_pred)))
        assert titles(figure) == ["load: 10 of 10 lags outside the band"]

    def test_takes_the_series_with_most_windows_and_skips_its_missing_origins(self, contents_of):
        contents = contents_of(n_windows=40, horizon=2, series=("a", "b"))
        keep = np.ones(80, dtype=bool)
        keep[10:50] = False  # of "a" 10 windows stay, of "b" the last 30
        keep[60] = False
        test = contents.test
        fewer = {
            name: getattr(test, name)[keep]
            for name in ("starts", "series", "origin_times", "times", "y_true", "y_pred")
        }
        figure = plot_residual_acf(replace(contents, test=replace(test, baselines={}, **fewer)))
        assert figure.get_suptitle() == "Autocorrelation of the step-1 errors of b"

    def test_says_that_constant_errors_have_none(self, contents_of):
        contents = contents_of(n_windows=40, horizon=2)
        test = replace(contents.test, y_pred=contents.test.y_true.copy())
        assert titles(plot_residual_acf(replace(contents, test=test))) == [
            "load: the errors are constant"
        ]
