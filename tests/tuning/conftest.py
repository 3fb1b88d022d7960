"""A search that takes moments: what the workers would do is worked out, not trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lstmcast.config.loading import config_from_mapping
from lstmcast.config.schema import Config
from lstmcast.tuning import search as searching
from lstmcast.tuning.trial import Item, Material, Trial
from tests.builders import weekly_cycle
from tests.networks import BACKEND

SPACE: dict[str, Any] = {
    "model.units": [[2], [3], [4]],
    "training.learning_rate": {"min": 1e-4, "max": 1e-2, "log": True},
}
MakeConfig = Callable[..., Config]


@pytest.fixture
def make_config(tmp_path: Path) -> MakeConfig:
    """A config on 160 days with a weekly season, whose search may be said."""

    def make(*, space: dict[str, Any] | None = None, epochs: int = 9, **tune: Any) -> Config:
        data = tmp_path / "daily.csv"
        weekly_cycle().to_csv(data, index=False)
        return config_from_mapping(
            {
                "runs_dir": str(tmp_path / "runs"),
                "data": {"path": str(data), "time": "day", "target": "y"},
                "window": {"lookback": 5, "horizon": 2},
                "model": {"units": [3]},
                "training": {"epochs": epochs, "backend": BACKEND, "device": "cpu"},
                "tune": {"space": SPACE if space is None else space, **tune},
            }
        ).config

    return make


def worked_out(material: Material, item: Item) -> Trial:
    """A score that the config's learning rate and units decide."""
    score = item.config.training.learning_rate * 100 + item.config.model.units[0]
    return Trial(item.number, "completed", score=score, scores=(score,), curve=(score, score))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Trials are worked out; the numbers of those that were."""
    run: list[int] = []

    def work(material: Material, item: Item) -> Trial:
        run.append(item.number)
        return worked_out(material, item)

    monkeypatch.setattr(searching, "run_trial", work)
    return run
