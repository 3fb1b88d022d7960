"""Scores of a backtest: of all its windows together, by fold, by step and by series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import MetricName
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.members import spread, spread_of
from lstmcast.evaluation.probabilistic import add_scores, crps_scores, distribution_crps
from lstmcast.evaluation.scoring import flat_scores, quantile_scores, score
from lstmcast.evaluation.verdicts import baseline_verdict

# The folds that a sentence names one by one.
_NAMED = 5


@dataclass(frozen=True)
class FoldScores:
    """What `score_split` gives, of several choices of the windows.

    Attributes:
        pooled: Of all windows together.
        by_fold: Of the windows of each fold, in order.
        by_series: Of the windows of each series that has any, without `by_step` and `by_target`;
            empty where there is one series only.
    """

    pooled: dict[str, dict[str, Any]]
    by_fold: tuple[dict[str, dict[str, Any]], ...]
    by_series: dict[str, dict[str, dict[str, Any]]]


def score_folds(
    forecasts: WindowForecasts,
    fold: NDArray[np.int32],
    metrics: Sequence[MetricName],
    *,
    mase_scale: FloatArray,
) -> FoldScores:
    """Score the model and each baseline; one forecaster's forecasts are in memory at a time.

    Args:
        forecasts: Of all folds.
        fold: int32 `(W,)`, the fold of each window, from 1 and without a gap.
        metrics: Which metrics.
        mase_scale: float64 `(n_series, T)`, from `scoring.mase_scale`: the same for all folds, so
            that their MASE can be set side by side.
    """
    scale, y_true = mase_scale[forecasts.series], forecasts.y_true[:]
    pooled = _Choice(slice(None))
    folds = [_Choice(np.flatnonzero(fold == i)) for i in range(1, int(fold.max()) + 1)]
    series = _of_series(forecasts)
    choices = [pooled, *folds, *series.values()]
    for name, said in {"model": forecasts.y_pred, **forecasts.baselines}.items():
        y_pred = said[:]
        for each in choices:
            some = each.windows
            true, pred = y_true[some], y_pred[some]
            each.scores[name] = (
                score(true, pred, metrics, scale=scale[some], targets=forecasts.targets)
                if each.in_detail
                else flat_scores(true, pred, metrics, scale=scale[some])
            )
    if forecasts.quantiles is not None:
        for each in choices:
            quantiles = forecasts.quantiles[each.windows]
            levels = forecasts.levels
            each.scores["model"] |= quantile_scores(y_true[each.windows], quantiles, levels)
    crps = distribution_crps(forecasts)
    if crps is not None:
        for each in choices:
            own = crps_scores(crps[each.windows], forecasts.targets, in_detail=each.in_detail)
            add_scores(each.scores["model"], own)
    return FoldScores(
        pooled.scores,
        tuple(each.scores for each in folds),
        {name: each.scores for name, each in series.items()},
    )


@dataclass(frozen=True)
class _Choice:
    """Some of the windows, and their scores as they come."""

    windows: slice | IntArray
    in_detail: bool = True
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)


def _of_series(forecasts: WindowForecasts) -> dict[str, _Choice]:
    """The windows of each series that has any; nothing where there is one series only."""
    if len(forecasts.series_names) == 1:
        return {}
    order = np.argsort(forecasts.series, kind="stable")
    numbers, first = np.unique(forecasts.series[order], return_index=True)
    windows = np.split(order, first[1:])
    return {
        forecasts.series_names[i]: _Choice(some, in_detail=False)
        for i, some in zip(numbers, windows, strict=True)
    }


def over(scores: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Mean and deviation of each forecaster's metrics over folds, or over series.

    Args:
        scores: What `score_split` gives, of each.

    Returns:
        For each forecaster `spread` of its metrics.
    """
    return {name: spread([each[name] for each in scores]) for name in scores[0]}


def over_steps(by_fold: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Mean and deviation over folds of each forecaster's metrics at each step.

    Returns:
        For each forecaster and metric `mean` and `deviation`, each with a value for every step.
    """
    return {
        name: {
            metric: _by_step(each[name]["by_step"][metric] for each in by_fold)
            for metric in values["by_step"]
        }
        for name, values in by_fold[0].items()
    }


def _by_step(folds: Iterable[Sequence[float | None]]) -> dict[str, list[float | None]]:
    spreads = [spread_of(values) for values in zip(*folds, strict=True)]
    return {part: [each[part] for each in spreads] for part in ("mean", "deviation")}


@dataclass(frozen=True)
class FoldsVerdict:
    """In how many folds the model is worth having.

    Attributes:
        text: A sentence.
        won: In how many it beats the best baseline of the fold; None where nothing can be compared.
        folds: How many there are.
    """

    text: str
    won: int | None
    folds: int


def folds_verdict(by_fold: Sequence[Mapping[str, Mapping[str, Any]]]) -> FoldsVerdict:
    """Say in how many folds the model beats the best baseline, and where it does not.

    Args:
        by_fold: What `score_split` gives, of each fold.
    """
    beats = [baseline_verdict(scores).beats for scores in by_fold]
    if None in beats:
        return FoldsVerdict("", None, len(beats))
    lost = [number for number, won in enumerate(beats, start=1) if not won]
    won = len(beats) - len(lost)
    if len(beats) == 1:
        text = ""
    elif not lost:
        text = f"The model beats the best baseline in each of the {len(beats)} folds."
    elif not won:
        text = f"The model beats the best baseline in none of the {len(beats)} folds."
    else:
        which = f" (not in {_listing(lost)})" if len(lost) <= _NAMED else ""
        text = f"The model beats the best baseline in {won} of {len(beats)} folds{which}."
    return FoldsVerdict(text, won, len(beats))


def _listing(numbers: Sequence[int]) -> str:
    return f"fold{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
