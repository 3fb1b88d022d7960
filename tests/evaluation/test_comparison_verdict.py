from __future__ import annotations

import pytest

from lstmcast.evaluation.comparison import Decision, Difference, PairDifference
from lstmcast.evaluation.comparison_verdict import (
    Wording,
    comparison_verdict,
    ranges,
    spoken_p,
)
from lstmcast.evaluation.seeds import SeedNoise

WORDING = Wording("one", "two", "MAE", range(1, 13), 0.05)


def text_of(outcome, *, first_at=(), second_at=(), sizes=(1.0, 2.0), noise=None, wording=WORDING):
    whole = Difference(*sizes, None, None, None, p_holm=0.0123)
    decision = Decision(outcome, tuple(first_at), tuple(second_at))
    return comparison_verdict(PairDifference(whole, ()), decision, wording, noise=noise)


@pytest.mark.parametrize(
    ("first_at", "second_at", "where"),
    [
        (range(12), (), "at every step (1–12):"),
        (range(6), (), "at steps 1–6; beyond, the data cannot tell them apart:"),
        ((0, 3, 4), (), "at steps 1, 4–5; at the others, the data cannot tell them apart:"),
        ((0,), (11,), "at step 1, while two is at step 12; at the others, the data cannot tell"),
        ((), (), "over the 12 steps together, though at no single one for sure:"),
    ],
)
def test_the_sentence_says_at_which_steps(first_at, second_at, where):
    text = text_of("better", first_at=first_at, second_at=second_at)
    assert text.startswith(f"one is better than two {where}")
    assert text.endswith("MAE over all 12 steps 1.000 against 2.000, 50 % less, p = 0.012.")


def test_the_second_may_be_the_better_one():
    text = text_of("worse", sizes=(2.0, 1.0), second_at=range(3))
    assert text.startswith("two is better than one at steps 1–3; beyond")


def test_one_step_needs_no_number():
    wording = Wording("one", "two", "MSE", [1], 0.05)
    text = text_of("better", first_at=[0], wording=wording)
    assert text == "one is better than two: MSE 1.000 against 2.000, 50 % less, p = 0.012."


def test_what_is_not_decided_is_said_so():
    assert (
        text_of("undecided")
        == "The data cannot tell one and two apart: MAE 1.000 against 2.000, p = 0.012."
    )
    crossing = text_of("undecided", first_at=range(2), second_at=[11])
    assert "but one is better at steps 1–2 and two is better at step 12." in crossing
    assert "the same losses" in text_of("same")


def test_a_win_inside_seed_noise_is_called_that():
    text = text_of("seed_noise", noise=SeedNoise(-1, (-1.5, 0.25), 0.4, borrowed=True))
    assert "but inside seed noise: other seeds alone put the difference anywhere" in text
    assert "from −1.500 to 0.2500 (95 %, p = 0.40, the model of one seed" in text


def test_numbers_in_a_row_become_ranges():
    assert ranges([1, 2, 3, 5, 7, 8]) == "1–3, 5, 7–8"
    assert [spoken_p(p) for p in (0.00001, 0.0456, 0.5)] == ["< 0.001", "= 0.046", "= 0.50"]
