"""How much each searched field matters for the objective."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from lstmcast.config.locations import value_at
from lstmcast.config.variants import find_field
from lstmcast.data.panel import FloatArray
from lstmcast.tuning.search import Found
from lstmcast.tuning.space import Dimension

# Completed trials below which a share says nothing.
FEWEST_TRIALS = 8
_TREES = 300


@dataclass(frozen=True)
class Importance:
    """How much a field matters.

    Attributes:
        path: Of the field.
        share: Of what the fields together explain of the objective, 0 to 1.
    """

    path: str
    share: float


def parameter_importance(found: Found) -> tuple[Importance, ...]:
    """The share of each field, the largest first; none where too few trials were completed.

    Impurity importances of a random forest that predicts the objective from the fields, as Hutter,
    Hoos and Leyton-Brown (2014) suggest forests for: with a few dozen trials a hint, not a proof.
    """
    from sklearn.ensemble import RandomForestRegressor

    trials = [trial for trial in found.trials.values() if trial.score is not None]
    scores = np.array([trial.score for trial in trials], dtype=np.float64)
    if len(trials) < FEWEST_TRIALS or np.ptp(scores) == 0:
        return ()
    dimensions = found.space.dimensions
    columns = [positions(found, dimension, [t.number for t in trials]) for dimension in dimensions]
    forest = RandomForestRegressor(_TREES, random_state=found.space.base.seed)
    shares = forest.fit(np.column_stack(columns), scores).feature_importances_
    named = [
        Importance(d.path, round(float(share), 4))
        for d, share in zip(dimensions, shares, strict=True)
    ]
    return tuple(sorted(named, key=lambda each: -each.share))


def positions(found: Found, dimension: Dimension, numbers: list[int]) -> FloatArray:
    """Where the values of a field lie in some trials, 0 to 1; -0.1 where it did not count.

    A choice lies by its place in the list, a range by its value or its logarithm.
    """
    base = found.space.base.model_dump(mode="json")
    own = value_at(base, find_field(dimension.path, found.space.base))
    changes = [found.changes[number] for number in numbers]
    # Only the config as it was changed nothing.
    values = [each.get(dimension.path) if each else own for each in changes]
    return np.array([_position(dimension, value) for value in values], dtype=np.float64)


def _position(dimension: Dimension, value: object) -> float:
    parameter = dimension.parameter
    if parameter.choice is not None:
        places = [json.dumps(choice) for choice in parameter.choice]
        text = json.dumps(value)
        return places.index(text) / max(len(places) - 1, 1) if text in places else -0.1
    if not isinstance(value, int | float):
        return -0.1
    place = float(value)
    low, high = parameter.bounds
    if parameter.log:
        low, high, place = np.log([low, high, max(place, 1e-300)])
    # The config's own value may lie outside of the range.
    return float(np.clip((place - low) / (high - low), 0, 1))
