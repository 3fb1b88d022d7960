from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from lstmcast.errors import ConfigError, DataError, ResourceError
from lstmcast.execution.work import Outcome
from lstmcast.tuning import search as searching
from lstmcast.tuning.journal import Asked, Journal, set_aside
from lstmcast.tuning.search import Found, search, search_directory
from lstmcast.tuning.trial import Item, Trial
from tests.tuning.conftest import MakeConfig, worked_out

METHODS = ("random", "bayesian", "grid", "hyperband")


class Side:
    """Runs several items at once, the last taken ended first."""

    n_workers = 3

    def run(self, work: Any, shared: Any, items: Iterable[Item | None]) -> Iterator[Outcome]:
        taken: list[Item] = []
        source = iter(items)
        exhausted = False
        while True:
            while not exhausted and len(taken) < self.n_workers:
                item = next(source, "end")
                if item == "end":
                    exhausted = True
                elif item is None:
                    assert taken, "told to wait while nothing runs"
                    break
                else:
                    taken.append(item)
            if not taken:
                return
            item = taken.pop()
            yield Outcome(item, work(shared, item))


def told(found: Found) -> dict[int, tuple[float | None, dict[str, Any]]]:
    return {n: (trial.score, dict(found.changes[n])) for n, trial in found.trials.items()}


@pytest.mark.parametrize("method", METHODS)
def test_the_cap_holds_and_the_first_trial_is_the_config(
    make_config: MakeConfig, quick: list[int], method: str
) -> None:
    space = {"model.units": [[2], [3]], "training.learning_rate": [0.001, 0.002, 0.003]}
    found = search(make_config(space=space, method=method, trials=5))
    assert sorted(found.trials) == list(range(5))
    assert found.changes[0] == {}
    assert quick == sorted(quick)
    best = min(found.trials.values(), key=lambda trial: trial.score or 99)
    assert found.best == best


def test_a_grid_tries_everything_once_and_ends(make_config: MakeConfig, quick: list[int]) -> None:
    space = {
        "model.units": [[2], [4]],
        "training.learning_rate": {"min": 0.1, "max": 0.3, "step": 0.1},
    }
    found = search(make_config(space=space, method="grid", trials=50))
    tried = [tuple(map(str, changes.values())) for changes in list(found.changes.values())[1:]]
    assert len(tried) == len(set(tried)) == 6


@pytest.mark.parametrize("method", ["random", "grid"])
def test_the_same_seed_gives_the_same_trials_on_any_executor(
    make_config: MakeConfig, quick: list[int], method: str
) -> None:
    config = make_config(method=method, trials=9)
    one = search(config)
    set_aside(search_directory(config))
    several = search(config, executor=Side())
    assert told(several) == told(one)


def test_another_seed_gives_other_trials(make_config: MakeConfig, quick: list[int]) -> None:
    one = make_config(method="random", trials=4)
    other = one.model_copy(update={"seed": 8, "name": "other"})
    assert told(search(one)) != told(search(other))


class Killed(BaseException):
    """Stands for SIGKILL: nothing that runs then can catch it."""


