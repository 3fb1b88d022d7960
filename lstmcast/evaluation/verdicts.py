"""What the errors mean beside those of the baselines, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lstmcast.config.schema import Config

# Tried in this order: the scale-free one first, then what an outlier moves least.
_JUDGES = ("mase", "mae", "rmse", "mse", "smape")


@dataclass(frozen=True)
class BaselineVerdict:
    """Whether the model is worth having.

    Attributes:
        text: One or two sentences for a reader.
        beats: Whether its error is below that of the best baseline; None where there is nothing to
            compare.
        best_baseline: Name of the baseline with the smallest error.
        skill: 1 - error of the model / error of that baseline; negative where the model is worse,
            None where the baseline has no error at all.
        metric: The metric that decided.
    """

    text: str
    beats: bool | None
    best_baseline: str | None = None
    skill: float | None = None
    metric: str | None = None


@dataclass(frozen=True)
class _Comparison:
    metric: str
    baseline: str
    model_error: float
    baseline_error: float

    @property
    def beats(self) -> bool:
        return self.model_error < self.baseline_error

    @property
    def skill(self) -> float | None:
        return 1 - self.model_error / self.baseline_error if self.baseline_error else None

    @property
    def margin(self) -> str:
        """By how much, as "by 3.1 %"."""
        if self.skill is None:
            return "by any measure"
        percent = 100 * abs(self.skill)
        return f"by {percent:,.1f} %" if percent >= 0.05 else "by less than 0.1 %"

    @property
    def evidence(self) -> str:
        model, baseline = spoken_error(self.model_error), spoken_error(self.baseline_error)
        return f"{self.metric.upper()} {model} against {baseline}"


def baseline_verdict(
    scores: Mapping[str, Mapping[str, Any]], *, config: Config | None = None, split: str = "test"
) -> BaselineVerdict:
    """Say whether the model beats the best baseline, and by how much.

    By MASE where it was computed, else by MAE, RMSE, MSE or sMAPE. Where RMSE says the opposite,
    the text names that too.

    Args:
        scores: What `score_split` returned.
        config: Of the model, so that a model that loses is told what may help it.
        split: Name of the split, for the text.
    """
    found = (_compare(scores, metric) for metric in _JUDGES)
    decided = next((comparison for comparison in found if comparison), None)
    if decided is None:
        return BaselineVerdict(_nothing_to_compare(scores, split), beats=None)
    by_rmse = _compare(scores, "rmse")
    text = _verdict_text(decided, split)
    if not decided.beats:
        text += f": {_remedies(config)}."
    if by_rmse and by_rmse.beats != decided.beats:
        better = "better" if by_rmse.beats else "no better"
        text += (
            f" RMSE disagrees: there the model is {better} than {_spoken(by_rmse.baseline)} "
            f"({spoken_error(by_rmse.model_error)} against {spoken_error(by_rmse.baseline_error)})."
        )
    return BaselineVerdict(text, decided.beats, decided.baseline, decided.skill, decided.metric)


def _compare(scores: Mapping[str, Mapping[str, Any]], metric: str) -> _Comparison | None:
    """The model against the baseline that is best by this metric; None where one lacks it."""
    errors = {
        name: values[metric] for name, values in scores.items() if values.get(metric) is not None
    }
    model = errors.pop("model", None)
    if model is None or not errors:
        return None
    best = min(errors, key=lambda name: errors[name])
    return _Comparison(metric, best, model, errors[best])


def spoken_error(error: float) -> str:
    """An error as in the tables: four digits, but none dropped before the point."""
    return f"{error:,.0f}" if error >= 1000 else f"{error:#.4g}".removesuffix(".")


def _nothing_to_compare(scores: Mapping[str, Mapping[str, Any]], split: str) -> str:
    if len(scores) < 2:
        return (
            "No baseline was computed, so nothing says whether the model is worth having: name one "
            "in `evaluation.baselines`."
        )
    return (
        f"The {split} split gives no error to compare with the baselines: it needs windows "
        f"(`lstmcast validate` counts them) and one of {', '.join(_JUDGES)} in "
        "`evaluation.metrics`."
    )


def _verdict_text(found: _Comparison, split: str) -> str:
    baseline = _spoken(found.baseline)
    if found.beats:
        return (
            f"On the {split} split the model beats the best baseline, {baseline}, {found.margin} "
            f"({found.evidence})."
        )
    if found.model_error == found.baseline_error:
        outcome = f"On the {split} split the model only equals the best baseline, {baseline}"
    else:
        outcome = f"On the {split} split the model is worse than {baseline} {found.margin}"
    return f"{outcome} ({found.evidence})"


def _remedies(config: Config | None) -> str:
    """What to do about a model that loses: nothing that its config has, or rules out."""
    if config is None:
        return "use that baseline"
    data, model = config.data, config.model
    ways = ["a longer `window.lookback`"]
    if not data.past_covariates and not data.future_covariates:
        ways.append("covariates")
    if not config.features.calendar:
        ways.append("calendar features")
    counts = config.output.type == "negative_binomial"
    if model.window_norm == "none" and data.missing.strategy != "mask" and not counts:
        ways.append("`model.window_norm: last`")
    if not model.linear_share and not counts:
        ways.append("`model.linear_share: 0.3`")
    *others, last = ways
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"use that baseline, or give the model more to go on, such as {listed}"


def _spoken(name: str) -> str:
    return name.replace("_", " ")
