"""How good an experiment is: every split forecast, scored, and judged in sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median_low
from typing import Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset
from lstmcast.data.panel import IntArray
from lstmcast.data.splitting import SplitName
from lstmcast.evaluation.by_series import SeriesScores, series_scores
from lstmcast.evaluation.diagnostics import echo_check
from lstmcast.evaluation.fit_verdict import (
    FitVerdict,
    diverged_verdict,
    fit_verdict,
    shared_verdict,
)
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.members import spread
from lstmcast.evaluation.verdicts import baseline_verdict
from lstmcast.experiment.calibrating import Calibrated
from lstmcast.experiment.network import Fitted
from lstmcast.runtime.adapting import Learned
from lstmcast.runtime.calibration import Outputs
from lstmcast.runtime.evaluating import (
    Scales,
    forecast_windows,
    score_forecasts,
    training_scales,
)
from lstmcast.runtime.intervals import add_intervals, interval_verdicts, measure_intervals
from lstmcast.runtime.outputs import all_outputs

# Training windows that are scored; beyond it an even sample stands for all.
SCORED_TRAINING_WINDOWS = 20_000
# Splits on which each member of an ensemble is scored alone.
JUDGED: tuple[SplitName, ...] = ("validation", "test")
# Metrics of quantiles as they are after calibration.
CALIBRATED = ("pinball", "coverage")


@dataclass(frozen=True)
class Measured:
    """The test forecasts and what `metrics.json` holds of all splits.

    Attributes:
        test: The forecasts.
        metrics: JSON values.
        verdicts: Sentences, the headline first.
        learned: What the intervals have learned over the test windows; None where nothing learns.
        by_series: The scores of each series of a panel.
    """

    test: WindowForecasts
    metrics: dict[str, Any]
    verdicts: tuple[str, ...]
    learned: Learned | None
    by_series: SeriesScores | None = None


def measure(dataset: Dataset, fitted: Fitted, calibrated: Calibrated) -> Measured:
    """Forecast the windows of every split and score them.

    Args:
        dataset: The splits.
        fitted: The network that the run will forecast with, its members, and how they were fitted.
        calibrated: Its intervals.
    """
    preparation, config = dataset.preparation, dataset.preparation.config
    calibration = calibrated.calibration
    scales = training_scales(dataset.prepared, dataset.splits)
    scored = scored_windows(dataset)
    metrics = {**fit_facts(dataset, fitted), "metrics_scaled": {}, "scales": scales.to_json()}

    def score(split: SplitName, said: Outputs | None = None) -> WindowForecasts:
        forecasts = forecast_windows(
            dataset.prepared,
            preparation,
            fitted.network,
            split=split,
            starts=scored[split],
            calibration=calibration,
            said=said,
        )
        metrics["metrics"][split], metrics["metrics_scaled"][split] = score_forecasts(
            forecasts, scales, dataset.panel, config.evaluation.metrics
        )
        return forecasts

    if fitted.members:
        metrics["members"] = _members(dataset, fitted, scales, calibrated=calibration is not None)
    # One split after the other, and only the forecasts of the last are kept.
    score("train")
    score("validation", calibrated.said)
    said = all_outputs(fitted.network, dataset.prepared, preparation, scored["test"])
    test = score("test", said)
    by_series = None
    if dataset.panel.schema.series is not None:
        by_series = series_scores(test, config.evaluation.metrics, scales.mase_of(dataset.panel))
        metrics |= by_series.summary()
    learned = None
    if calibration is not None and test.n_windows:
        intervals = measure_intervals(
            calibration,
            dataset.prepared,
            preparation,
            said,
            forecasts=test,
            mase_scale=scales.mase_of(dataset.panel),
        )
        learned = intervals.learned
        add_intervals(metrics, intervals)
    metrics["verdicts"] = _verdicts(metrics, test, fitted, config)
    order = ("baseline", "intervals", "echo", "fit")
    found = (metrics["verdicts"][kind]["text"] for kind in order if kind in metrics["verdicts"])
    verdicts = tuple(text for text in found if text)
    return Measured(test, metrics, verdicts, learned, by_series)


def scored_windows(dataset: Dataset) -> dict[SplitName, IntArray]:
    """The windows of each split that are scored."""
    return {**dataset.starts, "train": _sample(dataset.starts["train"])}


def fit_facts(dataset: Dataset, fitted: Fitted) -> dict[str, Any]:
    """What `metrics.json` holds before anything is measured: the windows and the epochs."""
    facts: dict[str, Any] = {
        "windows": dataset.n_windows,
        "scored": {split: len(starts) for split, starts in scored_windows(dataset).items()},
        # Like the forecast, the median over the members.
        "epochs": median_low(len(history.rows) for history in fitted.histories),
        "best_epoch": median_low(history.best_epoch for history in fitted.histories),
        "metrics": {},
    }
    if dataset.preparation.config.model.scope == "each":
        facts["networks"] = _networks(fitted)
    return facts


def _sample(starts: IntArray) -> IntArray:
    """All windows, or an even sample of very many."""
    if len(starts) <= SCORED_TRAINING_WINDOWS:
        return starts
    return starts[np.linspace(0, len(starts) - 1, SCORED_TRAINING_WINDOWS).astype(np.int64)]


def _networks(fitted: Fitted) -> dict[str, Any]:
    """How the network of each series was fitted; of ensembles, each member of each."""
    histories = fitted.histories
    return {
        "series": [history.plan.series for history in histories],
        "seeds": [history.plan.seed for history in histories],
        "epochs": [len(history.rows) for history in histories],
        "best_epoch": [history.best_epoch for history in histories],
    }


def _members(
    dataset: Dataset, fitted: Fitted, scales: Scales, *, calibrated: bool
) -> dict[str, Any]:
    """How good the members of an ensemble are alone, and how far they lie apart.

    Of a calibrated run without what calibration changes: no member is calibrated alone.
    """
    preparation, histories = dataset.preparation, fitted.histories
    found: dict[str, Any] = {
        "seeds": list(preparation.config.seeds),
        "epochs": [len(history.rows) for history in histories],
        "best_epoch": [history.best_epoch for history in histories],
        "metrics": {},
        "metrics_scaled": {},
    }
    for split in JUDGED:
        scores, scaled = [], []
        for network in fitted.members:
            forecasts = forecast_windows(
                dataset.prepared, preparation, network, split=split, starts=dataset.starts[split]
            )
            # The baselines are the same for all.
            own, own_scaled = score_forecasts(
                replace(forecasts, baselines={}),
                scales,
                dataset.panel,
                preparation.config.evaluation.metrics,
            )
            left_out = CALIBRATED if calibrated else ()
            scores.append({k: v for k, v in own["model"].items() if k not in left_out})
            scaled.append(own_scaled)
        found["metrics"][split] = spread(scores)
        found["metrics_scaled"][split] = spread(scaled)
    return found


def judged_fit(fitted: Fitted) -> FitVerdict:
    """What the loss curves say."""
    return shared_verdict(
        [
            diverged_verdict(len(history.rows), history.best_epoch)
            if history.diverged
            else fit_verdict(history.rows, stopped_early=history.stopped == "early")
            for history in fitted.histories
        ]
    )


def _verdicts(
    metrics: dict[str, Any], test: WindowForecasts, fitted: Fitted, config: Config
) -> dict[str, Any]:
    against = baseline_verdict(metrics["metrics"]["test"], config=config)
    fit = judged_fit(fitted)
    echo = echo_check(test, lead=config.window.lead)
    return {
        "baseline": {"text": against.text, "beats": against.beats, "skill": against.skill},
        **interval_verdicts(metrics),
        "fit": {"text": fit.text, "kind": fit.kind},
        "echo": {"text": echo.text, "is_echo": echo.is_echo},
    }
