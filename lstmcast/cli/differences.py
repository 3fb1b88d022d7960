"""A comparison as text: the sentences, and the tables that they follow from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lstmcast.cli.conclusions import INDEPENDENCE, measure_of, verdicts_of
from lstmcast.cli.output import text_table, wrapped
from lstmcast.evaluation.comparison import Difference, PairDifference
from lstmcast.evaluation.comparison_verdict import ranges, spoken_p
from lstmcast.reporting.wording import UNDEFINED, count, format_number, listing, short_time
from lstmcast.runtime.comparing import Comparison, Pair


def comparison_text(comparison: Comparison, *, by_step: bool) -> str:
    """The verdicts, then the tables that they follow from."""
    verdicts = "\n".join(wrapped(text) for text in verdicts_of(comparison))
    blocks = [verdicts, _facts(comparison), _losses_table(comparison)]
    if len(comparison.shared.steps) > 1:
        table = _every_step if by_step else _step_ranges
        blocks += [table(comparison, pair) for pair in comparison.pairs]
    blocks.append("\n".join(wrapped(line) for line in _across_units(comparison)))
    return "\n\n".join(blocks)


def letter(which: int) -> str:
    """What the tables call a competitor."""
    return chr(ord("A") + which) if which < 26 else f"#{which + 1}"


def _facts(comparison: Comparison) -> str:
    """Who is who, and on which windows."""
    shared, origins = comparison.shared, comparison.shared.origin_times[comparison.windows]
    of_baselines = f"baseline of {comparison.kept[0].id}"
    rows = [
        (letter(i), each.name, of_baselines if each.kind == "baseline" else each.kind)
        for i, each in enumerate(comparison.competitors)
    ]
    steps = ranges(shared.steps)
    where = (
        f"{count(int(comparison.windows.sum()), 'window')} shared, from "
        f"{count(comparison.n_origins, 'origin')} ({short_time(origins.min())} to "
        f"{short_time(origins.max())}), step{'s' if len(shared.steps) > 1 else ''} {steps}."
    )
    if len(shared.targets) > 1:
        where += f" Targets: {listing(shared.targets)}."
    return f"{text_table(('', '', ''), rows).strip()}\n\n{wrapped(where)}"


def _losses_table(comparison: Comparison) -> str:
    """Every loss of every pair over the whole horizon."""
    interval = f"{100 * (1 - comparison.settings.level):.3g} % interval"
    headings = ("", "loss", "first", "second", "difference", interval, "p", "Holm p")
    rows = [
        (
            f"{letter(0)}, {letter(pair.other)}",
            measure_of(comparison, loss) + ("*" if loss == comparison.settings.loss else ""),
            *_cells(each.whole),
        )
        for pair in comparison.pairs
        for loss, each in pair.by_loss.items()
    ]
    return f"{text_table(headings, rows, right='llrrrrrr')}\n* decides"


def _every_step(comparison: Comparison, pair: Pair) -> str:
    interval = f"{100 * (1 - comparison.settings.level):.3g} % interval"
    headings = ("step", *_pair_headings(pair), interval, "p", "Holm p", "better")
    better = _better(comparison, pair)
    rows = [
        (str(number), *_cells(step), better[i])
        for i, (number, step) in enumerate(
            zip(comparison.shared.steps, _deciding(comparison, pair).steps, strict=True)
        )
    ]
    return f"{_step_title(comparison, pair)}\n{text_table(headings, rows, right='rrrrrrr')}"


def _step_ranges(comparison: Comparison, pair: Pair) -> str:
    """Steps in a row that come to the same, as one line."""
    headings = ("steps", *_pair_headings(pair), "largest Holm p", "better")
    steps, numbers = _deciding(comparison, pair).steps, comparison.shared.steps
    rows = []
    for low, high, better in _runs(_better(comparison, pair)):
        some = steps[low:high]
        p_values = [step.p_holm for step in some if step.p_holm is not None]
        first, second = (
            sum(values) / len(some)
            for values in zip(*((step.first, step.second) for step in some), strict=True)
        )
        amounts = (format_number(value) for value in (first, second, first - second))
        largest = _p_cell(max(p_values)) if p_values else UNDEFINED
        rows.append((ranges(numbers[low:high]), *amounts, largest, better))
    return f"{_step_title(comparison, pair)}\n{text_table(headings, rows, right='lrrrrl')}"


def _runs(values: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Equal values in a row: first place, place behind the last, value."""
    low = 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] != values[low]:
            yield low, i, values[low]
            low = i


def _step_title(comparison: Comparison, pair: Pair) -> str:
    name = comparison.competitors[pair.other].name
    return f"{measure_of(comparison, comparison.settings.loss)} by step, A and {name}"


def _pair_headings(pair: Pair) -> tuple[str, str, str]:
    return letter(0), letter(pair.other), f"{letter(0)} − {letter(pair.other)}"


def _deciding(comparison: Comparison, pair: Pair) -> PairDifference:
    return pair.by_loss[comparison.settings.loss]


def _better(comparison: Comparison, pair: Pair) -> list[str]:
    """The letter of the one that is surely better at each step."""
    found = [UNDEFINED] * len(comparison.shared.steps)
    for which, at in ((0, pair.decision.first_at), (pair.other, pair.decision.second_at)):
        for i in at:
            found[i] = letter(which)
    return found


def _cells(difference: Difference) -> tuple[str, ...]:
    numbers = (difference.first, difference.second, difference.size)
    interval = UNDEFINED
    if difference.interval is not None:
        interval = " to ".join(format_number(end, digits=3) for end in difference.interval)
    p = difference.test.p if difference.test else None
    return (*map(format_number, numbers), interval, _p_cell(p), _p_cell(difference.p_holm))


def _p_cell(p: float | None) -> str:
    return UNDEFINED if p is None else spoken_p(p).removeprefix("= ").replace("< ", "<")


def _across_units(comparison: Comparison) -> Iterator[str]:
    """What is known across seeds and folds, and why nothing is tested across windows."""
    level = comparison.settings.level
    for pair in comparison.pairs:
        name = f"{letter(0)} − {letter(pair.other)}"
        if pair.noise is not None:
            low, high = (format_number(end, digits=3) for end in pair.noise.interval)
            tests = f"p {spoken_p(pair.noise.p)}"
            if pair.noise.paired is not None:
                tests = _paired(pair.noise.paired.p_t, pair.noise.paired.p_wilcoxon)
            yield f"Over seeds, {name} is {low} to {high} ({100 * (1 - level):.3g} %): {tests}."
        if pair.folds is not None:
            tests = _paired(pair.folds.p_t, pair.folds.p_wilcoxon)
            difference = format_number(pair.folds.difference)
            yield f"Over {pair.folds.n} disjoint folds, {name} is {difference}: {tests}."
    yield INDEPENDENCE


def _paired(p_t: float | None, p_wilcoxon: float | None) -> str:
    named = (("paired t", p_t), ("Wilcoxon", p_wilcoxon))
    return ", ".join(f"{name} p {spoken_p(p)}" for name, p in named if p is not None) or "no test"
