"""Forecasts beyond the end of a panel: one block of steps, then recursively more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Window
from lstmcast.data.extending import extend
from lstmcast.data.panel import FloatArray, IntArray, Panel, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.windows import gather_inputs
from lstmcast.errors import ConfigError, DataError, TooShortError
from lstmcast.runtime.context import context_rows
from lstmcast.runtime.network import Network

BATCH = 4096


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
        steps: How many; None for the horizon.
        future: The future covariates, as a panel of the same schema.

    Raises:
        ConfigError: If more than the horizon is asked for and a past covariate or `window.lead`
            forbids it.
        DataError: If an input is missing.
        TooShortError: If a series has fewer rows than one forecast reads.
    """
    window = preparation.config.window
    wanted = window.horizon if steps is None else steps
    if wanted > window.horizon:
        check_recursive(preparation)
    known = tail(panel, context_rows(panel, preparation))
    blocks: list[_Block] = []
    while len(blocks) * window.horizon < wanted:
        extended = extend(known, window.lead + window.horizon, future=future)
        blocks.append(_block(extended, preparation, network))
        known = _with_forecast(extended, blocks[-1])
    levels = levels_of(preparation)
    return Forecast(
        times=np.concatenate([block.times for block in blocks], axis=1)[:, :wanted],
        prediction=np.concatenate([block.points for block in blocks], axis=1)[:, :wanted],
        quantiles=_join_quantiles(blocks)[:, :wanted] if levels else None,
        levels=levels,
        panel=panel,
    )


def check_recursive(preparation: Preparation) -> None:
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

    rows: IntArray  # [S, H], of the extended panel
    times: NDArray[np.datetime64]  # [S, H]
    points: FloatArray  # [S, H, T]
    quantiles: FloatArray | None  # [S, H, T, Q]


def _block(extended: Panel, preparation: Preparation, network: Network) -> _Block:
    """Forecast the last `horizon` rows of each series from the rows before."""
    window = preparation.config.window
    prepared = prepare(extended, preparation)
    rows = extended.offsets[1:, None] - window.horizon + np.arange(window.horizon)
    starts = rows[:, 0] - window.lead - window.lookback
    _check_inputs(prepared, preparation, starts)
    outputs = run_network(network, prepared, starts, window)
    units = preparation.to_units(outputs, prepared.groups)
    points, quantiles = split_outputs(units, levels_of(preparation))
    return _Block(rows=rows, times=extended.times[rows], points=points, quantiles=quantiles)


def run_network(
    network: Network, prepared: Prepared, starts: IntArray, window: Window
) -> NDArray[np.float32]:
    """Network outputs of some windows, gathered and run batch by batch.

    Returns:
        float32, `(n_windows, horizon, n_targets, n_outputs)`.
    """
    outputs = [
        network(gather_inputs(prepared.arrays, starts[i : i + BATCH], window))
        for i in range(0, len(starts), BATCH)
    ]
    return np.concatenate(outputs)


def _join_quantiles(blocks: list[_Block]) -> FloatArray:
    """Quantiles of the first block, NaN for the recursive ones after it."""
    known = [np.asarray(block.quantiles) for block in blocks]
    return np.concatenate([known[0], *(np.full_like(q, np.nan) for q in known[1:])], axis=1)


def _with_forecast(panel: Panel, block: _Block) -> Panel:
    """The panel with a forecast in place of the targets it stands for."""
    values = panel.values.copy()
    values[block.rows, : panel.n_targets] = block.points
    return replace(panel, values=values)


def _check_inputs(prepared: Prepared, preparation: Preparation, starts: IntArray) -> None:
    """Refuse windows that reach before their series or over rows whose inputs are missing."""
    panel, lookback = prepared.panel, preparation.config.window.lookback
    missing = starts[:, None] + np.arange(lookback)
    short = starts < panel.offsets[:-1]
    if short.any():
        raise _too_short(panel, preparation, int(np.argmax(short)))
    unknown = ~prepared.observed.inputs[missing]
    if not unknown.any():
        return
    series, step = np.argwhere(unknown)[0]
    row = int(missing[series, step])
    empty = np.isnan(panel.values[row])
    names = [n for n, gone in zip(panel.schema.names(kind="number"), empty, strict=True) if gone]
    if not names:
        raise _too_short(panel, preparation, int(series))
    raise DataError(
        f"missing at {panel.times[row]}{_of(panel, int(series))}, inside the last {lookback} steps "
        f"that the forecast reads, and data.missing.strategy "
        f"{preparation.config.data.missing.strategy!r} does not fill it. Fill it in the data.",
        column=names[0],
    )


def _too_short(panel: Panel, preparation: Preparation, series: int) -> TooShortError:
    window = preparation.config.window
    length = int(np.diff(panel.offsets)[series]) - window.horizon - window.lead
    extra = preparation.history - window.lookback
    return TooShortError(
        f"a forecast reads {preparation.history} rows (window.lookback {window.lookback}"
        + (f" + {extra} for lags, rolling statistics and late columns" if extra else "")
        + f"), the data have {length}{_of(panel, series)}: {preparation.history - length} too few."
    )


def _of(panel: Panel, series: int) -> str:
    return f" of {panel.series[series]}" if panel.schema.series else ""
