"""Forecasts as long tables: time, series, target, step, prediction, a column for each quantile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmcast.config.class_checks import PROBABILITY
from lstmcast.data.panel import FloatArray, IntArray, Panel, Schema
from lstmcast.evaluation.by_series import SeriesScores
from lstmcast.evaluation.classes import ClassForecasts
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.runtime.context import local_times, time_column
from lstmcast.runtime.detecting import Detection
from lstmcast.runtime.forecasting import Forecast
from lstmcast.runtime.generating import ClassForecast

# Columns of what `detect` finds, by the names of its attributes.
FOUND = ("actual", "prediction", "lower", "upper", "score", "p_value", "anomaly")


def prediction_frame(forecast: Forecast) -> pd.DataFrame:
    """A forecast beyond the data, one row for each series, target and step.

    Columns: the user's time column (`time` where it came in parts), the series column if there is
    one, `target` if there are several, `step` from 1, `prediction`, and each quantile named by its
    level.
    """
    return _long_frame(
        forecast.panel.schema,
        times=forecast.times,
        series=np.array(forecast.panel.series, dtype=object),
        numbers={"prediction": forecast.prediction},
        quantiles=forecast.quantiles,
        levels=forecast.levels,
    )


def paths_frame(forecast: Forecast) -> pd.DataFrame:
    """The sample paths of a forecast, one row for each series, path, target and step.

    Columns: as `prediction_frame`, with `path` from 1 and `value` in place of the prediction.

    Raises:
        ValueError: If the forecast holds no paths.
    """
    if forecast.paths is None:
        raise ValueError("the forecast holds no paths; ask for `Sampling(kept=True)`.")
    n_series, n_paths, n_steps, n_targets = forecast.paths.shape
    frame = _long_frame(
        forecast.panel.schema,
        times=np.repeat(forecast.times, n_paths, axis=0),
        series=np.repeat(np.array(forecast.panel.series, dtype=object), n_paths),
        numbers={"value": forecast.paths.reshape(-1, n_steps, n_targets)},
        quantiles=None,
        levels=(),
    )
    path = np.repeat(np.tile(np.arange(1, n_paths + 1), n_series), n_targets * n_steps)
    frame.insert(list(frame.columns).index("step"), "path", path)
    return frame


def forecasts_frame(forecasts: WindowForecasts, schema: Schema) -> pd.DataFrame:
    """The forecasts of a split's windows: as `prediction_frame`, with `origin` and `actual`."""
    frame = _long_frame(
        schema,
        times=forecasts.times[:],
        series=np.array(forecasts.series_names, dtype=object)[forecasts.series],
        numbers={"prediction": forecasts.y_pred, "actual": forecasts.y_true[:]},
        quantiles=None if forecasts.quantiles is None else forecasts.quantiles[:],
        levels=forecasts.levels,
    )
    n_each = forecasts.horizon * len(forecasts.targets)
    frame.insert(0, "origin", np.repeat(local_times(forecasts.origin_times, schema.tz), n_each))
    return frame


def detection_frame(detection: Detection, *, only: bool = False) -> pd.DataFrame:
    """What was judged, one row for each value, series after series, in the order of time.

    Columns: the time, the series column if there is one, `target` if there are several, `actual`,
    `prediction`, `lower`, `upper`, `score`, `p_value`, `anomaly`.

    Args:
        detection: What was found.
        only: The anomalies alone.
    """
    panel, schema = detection.panel, detection.panel.schema
    wanted = detection.anomaly if only else ~np.isnan(detection.actual)
    place, target = np.nonzero(wanted)
    rows = detection.rows[place]
    columns: dict[str, Any] = {time_column(schema): local_times(panel.times[rows], schema.tz)}
    if schema.series is not None:
        names = np.array(panel.series, dtype=object)
        columns[schema.series] = names[panel.series_of_row[rows]]
    if len(schema.targets) > 1:
        columns["target"] = np.array(schema.targets, dtype=object)[target]
    for name in FOUND:
        columns[name] = getattr(detection, name)[wanted]
    return pd.DataFrame(columns)


