"""A run trained again is compared number by number; a copy stands in for the training."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstmcast.auditing import reproducing
from lstmcast.auditing.again import changes, compare_arrays, compare_metrics
from lstmcast.auditing.reproducing import default_tolerance, reproduce
from lstmcast.config.loading import config_from_mapping
from lstmcast.errors import ConfigError, DataError
from lstmcast.runtime.bundle import Bundle, load_bundle


@pytest.fixture
def bundle(trained_run: Path) -> Bundle:
    return load_bundle(trained_run)


@pytest.fixture
def copied(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A training that copies the run; the directories that it was told to write in."""
    told: list[Path] = []

    def train(config: Any, *, runs_dir: Path, progress: Any) -> SimpleNamespace:
        told.append(runs_dir)
        path = runs_dir / "again"
        shutil.copytree(bundle.path, path)
        return SimpleNamespace(path=path)

    monkeypatch.setattr(reproducing, "train", train)
    return told


@pytest.fixture
def mae_is_higher(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The MAE of the run is 1 % higher than that of its copy."""
    read = Bundle.metrics

    def metrics(self: Bundle) -> dict[str, Any]:
        found = read(self)
        if self.path == bundle.path:
            found["metrics"]["test"]["model"]["mae"] *= 1.01
        return found

    monkeypatch.setattr(Bundle, "metrics", metrics)


def on_data(bundle: Bundle, path: str) -> Any:
    data = bundle.config.data.model_copy(update={"path": path})
    return bundle.config.model_copy(update={"data": data})


def test_the_same_run_is_reproduced_to_the_bit(bundle: Bundle, copied: list[Path]) -> None:
    found = reproduce(bundle, bundle.config)
    assert found.passed
    assert found.verdict.startswith("Reproduced to the bit: weights, forecasts and ")
    assert (found.weights.identical, found.weights.largest) == (True, 0.0)
    assert found.weights.values == 72
    assert (found.changes, found.other_data, found.path) == ((), (), None)
    assert not copied[0].exists()


@pytest.mark.usefixtures("copied")
def test_what_is_to_be_kept_is_kept(bundle: Bundle, tmp_path: Path) -> None:
    found = reproduce(bundle, bundle.config, keep_in=tmp_path)
    assert found.path == tmp_path / "again"
    assert load_bundle(found.path).config == bundle.config


@pytest.mark.usefixtures("copied", "mae_is_higher")
def test_metrics_beyond_the_tolerance_are_told(bundle: Bundle) -> None:
    found = reproduce(bundle, bundle.config)
    assert not found.passed
    (beyond,) = found.beyond
    assert beyond.name == "metrics.test.model.mae"
    assert beyond.difference == pytest.approx(0.01 / 1.01)
    assert found.verdict.startswith("Not reproduced: 1 of")


@pytest.mark.usefixtures("copied", "mae_is_higher")
def test_a_larger_tolerance_allows_more(bundle: Bundle) -> None:
    assert reproduce(bundle, bundle.config, tolerance=0.02).passed


def test_other_data_are_refused_unless_they_are_asked_for(
    bundle: Bundle, copied: list[Path], tmp_path: Path
) -> None:
    lines = (bundle.path.parents[1] / "daily.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "other.csv").write_text("\n".join(lines[:-2]), encoding="utf-8")
    config = on_data(bundle, str(tmp_path / "other.csv"))
    with pytest.raises(DataError, match=r"rows 160 in the run, 158 now.*--other-data"):
        reproduce(bundle, config)
    assert copied == []
    found = reproduce(bundle, config, other_data=True)
    assert found.other_data[0] == "rows 160 in the run, 158 now"


def test_standard_input_cannot_be_read_twice(bundle: Bundle) -> None:
    with pytest.raises(ConfigError, match="name a file"):
        reproduce(bundle, on_data(bundle, "-"))


@pytest.mark.parametrize(("deterministic", "tolerance"), [(True, 1e-6), (False, 1e-3)])
def test_a_deterministic_training_is_held_to_more(deterministic: bool, tolerance: float) -> None:
    config = config_from_mapping(
        {
            "data": {"path": None, "time": "t", "target": "y"},
            "training": {"deterministic": deterministic},
        }
    ).config
    assert default_tolerance(config) == tolerance


def test_arrays_are_apart_by_their_largest_difference_over_their_largest_number() -> None:
    one = {"a": np.array([1.0, 4.0]), "b": np.array([np.nan, 0.0])}
    other = {"a": np.array([1.1, 4.0]), "b": np.array([np.nan, 0.0])}
    found = compare_arrays(one, other)
    assert (found.values, found.identical) == (4, False)
    assert found.largest == pytest.approx(0.1 / 4)
    assert compare_arrays(one, one).identical
    assert compare_arrays(one, {"a": one["a"]}).largest is None
    assert compare_arrays({"a": np.array([1.0])}, {"a": np.array([np.nan])}).largest is None


def test_metrics_are_compared_one_by_one() -> None:
    one = {"metrics": {"test": {"mae": 2.0, "me": 1e-12, "r2": None, "only": 1.0}}, "epochs": 3}
    other = {"metrics": {"test": {"mae": 1.0, "me": -1e-12, "r2": None}}, "epochs": 5}
    found = {each.name: each.difference for each in compare_metrics(one, other)}
    assert found == {
        "metrics.test.mae": 0.5,
        "metrics.test.me": 0.0,
        "metrics.test.r2": 0.0,
        "metrics.test.only": None,
    }
    (undefined,) = compare_metrics({"metrics": {"mae": None}}, {"metrics": {"mae": 1.0}})
    assert not undefined.within(1.0)


def test_what_two_runs_ran_on_is_told_where_it_differs() -> None:
    one = {"backend": "jax", "versions": {"keras": "3.1", "numpy": "2"}}
    other = {
        "backend": "jax",
        "versions": {"keras": "3.2", "numpy": "2"},
        "hardware": {"cpus": 4},
        "data": {"fingerprint": "abc"},
    }
    assert [str(each) for each in changes(one, other)] == [
        "versions.keras 3.1 in the run, 3.2 now",
        "hardware.cpus unknown in the run, 4 now",
        "data.fingerprint unknown in the run, abc now",
    ]
