"""Anomalies in new data: values further from their forecast than validation errors allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.cleaning import check_complete
from lstmcast.data.extending import extend
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.times.zones import spoken_time
from lstmcast.data.windows import BoolArray, Usable, window_starts
from lstmcast.errors import ConfigError, TooShortError
from lstmcast.evaluation.anomalies import (
    Judged,
    anomaly_verdict,
    expected_alarms,
    surplus_p_value,
)
from lstmcast.runtime.context import rows_after
from lstmcast.runtime.judging import Judge, Search, judge_of, judged_rows
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import BATCH, batch_outputs
from lstmcast.runtime.scores import Scores, ends
from lstmcast.runtime.unseen import unseen_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Detection:
    """What was judged, and what was found. `W` rows, `T` targets; NaN where nothing is observed.

    Attributes:
        panel: The data that were judged, and what the forecasts of them read.
        search: How it was looked through.
        rows: int64 `(W,)`, ascending, the rows of the panel that were judged.
        actual: float64 `(W, T)`, in the user's units, as all but the score.
        prediction: float64 `(W, T)`, the point forecast.
        lower: float64 `(W, T)`, the least value that is no anomaly.
        upper: float64 `(W, T)`, the largest.
        score: float64 `(W, T)`, in mean absolute validation errors.
        p_value: float64 `(W, T)`.
        anomaly: bool `(W, T)`.
        judged: How many points were judged by which validation scores.
        not_judged: Values observed after the validation period that no forecast is made for.
    """

    panel: Panel
    search: Search
    rows: IntArray
    actual: FloatArray
    prediction: FloatArray
    lower: FloatArray
    upper: FloatArray
    score: FloatArray
    p_value: FloatArray
    anomaly: BoolArray
    judged: tuple[Judged, ...]
    not_judged: int

    @property
    def n_points(self) -> int:
        """How many values were judged."""
        return sum(each.n_points for each in self.judged)

    @property
    def n_anomalies(self) -> int:
        """How many of them are anomalies."""
        return int(self.anomaly.sum())

    @property
    def text(self) -> str:
        """What was found, in two sentences."""
        return anomaly_verdict(self.n_anomalies, self.judged, rate=self.search.rate)

    def summary(self) -> dict[str, Any]:
        """The counts, as JSON values.

        `expected` is how many anomalies there would be by chance, and `count_p_value` the
        probability of so many or more then.
        """
        return {
            "rate": self.search.rate,
            "step": self.search.step,
            "replace": self.search.replace,
            "points": self.n_points,
            "not_judged": self.not_judged,
            "anomalies": self.n_anomalies,
            "share": self.n_anomalies / self.n_points,
            "expected": expected_alarms(self.judged),
            "count_p_value": surplus_p_value(self.n_anomalies, self.judged),
            "verdict": self.text,
        }

    def table(self, *, only: bool = False) -> pd.DataFrame:
        """One row for each value: time, series and target where there are several, what was found.

        Args:
            only: The anomalies alone.
        """
        from lstmcast.runtime.tables import detection_frame

        return detection_frame(self, only=only)


def detect(
    panel: Panel,
    preparation: Preparation,
    network: Network,
    scores: Scores,
    search: Search,
    *,
    future: Panel | None = None,
) -> Detection:
    """Judge every value observed after the validation period by the forecast that was made for it.

    With `search.replace` later forecasts read the forecast of an anomaly in its place, but of no
    more than a part of what they read: what lasts longer is a change, and is read as it is. That is
    repeated until nothing changes any more. As a forecast reads only what was before, this is what
    going through the rows one by one gives: whether the first anomaly of a series is one depends on
    no other, the second on the first alone, and so on.

    Args:
        panel: The data, of the run's schema.
        preparation: What was fitted.
        network: From inputs to outputs.
        scores: Of the validation windows.
        search: What to look for.
        future: The future covariates after the end of the data.

    Raises:
        ConfigError: If the step is beyond the horizon, the rate cannot be had from so few
            validation windows, or anomalies cannot be replaced.
        DataError: If values are missing and the config has no strategy for them.
        TooShortError: If there is nothing to judge.
    """
    config = preparation.config
    _check(search, config, panel)
    if config.data.missing.strategy == "error":
        check_complete(panel)
    panel = _judged_and_read(panel, preparation)
    extended, seen = _with_horizon(panel, search.step, config, future)
    prepared = prepare(extended, preparation)
    after = _unseen(extended, preparation) & seen
    starts = _starts(prepared, config, search.step, seen=seen, judged=after)
    if not len(starts):
        raise _nothing_to_judge(panel, preparation, search.step)
    judge = judge_of(prepared, preparation, scores, starts, search)
    said = _settled(judge, network, prepared, starts)
    found = judge.found(said)
    known = ~np.isnan(judge.actual)
    added = np.cumsum(~seen)  # rows that the data do not have
    return Detection(
        panel=panel,
        search=search,
        rows=judge.rows - added[judge.rows],
        actual=judge.actual,
        **{name: np.where(known, values, np.nan) for name, values in found.numbers.items()},
        anomaly=found.anomaly,
        judged=tuple(judge.counts()),
        not_judged=int((~np.isnan(prepared.actual[after])).sum() - known.sum()),
    )


def _check(search: Search, config: Config, panel: Panel) -> None:
    if not 0 < search.rate < 1:
        raise ConfigError(f"--rate must be between 0 and 1. Received: {search.rate:g}")
    if not 1 <= search.step <= config.window.horizon:
        raise ConfigError(
            f"--step must be from 1 to window.horizon, {config.window.horizon}. Received: "
            f"{search.step}"
        )
    gaps = np.isnan(panel.values).any()
    if search.replace and gaps and config.data.missing.strategy == "interpolate":
        raise ConfigError(
            "data.missing.strategy interpolate fills a gap from the value after it, which may be "
            "an anomaly itself, so anomalies cannot be replaced one after the other. Give "
            "--no-replace, or fill the gaps in the data."
        )


def _judged_and_read(panel: Panel, preparation: Preparation) -> Panel:
    """The rows after the validation period, and what their forecasts read."""
    window = preparation.config.window
    seen = unseen_rows(panel, preparation)[:, 0] - panel.offsets[:-1]
    return rows_after(panel, preparation, seen, reach=window.lead + window.horizon)


def _with_horizon(
    panel: Panel, step: int, config: Config, future: Panel | None
) -> tuple[Panel, BoolArray]:
    """The panel with the rows that the last windows reach over, and which rows it had before."""
    n_ahead = config.window.horizon - step
    needed = any(column.role == "future" for column in panel.schema.columns)
    if n_ahead == 0 or (needed and future is None):
        return panel, np.ones(panel.n_rows, dtype=bool)
    extended = extend(panel, n_ahead, future=future)
    last = panel.times[panel.offsets[1:] - 1]
    return extended, np.asarray(extended.times <= last[extended.series_of_row])


def _unseen(panel: Panel, preparation: Preparation) -> BoolArray:
    """Whether each row comes after the validation period."""
    first = unseen_rows(panel, preparation)[:, 0]
    return np.asarray(np.arange(panel.n_rows) >= first[panel.series_of_row])


def _starts(
    prepared: Prepared, config: Config, step: int, *, seen: BoolArray, judged: BoolArray
) -> IntArray:
    """The windows whose step of that number is a row to judge where a target is observed."""
    window, offsets = config.window, prepared.panel.offsets
    starts = window_starts(
        Usable(
            inputs=prepared.observed.inputs & seen,
            ahead=prepared.observed.ahead,
            targets=np.ones_like(seen),
        ),
        window,
        offsets=offsets,
        bounds=np.stack([offsets[:-1], offsets[1:]], axis=1),
    )
    judged = judged & ~np.isnan(prepared.actual).all(axis=1)
    return starts[judged[judged_rows(starts, config, step)]]


def _settled(judge: Judge, network: Network, prepared: Prepared, starts: IntArray) -> FloatArray:
    """What is forecast of each value, `(W, T, 3)`, when anomalies are replaced where asked for.

    A stretch of all series after the other, each until nothing changes in it any more.
    """
    preparation, search = judge.preparation, judge.search
    said = _said(network, prepared, preparation, starts, search.step)
    if not search.replace:
        return said
    read, stale = prepared, np.zeros(len(starts), dtype=bool)
    stretches = _stretches(judge, prepared.panel)
    for number in range(int(stretches.max()) + 1):
        while True:
            anomaly = judge.found(said).anomaly & (stretches <= number)[:, None]
            panel = _replaced(judge, prepared.panel, anomaly, said)
            if not np.array_equal(panel.values, read.panel.values, equal_nan=True):
                now = prepare(panel, preparation)
                stale |= _reading(now.arrays.past != read.arrays.past, starts, preparation.config)
                read = now
            due = stale & (stretches == number)
            if not due.any():
                break
            said[due] = _said(network, read, preparation, starts[due], search.step)
            stale &= ~due
    return said


def _stretches(judge: Judge, panel: Panel) -> IntArray:
    """The number of the stretch that each value lies in: at least as long as a forecast reads."""
    series = panel.series_of_row[judge.rows]
    first = judge.rows[np.searchsorted(series, series, side="left")]
    return np.asarray((judge.rows - first) // max(BATCH, judge.preparation.config.window.lookback))


def _replaced(judge: Judge, panel: Panel, anomaly: BoolArray, said: FloatArray) -> Panel:
    """The panel with forecasts in place of anomalies."""
    places, targets = np.nonzero(judge.replaced(anomaly))
    values = panel.values.copy()
    values[judge.rows[places], targets] = judge.in_units(said[..., 1])[places, targets]
    return replace(panel, values=values)


def _reading(changed: BoolArray, starts: IntArray, config: Config) -> BoolArray:
    """Which windows have one of the changed values `(n_rows, n_past)` among their inputs."""
    rows = np.concatenate([[0], np.cumsum(changed.any(axis=1))])
    return np.asarray(rows[starts + config.window.lookback] > rows[starts])


def _said(
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray, step: int
) -> FloatArray:
    """Lower end, point and upper end of one step of some windows, network units `(W, T, 3)`."""
    said = np.empty((len(starts), prepared.arrays.n_targets, 3))
    for place, _, outputs in batch_outputs(network, prepared, preparation, starts):
        lower, upper = ends(outputs)
        parts = [values[:, step - 1] for values in (lower, outputs.points, upper)]
        said[place] = np.stack(parts, axis=-1)
    return said


def _nothing_to_judge(panel: Panel, preparation: Preparation, step: int) -> TooShortError:
    window, tz = preparation.config.window, panel.schema.tz
    last = spoken_time(panel.times.max(), tz)
    cut = spoken_time(preparation.cuts.times[:, 1].max(), tz)
    before = window.lookback + window.lead + step - 1
    return TooShortError(
        f"nothing to judge: the data run to {last}, values are judged after the validation period, "
        f"which ended before {cut}, and a forecast of them reads the {window.lookback} rows up to "
        f"{before - window.lookback + 1} before. Give later data, with the history before them."
    )
