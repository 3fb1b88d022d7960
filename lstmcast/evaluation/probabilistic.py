"""Scores of whole distributions, where the network gives one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstmcast.data.panel import FloatArray
from lstmcast.evaluation.distributions import DISTRIBUTIONS
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.metrics import blocks


def distribution_crps(forecasts: WindowForecasts) -> FloatArray | None:
    """The closed-form continuous ranked probability score of each window, step and target.

    Returns:
        float64 `(W, H, T)`, in units of the target; None where no distribution is known.
    """
    if forecasts.parameters is None or forecasts.distribution is None:
        return None
    distribution = DISTRIBUTIONS[forecasts.distribution]
    values = np.empty(forecasts.y_pred.shape)
    for some in blocks(values):
        values[some] = distribution.crps(forecasts.parameters[some], forecasts.y_true[some])
    return values


def crps_scores(
    values: FloatArray, targets: Sequence[str], *, in_detail: bool = True
) -> dict[str, Any]:
    """The mean of some continuous ranked probability scores.

    Args:
        values: float64 `(W, H, T)`, of each window, step and target.
        targets: Names of the `T` targets.
        in_detail: Whether by step, and by target where there are several, too.

    Returns:
        `crps`, and `by_step` and `by_target` as `scoring.score` has them. JSON values: what is
        undefined, or has no window, is None.
    """
    scores: dict[str, Any] = {"crps": _mean(values)}
    if in_detail:
        n_steps = values.shape[1]
        scores["by_step"] = {"crps": [_mean(values[:, step]) for step in range(n_steps)]}
        if len(targets) > 1:
            scores["by_target"] = {
                target: {"crps": _mean(values[..., i])} for i, target in enumerate(targets)
            }
    return scores


def add_scores(scores: dict[str, Any], more: dict[str, Any]) -> None:
    """Put more metrics, such as `crps_scores`, among those of `scoring.score`."""
    for name, value in more.items():
        if name == "by_target":
            for target, own in value.items():
                scores[name][target].update(own)
        elif name == "by_step":
            scores[name].update(value)
        else:
            scores[name] = value


def _mean(values: FloatArray) -> float | None:
    if not values.size:
        return None
    mean = float(values.mean())
    return mean if math.isfinite(mean) else None
