"""Training and validation loss by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmcast.data.panel import FloatArray
from lstmcast.reporting.contents import Fit, WithFits
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import count, format_number

# Beyond this ratio the early epochs would flatten the late ones on a linear axis.
_LOG_RATIO = 10
# Fewer than this are marked one by one.
_FEW_POINTS = 30
# Thin and pale, so that none hides the others.
_ONE_OF_SEVERAL: dict[str, Any] = {"lw": 1.0, "alpha": 0.7}


@style.styled
def plot_loss(contents: WithFits) -> Figure:
    """Loss curves with the best epoch marked; below them the learning rate, where it changes.

    Of several networks, those of each.
    """
    fits = contents.fits
    figure = style.headed_figure(_title(fits), width=8.5, height=4.8)
    if len({row.learning_rate for fit in fits for row in fit.rows}) > 1:
        losses, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        _draw_rates(below, fits)
    else:
        losses = below = figure.subplots()
    _draw_losses(losses, fits)
    below.set_xlabel("epoch")
    style.whole_number_axis(below)
    return figure


def _title(fits: Sequence[Fit]) -> str:
    longest = max(len(fit.rows) for fit in fits)
    best = [point.epoch for point in map(_best, fits) if point is not None]
    if len(fits) > 1:
        of = f" of {len(fits):,} networks"
        if not best:
            return f"Loss over {count(longest, 'epoch')}{of}"
        epochs = f"epoch {best[0]}" if len({*best}) == 1 else f"epochs {min(best)} to {max(best)}"
        return f"Loss by epoch{of}: the weights of {epochs} were kept"
    if not best:
        return f"Loss over {count(longest, 'epoch')}"
    return f"Loss by epoch: the weights of epoch {best[0]} of {longest} were kept"


class _Best(NamedTuple):
    """The epoch whose weights were kept, and its validation loss."""

    epoch: int
    loss: float


def _best(fit: Fit) -> _Best | None:
    """None without a choice or without a validation loss."""
    for row in fit.rows:
        if row.epoch == fit.best_epoch and row.val_loss is not None:
            return _Best(row.epoch, row.val_loss) if math.isfinite(row.val_loss) else None
    return None


def _draw_losses(axes: Axes, fits: Sequence[Fit]) -> None:
    training = [np.array([row.loss for row in fit.rows], dtype=np.float64) for fit in fits]
    validation = [np.array([row.val_loss for row in fit.rows], dtype=np.float64) for fit in fits]
    _draw_curves(axes, training, color=style.MODEL, label="training")
    if np.isfinite(np.concatenate(validation)).any():
        _draw_curves(axes, validation, color=style.VALIDATION, label="validation")
    if _spans_decades(np.concatenate([*training, *validation])):
        style.log_y_axis(axes)
    _mark_best(axes, fits)
    axes.set_ylabel("loss")
    axes.legend(loc="upper right")


def _draw_curves(axes: Axes, curves: Sequence[FloatArray], *, color: str, label: str) -> None:
    """A curve for each fit, one entry in the legend."""
    marked = sum(map(len, curves)) < _FEW_POINTS
    for index, curve in enumerate(curves):
        axes.plot(
            np.arange(1, len(curve) + 1),
            curve,
            color=color,
            marker="o" if marked else None,
            ms=3.5,
            label=None if index else label,
            **(_ONE_OF_SEVERAL if len(curves) > 1 else {}),
        )


def _mark_best(axes: Axes, fits: Sequence[Fit]) -> None:
    """A circle around the best epoch of each fit, and a line through that of a single one."""
    points = [point for point in map(_best, fits) if point is not None]
    if not points:
        return
    label = "best of each network"
    if len(fits) == 1:
        (best,) = points
        axes.axvline(best.epoch, color=style.MUTED, lw=1, ls=":", zorder=1)
        label = f"best: {format_number(best.loss)} at epoch {best.epoch}"
    axes.plot(
        *zip(*points, strict=True),
        ls="none",
        marker="o",
        ms=9,
        mfc="none",
        mec=style.VALIDATION,
        mew=1.8,
        label=label,
    )


def _spans_decades(values: FloatArray) -> bool:
    finite = values[np.isfinite(values)]
    return bool(len(finite) and finite.min() > 0 and finite.max() / finite.min() > _LOG_RATIO)


def _draw_rates(axes: Axes, fits: Sequence[Fit]) -> None:
    every = [np.array([row.learning_rate for row in fit.rows]) for fit in fits]
    for rates in every:
        epochs = np.arange(1, len(rates) + 1)
        look = _ONE_OF_SEVERAL if len(fits) > 1 else {"lw": 1.3}
        axes.plot(epochs, rates, color=style.ACTUAL, drawstyle="steps-mid", **look)
    together = np.concatenate(every)
    if (together > 0).all():
        style.log_y_axis(axes)
        few = np.unique([together.min(), together.max()])
        axes.set_yticks(few, labels=[f"{rate:.2g}" for rate in few])
        axes.minorticks_off()
    axes.set_ylabel("learning\nrate", fontsize=9)
