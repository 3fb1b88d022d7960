"""Metrics of classes: overall, by step and by class, beside the baselines.

The formulas are scikit-learn's, but for the calibration error, which it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lstmcast.config.schema import MetricName
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.classes import ClassForecasts

# Parts of the range of probabilities, in the calibration error and its plot.
N_BINS = 10


@dataclass(frozen=True)
class _Named:
    """Classes that came true and that were named, flat int64 `(n,)`.

    Attributes:
        true: What came true.
        named: What was named.
        probabilities: float64 `(n, C)`, or None.
    """

    true: IntArray
    named: IntArray
    probabilities: FloatArray | None

    def scores(self, metrics: Sequence[MetricName], n_classes: int) -> dict[str, float | None]:
        """Each metric by name; None where it is undefined."""
        if not len(self.true):
            return dict.fromkeys(metrics)
        known = self._of_classes(n_classes) | self._of_probabilities(n_classes)
        return {name: known[name] for name in metrics}

    def _of_classes(self, n_classes: int) -> dict[str, float | None]:
        precision, recall, f1, support = by_class(self.true, self.named, n_classes)
        return {
            "accuracy": float(np.mean(self.true == self.named)),
            # As scikit-learn's `balanced_accuracy_score`, which warns of a class that never came.
            "balanced_accuracy": float(np.mean(recall[support > 0])),
            "precision": float(np.mean(precision)),
            "recall": float(np.mean(recall)),
            "f1": float(np.mean(f1)),
        }

    def _of_probabilities(self, n_classes: int) -> dict[str, float | None]:
        from sklearn.metrics import log_loss

        if self.probabilities is None:
            return {"log_loss": None, "calibration_error": None}
        labels = np.arange(n_classes)
        return {
            "log_loss": float(log_loss(self.true, self.probabilities, labels=labels)),
            "calibration_error": calibration_error(self.true, self.probabilities),
        }


def by_class(true: IntArray, named: IntArray, n_classes: int) -> tuple[FloatArray, ...]:
    """Precision, recall, F1 and how often each class came true, each `(n_classes,)`.

    What divides by zero is 0.
    """
    from sklearn.metrics import precision_recall_fscore_support

    found = precision_recall_fscore_support(
        true, named, labels=np.arange(n_classes), zero_division=0
    )
    return tuple(np.asarray(each, dtype=np.float64) for each in found)


class Bins(NamedTuple):
    """How often the class that was named came true, by its probability.

    Attributes:
        said: float64, `(n_bins,)`, mean probability, NaN where the bin is empty.
        came: float64, `(n_bins,)`, share that came true, NaN where the bin is empty.
        counts: int64, `(n_bins,)`.
    """

    said: FloatArray
    came: FloatArray
    counts: IntArray


def reliability(true: IntArray, probabilities: FloatArray) -> Bins:
    """How often the most probable class came true, by its probability.

    Args:
        true: int64, `(n,)`.
        probabilities: float64, `(n, C)`.
    """
    said = probabilities.max(axis=-1)
    came = probabilities.argmax(axis=-1) == true
    bins = np.minimum((said * N_BINS).astype(np.int64), N_BINS - 1)
    counts = np.bincount(bins, minlength=N_BINS)
    means = []
    for values in (said, came.astype(np.float64)):
        sums = np.bincount(bins, weights=values, minlength=N_BINS)
        means.append(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    return Bins(means[0], means[1], counts)


def calibration_error(true: IntArray, probabilities: FloatArray) -> float:
    """The expected calibration error of the most probable class.

    The mean of |share that came true - mean probability| over `N_BINS` equal parts of the range of
    probabilities, by how many there are in each: Guo et al. 2017, "On calibration of modern neural
    networks", equation 3.

    Args:
        true: int64, `(n,)`, not empty.
        probabilities: float64, `(n, C)`.
    """
    bins = reliability(true, probabilities)
    gaps = np.nan_to_num(np.abs(bins.came - bins.said))
    return float(np.sum(gaps * bins.counts) / bins.counts.sum())


def score_classes(
    forecasts: ClassForecasts, metrics: Sequence[MetricName]
) -> dict[str, dict[str, Any]]:
    """The metrics of the model and of each baseline on the same windows.

    Args:
        forecasts: Of one split.
        metrics: Which metrics.

    Returns:
        Under `model` and under the name of each baseline each metric by name and `by_step`, with a
        list of `H` values for each. Those of the model also hold `by_class`, with precision,
        recall, F1 and how often each class came true, and `confusion`: how often each class (rows)
        was named each (columns). JSON values: what is undefined is None.
    """
    said: dict[str, tuple[IntArray, FloatArray | None]]
    said = {"model": (forecasts.y_pred, forecasts.probabilities)}
    said |= {name: (each.classes, each.probabilities) for name, each in forecasts.baselines.items()}
    n_classes = len(forecasts.classes)
    scores = {
        name: _scores(forecasts.y_true, *each, metrics=metrics, n_classes=n_classes)
        for name, each in said.items()
    }
    if forecasts.n_windows:
        scores["model"] |= _details(forecasts)
    return scores


def _scores(
    true: IntArray,
    named: IntArray,
    probabilities: FloatArray | None,
    *,
    metrics: Sequence[MetricName],
    n_classes: int,
) -> dict[str, Any]:
    def of(steps: slice) -> dict[str, float | None]:
        known = None if probabilities is None else probabilities[:, steps].reshape(-1, n_classes)
        one = _Named(true[:, steps].ravel(), named[:, steps].ravel(), known)
        return one.scores(metrics, n_classes)

    steps = [of(slice(step, step + 1)) for step in range(true.shape[1])]
    by_step = {name: [step[name] for step in steps] for name in metrics}
    return {**of(slice(None)), "by_step": by_step}


def _details(forecasts: ClassForecasts) -> dict[str, Any]:
    from sklearn.metrics import confusion_matrix

    true, named = forecasts.y_true.ravel(), forecasts.y_pred.ravel()
    numbers = np.arange(len(forecasts.classes))
    precision, recall, f1, support = by_class(true, named, len(numbers))
    return {
        "by_class": {
            name: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, name in enumerate(forecasts.classes)
        },
        "confusion": confusion_matrix(true, named, labels=numbers).tolist(),
    }
