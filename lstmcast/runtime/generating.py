"""Classes beyond the end of a panel: one block of steps, then recursively more."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.classes import compares_with_origin
from lstmcast.data.extending import extend, join_levels
from lstmcast.data.panel import FloatArray, IntArray, Panel, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import prepare
from lstmcast.errors import ConfigError
from lstmcast.runtime.classifying import probabilities_of, window_probabilities
from lstmcast.runtime.context import context_rows
from lstmcast.runtime.forecasting import check_inputs, rows_ahead
from lstmcast.runtime.network import Network


@dataclass(frozen=True)
class Draw:
    """How classes are drawn by their probabilities, in place of taking the most probable.

    Attributes:
        temperature: Below 1 what is probable is drawn more often; above, less.
        seed: Of the draws; None for that of the config.
    """

    temperature: float = 1.0
    seed: int | None = None


@dataclass(frozen=True)
class ClassForecast:
    """The classes that lie ahead of each series. `S` series, `N` steps, `C` classes.

    Attributes:
        times: datetime64[us] `(S, N)`.
        prediction: int64 `(S, N)`, numbers of the classes.
        probabilities: float64 `(S, N, C)`, by which they were taken or drawn.
        classes: Their names.
        panel: The history that was forecast from.
    """

    times: NDArray[np.datetime64]
    prediction: IntArray
    probabilities: FloatArray
    classes: tuple[str, ...]
    panel: Panel


def classify_ahead(
    panel: Panel,
    preparation: Preparation,
    network: Network,
    *,
    steps: int | None = None,
    future: Panel | None = None,
    draw: Draw | None = None,
) -> ClassForecast:
    """Classify the steps after the last row of each series.

    Beyond the horizon each block of steps reads the classes of those before it, as they were taken
    or drawn, in place of observations.

    Args:
        panel: History; each series ends at its own last row.
        preparation: What was fitted in training.
        network: From inputs to outputs.
        steps: How many; None for the horizon.
        future: The future covariates, as a panel of the same schema.
        draw: How classes are drawn; None takes the most probable.

    Raises:
        ConfigError: If more than the horizon is asked for and cannot be had, or the temperature is
            not above 0.
        DataError: If an input is missing.
        TooShortError: If a series has fewer rows than one forecast reads.
    """
    window = preparation.config.window
    _check(preparation, steps, draw)
    n_ahead = rows_ahead(preparation, steps)
    known = tail(panel, context_rows(panel, preparation))
    extended = _with_known_levels(extend(known, n_ahead, future=future), preparation)
    rows = extended.offsets[1:, None] + np.arange(window.lead - n_ahead, 0)
    generators = None if draw is None else _generators(extended.series, preparation, draw)
    taken, probabilities = [], []
    for block in np.split(rows, rows.shape[1] // window.horizon, axis=1):
        prepared = prepare(extended, preparation)
        starts = block[:, 0] - window.lead - window.lookback
        check_inputs(prepared, preparation, starts)
        found = window_probabilities(network, prepared, preparation, starts)
        if draw is not None and generators is not None:
            found = _tempered(found, draw.temperature)
            taken.append(_drawn(found, generators))
        else:
            taken.append(found.argmax(axis=-1))
        probabilities.append(found)
        extended = _with_classes(extended, block, taken[-1])
    shown = slice(0, window.horizon if steps is None else steps)
    return ClassForecast(
        times=extended.times[rows][:, shown],
        prediction=np.concatenate(taken, axis=1)[:, shown],
        probabilities=np.concatenate(probabilities, axis=1)[:, shown],
        classes=preparation.classes,
        panel=panel,
    )


def _check(preparation: Preparation, steps: int | None, draw: Draw | None) -> None:
    horizon, schema = preparation.config.window.horizon, preparation.schema
    if schema.label is not None and (steps or 1) > 1:
        raise ConfigError(
            f"--steps {steps}: each series has one class, not one for each step. Leave it out."
        )
    if compares_with_origin(preparation.config) and (steps or horizon) > horizon:
        raise ConfigError(
            f"--steps beyond the horizon ({horizon}) would need the values of the target, and only "
            "their direction is forecast. Ask for fewer steps, or train with a longer "
            "window.horizon."
        )
    if draw is not None and not draw.temperature > 0:
        raise ConfigError(f"--temperature must be above 0. Received: {draw.temperature:g}")


def _with_known_levels(panel: Panel, preparation: Preparation) -> Panel:
    """The panel with the classes of training among the levels of its target."""
    column = panel.schema.category_target
    if column is None:
        return panel
    levels, codes = list(panel.levels), panel.codes.copy()
    levels[column], codes[:, column] = join_levels(
        preparation.classes, levels[column], codes[:, column]
    )
    return replace(panel, levels=tuple(levels), codes=codes)


def _with_classes(panel: Panel, rows: IntArray, classes: IntArray) -> Panel:
    """The panel with forecast classes `(S, H)` in place of the target of some rows `(S, H)`."""
    column = panel.schema.category_target
    if column is None:
        return panel
    values, codes = panel.values.copy(), panel.codes.copy()
    # The levels of the target begin with the classes, see `_with_known_levels`.
    values[rows, 0] = codes[rows, column] = classes
    return replace(panel, values=values, codes=codes)


def _generators(
    series: Sequence[str], preparation: Preparation, draw: Draw
) -> list[np.random.Generator]:
    """What each series draws with: it depends on the seed and its name alone."""
    seed = preparation.config.seed if draw.seed is None else draw.seed
    return [np.random.default_rng([seed, zlib.crc32(name.encode())]) for name in series]


def _tempered(probabilities: FloatArray, temperature: float) -> FloatArray:
    with np.errstate(divide="ignore"):
        return probabilities_of(np.log(probabilities), temperature=temperature)


def _drawn(probabilities: FloatArray, generators: Sequence[np.random.Generator]) -> IntArray:
    """A class for each step, by its probability, int64 `(S, H)`."""
    up_to = probabilities.cumsum(axis=-1)
    up_to /= up_to[..., -1:]  # so that rounding leaves no draw beyond the last
    u = np.stack([each.random(probabilities.shape[1]) for each in generators])
    return np.asarray((u[..., None] >= up_to).sum(axis=-1), dtype=np.int64)
