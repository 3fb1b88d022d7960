"""How good an experiment is: every split forecast, scored, and judged in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.data.dataset import Dataset
from lstmcast.data.panel import IntArray
from lstmcast.data.splitting import SPLITS, SplitName
from lstmcast.evaluation.diagnostics import echo_check
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.verdicts import baseline_verdict, fit_verdict
from lstmcast.runtime.evaluating import forecast_windows, score_forecasts, training_scales
from lstmcast.runtime.network import Network

if TYPE_CHECKING:
    from lstmcast.training.fitting import History

# Training windows that are scored; beyond it an even sample stands for all.
SCORED_TRAINING_WINDOWS = 20_000


@dataclass(frozen=True)
class Measured:
    """The test forecasts and what `metrics.json` holds of all splits."""

    test: WindowForecasts
    metrics: dict[str, Any]
    verdicts: tuple[str, ...]


def measure(dataset: Dataset, network: Network, history: History) -> Measured:
    """Forecast the windows of every split and score them.

    Args:
        dataset: The splits.
        network: The one that the run will forecast with.
        history: How the fit went.
    """
    preparation, config = dataset.preparation, dataset.preparation.config
    scales = training_scales(dataset.prepared, dataset.splits)
    scored = {split: dataset.starts[split] for split in SPLITS}
    scored["train"] = _sample(scored["train"])
    metrics: dict[str, Any] = {
        "windows": {split: len(dataset.starts[split]) for split in SPLITS},
        "scored": {split: len(starts) for split, starts in scored.items()},
        "epochs": len(history.rows),
        "best_epoch": history.best_epoch,
        "metrics": {},
        "metrics_scaled": {},
        "scales": scales.to_json(),
    }

    def score(split: SplitName) -> WindowForecasts:
        forecasts = forecast_windows(
            dataset.prepared, preparation, network, split=split, starts=scored[split]
        )
        metrics["metrics"][split], metrics["metrics_scaled"][split] = score_forecasts(
            forecasts, scales, dataset.panel, config.evaluation.metrics
        )
        return forecasts

    # One split after the other, and only the forecasts of the last are kept.
    score("train")
    score("validation")
    test = score("test")
    metrics["verdicts"] = _verdicts(metrics, test, history, lead=config.window.lead)
    texts = (metrics["verdicts"][kind]["text"] for kind in ("baseline", "echo", "fit"))
    return Measured(test=test, metrics=metrics, verdicts=tuple(t for t in texts if t))


def _sample(starts: IntArray) -> IntArray:
    """All windows, or an even sample of very many."""
    if len(starts) <= SCORED_TRAINING_WINDOWS:
        return starts
    return starts[np.linspace(0, len(starts) - 1, SCORED_TRAINING_WINDOWS).astype(np.int64)]


def _verdicts(
    metrics: dict[str, Any], test: WindowForecasts, history: History, *, lead: int
) -> dict[str, Any]:
    against = baseline_verdict(metrics["metrics"]["test"])
    fit = fit_verdict(history.rows, stopped_early=history.stopped == "early")
    echo = echo_check(test, lead=lead)
    return {
        "baseline": {"text": against.text, "beats": against.beats, "skill": against.skill},
        "fit": {"text": fit.text, "kind": fit.kind},
        "echo": {"text": echo.text, "is_echo": echo.is_echo},
    }
