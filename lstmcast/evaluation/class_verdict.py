"""What the metrics of classes mean, in a sentence: whether the model beats the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstmcast.evaluation.verdicts import BaselineVerdict

# Tried in this order; of the first, more is better.
_JUDGES = ("accuracy", "log_loss")
_SPOKEN = {"majority": "the majority class", "last": "the last class"}


def class_verdict(
    scores: Mapping[str, Mapping[str, Any]], *, split: str = "test"
) -> BaselineVerdict:
    """Say whether the model beats the best baseline, by how many classes it names rightly.

    Where the log loss says the opposite, the text names that too.

    Args:
        scores: What `score_classes` returned.
        split: Name of the split, for the text.

    Returns:
        The verdict; its skill is 1 - share of wrong classes / that of the best baseline.
    """
    found = {name: _values(scores, name) for name in _JUDGES}
    model, others = found["accuracy"]
    if model is None or not others:
        return BaselineVerdict(_nothing(scores, split), beats=None)
    best = max(others, key=lambda name: others[name])
    beats, limit = model > others[best], others[best]
    skill = 1 - (1 - model) / (1 - limit) if limit < 1 else None
    numbers = f"accuracy {_percent(model)} against {_percent(limit)}"
    if best != "majority" and "majority" in others:
        numbers += f", and {_percent(others['majority'])} of the majority class"
    text = _sentence(split, best, numbers, model - limit)
    text += _second_opinion(found["log_loss"], beats)
    return BaselineVerdict(text, beats, best, skill, "accuracy")


def _values(
    scores: Mapping[str, Mapping[str, Any]], metric: str
) -> tuple[float | None, dict[str, float]]:
    """The metric of the model, and of the baselines that have it."""
    known = {
        name: float(values[metric])
        for name, values in scores.items()
        if values.get(metric) is not None
    }
    return known.pop("model", None), known


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _sentence(split: str, best: str, numbers: str, ahead: float) -> str:
    """The headline, by how far the model is ahead of the best baseline."""
    named = _SPOKEN.get(best, best)
    if ahead > 0:
        return f"On the {split} split the model beats the best baseline, {named} ({numbers})."
    outcome = "only equals the best baseline," if ahead == 0 else "is worse than"
    return (
        f"On the {split} split the model {outcome} {named} ({numbers}): use that baseline, or give "
        "the model more to go on, such as a longer `window.lookback`, covariates or calendar "
        "features."
    )


def _second_opinion(log_loss: tuple[float | None, dict[str, float]], beats: bool) -> str:
    """What the probabilities say, where that is something else."""
    model, others = log_loss
    if model is None or not others:
        return ""
    best = min(others, key=lambda name: others[name])
    if (model < others[best]) == beats:
        return ""
    better = "better" if model < others[best] else "no better"
    return (
        f" The log loss disagrees: by its probabilities the model is {better} than "
        f"{_SPOKEN.get(best, best)} ({model:.4g} against {others[best]:.4g})."
    )


def _nothing(scores: Mapping[str, Mapping[str, Any]], split: str) -> str:
    if len(scores) < 2:
        return (
            "No baseline was computed, so nothing says whether the model is worth having: name one "
            "in `evaluation.baselines`."
        )
    return (
        f"The {split} split gives nothing to compare with the baselines: it needs windows "
        "(`lstmcast validate` counts them) and accuracy in `evaluation.metrics`."
    )
