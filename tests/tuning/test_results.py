"""What a search leaves behind, of trials that were worked out and trainings that are told of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml

from lstmcast.config.loading import load_config
from lstmcast.config.schema import Config, Tune
from lstmcast.data.dataset import load_panel
from lstmcast.errors import ResourceError
from lstmcast.tuning import results
from lstmcast.tuning.results import best_config, finish, trials_frame, trials_json, write_trials
from lstmcast.tuning.search import Found, search_directory
from lstmcast.tuning.trial import Trial
from tests.runtime.fakes import build_dataset, write_run
from tests.tuning.conftest import MakeConfig
from tests.tuning.found import found_of

RATE, UNITS = "training.learning_rate", "model.units"
CHANGES: list[dict[str, Any]] = [
    {},
    {RATE: 0.002, UNITS: [4]},
    {RATE: 0.003, UNITS: [2]},
    {RATE: 0.002, UNITS: [4]},
    {RATE: 0.009, UNITS: [3]},
]
TRIALS: list[Trial | float] = [
    Trial(0, "completed", 5.0, (4.0, 6.0), (9.0, 8.0), (2, 3), 77, 1.5),
    Trial(1, "completed", 3.0, (3.0,), (7.0,), (4,), 88, 2.5),
    Trial(2, "failed", seconds=0.5, error="MemoryError: too large"),
    Trial(3, "completed", 3.0, (3.0,), (7.0,), (4,), 88, same_as=1),
    Trial(4, "pruned", curve=(9.0,), epochs=(1,), parameters=66, seconds=0.25),
]


@pytest.fixture
def found(make_config: MakeConfig) -> Found:
    return found_of(make_config(), CHANGES, TRIALS)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs are written without a network; the names of those that were."""
    names: list[str] = []

    def train(config: Config, *, frame: pd.DataFrame | None = None, progress: Any = None) -> Any:
        names.append(config.name)
        data = build_dataset(config, load_panel(config, frame=frame))
        run = write_run(data, Path(config.runs_dir), f"{config.name}-{len(names)}")
        return SimpleNamespace(path=run)

    monkeypatch.setattr(results, "train", train)
    # Nothing was measured.
    monkeypatch.setattr(results, "_scores", lambda runs: {name: {} for name in runs})
    return names


def test_a_row_tells_what_a_trial_changed_and_how_it_went(found: Found, tmp_path: Path) -> None:
    folder = tmp_path / "search"
    folder.mkdir()
    write_trials(found, folder)
    text = (folder / "trials.csv").read_text()
    assert text.splitlines()[0] == (
        "trial,status,validation_mae,model.units,training.learning_rate,"
        "epochs,parameters,seconds,same_as,error"
    )
    assert text.splitlines()[1:] == [
        "0,completed,5,,,5,77,1.5,,",
        "1,completed,3,[4],0.002,4,88,2.5,,",
        "2,failed,,[2],0.003,0,0,0.5,,MemoryError: too large",
        "3,completed,3,[4],0.002,4,88,0.0,1,",
        "4,pruned,,[3],0.009,1,66,0.25,,",
    ]
    assert list(folder.iterdir()) == [folder / "trials.csv"]


def test_what_only_some_trials_changed_has_a_column(make_config: MakeConfig) -> None:
    space = {UNITS: [[2], [3]]}
    found = found_of(make_config(space=space), [{}, {UNITS: [2], "seed": 4}], [1.5, 2.5])
    frame = trials_frame(found)
    assert frame.columns.tolist()[3:5] == [UNITS, "seed"]
    assert frame["seed"].isna().tolist() == [True, False]


def test_trials_are_plain_json(found: Found) -> None:
    rows = json.loads(json.dumps(trials_json(found), allow_nan=False))
    assert [row["changes"] for row in rows] == CHANGES
    assert rows[2]["error"] == "MemoryError: too large"
    assert rows[3]["same_as"] == 1
    assert rows[0]["scores"] == [4.0, 6.0]


def test_the_best_config_is_a_training_of_its_own(found: Found) -> None:
    best = best_config(found)
    assert best.name == f"{found.space.base.name}-best"
    assert best.tune == Tune()
    assert (best.training.learning_rate, best.model.units) == (0.002, [4])
    assert best.training.epochs == found.space.base.training.epochs


def test_the_name_of_the_best_config_is_no_longer_than_a_name_may_be(
    make_config: MakeConfig,
) -> None:
    config = make_config().model_copy(update={"name": "n" * 64})
    name = best_config(found_of(config, CHANGES[:2], TRIALS[:2])).name
    assert name == "n" * 59 + "-best"


