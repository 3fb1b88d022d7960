"""Mean absolute error at each step, the model beside the baselines."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.forecasts import ByWindow, WindowForecasts
from lstmcast.evaluation.metrics import blocks
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.plots import style
from lstmcast.reporting.plots.panels import name_hidden_targets, pooled_series, shown_targets
from lstmcast.reporting.wording import format_number, shorten, step_length


@style.styled
def plot_error_by_step(contents: Contents) -> Figure:
    """A line for each forecaster; a bar where the horizon is one step. A panel for each target."""
    test = contents.test
    targets = shown_targets(test)
    horizon = test.horizon
    title = "Mean absolute error on the test period" + (" by step" if horizon > 1 else "")
    figure, panels = style.panel_grid(title + pooled_series(test), len(targets))
    for axes, target in zip(panels, targets, strict=True):
        errors = _errors_by_step(contents, target)
        unit = shorten(test.targets[target], style.LABEL_LENGTH)
        if horizon == 1:
            _draw_bars(axes, errors, unit)
        else:
            _draw_lines(axes, errors, unit)
            axes.set_xlabel(f"step (1 step = {step_length(contents.freq)})")
    if horizon > 1:
        panels[0].legend(loc="best")
    name_hidden_targets(figure, test)
    return figure


def _errors_by_step(contents: Contents, target: int) -> dict[str, FloatArray]:
    """Mean absolute errors `(H,)` of the model and of each baseline that is known throughout."""
    test = contents.test
    errors = {"model": _mean_errors(test, test.y_pred, target)}
    for name, baseline in test.baselines.items():
        errors[name] = _mean_errors(test, baseline, target)
    return {name: values for name, values in errors.items() if np.isfinite(values).any()}


def _mean_errors(test: WindowForecasts, y_pred: ByWindow, target: int) -> FloatArray:
    """Mean absolute errors `(H,)` of a forecast `(W, H, T)`, block by block of its windows."""
    total = np.zeros(test.horizon)
    for block in blocks(test.y_pred):
        total += np.abs(y_pred[block] - test.y_true[block])[..., target].sum(axis=0)
    return total / test.n_windows


def _draw_lines(axes: Axes, errors: dict[str, FloatArray], unit: str) -> None:
    for name, values in errors.items():
        is_model = name == "model"
        axes.plot(
            np.arange(1, len(values) + 1),
            values,
            color=_color(name),
            lw=2.2 if is_model else 1.4,
            # On seasonal data drift is all but naive, and would hide it.
            ls=(0, (4, 3)) if name == "drift" else "-",
            marker="o" if len(values) <= 30 else None,
            ms=4 if is_model else 2.5,
            zorder=3 if is_model else 2,
            label=name.replace("_", " "),
        )
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"MAE of {unit}")
    if "model" in errors:
        first, last = (format_number(errors["model"][step], digits=3) for step in (0, -1))
        axes.set_title(f"{unit}: {first} at step 1, {last} at step {len(errors['model'])}")
    style.whole_number_axis(axes)


def _draw_bars(axes: Axes, errors: dict[str, FloatArray], unit: str) -> None:
    names = list(errors)
    sizes = [float(errors[name][0]) for name in names]
    bars = axes.barh(
        [name.replace("_", " ") for name in names],
        sizes,
        height=0.55,
        color=[_color(name) for name in names],
    )
    axes.bar_label(bars, labels=[format_number(size) for size in sizes], padding=4, fontsize=9.5)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"MAE of {unit}")


def _color(name: str) -> str:
    return style.MODEL if name == "model" else style.BASELINE_COLORS.get(name, style.MUTED)
