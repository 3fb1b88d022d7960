"""What a comparison comes to: the sentences, what to keep in mind, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lstmcast.cli.output import show_path
from lstmcast.evaluation.comparison import Decision, Difference
from lstmcast.evaluation.comparison_verdict import Wording, comparison_verdict
from lstmcast.reporting.wording import count
from lstmcast.runtime.comparing import METRIC, Comparison, Pair
from lstmcast.runtime.shared_windows import Loss

# Fewer horizons than this of origins, and the tests see little.
_ENOUGH_HORIZONS = 10
INDEPENDENCE = (
    "Paired t and Wilcoxon tests need pairs that are independent: seeds, or disjoint folds. The "
    "errors of windows that overlap are not, so none is made across windows."
)


def verdicts_of(comparison: Comparison) -> list[str]:
    """A sentence for each pair."""
    loss = comparison.settings.loss
    return [
        comparison_verdict(
            pair.by_loss[loss],
            pair.decision,
            Wording(
                comparison.competitors[0].name,
                comparison.competitors[pair.other].name,
                measure_of(comparison, loss),
                comparison.shared.steps,
                comparison.settings.level,
            ),
            noise=pair.noise,
        )
        for pair in comparison.pairs
    ]


def measure_of(comparison: Comparison, loss: Loss) -> str:
    """What the mean of a loss is called."""
    if not comparison.shared.scaled:
        return {"absolute": "MAE", "squared": "MSE", "pinball": "pinball loss"}[loss]
    return {"absolute": "MASE", "squared": "scaled MSE", "pinball": "scaled pinball"}[loss]


def notes_of(comparison: Comparison) -> list[str]:
    """What to keep in mind when reading the result."""
    shared, notes = comparison.shared, []
    longest = int(shared.ahead.max())
    if comparison.n_origins < _ENOUGH_HORIZONS * longest:
        notes.append(
            f"{count(comparison.n_origins, 'origin')} are few for forecasts {longest} steps ahead: "
            "only large differences can be told from chance."
        )
    if comparison.gaps:
        notes.append(
            f"origins do not follow each other evenly ({count(comparison.gaps, 'gap')}); they are "
            "taken as if they did."
        )
    left_out = int((~comparison.windows).sum())
    if left_out:
        notes.append(f"{count(left_out, 'shared window')} left out: not all have a forecast there.")
    if shared.repeated:
        notes.append(f"{count(shared.repeated, 'window')} left out that occur more than once.")
    if comparison.settings.seeds and all(each.kind != "seeds" for each in comparison.competitors):
        notes.append("--seeds: no two of the runs have configs that differ by their seed alone.")
    trained = [each for each in comparison.competitors if each.kind != "baseline"]
    if trained and all(pair.noise is None for pair in comparison.pairs):
        notes.append(
            "networks of one seed each: how far another seed would move this is not known. Train "
            "with training.seeds, or give runs of other seeds with --seeds."
        )
    return notes


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """As plain JSON values."""
    shared, settings = comparison.shared, comparison.settings
    origins = shared.origin_times[comparison.windows]
    return {
        "loss": settings.loss,
        "level": settings.level,
        "scaled": shared.scaled,
        "windows": {
            "shared": int(comparison.windows.sum()),
            "origins": comparison.n_origins,
            "first_origin": str(origins.min()),
            "last_origin": str(origins.max()),
            "steps": list(shared.steps),
            "targets": list(shared.targets),
            "series": sorted(set(shared.series[comparison.windows].tolist()) - {""}),
        },
        "competitors": [
            {
                "name": each.name,
                "kind": each.kind,
                "sources": [show_path(comparison.kept[source].path) for source in each.sources],
                "seeds": [comparison.kept[source].config.seed for source in each.sources]
                if each.kind != "baseline"
                else [],
            }
            for each in comparison.competitors
        ],
        "pairs": [
            _pair_json(comparison, pair, text)
            for pair, text in zip(comparison.pairs, verdicts_of(comparison), strict=True)
        ],
        "independence": INDEPENDENCE,
        "notes": notes_of(comparison),
    }


def _pair_json(comparison: Comparison, pair: Pair, text: str) -> dict[str, Any]:
    steps = comparison.shared.steps
    return {
        "first": comparison.competitors[0].name,
        "second": comparison.competitors[pair.other].name,
        "verdict": {"text": text, **_decision_json(pair.decision, steps)},
        "losses": {
            loss: {
                "metric": METRIC[loss],
                **_difference_json(each.whole),
                "by_step": [
                    {"step": number, **_difference_json(step)}
                    for number, step in zip(steps, each.steps, strict=True)
                ],
            }
            for loss, each in pair.by_loss.items()
        },
        "seeds": None if pair.noise is None else asdict(pair.noise),
        "folds": None if pair.folds is None else asdict(pair.folds),
    }


def _decision_json(decision: Decision, steps: Sequence[int]) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "first_better_at": [steps[i] for i in decision.first_at],
        "second_better_at": [steps[i] for i in decision.second_at],
    }


def _difference_json(difference: Difference) -> dict[str, Any]:
    test = difference.test
    return {
        "first": difference.first,
        "second": difference.second,
        "difference": difference.size,
        "interval": difference.interval,
        "statistic": test.statistic if test else None,
        "freedom": test.freedom if test else None,
        "p": test.p if test else None,
        "p_holm": difference.p_holm,
        "diebold_mariano": asdict(difference.textbook) if difference.textbook else None,
    }
