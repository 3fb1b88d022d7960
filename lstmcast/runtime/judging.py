"""Whether values are anomalies, by what was forecast of them and by the scores of validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Config
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import BoolArray
from lstmcast.errors import ConfigError
from lstmcast.evaluation.anomalies import (
    Judged,
    conformity,
    largest_rank,
    ranks,
    sparing,
    threshold,
)
from lstmcast.runtime.scores import Scores

# The part of its lookback that a forecast reads of other forecasts, at most.
MOST_REPLACED = 0.25


@dataclass(frozen=True)
class Search:
    """How anomalies are looked for.

    Attributes:
        rate: Share of false alarms among values like those of validation.
        step: Of the horizon, from 1: how far ahead each value is forecast.
        replace: Whether later forecasts read the forecast of an anomaly in its place.
    """

    rate: float = 0.01
    step: int = 1
    replace: bool = True


@dataclass(frozen=True)
class Found:
    """What becomes of each value, by name, and which are anomalies; `(W, T)`."""

    numbers: dict[str, FloatArray]
    anomaly: BoolArray


@dataclass(frozen=True)
class Judge:
    """What is known of the values to judge, but for their forecasts."""

    preparation: Preparation
    search: Search
    rows: IntArray  # [W]
    actual: FloatArray  # [W, T], in the user's units
    of_scaling: IntArray  # [W], the group whose statistics serve
    of_scores: IntArray  # [W]
    ordered: tuple[FloatArray, ...]  # by group [n, T], at the step
    size: FloatArray  # [G, T], at the step

    def found(self, said: FloatArray) -> Found:
        """Judge by what was forecast: lower end, point, upper end, network units `(W, T, 3)`."""
        lower, _, upper = np.moveaxis(said, -1, 0)
        groups = self.of_scaling
        actual = self.preparation.to_network(self.actual[:, None], groups)[:, 0]
        far = conformity(actual, lower, upper)
        p_value, limit = np.empty_like(far), np.empty_like(far)
        anomaly = np.zeros(far.shape, dtype=bool)
        for group, own in self._by_group():
            ordered = self.ordered[group]
            places = [
                ranks(column, scores) for column, scores in zip(far[own].T, ordered.T, strict=True)
            ]
            rank = np.stack(places, axis=-1)
            p_value[own] = rank / (len(ordered) + 1)
            anomaly[own] = rank <= largest_rank(len(ordered), self.search.rate)
            limit[own] = threshold(ordered, self.search.rate)
        # Of quantiles so wide that they are to be narrowed by more than they hold, their middle.
        middle = (lower + upper) / 2
        around = np.stack([np.minimum(lower - limit, middle), np.maximum(upper + limit, middle)])
        size = self.size[self.of_scores]
        numbers = {
            "prediction": self.in_units(said[..., 1]),
            "lower": self.in_units(around[0]),
            "upper": self.in_units(around[1]),
            "score": far / np.where(size > 0, size, 1.0),
            "p_value": p_value,
        }
        return Found(numbers, anomaly & ~np.isnan(self.actual))

    def in_units(self, values: FloatArray) -> FloatArray:
        """Values `(W, T)` in network units, in the user's."""
        units = self.preparation.to_units(values[:, None], self.of_scaling)[:, 0]
        if self.preparation.config.output.type == "negative_binomial":
            units = np.maximum(units, 0.0)  # a shift may take counts below the least of them
        return units

    def replaced(self, anomaly: BoolArray) -> BoolArray:
        """Which anomalies are not read, `(W, T)`: no more than a part of what a forecast reads."""
        lookback = self.preparation.config.window.lookback
        most = max(1, int(MOST_REPLACED * lookback))
        kept = [sparing(flags, self.rows, most=most, among=lookback) for flags in anomaly.T]
        return np.stack(kept, axis=-1)

    def counts(self) -> Iterator[Judged]:
        """The points of each group and target."""
        for group, own in self._by_group():
            for n in (~np.isnan(self.actual[own])).sum(axis=0):
                if n:
                    yield Judged(int(n), len(self.ordered[group]), self.search.rate)

    def _by_group(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        for group in np.unique(self.of_scores).tolist():
            yield group, np.flatnonzero(self.of_scores == group)


def judged_rows(starts: IntArray, config: Config, step: int) -> IntArray:
    """The row that each window forecasts at a step of its horizon."""
    return starts + config.window.lookback + config.window.lead + step - 1


def judge_of(
    prepared: Prepared, preparation: Preparation, scores: Scores, starts: IntArray, search: Search
) -> Judge:
    """What judges some windows.

    Raises:
        ConfigError: If the rate cannot be had from the validation windows.
    """
    series = prepared.arrays.series_of_row[starts]
    of_scores = scores.grouping.of_series(prepared.panel.series)[series]
    rows = judged_rows(starts, preparation.config, search.step)
    judge = Judge(
        preparation=preparation,
        search=search,
        rows=rows,
        actual=prepared.actual[rows],
        of_scaling=prepared.groups[series],
        of_scores=of_scores,
        ordered=tuple(own[:, search.step - 1] for own in scores.ordered),
        size=scores.size[:, search.step - 1],
    )
    fewest = min(len(judge.ordered[group]) for group in np.unique(of_scores))
    if not largest_rank(fewest, search.rate):
        needed = int(np.ceil(1 / search.rate)) - 1
        whose = " of a series" if len(scores.grouping.series) else ""
        raise ConfigError(
            f"--rate {search.rate:g}: the smallest p-value that {fewest} validation windows{whose} "
            f"can give is 1 / ({fewest} + 1) = {1 / (fewest + 1):.2g}, so nothing would ever be an "
            f"anomaly. Give --rate {_rounded_up(1 / (fewest + 1))} or more, or train with a larger "
            f"split.validation: it takes {needed} windows"
            + (", or with calibration.per panel." if whose else ".")
        )
    return judge


def _rounded_up(share: float) -> float:
    """A share with two digits, not below it."""
    digits = 1 - int(np.floor(np.log10(share)))
    return round(float(np.ceil(share * 10**digits) / 10**digits), digits)
