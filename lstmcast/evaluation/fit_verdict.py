"""What the loss curves of a fit mean, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from lstmcast.data.panel import FloatArray

_MIN_EPOCHS = 5
_SMOOTHING = 5
# A change of the loss that is worth a sentence, relative to the loss itself.
_NOTABLE_RISE, _NOTABLE_FALL = 0.05, 0.01


class EpochRow(Protocol):
    """The losses after one epoch."""

    @property
    def epoch(self) -> int:
        """Number of the epoch, as the user sees it."""

    @property
    def loss(self) -> float:
        """On the training windows."""

    @property
    def val_loss(self) -> float | None:
        """On the validation windows; None or NaN without a validation split."""


@dataclass(frozen=True)
class FitVerdict:
    """What the loss curves say.

    Attributes:
        text: What they show and what to change.
        kind: The same as one word, for scripts.
        epoch: The epoch from which it holds: the last good one of an overfit, the first of a
            plateau; None for the other kinds.
    """

    text: str
    kind: Literal[
        "no_validation", "too_short", "improving", "levelled_off", "overfitting", "diverged"
    ]
    epoch: int | None = None


def fit_verdict(history: Sequence[EpochRow], *, stopped_early: bool) -> FitVerdict:
    """Judge the fit by its loss curves.

    The curves are smoothed by a running median and a change counts only where it exceeds the noise
    about it, so that a single bad epoch decides nothing.

    Args:
        history: One row for each epoch, in order.
        stopped_early: Whether early stopping ended the training.
    """
    judged = [row for row in history if math.isfinite(_or_nan(row.val_loss))]
    if not judged:
        return FitVerdict(
            "There is no validation split, so the loss curves cannot show overfitting: give "
            "`split.validation` some rows to judge the fit and to stop early.",
            "no_validation",
        )
    if len(judged) < _MIN_EPOCHS:
        return FitVerdict(
            f"The training ended after epoch {judged[-1].epoch}, too early to judge the fit: raise "
            "`training.epochs`.",
            "too_short",
        )
    validation = np.array([row.val_loss for row in judged], dtype=np.float64)
    best = _overfits_since(np.array([row.loss for row in judged]), validation)
    if best is not None:
        return _overfitting(judged[best].epoch, validation, best)
    if not stopped_early and _still_falls(validation):
        return FitVerdict(
            f"The validation loss was still improving when the training stopped at epoch "
            f"{judged[-1].epoch}: raise `training.epochs` or `training.learning_rate`.",
            "improving",
        )
    gained = validation.min() < (1 - _NOTABLE_RISE) * validation[0]
    # Where the plateau begins within the noise of the first epoch, the best one says more.
    start = _plateau_start(validation) or int(np.argmin(validation))
    return _levelled_off(judged[start].epoch, gained=bool(gained))


def diverged_verdict(epochs: int, best_epoch: int) -> FitVerdict:
    """The verdict on a fit that diverged after some epochs, whose best weights were kept."""
    return FitVerdict(
        f"The training diverged after epoch {epochs}; these are the weights of epoch {best_epoch}. "
        "Lower `training.learning_rate`, or clip gradients (`training.clipnorm`), and train again.",
        "diverged",
        best_epoch,
    )


def shared_verdict(verdicts: Sequence[FitVerdict]) -> FitVerdict:
    """The verdict on several networks: the one that most of them share.

    Its sentence is that of the first of these, and says how many there are.

    Args:
        verdicts: Of each network's fit.
    """
    kinds = [verdict.kind for verdict in verdicts]
    chosen = max(verdicts, key=lambda verdict: kinds.count(verdict.kind))
    if len(verdicts) == 1:
        return chosen
    same, all_ = kinds.count(chosen.kind), len(verdicts)
    which = f"all {all_} networks" if same == all_ else f"{same} of the {all_} networks"
    first = "" if chosen.epoch is None else "; the epoch is that of the first of them"
    return replace(chosen, text=f"{chosen.text} So it is for {which}{first}.")


def _overfitting(epoch: int, validation: FloatArray, best: int) -> FitVerdict:
    smooth = _smoothed(validation)
    rise = 100 * (smooth[-1] / smooth[best] - 1)
    return FitVerdict(
        f"The model overfits since epoch {epoch}: from there the validation loss rose by "
        f"{rise:.0f} % while the training loss fell. Raise `model.dropout` or `model.l2`, use "
        "fewer `model.units`, or give it more training rows.",
        "overfitting",
        epoch,
    )


def _levelled_off(epoch: int, *, gained: bool) -> FitVerdict:
    if not gained:
        text = (
            "The validation loss was as good after the first epoch as later: longer training will "
            "not help. For a better fit try a lower `training.learning_rate`, or covariates that "
            "say more about the target."
        )
    else:
        text = (
            f"The validation loss levelled off at about epoch {epoch}: longer training will not "
            "help. For a better fit try larger `model.units`, a longer `window.lookback` or more "
            "covariates."
        )
    return FitVerdict(text, "levelled_off", epoch)


def _overfits_since(loss: FloatArray, validation: FloatArray) -> int | None:
    """Index of the best epoch, if validation rose after it while the training loss fell."""
    smooth, training = _smoothed(validation), _smoothed(loss)
    best = int(np.argmin(smooth))
    rise = smooth[-1] - smooth[best]
    notable = max(_NOTABLE_RISE * abs(smooth[best]), 3 * _noise(validation))
    return best if rise > notable and training[-1] < training[best] else None


def _still_falls(validation: FloatArray) -> bool:
    """Whether the last quarter of the epochs is notably better than the one before."""
    quarter = max(2, len(validation) // 4)
    before, last = np.median(validation[-2 * quarter : -quarter]), np.median(validation[-quarter:])
    # The standard error of a median is 1.25 s/√n; twice that of a difference is 3.5 s/√n.
    doubt = 3.5 * _noise(validation) / math.sqrt(quarter)
    return bool(before - last > max(_NOTABLE_FALL * abs(last), doubt))


def _plateau_start(validation: FloatArray) -> int:
    """Index of the first epoch as good as the last quarter of them, but for noise."""
    smooth = _smoothed(validation)
    level = np.median(smooth[-max(2, len(smooth) // 4) :])
    return int(np.argmax(smooth <= level + max(_NOTABLE_RISE * abs(level), 2 * _noise(validation))))


def _smoothed(curve: FloatArray) -> FloatArray:
    """Centred running median, over fewer epochs at the ends."""
    half = _SMOOTHING // 2
    return np.array([np.median(curve[max(0, i - half) : i + half + 1]) for i in range(len(curve))])


def _noise(curve: FloatArray) -> float:
    """Standard deviation of the curve about its trend, from its second differences.

    Those of a locally straight line are zero, those of noise have variance 6s² (Gasser, Sroka &
    Jennen-Steinmetz 1986, Biometrika 73(3)); 1.4826 times the median size is robust to outliers.
    """
    return float(1.4826 * np.median(np.abs(np.diff(curve, n=2))) / math.sqrt(6))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
