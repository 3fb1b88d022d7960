from __future__ import annotations

from typing import Any

import pytest

from lstmcast.tuning.advisor import Advisor
from lstmcast.tuning.space import build_space
from tests.tuning.conftest import MakeConfig

SPACE: dict[str, Any] = {
    "model.units": [[2], [3, 4]],
    "model.bidirectional": [True, False],
    "model.l2": [0, 0.5],
    "training.batch_size": {"min": 8, "max": 32, "step": 8},
    "training.clipnorm": {"min": 0.5, "max": 1.1, "step": 0.2},
    "training.learning_rate": {"min": 1e-4, "max": 1e-2, "log": True},
}


def asked(advisor: Advisor, n_trials: int, *, first: int = 1) -> list[dict[str, Any]]:
    found = []
    for trial in range(first, first + n_trials):
        values = advisor.ask(trial)
        assert not isinstance(values, str)
        found.append(advisor.decode(values))
        advisor.tell(trial, "completed", float(trial))
    return found


def test_values_are_those_of_the_space(make_config: MakeConfig) -> None:
    space = build_space(make_config(space=SPACE, method="random"))
    for changes in asked(Advisor(space, max_trials=40), 30):
        assert changes["model.units"] in ([2], [3, 4])
        assert changes["model.bidirectional"] in (True, False)
        assert isinstance(changes["model.bidirectional"], bool)
        assert changes["model.l2"] in (0, 0.5)
        assert changes["training.batch_size"] in (8, 16, 24, 32)
        assert changes["training.clipnorm"] in (0.5, 0.7, 0.9, 1.1)
        assert 1e-4 <= changes["training.learning_rate"] <= 1e-2
        assert len(f"{changes['training.learning_rate']:.10g}".lstrip("0.")) <= 4
        assert space.config(changes).training.batch_size == changes["training.batch_size"]


def test_a_field_counts_only_where_its_condition_holds(make_config: MakeConfig) -> None:
    space = build_space(
        make_config(
            space={
                "model.type": ["lstm", "gru", "segment"],
                "model.segment": {"choice": [2, 5], "when": {"model.type": "segment"}},
                "model.bidirectional": {"choice": [True], "when": {"model.type": ["lstm", "gru"]}},
            },
            method="grid",
        )
    )
    advisor = Advisor(space, max_trials=40)
    found = []
    while not isinstance(values := advisor.ask(len(found) + 1), str):
        found.append(advisor.decode(values))
    assert sorted(tuple(sorted(map(str, each.values()))) for each in found) == [
        ("2", "segment"),
        ("5", "segment"),
        ("True", "gru"),
        ("True", "lstm"),
    ]
    assert values == "exhausted"


@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_asked_again_with_what_was_chosen_it_goes_on_the_same(
    make_config: MakeConfig, method: str
) -> None:
    space = build_space(make_config(space=SPACE, method=method))
    one = Advisor(space, max_trials=9)
    whole = [one.ask(1), one.tell(1, "completed", 2.0), one.ask(2), one.ask(3), one.ask(4)]
    other = Advisor(space, max_trials=9)
    first = whole[0]
    assert isinstance(first, dict)
    assert other.ask(1, recorded=first) == first
    other.tell(1, "completed", 2.0)
    assert [other.ask(2), other.ask(3), other.ask(4)] == whole[2:]


def test_a_search_that_learns_finds_the_better_end(make_config: MakeConfig) -> None:
    space = {"training.learning_rate": {"min": 1e-4, "max": 1e-2, "log": True}}
    advisor = Advisor(build_space(make_config(space=space)), max_trials=9)
    tried = []
    for trial in range(1, 9):
        values = advisor.ask(trial)
        assert not isinstance(values, str)
        rate = advisor.decode(values)["training.learning_rate"]
        tried.append(rate)
        advisor.tell(trial, "completed", rate)
    assert min(tried) == pytest.approx(1e-4, rel=0.05)


def test_failures_do_not_end_a_search(make_config: MakeConfig) -> None:
    advisor = Advisor(build_space(make_config(space=SPACE)), max_trials=12)
    for trial in range(1, 12):
        assert not isinstance(advisor.ask(trial), str)
        advisor.tell(trial, "failed", None)


def test_hyperband_spends_few_epochs_on_many(make_config: MakeConfig) -> None:
    space = build_space(make_config(space=SPACE, method="hyperband", epochs=9))
    advisor = Advisor(space, max_trials=100)
    epochs: list[int] = []
    while not isinstance(values := advisor.ask(len(epochs) + 1), str):
        epochs.append(advisor.decode(values)["training.epochs"])
        advisor.tell(len(epochs), "completed", float(len(epochs)))
    assert set(epochs) == {1, 3, 9}
    assert epochs.count(1) > epochs.count(9)