def class_frame(forecast: ClassForecast) -> pd.DataFrame:
    """The classes that lie ahead, one row for each series and step.

    Columns: the user's time column (`time` where it came in parts), the series column if there is
    one, `step` from 1, `prediction`, the name of a class, and the probability of each class, `p_`
    before its name.
    """
    return _class_rows(
        forecast.panel.schema,
        times=forecast.times,
        series=np.array(forecast.panel.series, dtype=object),
        numbers={"prediction": forecast.prediction},
        probabilities=forecast.probabilities,
        classes=forecast.classes,
    )


def class_forecasts_frame(forecasts: ClassForecasts, schema: Schema) -> pd.DataFrame:
    """The forecasts of a split's windows: as `class_frame`, with `origin` and `actual`."""
    frame = _class_rows(
        schema,
        times=forecasts.times[:],
        series=np.array(forecasts.series_names, dtype=object)[forecasts.series],
        numbers={"prediction": forecasts.y_pred, "actual": forecasts.y_true},
        probabilities=forecasts.probabilities,
        classes=forecasts.classes,
    )
    origins = local_times(forecasts.origin_times, schema.tz)
    frame.insert(0, "origin", np.repeat(origins, forecasts.horizon))
    return frame


def _class_rows(
    schema: Schema,
    *,
    times: NDArray[np.datetime64],
    series: NDArray[np.object_],
    numbers: dict[str, IntArray],
    probabilities: FloatArray,
    classes: tuple[str, ...],
) -> pd.DataFrame:
    """Classes `(n, steps)` by name, and probabilities `(n, steps, C)`, as rows."""
    n, n_steps = times.shape
    columns: dict[str, Any] = {time_column(schema): local_times(times, schema.tz)}
    if schema.series is not None:
        columns[schema.series] = np.repeat(series, n_steps)
    columns["step"] = np.tile(np.arange(1, n_steps + 1), n)
    names = np.array(classes, dtype=object)
    columns |= {name: names[which.ravel()] for name, which in numbers.items()}
    for i, name in enumerate(classes):
        columns[f"{PROBABILITY}{name}"] = probabilities[..., i].ravel()
    return pd.DataFrame(columns)


def series_frame(scores: SeriesScores, schema: Schema) -> pd.DataFrame:
    """The metrics of each series, one row for each.

    Columns: the series, `windows`, and each metric of the model and of each baseline, such as
    `model.mase`.
    """
    frame = pd.DataFrame(scores.rows())
    return frame.rename(columns={"series": schema.series or "series"})


def lookback_frame(
    panel: Panel, times: NDArray[np.datetime64], weights: NDArray[np.floating]
) -> pd.DataFrame:
    """What belongs to each step of the lookback, one row for each series and step.

    Args:
        panel: The history.
        times: datetime64[us], `(S, lookback)`.
        weights: `(S, lookback)`, the column `weight`.
    """
    schema = panel.schema
    columns: dict[str, Any] = {time_column(schema): local_times(times, schema.tz)}
    if schema.series is not None:
        columns[schema.series] = np.repeat(np.array(panel.series, dtype=object), times.shape[1])
    return pd.DataFrame({**columns, "weight": weights.ravel()})


def _long_frame(
    schema: Schema,
    *,
    times: NDArray[np.datetime64],
    series: NDArray[np.object_],
    numbers: dict[str, FloatArray],
    quantiles: FloatArray | None,
    levels: tuple[float, ...],
) -> pd.DataFrame:
    """Arrays `(n, steps, targets)` as rows; windows or series first, then targets, then steps."""
    n, n_steps = times.shape
    n_targets = len(schema.targets)
    by_row = np.broadcast_to(times[:, None, :], (n, n_targets, n_steps))
    columns: dict[str, Any] = {time_column(schema): local_times(by_row, schema.tz)}
    if schema.series is not None:
        columns[schema.series] = np.repeat(series, n_targets * n_steps)
    if n_targets > 1:
        columns["target"] = np.tile(np.repeat(np.array(schema.targets, object), n_steps), n)
    columns["step"] = np.tile(np.arange(1, n_steps + 1), n * n_targets)
    for name, values in numbers.items():
        columns[name] = values.transpose(0, 2, 1).ravel()
    for i, level in enumerate(levels):
        if quantiles is not None:
            columns[str(level)] = quantiles[..., i].transpose(0, 2, 1).ravel()
    return pd.DataFrame(columns)
