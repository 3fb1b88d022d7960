"""The classes of many windows of a panel, and their scores, without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.config.schema import BaselineName
from lstmcast.data.class_windows import UNKNOWN, class_counts, classes_between, window_classes
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import origins, target_rows
from lstmcast.evaluation.baselines import baseline_forecasts
from lstmcast.evaluation.class_metrics import score_classes
from lstmcast.evaluation.class_verdict import class_verdict
from lstmcast.evaluation.classes import ClassForecasts, Guess
from lstmcast.evaluation.forecasts import StepsAhead
from lstmcast.runtime.kept_metrics import kept_priors
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import BATCH, window_inputs
from lstmcast.runtime.unseen import unseen_windows

if TYPE_CHECKING:
    from lstmcast.runtime.bundle import Bundle


def window_probabilities(
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray
) -> FloatArray:
    """The probability of each class at the target steps of some windows.

    Args:
        network: From inputs to logarithms of probabilities.
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`.

    Returns:
        float64, `(n_windows, horizon, n_classes)`, which add up to 1.
    """
    horizon = preparation.config.window.horizon
    found = np.empty((len(starts), horizon, len(preparation.classes)))
    for first in range(0, len(starts), BATCH):
        batch = starts[first : first + BATCH]
        outputs = network(window_inputs(prepared, preparation, batch))
        found[first : first + BATCH] = probabilities_of(outputs[:, :, 0].astype(np.float64))
    return found


def probabilities_of(logarithms: FloatArray, *, temperature: float = 1.0) -> FloatArray:
    """Probabilities of logarithms of them, `(…, C)`, that need not add up to 1.

    Those of an ensemble, medians over its members, do not quite.

    Args:
        logarithms: float64, `(…, C)`.
        temperature: Below 1 what is probable becomes more so; above, less.
    """
    scaled = logarithms / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Priors:
    """How often each class came in training; kept in `metrics.json`.

    Attributes:
        shares: float64, `(H, C)`, of the targets of the training windows, by step.
    """

    shares: FloatArray

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"shares": self.shares.tolist()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Priors:
        """The inverse of `to_json`."""
        return cls(np.array(values["shares"], dtype=np.float64))


def training_priors(prepared: Prepared, preparation: Preparation, starts: IntArray) -> Priors:
    """How often each class came at each step of the training windows.

    Args:
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`, the windows that were trained on.
    """
    true, n_classes = window_classes(prepared, preparation, starts), len(preparation.classes)
    counts = np.array([class_counts(step, n_classes) for step in true.T])
    return Priors(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def classify_windows(
    prepared: Prepared,
    preparation: Preparation,
    network: Network,
    *,
    split: str,
    starts: IntArray,
    priors: Priors,
) -> ClassForecasts:
    """Classify windows of a panel, beside what came true and the baselines.

    Args:
        prepared: The panel, made ready.
        preparation: What was fitted.
        network: From inputs to outputs.
        split: Name to give the result.
        starts: int64, `(n_windows,)`, whose targets were all observed.
        priors: Of training.
    """
    panel, window = prepared.panel, preparation.config.window
    ahead = starts + window.lookback + window.lead
    baselines = preparation.config.evaluation.baselines
    return ClassForecasts(
        split=split,
        starts=starts,
        series=panel.series_of_row[starts],
        origin_times=panel.times[origins(starts, window)],
        times=StepsAhead(panel.times, ahead, window.horizon),
        y_true=window_classes(prepared, preparation, starts),
        probabilities=window_probabilities(network, prepared, preparation, starts),
        baselines={
            name: _guess(name, prepared, preparation, starts, priors=priors) for name in baselines
        },
        target=panel.schema.targets[0],
        classes=preparation.classes,
        series_names=panel.series,
    )


def _guess(
    name: BaselineName,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    priors: Priors,
) -> Guess:
    """What a baseline says of some windows."""
    shape = (len(starts), *priors.shares.shape)
    shares = np.broadcast_to(priors.shares, shape)
    most = np.broadcast_to(priors.shares.argmax(axis=1), shape[:2])
    if name == "majority":
        return Guess(most, shares)
    last = _last_classes(prepared, preparation, starts)
    return Guess(np.where(last == UNKNOWN, most, last))


def _last_classes(prepared: Prepared, preparation: Preparation, starts: IntArray) -> IntArray:
    """The last class known at the origin, int64 `(W, H)`; `UNKNOWN` where there was none.

    Of a direction over some steps it is that over as many steps up to the origin.
    """
    panel, window = prepared.panel, preparation.config.window
    told_by = prepared.arrays.classes
    if told_by is not None and told_by.threshold is None:
        naive = baseline_forecasts(
            ["naive"],
            prepared.actual,
            offsets=panel.offsets,
            starts=starts,
            window=window,
            season_length=panel.schema.season_length,
        )["naive"]
        return np.nan_to_num(naive[..., 0], nan=UNKNOWN).astype(np.int64)
    now = origins(starts, window)[:, None]
    before = 2 * now - target_rows(starts, window)
    first = panel.offsets[panel.series_of_row[starts]][:, None]
    found = classes_between(prepared, np.maximum(before, 0), np.broadcast_to(now, before.shape))
    return np.where(before >= first, found, UNKNOWN)


def evaluate_classes(bundle: Bundle, panel: Panel, network: Network) -> dict[str, Any]:
    """Measure a run on new data, as `evaluate_panel` does.

    Args:
        bundle: The run.
        panel: The new data, of the run's schema.
        network: From inputs to outputs.

    Returns:
        `windows` and `metrics` of the split `test`, and `verdicts`.

    Raises:
        DataError: If values are missing and the config has no strategy for them.
        TooShortError: If there is no window after the validation period of training.
    """
    preparation = bundle.preparation
    config = preparation.config
    prepared, starts = unseen_windows(panel, preparation)
    forecasts = classify_windows(
        prepared,
        preparation,
        network,
        split="test",
        starts=starts,
        priors=Priors.from_json(kept_priors(bundle)),
    )
    scores = score_classes(forecasts, config.evaluation.metrics)
    verdict = class_verdict(scores)
    return {
        "windows": {"test": len(starts)},
        "metrics": {"test": scores},
        "verdicts": {
            "baseline": {"text": verdict.text, "beats": verdict.beats, "skill": verdict.skill},
        },
    }
