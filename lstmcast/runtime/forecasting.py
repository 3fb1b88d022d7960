"""Forecasts beyond the end of a panel: one block of steps, then recursively more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.cleaned import unfilled
from lstmcast.data.extending import extend
from lstmcast.data.panel import FloatArray, IntArray, Panel, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.windows import input_rows
from lstmcast.errors import ConfigError, DataError, TooShortError
from lstmcast.runtime.calibration import Calibration
from lstmcast.runtime.context import context_rows, read_by_block
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import forecast_levels, window_inputs, window_outputs
from lstmcast.runtime.paths import Sampling, sample_paths, with_targets


@dataclass(frozen=True)
class Forecast:
    """What lies ahead of each series. `S` series, `N` steps, `T` targets, `Q` quantiles.

    Attributes:
        times: datetime64[us] `(S, N)`.
        prediction: float64 `(S, N, T)`, in the user's units.
        quantiles: float64 `(S, N, T, Q)`; beyond the first block of steps those of sample paths.
            None for a point.
        levels: The `Q` levels.
        panel: The history that was forecast from.
        paths: float64 `(S, paths, N, T)`, sample paths, where they were asked for.
    """

    times: NDArray[np.datetime64]
    prediction: FloatArray
    quantiles: FloatArray | None
    levels: tuple[float, ...]
    panel: Panel
    paths: FloatArray | None = None


def forecast(
    panel: Panel,
    preparation: Preparation,
    network: Network,
    *,
    calibration: Calibration | None = None,
    steps: int | None = None,
    future: Panel | None = None,
    sampling: Sampling | None = None,
) -> Forecast:
    """Forecast each series of a panel from its last row on.

    Beyond the horizon the forecast goes on recursively: each block of `horizon` steps reads the
    ones before it in place of observations. The point forecast reads itself; the quantiles are
    those of sample paths, each of which reads what it drew, so that errors add up along it.

    Args:
        panel: History; each series ends at its own last row.
        preparation: What was fitted in training.
        network: From inputs to outputs.
        calibration: Of the run; None for the network's own quantiles.
        steps: How many; None for the horizon.
        future: The future covariates, as a panel of the same schema.
        sampling: How sample paths are drawn, where they are needed or asked for.

    Raises:
        ConfigError: If more than the horizon is asked for and a past covariate or `window.lead`
            forbids it, less than one step, or paths of a point forecast.
        DataError: If an input is missing.
        TooShortError: If a series has fewer rows than one forecast reads.
    """
    config, sampling = preparation.config, sampling or Sampling()
    levels, horizon = forecast_levels(config, calibration), config.window.horizon
    if sampling.kept and not levels:
        raise ConfigError(_NO_PATHS)
    sampling = replace(sampling, calibration=calibration)
    n_ahead = rows_ahead(preparation, steps)
    known = tail(panel, context_rows(panel, preparation))
    extended = ahead = extend(known, n_ahead, future=future)
    rows = ahead.offsets[1:, None] + np.arange(config.window.lead - n_ahead, 0)
    blocks: list[_Block] = []
    for begin in range(0, rows.shape[1], horizon):
        block_rows = rows[:, begin : begin + horizon]
        recent = read_by_block(extended, preparation, begin=begin, n_steps=rows.shape[1])
        blocks.append(_forecast_block(recent, preparation, network, calibration=calibration))
        extended = with_targets(extended, block_rows, blocks[-1].points)
    shown = slice(0, horizon if steps is None else steps)
    quantiles, paths = _join_quantiles(blocks) if levels else None, None
    if quantiles is not None and (sampling.kept or len(blocks) > 1):
        drawn = sample_paths(ahead, preparation, network, n_steps=rows.shape[1], sampling=sampling)
        # Between two counts there is none.
        method: Literal["linear", "inverted_cdf"]
        method = "inverted_cdf" if config.output.type == "negative_binomial" else "linear"
        paths = _summarise(drawn, quantiles, levels, method=method, kept=sampling.kept)
    return Forecast(
        times=ahead.times[rows][:, shown],
        prediction=np.concatenate([block.points for block in blocks], axis=1)[:, shown],
        quantiles=None if quantiles is None else quantiles[:, shown],
        levels=levels,
        panel=panel,
        paths=None if paths is None else paths[:, :, shown],
    )


_NO_PATHS = (
    "a point forecast without intervals has no paths to draw. Train with calibration.method auto "
    "and a validation split, or with output.type quantiles, normal, student_t or negative_binomial."
)


def rows_ahead(preparation: Preparation, steps: int | None = None) -> int:
    """Rows after the end of a series over which a forecast needs the future covariates.

    Args:
        preparation: What was fitted in training.
        steps: How many are forecast, in whole blocks of the horizon; None for one.

    Raises:
        ConfigError: As `forecast`.
    """
    window = preparation.config.window
    if steps is not None and steps < 1:
        raise ConfigError(f"steps must be 1 or more. Received: {steps}")
    n_blocks = -(-(steps or window.horizon) // window.horizon)
    if n_blocks > 1:
        _check_recursive(preparation)
    return window.lead + n_blocks * window.horizon


def _check_recursive(preparation: Preparation) -> None:
    """Refuse recursion where the network would read what nobody knows.

    Raises:
        ConfigError: Naming the past covariates, or the lead.
    """
    window, schema = preparation.config.window, preparation.schema
    unknown = [column.name for column in schema.columns if column.role == "past"]
    if unknown:
        raise ConfigError(
            f"--steps beyond the horizon ({window.horizon}) would need the past covariates "
            f"{', '.join(unknown)} over the horizon. Forecast at most {window.horizon} steps, or "
            "train with them as future covariates, without them, or with a longer window.horizon."
        )
    if window.lead:
        raise ConfigError(
            f"--steps beyond the horizon ({window.horizon}) is not possible with window.lead "
            f"{window.lead}: the steps skipped are never forecast. Train with a longer "
            "window.horizon."
        )


@dataclass(frozen=True)
class _Block:
    """One block of `H` steps of each series."""

    points: FloatArray  # [S, H, T]
    quantiles: FloatArray | None  # [S, H, T, Q]


def _forecast_block(
    panel: Panel, preparation: Preparation, network: Network, *, calibration: Calibration | None
) -> _Block:
    """Forecast the last rows of each series, a horizon of them, from those before."""
    window = preparation.config.window
    prepared = prepare(panel, preparation)
    starts = panel.offsets[1:] - window.horizon - window.lead - window.lookback
    check_inputs(prepared, preparation, starts)
    outputs = window_outputs(network, prepared, preparation, starts, calibration=calibration)
    quantiles = outputs.quantiles
    return _Block(outputs.points, None if quantiles is None else quantiles[:])


def last_windows(
    panel: Panel, preparation: Preparation
) -> tuple[dict[str, NDArray[Any]], NDArray[np.datetime64]]:
    """What the network reads of the last steps of each series; the future covariates are 0.

    Args:
        panel: History; each series ends at its own last row.
        preparation: What was fitted in training.

    Returns:
        The inputs by name, one window for each series, and the times of its steps, datetime64[us]
        `(S, lookback)`.

    Raises:
        DataError: If an input is missing.
        TooShortError: If a series has fewer rows than a window.
    """
    window = preparation.config.window
    known = tail(panel, context_rows(panel, preparation))
    extended = extend(known, window.lead + window.horizon, known=False)
    prepared = prepare(extended, preparation)
    starts = extended.offsets[1:] - window.horizon - window.lead - window.lookback
    check_inputs(prepared, preparation, starts)
    inputs = window_inputs(prepared, preparation, starts)
    return inputs, extended.times[input_rows(starts, window)]


def _join_quantiles(blocks: list[_Block]) -> FloatArray:
    """Quantiles of the first block, NaN for the recursive ones after it."""
    known = [np.asarray(block.quantiles) for block in blocks]
    return np.concatenate([known[0], *(np.full_like(q, np.nan) for q in known[1:])], axis=1)


def _summarise(
    drawn: Iterator[tuple[slice, FloatArray]],
    quantiles: FloatArray,
    levels: tuple[float, ...],
    *,
    method: Literal["linear", "inverted_cdf"],
    kept: bool,
) -> FloatArray | None:
    """Put the quantiles of paths where none are known yet; the paths too, where they are kept."""
    paths = []
    for some, values in drawn:
        of_paths = np.moveaxis(np.quantile(values, levels, axis=1, method=method), 0, -1)
        quantiles[some] = np.where(np.isnan(quantiles[some]), of_paths, quantiles[some])
        if kept:
            paths.append(values)
    return np.concatenate(paths) if kept else None


def check_inputs(prepared: Prepared, preparation: Preparation, starts: IntArray) -> None:
    """Refuse windows that reach before their series or over rows whose inputs are missing."""
    panel, window = prepared.panel, preparation.config.window
    origin = starts + window.lookback - 1
    lengths = origin + 1 - panel.offsets[:-1]
    short = lengths < window.lookback
    rows = starts[:, None] + np.arange(window.lookback)
    unknown = ~prepared.observed.inputs[np.maximum(rows, 0)].all(axis=1)
    short |= unknown & (lengths < preparation.history)
    if short.any():
        series = int(np.argmax(short))
        raise _too_short(panel, preparation, series, int(lengths[series]))
    if unknown.any():
        raise _missing_input(panel, preparation, int(origin[np.argmax(unknown)]))


def _too_short(panel: Panel, preparation: Preparation, series: int, length: int) -> TooShortError:
    lookback, needed = preparation.config.window.lookback, preparation.history
    extra = needed - lookback
    name = f"series {panel.series[series]!r} has" if panel.schema.series else "the data have"
    return TooShortError(
        f"a forecast reads {needed} rows (window.lookback {lookback}"
        + (f" + {extra} for lags, rolling statistics and late columns" if extra else "")
        + f"), {name} {length}: {needed - length} too few. Give more history.",
        file=panel.file,
    )


def _missing_input(panel: Panel, preparation: Preparation, origin: int) -> DataError:
    """Names the first value that is missing among the rows that a forecast reads."""
    read = slice(origin + 1 - preparation.history, origin + 1)
    strategy = preparation.config.data.missing.strategy
    names = [*panel.schema.names(kind="number"), *panel.schema.names(kind="category")]
    # A missing category is the level "unknown" but with `drop`.
    no_code = (panel.codes[read] < 0) & (strategy == "drop")
    missing = np.concatenate([unfilled(panel, preparation)[read], no_code], axis=1)
    first, column = np.argwhere(missing)[0]
    row = int(read.start + first)
    return DataError(
        f"missing at {panel.spoken(row)}, inside the last {preparation.history} rows that the "
        f"forecast reads, and data.missing.strategy {strategy!r} does not fill it. Fill it in the "
        "data.",
        column=names[column],
        **panel.place(row),
    )
