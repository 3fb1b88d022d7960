"""All that the plots and the report of a run show, in the user's units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.classes import ClassForecasts
from lstmcast.evaluation.fit_verdict import EpochRow
from lstmcast.evaluation.forecasts import WindowForecasts

SplitScores = Mapping[str, Mapping[str, Any]]


class HistoryRow(EpochRow, Protocol):
    """What one epoch of training brought."""

    @property
    def learning_rate(self) -> float:
        """In force during the epoch."""


@dataclass(frozen=True)
class Actuals:
    """The observed targets, series end to end; drawn before and below the forecasts.

    Attributes:
        times: datetime64[us] `(n,)`, ascending within a series.
        values: float64 `(n, T)`, NaN where missing.
        offsets: int64 `(n_series + 1,)`: series `i` is rows `offsets[i]:offsets[i + 1]`.
    """

    times: NDArray[np.datetime64]
    values: FloatArray
    offsets: IntArray

    def of_series(self, series: int) -> slice:
        """The rows of one series."""
        return slice(int(self.offsets[series]), int(self.offsets[series + 1]))


@dataclass(frozen=True)
class Fit:
    """How one network was fitted.

    Attributes:
        rows: One for each epoch, in order.
        best_epoch: The epoch whose weights were kept; None where there was no choice.
    """

    rows: Sequence[HistoryRow]
    best_epoch: int | None


class Headed(Protocol):
    """A finished run, as far as the head of its page tells."""

    @property
    def name(self) -> str:
        """Name of the experiment."""

    @property
    def run_id(self) -> str:
        """Name of the run directory."""

    @property
    def created(self) -> str:
        """When the run was made, as text in UTC."""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Sentences, the headline first."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know beside them."""


class WithFits(Protocol):
    """A finished run, as far as its loss curves tell."""

    @property
    def fits(self) -> tuple[Fit, ...]:
        """One for each network that was trained."""


@dataclass(frozen=True)
class ClassContents:
    """A finished run of a classification as a reader sees it.

    Attributes:
        name: Name of the experiment.
        run_id: Name of the run directory.
        created: When the run was made, as text in UTC.
        config_text: The resolved config, as YAML.
        summary: Facts in the order in which to show them.
        verdicts: Sentences, the headline first.
        warnings: What the user should know beside them.
        fits: One for each network that was trained.
        test: Forecasts of the test split; it may have no windows.
        scores: For each split what `evaluation.class_metrics.score_classes` returned.
    """

    name: str
    run_id: str
    created: str
    config_text: str
    summary: Mapping[str, str]
    verdicts: tuple[str, ...]
    warnings: tuple[str, ...]
    fits: tuple[Fit, ...]
    test: ClassForecasts
    scores: Mapping[str, SplitScores]


@dataclass(frozen=True)
class Contents:
    """A finished run as a reader sees it.

    Attributes:
        name: Name of the experiment.
        run_id: Name of the run directory.
        created: When the run was made, as text in UTC.
        config_text: The resolved config, as YAML.
        freq: pandas frequency of the data.
        summary: Facts in the order in which to show them: rows, windows, seconds, seed …
        verdicts: Sentences, the headline first.
        warnings: What the user should know beside them.
        fits: One for each network that was trained: several for an ensemble.
        test: Forecasts of the test split; it may have no windows.
        scores: For each split what `evaluation.scoring.score_split` returned.
        metrics_scaled: For each split `mse` and `mae` on standardised values.
        actuals: At least the test period and the rows shortly before it; all rows will do.
        members: Of an ensemble, what `metrics.json` holds of its members.
        over_series: Of a panel, what `metrics.json` holds of the averages over its series.
        worst_series: And of its worst series.
        intervals: What `metrics.json` holds of calibrated intervals; None without any.
    """

    name: str
    run_id: str
    created: str
    config_text: str
    freq: str
    summary: Mapping[str, str]
    verdicts: tuple[str, ...]
    warnings: tuple[str, ...]
    fits: tuple[Fit, ...]
    test: WindowForecasts
    scores: Mapping[str, SplitScores]
    metrics_scaled: Mapping[str, Mapping[str, float | None]]
    actuals: Actuals
    members: Mapping[str, Any] | None = None
    over_series: Mapping[str, Any] | None = None
    worst_series: Mapping[str, Any] | None = None
    intervals: Mapping[str, Any] | None = None
