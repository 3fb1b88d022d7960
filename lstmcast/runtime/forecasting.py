"""Forecasts beyond the end of a panel: one block of steps, then recursively more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.cleaned import unfilled
from lstmcast.data.extending import extend
from lstmcast.data.panel import FloatArray, IntArray, Panel, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.windows import Float32Array, Int32Array, gather_inputs, input_rows
from lstmcast.errors import ConfigError, DataError, TooShortError
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.context import context_rows
from lstmcast.runtime.network import Network

# Windows that go through the network at once: enough to keep its products busy, few enough that
# what is gathered for them stays in the processor's cache, whatever the number of windows.
BATCH = 256


@dataclass(frozen=True)
class Forecast:
    """What lies ahead of each series. `S` series, `N` steps, `T` targets, `Q` quantiles.

    Attributes:
        times: datetime64[us] `(S, N)`.
        prediction: float64 `(S, N, T)`, in the user's units.
        quantiles: float64 `(S, N, T, Q)`; NaN beyond the first block of steps, where the network
            reads its own forecasts and its quantiles would be too narrow. None for a point.
        levels: The `Q` levels.
        panel: The history that was forecast from.
    """

    times: NDArray[np.datetime64]
    prediction: FloatArray
    quantiles: FloatArray | None
    levels: tuple[float, ...]
    panel: Panel


def forecast(
    panel: Panel,
    preparation: Preparation,
    network: Network,
    *,
    calibration: Calibration | None = None,
    steps: int | None = None,
    future: Panel | None = None,
) -> Forecast:
    """Forecast each series of a panel from its last row on.

    Beyond the horizon the forecast goes on recursively: each block of `horizon` steps reads the
    ones before it in place of observations.

    Args:
        panel: History; each series ends at its own last row.
        preparation: What was fitted in training.
        network: From inputs to outputs.
        calibration: Of the run; None for the network's own quantiles.
        steps: How many; None for the horizon.
        future: The future covariates, as a panel of the same schema.

    Raises:
        ConfigError: If more than the horizon is asked for and a past covariate or `window.lead`
            forbids it, or less than one step.
        DataError: If an input is missing.
        TooShortError: If a series has fewer rows than one forecast reads.
    """
    window = preparation.config.window
    n_ahead = rows_ahead(preparation, steps)
    known = tail(panel, context_rows(panel, preparation))
    extended = extend(known, n_ahead, future=future)
    rows = extended.offsets[1:, None] + np.arange(window.lead - n_ahead, 0)
    blocks: list[_Block] = []
    for block_rows in np.split(rows, rows.shape[1] // window.horizon, axis=1):
        blocks.append(
            _forecast_block(extended, block_rows, preparation, network, calibration=calibration)
        )
        extended = _with_forecast(extended, block_rows, blocks[-1].points)
    shown = slice(0, window.horizon if steps is None else steps)
    levels = levels_of(preparation) if calibration is None else calibration.shown
    return Forecast(
        times=extended.times[rows][:, shown],
        prediction=np.concatenate([block.points for block in blocks], axis=1)[:, shown],
        quantiles=_join_quantiles(blocks)[:, shown] if levels else None,
        levels=levels,
        panel=panel,
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


def split_outputs(
    outputs: FloatArray, levels: tuple[float, ...]
) -> tuple[FloatArray, FloatArray | None]:
    """Point forecast `(…)` and quantiles `(…, Q)` of network outputs `(…, n_outputs)`."""
    if not levels:
        return outputs[..., 0], None
    return outputs[..., levels.index(0.5)], outputs


def levels_of(preparation: Preparation) -> tuple[float, ...]:
    """Quantile levels that the network gives; empty for a point."""
    output = preparation.config.output
    return tuple(output.levels) if output.type == "quantiles" else ()


@dataclass(frozen=True)
class _Block:
    """One block of `H` steps of each series."""

    points: FloatArray  # [S, H, T]
    quantiles: FloatArray | None  # [S, H, T, Q]


def _forecast_block(
    panel: Panel,
    rows: IntArray,
    preparation: Preparation,
    network: Network,
    *,
    calibration: Calibration | None,
) -> _Block:
    """Forecast some rows `(S, H)` of a panel, the next ones of each series, from those before."""
    window = preparation.config.window
    prepared = prepare(panel, preparation)
    starts = rows[:, 0] - window.lead - window.lookback
    _check_inputs(prepared, preparation, starts)
    return _Block(*window_outputs(network, prepared, preparation, starts, calibration=calibration))


def last_windows(
    panel: Panel, preparation: Preparation
) -> tuple[dict[str, Float32Array | Int32Array], NDArray[np.datetime64]]:
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
    _check_inputs(prepared, preparation, starts)
    inputs = gather_inputs(prepared.arrays, starts, window)
    return inputs, extended.times[input_rows(starts, window)]


def window_outputs(
    network: Network,
    prepared: Prepared,
    preparation: Preparation,
    starts: IntArray,
    *,
    calibration: Calibration | None = None,
) -> tuple[FloatArray, FloatArray | None]:
    """What is forecast of some windows in the user's units, gathered and run batch by batch.

    Args:
        network: From inputs to outputs.
        prepared: The panel, made ready.
        preparation: What was fitted.
        starts: int64, `(n_windows,)`.
        calibration: Of the run; None for the network's own quantiles.

    Returns:
        Point forecasts, float64 `(n_windows, horizon, n_targets)`, and quantiles of these and one
        more axis; None for a point forecast that is not calibrated.
    """
    shown = None if calibration is None else calibration.only_shown()
    levels = levels_of(preparation) if shown is None else shown.levels
    shape = (len(starts), preparation.config.window.horizon, prepared.arrays.n_targets)
    units = np.empty((*shape, 1 + len(levels)))
    done = 0
    for batch, outputs in batch_outputs(network, prepared, preparation, starts):
        series = prepared.arrays.series_of_row[batch]
        quantiles = outputs.quantiles
        if shown is not None:
            own = shown.grouping.of_series(prepared.panel.series)[series]
            quantiles = shown.quantiles(outputs, own)
        values = outputs.points[..., None]
        if quantiles is not None:
            values = np.concatenate([values, quantiles], axis=-1)
        groups = prepared.groups[series]
        units[done : done + len(batch)] = preparation.to_units(values, groups)
        done += len(batch)
    return units[..., 0], units[..., 1:] if levels else None


def batch_outputs(
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray
) -> Iterator[tuple[IntArray, Outputs]]:
    """What a network says of some windows, in network units: batches of starts, each with it."""
    levels = levels_of(preparation)
    for first in range(0, len(starts), BATCH):
        batch = starts[first : first + BATCH]
        outputs = network(gather_inputs(prepared.arrays, batch, preparation.config.window))
        yield batch, Outputs(*split_outputs(np.asarray(outputs, dtype=np.float64), levels))


def all_outputs(
    network: Network, prepared: Prepared, preparation: Preparation, starts: IntArray
) -> Outputs:
    """What a network says of some windows, in network units, all at once."""
    levels = levels_of(preparation)
    shape = (len(starts), preparation.config.window.horizon, prepared.arrays.n_targets)
    points = np.empty(shape)
    quantiles = np.empty((*shape, len(levels)))
    done = 0
    for batch, outputs in batch_outputs(network, prepared, preparation, starts):
        some = slice(done, done + len(batch))
        points[some] = outputs.points
        if outputs.quantiles is not None:
            quantiles[some] = outputs.quantiles
        done += len(batch)
    return Outputs(points, quantiles if levels else None)


def _join_quantiles(blocks: list[_Block]) -> FloatArray:
    """Quantiles of the first block, NaN for the recursive ones after it."""
    known = [np.asarray(block.quantiles) for block in blocks]
    return np.concatenate([known[0], *(np.full_like(q, np.nan) for q in known[1:])], axis=1)


def _with_forecast(panel: Panel, rows: IntArray, points: FloatArray) -> Panel:
    """The panel with a forecast in place of the targets it stands for."""
    values = panel.values.copy()
    values[rows, : panel.n_targets] = points
    return replace(panel, values=values)


def _check_inputs(prepared: Prepared, preparation: Preparation, starts: IntArray) -> None:
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
        + f"), {name} {length}: {needed - length} too few. Give more history."
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