@pytest.mark.usefixtures("undrawn")
def test_the_best_yaml_says_what_it_changed_and_loads_as_the_best(
    found: Found, trained: list[str]
) -> None:
    tuned = finish(found)
    path = search_directory(found.space.base) / "best.yaml"
    lines = path.read_text().splitlines()
    assert lines[:4] == [
        "# Trial 1 of 5: validation mae 3.",
        "# It changed:",
        "#   training.learning_rate: 0.002",
        "#   model.units: [4]",
    ]
    assert load_config(path).config == best_config(found) == tuned.best
    assert yaml.safe_load(path.read_text())["model"]["units"] == [4]


@pytest.mark.usefixtures("undrawn")
def test_the_result_holds_all_that_was_found(found: Found, trained: list[str]) -> None:
    tuned = finish(found)
    directory = search_directory(found.space.base)
    values = json.loads((directory / "result.json").read_text())
    assert values == json.loads(json.dumps(tuned.to_json()))
    assert values["objective"] == "mae"
    assert values["best"] == {
        "trial": 1,
        "score": 3.0,
        "changes": CHANGES[1],
        "config": str(directory / "best.yaml"),
    }
    assert values["importance"] == {}  # of three scores
    assert len(values["trials"]) == 5
    assert {name: Path(path).name for name, path in values["runs"].items()} == {
        "untuned": f"{found.space.base.name}-1",
        "best": f"{found.space.base.name}-best-2",
    }
    names = {path.name for path in directory.iterdir()}
    assert names == {"best.yaml", "trials.csv", "result.json", "plots"}


@pytest.mark.usefixtures("undrawn")
def test_what_is_trained_is_followed_by_its_name(found: Found, trained: list[str]) -> None:
    followed: list[str] = []

    @contextmanager
    def following(name: str) -> Iterator[None]:
        followed.append(name)
        yield None

    finish(found, following=following)
    assert followed == ["untuned", "best"]


@pytest.mark.usefixtures("undrawn")
def test_nothing_better_is_trained_once(make_config: MakeConfig, trained: list[str]) -> None:
    found = found_of(make_config(), CHANGES[:2], [1.0, 2.0])
    tuned = finish(found)
    assert trained == [found.space.base.name]
    assert tuned.runs["best"] == tuned.runs["untuned"]
    text = (search_directory(found.space.base) / "best.yaml").read_text()
    assert text.splitlines()[1] == "# It is the config as it was."


@pytest.mark.usefixtures("undrawn")
def test_what_an_earlier_process_trained_is_trained_again_only_where_it_must(
    found: Found, make_config: MakeConfig, trained: list[str]
) -> None:
    name = found.space.base.name
    first = finish(found)
    assert trained == [name, f"{name}-best"]
    assert finish(found).runs == first.runs
    assert trained == [name, f"{name}-best"]
    # Another best: the config as it was stays as it is.
    better = found_of(make_config(), [*CHANGES, {RATE: 0.004}], [*TRIALS, 2.0])
    second = finish(better)
    assert trained == [name, f"{name}-best", f"{name}-best"]
    assert second.runs["untuned"] == first.runs["untuned"]
    assert second.runs["best"] != first.runs["best"]
    (second.runs["untuned"] / "manifest.json").unlink()
    finish(better)
    assert trained[3:] == [name]


@pytest.mark.usefixtures("undrawn")
def test_an_interruption_between_the_trainings_keeps_the_first(
    found: Found, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = results.train

    def dying(config: Config, **options: Any) -> Any:
        if config.name.endswith("-best"):
            raise KeyboardInterrupt
        return train(config, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(results, "train", dying)
        finish(found)
    assert len(trained) == 1
    finish(found)
    assert trained[1:] == [f"{found.space.base.name}-best"]


def test_the_test_metrics_are_those_of_both_runs_and_the_baselines(
    trained_run: Path,
) -> None:
    scores = results._scores({"untuned": trained_run, "best": trained_run})
    own = json.loads((trained_run / "metrics.json").read_text())["metrics"]["test"]
    assert scores == {
        "tuned": own["model"],
        "untuned": own["model"],
        **{name: own[name] for name in ("naive", "seasonal_naive", "drift")},
    }


def test_a_search_without_a_completed_trial_writes_nothing(
    make_config: MakeConfig, trained: list[str]
) -> None:
    failed = Trial(0, "failed", error="ValueError: odd")
    found = found_of(make_config(), [{}], [failed])
    with pytest.raises(ResourceError, match=r"no trial of 1 .*\. trial 0: ValueError"):
        finish(found)
    assert trained == []
    assert not search_directory(found.space.base).exists()