@pytest.mark.parametrize("method", METHODS)
def test_killed_at_any_write_it_goes_on_to_the_same_end(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    ended: list[int] = []

    def work(material: object, item: Item) -> Trial:
        return worked_out(material, item)

    monkeypatch.setattr(searching, "run_trial", work)
    config = make_config(method=method, trials=4)
    whole = search(config.model_copy(update={"name": "whole"}))
    add = Journal.add
    budget = [0]

    def dying(self: Journal, event: Asked | Trial) -> None:
        if budget[0] == 0:
            raise Killed
        budget[0] -= 1
        add(self, event)
        if isinstance(event, Trial):
            ended.append(event.number)

    monkeypatch.setattr(Journal, "add", dying)
    kills = 0
    while True:
        budget[0] = 1
        try:
            found = search(config)
            break
        except Killed:
            kills += 1
    assert kills == 7  # before each line but the first: two for each of four trials
    assert sorted(ended) == list(range(4))  # none was lost, none was run again
    assert told(found) == told(whole)


def test_a_finished_search_runs_nothing_again_and_more_trials_go_on(
    make_config: MakeConfig, quick: list[int]
) -> None:
    first = search(make_config(trials=4))
    again = search(make_config(trials=4))
    assert told(again) == told(first)
    assert quick == [0, 1, 2, 3]
    more = search(make_config(trials=6))
    assert quick == [0, 1, 2, 3, 4, 5]
    assert {n: told(more)[n] for n in range(4)} == told(first)


def test_another_space_is_refused(make_config: MakeConfig, quick: list[int]) -> None:
    search(make_config(trials=2))
    with pytest.raises(ConfigError, match=r"differs in tune\.space"):
        search(make_config(trials=2, space={"model.units": [[2], [5]]}))


def test_a_trial_that_fails_is_recorded_and_the_search_goes_on(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(material: Any, item: Item) -> Trial:
        if item.number in (1, 2):
            raise MemoryError("too large") if item.number == 1 else ValueError("odd")
        return worked_out(material, item)

    monkeypatch.setattr(searching, "run_trial", work)
    found = search(make_config(trials=5))
    assert [t.status for t in found.trials.values()] == [
        "completed", "failed", "failed", "completed", "completed",
    ]  # fmt: skip
    assert found.trials[1].error == "MemoryError: too large"


def test_all_failing_is_an_error_with_the_first_reason(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(material: Any, item: Item) -> Trial:
        raise ValueError(f"no good {item.number}")

    monkeypatch.setattr(searching, "run_trial", work)
    found = search(make_config(trials=3))
    with pytest.raises(ResourceError, match=r"no trial of 3 .* trial 0: ValueError: no good 0"):
        _ = found.best


def test_values_that_do_not_go_together_fail_alone(
    make_config: MakeConfig, quick: list[int]
) -> None:
    space = {"training.schedule": ["cosine"], "training.reduce_lr": [{"factor": 0.5}]}
    found = search(make_config(space=space, trials=3, method="grid"))
    assert found.trials[1].status == "failed"
    assert "reduce_lr" in str(found.trials[1].error)
    assert quick == [0]


def test_what_was_tried_is_not_trained_again(make_config: MakeConfig, quick: list[int]) -> None:
    found = search(make_config(space={"model.units": [[3], [4]]}, method="grid", trials=9))
    assert [trial.same_as for trial in found.trials.values()] == [None, 0, None]
    assert found.trials[1].score == found.trials[0].score
    assert quick == [0, 2]


def test_time_that_is_up_begins_nothing(make_config: MakeConfig, quick: list[int]) -> None:
    found = search(make_config(trials=5, seconds=1e-9))
    assert not found.trials
    with pytest.raises(ResourceError, match=r"tune\.seconds"):
        _ = found.best


def test_hopeless_is_what_the_median_of_the_first_had_reached(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = {0: (5.0, 4.0, 3.0, 2.0), 1: (9.0, 9.5, 1.0), 2: (6.0, 7.0, 5.0, 4.0)}
    limits: dict[int, tuple[float, ...]] = {}

    def work(material: Any, item: Item) -> Trial:
        limits[item.number] = item.hopeless
        curve = curves.get(item.number, (1.0,))
        return Trial(item.number, "completed", score=float(item.number), curve=curve)

    monkeypatch.setattr(searching, "run_trial", work)
    pruning = {"first_trials": 3, "first_epochs": 2}
    search(make_config(trials=5, pruning=pruning), executor=Side())
    assert limits[0] == limits[1] == limits[2] == ()
    # Best so far: 5 4 3 2, 9 9 1 1, 6 6 5 4; the first epoch ends none.
    assert limits[3] == limits[4] == (np.inf, 6.0, 3.0, 2.0)


def test_a_pruned_trial_counts_as_the_worst(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: dict[int, tuple[str, float | None]] = {}

    class Advisor(searching.Advisor):
        def tell(self, trial: int, status: Any, score: float | None) -> None:
            heard[trial] = (status, score)
            super().tell(trial, status, score)

    def work(material: Any, item: Item) -> Trial:
        if item.number == 2:
            return Trial(2, "pruned", curve=(1.0,))
        return Trial(item.number, "completed", score=10.0 - item.number, curve=(1.0,))

    monkeypatch.setattr(searching, "Advisor", Advisor)
    monkeypatch.setattr(searching, "run_trial", work)
    search(make_config(trials=4))
    assert heard[2] == ("completed", 10.0)
    assert 0 not in heard  # the advisor did not choose it


def test_the_highest_r2_is_the_best(make_config: MakeConfig, quick: list[int]) -> None:
    found = search(make_config(trials=5, objective="r2", method="random"))
    assert found.best.score == max(trial.score or 0 for trial in found.trials.values())


def test_what_is_wrong_with_the_data_is_said_before_anything_is_written(
    make_config: MakeConfig, quick: list[int]
) -> None:
    config = make_config(trials=2)
    path = config.data.path
    assert isinstance(path, str)
    with open(path, "a", encoding="utf-8") as file:
        file.write("2024-06-09,\n2024-06-10,1.0\n")
    with pytest.raises(DataError, match="missing value"):
        search(config)
    assert not search_directory(config).exists()


def test_no_validation_rows_no_search(make_config: MakeConfig, quick: list[int]) -> None:
    split = {"train": 0.8, "validation": 0.0, "test": 0.2}
    config = make_config(trials=2)
    config = config.model_copy(update={"split": config.split.model_copy(update=split)})
    with pytest.raises(ConfigError, match="a search needs validation rows"):
        search(config)
