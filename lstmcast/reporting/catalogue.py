"""The plots by name: what each shows, and which a run has no data for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.reporting.contents import ClassContents, Contents
from lstmcast.reporting.wording import count

MIN_ACF_WINDOWS = 20
_MIN_STEPS = 5
_OF_INTERVALS = ("reliability", "pit")
_OF_ALL_ERRORS = ("residual_histogram", "residuals_vs_predicted", "residuals_over_time")


@dataclass(frozen=True)
class Entry:
    """One plot.

    Attributes:
        title: Heading above it in the report.
        caption: How to read it.
    """

    title: str
    caption: str


PLOTS = {
    "forecast": Entry(
        "Forecast and actual",
        "Forecasts from origins spread evenly over the test period, beside what came true.",
    ),
    "error_by_step": Entry(
        "Error by step",
        "Mean absolute error at each step of the horizon. Where a baseline runs below the model, "
        "use that baseline for those steps.",
    ),
    "reliability": Entry(
        "Reliability of the intervals",
        "A line below the diagonal means intervals that are too narrow. `learning` is what they "
        "hold where each actual value moves them as soon as it is known.",
    ),
    "pit": Entry(
        "Where actual values fall among the quantiles",
        "Flat where the calibrated quantiles are right; high at both ends where they are too "
        "narrow, high in the middle where they are too wide, and a slope where forecasts are "
        "biased.",
    ),
    "loss": Entry(
        "Training and validation loss",
        "A validation loss that turns up while the training loss falls means overfitting. "
        "The loss is in scaled units; dropout counts in training only, `model.linear_share` in "
        "validation only.",
    ),
    "residual_histogram": Entry(
        "Distribution of the errors",
        "Prediction − actual on the test period, all steps together. A mean away from zero is a "
        "bias.",
    ),
    "residuals_vs_predicted": Entry(
        "Errors by size of the forecast",
        "A funnel means that the error grows with the level (consider "
        "`scaling.target_transform: log`); a slope means that large values are missed.",
    ),
    "residuals_over_time": Entry(
        "Errors over time",
        "A band that widens or leaves zero means that the series has changed since training.",
    ),
    "residual_acf": Entry(
        "Autocorrelation of the errors",
        "Of the first step's errors at consecutive origins. Bars outside the band are structure "
        "that the model has missed: try a longer lookback, lags or calendar features.",
    ),
}


# Of a classification.
CLASS_PLOTS = {
    "confusion": Entry(
        "What was taken for what",
        "A row for each class that came true, a column for each that was forecast: what lies off "
        "the diagonal was wrong. All steps together.",
    ),
    "reliability": Entry(
        "Probability and truth",
        "How often the class that was forecast came true, by the probability that it was given. "
        "Below the dashed line the model is surer than it should be.",
    ),
    "loss": PLOTS["loss"],
}


def class_plots_left_out(contents: ClassContents) -> dict[str, str]:
    """Names of the plots of a classification that cannot be drawn, each with the reason."""
    reasons = {}
    if not any(fit.rows for fit in contents.fits):
        reasons["loss"] = "No epoch was recorded."
    if not contents.test.n_windows:
        reasons |= dict.fromkeys(("confusion", "reliability"), "The test split has no windows.")
    return reasons


def plots_left_out(contents: Contents) -> dict[str, str]:
    """Names of the plots that cannot be drawn, each with the reason as a sentence."""
    reasons = {}
    if not any(fit.rows for fit in contents.fits):
        reasons["loss"] = "No epoch was recorded."
    if not contents.test.n_windows:
        no_windows = "The test split has no windows."
        return {**reasons, **{name: no_windows for name in PLOTS if name != "loss"}}
    if contents.intervals is None:
        reasons.update(dict.fromkeys(_OF_INTERVALS, "The intervals are not calibrated."))
    n_steps = contents.test.n_windows * contents.test.horizon
    if n_steps < _MIN_STEPS:
        few = f"There are too few errors to show: {count(n_steps, 'step')} in the test split."
        reasons.update(dict.fromkeys(_OF_ALL_ERRORS, few))
    most = int(np.bincount(contents.test.series).max())
    if most < MIN_ACF_WINDOWS:
        reasons["residual_acf"] = (
            f"It needs {MIN_ACF_WINDOWS} windows of one series in the test split; the longest "
            f"series has {count(most, 'window')}."
        )
    return reasons
