"""The results of all folds become one set of forecasts, and scores of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.backtesting.plan import FoldResult
from lstmcast.config.schema import Config
from lstmcast.data.cleaned import targets_to_score
from lstmcast.data.folds import Fold
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Cuts
from lstmcast.evaluation.diagnostics import echo_check
from lstmcast.evaluation.folds import FoldScores, folds_verdict, over, over_steps, score_folds
from lstmcast.evaluation.forecasts import ByWindow, WindowForecasts
from lstmcast.evaluation.scoring import scaled_scores
from lstmcast.evaluation.verdicts import baseline_verdict
from lstmcast.reporting.origins import FoldPeriods, Origins, Period
from lstmcast.runtime.evaluating import Observed, Said, Scales, beside_actuals

# The facts of a fold that `metrics.json` holds as they are.
_FACTS = (
    "fold",
    "fitted",
    "windows",
    "epochs",
    "best_epoch",
    "seconds",
    "seconds_fit",
    "parameters",
    "fingerprint",
)


@dataclass(frozen=True)
class Backtested:
    """What a backtest came to.

    Attributes:
        forecasts: Of the windows of all folds, ascending by their start.
        fold: int32, `(W,)`, the fold of each window.
        observed: What came true.
        origins: The rows of each fold.
        metrics: What `metrics.json` holds.
        verdicts: Sentences.
    """

    forecasts: WindowForecasts
    fold: NDArray[np.int32]
    observed: Observed
    origins: Origins
    metrics: dict[str, Any]
    verdicts: tuple[str, ...]


def measure_folds(
    config: Config, panel: Panel, folds: Sequence[Fold], results: Sequence[FoldResult]
) -> Backtested:
    """Put the folds together and score them.

    Args:
        config: The experiment.
        panel: Its data.
        folds: All of them, in order.
        results: Of each fold, in the same order.
    """
    cuts = Cuts(series=panel.series, times=folds[0].splits.cuts)
    observed = Observed(panel, targets_to_score(panel, cuts, config))
    forecasts, fold = _pooled(config, observed, results)
    # Those of the first fold, which are those of a run of the same config.
    scales = Scales.from_json(results[0].facts["scales"])
    scores = score_folds(
        forecasts, fold, config.evaluation.metrics, mase_scale=scales.mase_of(panel)
    )
    origins = Origins(
        folds=tuple(_periods(panel, folds, result) for result in results), how=_how(config)
    )
    metrics = {
        "windows": {"test": forecasts.n_windows},
        "metrics": {"test": scores.pooled},
        "metrics_scaled": {"test": scaled_scores(forecasts, scales.deviation)},
        "folds": _of_folds(results, origins, scores),
        **_spreads(scores),
        "scales": scales.to_json(),
        "verdicts": _verdicts(scores, forecasts, config),
    }
    texts = (verdict["text"] for verdict in metrics["verdicts"].values())
    return Backtested(
        forecasts, fold, observed, origins, metrics, tuple(text for text in texts if text)
    )


def _pooled(
    config: Config, observed: Observed, results: Sequence[FoldResult]
) -> tuple[WindowForecasts, NDArray[np.int32]]:
    """The windows of all folds in one, ascending by their start, and the fold of each."""
    starts = np.concatenate([result.arrays["starts"] for result in results])
    order = np.argsort(starts, kind="stable")
    fold = np.repeat([result.number for result in results], [_n(result) for result in results])

    def joined(name: str) -> Any:
        return np.concatenate([result.arrays[name] for result in results])[order]

    levels = shared_levels(results)
    quantiles = [quantiles_at(levels, result) for result in results] if levels else []
    said = Said(
        starts=starts[order],
        points=joined("points"),
        quantiles=np.concatenate(quantiles)[order] if levels else None,
        levels=levels,
        parameters=joined("parameters") if "parameters" in results[0].arrays else None,
    )
    forecasts = beside_actuals(said, observed, config)
    statistical: dict[str, ByWindow] = {name: joined(name) for name in config.backtest.statistical}
    return (
        replace(forecasts, baselines={**forecasts.baselines, **statistical}),
        fold[order].astype(np.int32),
    )


def shared_levels(results: Sequence[FoldResult]) -> tuple[float, ...]:
    """The quantile levels of every fold: one may have no window to be calibrated on."""
    every = set.intersection(*(set(result.facts["levels"]) for result in results))
    return tuple(sorted(every))


def quantiles_at(levels: Sequence[float], result: FoldResult) -> FloatArray:
    """The quantiles of a fold at some of its levels, `(w, H, T, Q)`."""
    places = [result.facts["levels"].index(level) for level in levels]
    return np.asarray(result.arrays["quantiles"][..., places])


def _n(result: FoldResult) -> int:
    return len(result.arrays["starts"])


def _periods(panel: Panel, folds: Sequence[Fold], result: FoldResult) -> FoldPeriods:
    """The rows of a fold; training and validation are those that its network was fitted on."""
    own, fitted = (folds[number - 1].splits for number in (result.number, result.facts["fitted"]))
    bounds = {"train": fitted.of("train"), "validation": fitted.of("validation")}
    found = {
        name: _period(panel, rows) for name, rows in {**bounds, "test": own.of("test")}.items()
    }
    return FoldPeriods(
        number=result.number,
        periods={name: period for name, period in found.items() if period is not None},
        refitted=result.number == result.facts["fitted"],
    )


def _period(panel: Panel, bounds: IntArray) -> Period | None:
    """From the first to the last time of some rows of each series, `(n_series, 2)`."""
    some = bounds[bounds[:, 1] > bounds[:, 0]]
    if not len(some):
        return None
    return Period(panel.times[some[:, 0]].min(), panel.times[some[:, 1] - 1].max())


def _how(config: Config) -> str:
    refit = config.backtest.refit
    how = f"refit {refit}" if isinstance(refit, str) else f"refit every {refit} folds"
    return f"{config.backtest.window} window, {how}"


def _of_folds(
    results: Sequence[FoldResult], origins: Origins, scores: FoldScores
) -> list[dict[str, Any]]:
    return [
        {
            **{name: result.facts[name] for name in _FACTS},
            "periods": {
                name: {"first": str(period.first), "last": str(period.last)}
                for name, period in fold.periods.items()
            },
            "metrics": values,
        }
        for result, fold, values in zip(results, origins.folds, scores.by_fold, strict=True)
    ]


def _spreads(scores: FoldScores) -> dict[str, Any]:
    """Means and deviations over folds, by step too; the scores of each series and over these."""
    found: dict[str, Any] = {
        "over_folds": over(scores.by_fold),
        "by_step": over_steps(scores.by_fold),
    }
    if scores.by_series:
        found["by_series"] = scores.by_series
        found["over_series"] = over(list(scores.by_series.values()))
    return found


def _verdicts(
    scores: FoldScores, forecasts: WindowForecasts, config: Config
) -> dict[str, Mapping[str, Any]]:
    against = baseline_verdict(scores.pooled, config=config)
    by_fold = folds_verdict(scores.by_fold)
    echo = echo_check(forecasts, lead=config.window.lead)
    return {
        "baseline": {"text": against.text, "beats": against.beats, "skill": against.skill},
        "folds": {"text": by_fold.text, "won": by_fold.won, "folds": by_fold.folds},
        "echo": {"text": echo.text, "is_echo": echo.is_echo},
    }
