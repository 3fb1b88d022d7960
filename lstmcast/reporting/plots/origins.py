"""The folds of a backtest on the axis of time."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lstmcast.reporting.origins import FoldPeriods, Origins
from lstmcast.reporting.plots import style
from lstmcast.reporting.wording import count

_COLORS = {"train": style.MODEL, "validation": style.VALIDATION, "test": "#009E73"}
_LABELS = {"train": "training", "validation": "validation", "test": "test"}
_FADED = 0.3
# Beyond these, not every fold has its number at the axis.
_NUMBERED = 25


@style.styled
def plot_origins(origins: Origins) -> Figure:
    """A bar for each fold, its training, validation and test rows one after the other.

    Training and validation rows are pale where the network of an earlier fold is used again.
    """
    folds = origins.folds
    title = f"{count(len(folds), 'fold')}: {origins.how}"
    height = 1.7 + 0.32 * min(max(len(folds), 3), _NUMBERED)
    figure = style.headed_figure(title, width=8.5, height=height)
    axes = figure.subplots()
    for fold in folds:
        _draw_fold(axes, fold)
    axes.set_ylim(len(folds) + 0.6, 0.4)
    step = -(-len(folds) // _NUMBERED)
    axes.set_yticks(range(1, len(folds) + 1, step))
    axes.set_ylabel("fold")
    axes.grid(visible=False, axis="y")
    axes.xaxis_date()
    style.date_axis(axes, most_ticks=9)
    _legend(figure, folds)
    return figure


def _draw_fold(axes: Axes, fold: FoldPeriods) -> None:
    for split, period in fold.periods.items():
        ends = (date2num(time) for time in (period.first, period.last))  # type: ignore[no-untyped-call]
        first, last = map(float, ends)
        axes.barh(
            fold.number,
            last - first,
            left=first,
            height=0.62,
            color=_COLORS[split],
            alpha=1.0 if fold.refitted or split == "test" else _FADED,
            # A stretch of one row has no width, but is seen.
            edgecolor=_COLORS[split] if last == first else "none",
        )


def _legend(figure: Figure, folds: tuple[FoldPeriods, ...]) -> None:
    shown = dict.fromkeys(split for fold in folds for split in fold.periods)
    handles = [Patch(color=_COLORS[split], label=_LABELS[split]) for split in shown]
    if not all(fold.refitted for fold in folds):
        handles.append(Patch(color=_COLORS["train"], alpha=_FADED, label="of an earlier fit"))
    figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False)
