"""What a comparison came to, in a sentence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lstmcast.evaluation.comparison import Decision, Difference, PairDifference
from lstmcast.evaluation.seeds import SeedNoise
from lstmcast.evaluation.verdicts import spoken_error


@dataclass(frozen=True)
class Wording:
    """What a sentence calls things.

    Attributes:
        first: The one forecast.
        second: The other.
        measure: The mean loss, such as `MAE`.
        steps: Number of each step, in their order.
        level: Of the tests.
    """

    first: str
    second: str
    measure: str
    steps: Sequence[int]
    level: float


def comparison_verdict(
    pair: PairDifference, decision: Decision, wording: Wording, *, noise: SeedNoise | None = None
) -> str:
    """What can be said of two forecasts.

    Args:
        pair: Their differences, corrected for their number.
        decision: What `decide` made of these.
        wording: Names.
        noise: What it was given of the seeds.
    """
    if decision.outcome == "same":
        return f"{wording.first} and {wording.second} have the same losses, step by step."
    if decision.outcome == "undecided":
        return _undecided(pair.whole, decision, wording)
    first_wins = pair.whole.size < 0
    names = (wording.first, wording.second)
    winner, loser = names if first_wins else names[::-1]
    facts = _facts(pair.whole, wording)
    if decision.outcome == "seed_noise" and noise is not None:
        return (
            f"{winner} has the lower loss than {loser} on these windows ({facts}), but inside seed "
            f"noise: {_noise(noise, wording)}."
        )
    won, lost = decision.first_at, decision.second_at
    if not first_wins:
        won, lost = lost, won
    return f"{winner} is better than {loser}{_where(won, lost, loser, wording)}: {facts}."


def _undecided(whole: Difference, decision: Decision, wording: Wording) -> str:
    facts = f"{_amounts(whole, wording)}, {_p(whole.p_holm)}"
    text = f"The data cannot tell {wording.first} and {wording.second} apart"
    sides = ((wording.first, decision.first_at), (wording.second, decision.second_at))
    found = [f"{name} is better at {_steps(at, wording)}" for name, at in sides if at]
    if not found:
        return f"{text}: {facts}."
    return f"{text} over all {len(wording.steps)} steps ({facts}), but {' and '.join(found)}."


def _where(won: Sequence[int], lost: Sequence[int], loser: str, wording: Wording) -> str:
    """At which steps the winner is better, and what is known of the others."""
    n = len(wording.steps)
    if n == 1:
        return ""
    if not won:
        where = f" over the {n} steps together, though at no single one for sure"
    elif len(won) == n:
        return f" at every step ({ranges(wording.steps)})"
    else:
        where = f" at {_steps(won, wording)}"
    if lost:
        where += f", while {loser} is at {_steps(lost, wording)}"
    rest = n - len(won) - len(lost)
    if won and rest:
        suffix = not lost and tuple(won) == tuple(range(len(won)))
        where += f"; {'beyond' if suffix else 'at the others'}, the data cannot tell them apart"
    return where


def _facts(whole: Difference, wording: Wording) -> str:
    smaller, larger = sorted((whole.first, whole.second))
    share = f"{100 * (1 - smaller / larger):.3g} % less, " if larger > 0 else ""
    over = f" over all {len(wording.steps)} steps" if len(wording.steps) > 1 else ""
    return (
        f"{wording.measure}{over} {spoken_error(smaller)} against {spoken_error(larger)}, "
        f"{share}{_p(whole.p_holm)}"
    )


def _amounts(whole: Difference, wording: Wording) -> str:
    return f"{wording.measure} {spoken_error(whole.first)} against {spoken_error(whole.second)}"


def _noise(noise: SeedNoise, wording: Wording) -> str:
    low, high = (_signed(end) for end in noise.interval)
    borrowed = ", the model of one seed taken to vary as the other does" if noise.borrowed else ""
    return (
        f"other seeds alone put the difference anywhere from {low} to {high} "
        f"({100 * (1 - wording.level):.3g} %, {_p(noise.p)}{borrowed})"
    )


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else ''}{spoken_error(abs(value))}"


def _p(p: float | None) -> str:
    return f"p {spoken_p(p)}" if p is not None else "no test is possible"


def spoken_p(p: float) -> str:
    """Such as `= 0.034` or `< 0.001`."""
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.2f}" if p >= 0.1 else f"= {p:.3f}"


def _steps(at: Sequence[int], wording: Wording) -> str:
    numbers = [wording.steps[i] for i in at]
    return f"step{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"


def ranges(numbers: Sequence[int]) -> str:
    """Ascending whole numbers in short, such as `1–6, 9`."""
    runs = []
    for _, group in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        values = [value for _, value in group]
        runs.append(str(values[0]) if len(values) == 1 else f"{values[0]}–{values[-1]}")
    return ", ".join(runs)
