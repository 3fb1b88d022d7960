"""Training and validation loss by epoch."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmcast.data.panel import FloatArray
from lstmcast.reporting.contents import Contents
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import count, format_number

# Beyond this ratio the early epochs would flatten the late ones on a linear axis.
_LOG_RATIO = 10


@style.styled
def plot_loss(contents: Contents) -> Figure:
    """Loss curves with the best epoch marked; below them the learning rate, where it changes."""
    rows = contents.history
    epochs = np.array([row.epoch for row in rows])
    rates = np.array([row.learning_rate for row in rows])
    figure = style.headed_figure(_title(contents), width=8.5, height=4.8)
    if len(set(rates.tolist())) > 1:
        losses, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        _draw_rates(below, epochs, rates)
    else:
        losses = below = figure.subplots()
    _draw_losses(losses, contents, epochs)
    below.set_xlabel("epoch")
    style.whole_number_axis(below)
    return figure


def _title(contents: Contents) -> str:
    if _best_row(contents) is None:
        return f"Loss over {count(len(contents.history), 'epoch')}"
    kept = f"{contents.best_epoch} of {len(contents.history)}"
    return f"Loss by epoch: the weights of epoch {kept} were kept"


def _best_row(contents: Contents) -> int | None:
    """Index of the best epoch, None without one or without a validation loss."""
    for index, row in enumerate(contents.history):
        if row.epoch == contents.best_epoch and row.val_loss is not None:
            return index if math.isfinite(row.val_loss) else None
    return None


def _draw_losses(axes: Axes, contents: Contents, epochs: FloatArray) -> None:
    training = np.array([row.loss for row in contents.history], dtype=np.float64)
    validation = np.array([row.val_loss for row in contents.history], dtype=np.float64)
    marker = "o" if len(epochs) < 30 else None
    axes.plot(epochs, training, color=style.MODEL, marker=marker, ms=3.5, label="training")
    if np.isfinite(validation).any():
        axes.plot(
            epochs, validation, color=style.VALIDATION, marker=marker, ms=3.5, label="validation"
        )
    if _spans_decades(np.concatenate([training, validation])):
        style.log_y_axis(axes)
    best = _best_row(contents)
    if best is not None:
        axes.axvline(epochs[best], color=style.MUTED, lw=1, ls=":", zorder=1)
        label = f"best: {format_number(validation[best])} at epoch {epochs[best]}"
        axes.plot(
            epochs[best],
            validation[best],
            ls="none",
            marker="o",
            ms=9,
            mfc="none",
            mec=style.VALIDATION,
            mew=1.8,
            label=label,
        )
    axes.set_ylabel("loss")
    axes.legend(loc="upper right")


def _spans_decades(values: FloatArray) -> bool:
    finite = values[np.isfinite(values)]
    return bool(len(finite) and finite.min() > 0 and finite.max() / finite.min() > _LOG_RATIO)


def _draw_rates(axes: Axes, epochs: FloatArray, rates: FloatArray) -> None:
    axes.plot(epochs, rates, color=style.ACTUAL, lw=1.3, drawstyle="steps-mid")
    if (rates > 0).all():
        style.log_y_axis(axes)
        few = np.unique([rates.min(), rates.max()])
        axes.set_yticks(few, labels=[f"{rate:.2g}" for rate in few])
        axes.minorticks_off()
    axes.set_ylabel("learning\nrate", fontsize=9)
