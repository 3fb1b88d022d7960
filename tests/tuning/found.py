"""Searches that are over: their trials are worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstmcast.config.schema import Config
from lstmcast.tuning.search import Found
from lstmcast.tuning.space import build_space
from lstmcast.tuning.trial import Trial


def found_of(
    config: Config, changes: Sequence[Mapping[str, Any]], trials: Sequence[Trial | float]
) -> Found:
    """A search of a config, whose trials changed this; a number stands for a completed one."""
    ended = [
        Trial(n, "completed", score=float(each), scores=(float(each),))
        if isinstance(each, int | float)
        else each
        for n, each in enumerate(trials)
    ]
    return Found(
        space=build_space(config),
        trials={trial.number: trial for trial in ended},
        changes=dict(enumerate(changes)),
    )
