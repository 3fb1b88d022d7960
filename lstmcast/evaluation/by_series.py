"""Metrics of each series of a panel, their averages, and the worst series.

The same metrics as those of all windows together, for thousands of series at once: errors are
summed by series, not scored series by series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lstmcast.config.schema import MetricName
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.evaluation.forecasts import WindowForecasts

# Windows whose errors are computed at once.
BLOCK = 8192
# Series that are listed as the worst.
WORST = 10
# By which metric series are set in order; the first that there is.
JUDGES: tuple[MetricName, ...] = ("mase", "mae", "rmse", "mse", "smape")


@dataclass(frozen=True)
class SeriesScores:
    """What was measured of each series that has windows. `S` of them.

    Attributes:
        series: Their ids.
        windows: int64, `(S,)`, how many each has.
        values: For the model and each baseline, each metric by name, float64 `(S,)`, NaN where
            undefined.
    """

    series: tuple[str, ...]
    windows: IntArray
    values: Mapping[str, Mapping[str, FloatArray]]

    @property
    def judge(self) -> str | None:
        """The metric by which series are set in order; None where there is none."""
        return next((name for name in JUDGES if name in self.values["model"]), None)

    def summary(self) -> dict[str, Any]:
        """What `metrics.json` holds: `over_series` and `worst_series`."""
        return {"over_series": self.averaged(), "worst_series": self.worst()}

    def averaged(self) -> dict[str, dict[str, Any]]:
        """For each forecaster and metric its `mean` and `deviation` over the series.

        Each series counts alike, however many windows it has. `series` says of how many the metric
        is defined; the deviation is that of a sample, None of a single one.
        """
        return {
            name: {metric: _spread(values) for metric, values in metrics.items()}
            for name, metrics in self.values.items()
        }

    def worst(self) -> dict[str, Any]:
        """The series of the largest error of the model, the worst first.

        Returns:
            The `metric`, and of each of the `series` its `name`, `windows`, and that metric of the
            model and of each baseline; JSON values.
        """
        if self.judge is None:
            return {"metric": None, "series": []}
        errors = self.values["model"][self.judge]
        order = np.argsort(-errors, kind="stable")  # NaN comes last
        return {
            "metric": self.judge,
            "series": [
                {
                    "name": self.series[i],
                    "windows": int(self.windows[i]),
                    **{name: _json(of[self.judge][i]) for name, of in self.values.items()},
                }
                for i in order[:WORST]
                if not np.isnan(errors[i])
            ],
        }

    def rows(self) -> dict[str, Any]:
        """The columns of a table: the series, its windows, each metric of each forecaster."""
        columns: dict[str, Any] = {"series": list(self.series), "windows": self.windows}
        for name, metrics in self.values.items():
            columns |= {f"{name}.{metric}": values for metric, values in metrics.items()}
        return columns


def series_scores(
    forecasts: WindowForecasts, metrics: Sequence[MetricName], mase_scale: FloatArray
) -> SeriesScores:
    """The metrics of each series, as `scoring.score_split` has those of all windows.

    Args:
        forecasts: Of one split.
        metrics: Which metrics.
        mase_scale: float64 `(n_series, T)`, from `scoring.mase_scale`.
    """
    numbers, group = np.unique(forecasts.series, return_inverse=True)
    actual = _Actual(forecasts, group, mase_scale[numbers])
    said = {"model": forecasts.y_pred, **forecasts.baselines}
    return SeriesScores(
        series=tuple(forecasts.series_names[i] for i in numbers),
        windows=np.bincount(group, minlength=len(numbers)),
        values={name: actual.scores(y_pred, metrics) for name, y_pred in said.items()},
    )


@dataclass(frozen=True)
class _Actual:
    """What came true, by series.

    Attributes:
        forecasts: Of one split.
        group: int64 `(W,)`, the place of each window's series.
        scale: float64 `(S, T)`, what MASE divides by.
    """

    forecasts: WindowForecasts
    group: IntArray
    scale: FloatArray

    @cached_property
    def count(self) -> FloatArray:
        """Values of each series and target, float64 `(S, T)`."""
        windows = np.bincount(self.group, minlength=len(self.scale))
        return np.ones_like(self.scale) * windows[:, None] * self.forecasts.horizon

    @cached_property
    def mean(self) -> FloatArray:
        """The mean of what came true in each series, float64 `(S, T)`."""
        total = np.zeros_like(self.scale)
        for block in self._blocks():
            total += self._sum(self.group[block], self.forecasts.y_true[block])
        return np.asarray(total / self.count, dtype=np.float64)

    def scores(self, y_pred: Any, metrics: Sequence[MetricName]) -> dict[str, FloatArray]:
        """Each metric of a forecast, taken by window, float64 `(S,)`."""
        names = ("mae", "mse", "smape", "mase", "spread")
        sums = {name: np.zeros_like(self.scale) for name in names}
        with np.errstate(all="ignore"):  # what overflows or is undefined is no number
            for block in self._blocks():
                y = self.forecasts.y_true[block]
                for name, values in self._errors(self.group[block], y, y_pred[block]).items():
                    sums[name] += self._sum(self.group[block], values)
            return {name: self._metric(name, sums) for name in metrics}

    def _blocks(self) -> Iterator[slice]:
        for first in range(0, len(self.group), BLOCK):
            yield slice(first, first + BLOCK)

    def _errors(self, group: IntArray, y: FloatArray, y_pred: FloatArray) -> dict[str, FloatArray]:
        """What is summed up for each target: `(w, H, T)`."""
        absolute = np.abs(y_pred - y)
        size = np.abs(y_pred) + np.abs(y)
        scale = np.where(self.scale > 0, self.scale, np.nan)[group][:, None, :]
        return {
            "mae": absolute,
            "mse": np.square(absolute),
            "smape": np.divide(200 * absolute, size, out=np.zeros_like(size), where=size != 0),
            "mase": absolute / scale,
            "spread": np.square(y - self.mean[group][:, None, :]),
        }

    def _sum(self, group: IntArray, values: FloatArray) -> FloatArray:
        """Sums over the windows and steps of each series, `(S, T)`."""
        by_window = values.sum(axis=1)
        sums = [np.bincount(group, column, minlength=len(self.scale)) for column in by_window.T]
        return np.stack(sums, axis=1)

    def _metric(self, name: MetricName, sums: Mapping[str, FloatArray]) -> FloatArray:
        if name == "r2":
            # Equal numbers differ from their mean by rounding alone.
            constant = sums["spread"] <= 1e-24 * np.square(self.mean) * self.count
            spread = np.where(constant, np.nan, sums["spread"])
            return np.asarray(np.mean(1 - sums["mse"] / spread, axis=1), dtype=np.float64)
        total = sums["mse" if name == "rmse" else name].sum(axis=1)
        mean = np.asarray(total / self.count.sum(axis=1), dtype=np.float64)
        return np.sqrt(mean) if name == "rmse" else mean


def _spread(values: FloatArray) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    return {
        "mean": float(known.mean()) if len(known) else None,
        "deviation": float(known.std(ddof=1)) if len(known) > 1 else None,
        "series": len(known),
    }


def _json(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
