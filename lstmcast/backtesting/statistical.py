"""Classical methods of statsforecast on the windows of a fold.

Each is fitted once for each fold, series and target, on the last rows before the fold's part, and
then carried forward to each origin with its parameters as they are, as the network's are.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.config.schema import Config, Window
from lstmcast.config.sections.types import StatisticalName
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.preparing import Prepared
from lstmcast.data.windows import origins
from lstmcast.errors import ResourceError

# Rows that a method is fitted on, and rows that it reads before an origin: on more of them a
# seasonal ARIMA takes hours, and what came long ago no longer counts.
FITTED, READ = 4_000, 1_000
# The state of AutoETS grows with the season; statsforecast itself goes no further.
LONGEST_ETS_SEASON = 24


@dataclass(frozen=True)
class Carried:
    """What the methods say of the windows of a fold.

    Attributes:
        forecasts: For each method float64, `(n_windows, horizon, n_targets)`.
        warnings: Where a method could not be fitted.
    """

    forecasts: Mapping[str, FloatArray]
    warnings: tuple[str, ...] = ()


def check_installed(config: Config) -> None:
    """Refuse statistical methods where they are not to be had.

    Raises:
        ResourceError: If statsforecast is not installed.
    """
    if config.backtest.statistical and importlib.util.find_spec("statsforecast") is None:
        raise ResourceError(
            f"backtest.statistical asks for {', '.join(config.backtest.statistical)}, which are "
            "those of statsforecast, and it is not installed. Install it with "
            "pip install 'lstmcast[stats]', or set backtest.statistical to []."
        )


def carried_forward(
    prepared: Prepared, starts: IntArray, config: Config, *, fitted_before: IntArray
) -> Carried:
    """The forecasts of the config's statistical methods.

    A method that cannot be fitted to a series, mostly for want of rows, repeats its last value.

    Args:
        prepared: The rows that the fold may know.
        starts: int64, `(n_windows,)`.
        config: Its `window` and `backtest.statistical`.
        fitted_before: int64, `(n_series,)`, the row of each series before which the methods are
            fitted.
    """
    forecasts: dict[str, FloatArray] = {}
    notes = []
    for name in config.backtest.statistical:
        forecasts[name], n_failed, n_all = _of_method(
            name, prepared, starts, window=config.window, fitted_before=fitted_before
        )
        if n_failed:
            notes.append(
                f"{name} could not be fitted to {n_failed} of the {n_all} series (too few rows, or "
                "values that it does not take): there it repeats the last value."
            )
    return Carried(forecasts, tuple(notes))


def _of_method(
    name: StatisticalName,
    prepared: Prepared,
    starts: IntArray,
    *,
    window: Window,
    fitted_before: IntArray,
) -> tuple[FloatArray, int, int]:
    """Forecasts of a method; how many series it could not be fitted to, of how many."""
    panel = prepared.panel
    found = np.empty((len(starts), window.horizon, panel.n_targets))
    series_of_window, n_failed, n_all = panel.series_of_row[starts], 0, 0
    for series in np.unique(series_of_window):
        begin, end = panel.offsets[series : series + 2]
        windows = np.flatnonzero(series_of_window == series)
        ends = origins(starts[windows], window) - begin + 1
        for target in range(panel.n_targets):
            values = _filled(prepared.actual[begin:end, target])
            last = int(fitted_before[series] - begin)
            method = _fit(name, values[max(0, last - FITTED) : last], panel.schema.season_length)
            n_failed, n_all = n_failed + (method is None), n_all + 1
            for index, known in zip(windows, ends, strict=True):
                read = values[max(0, known - READ) : known]
                found[index, :, target] = _ahead(method, read, window)
    return found, n_failed, n_all


def _fit(name: StatisticalName, values: FloatArray, season: int) -> Any:
    """A fitted method; None where it takes no such series."""
    with _quiet():
        try:
            return _METHODS[name](season).fit(values)
        except Exception:  # each method has its own reasons, and its own exceptions
            return None


def _ahead(method: Any, values: FloatArray, window: Window) -> FloatArray:
    """The steps that a method gives after some rows, `(horizon,)`."""
    steps = window.lead + window.horizon
    if method is None:
        return np.full(window.horizon, values[-1])
    with _quiet():
        ahead = np.asarray(method.forward(values, h=steps)["mean"], dtype=np.float64)
    return ahead[window.lead :]


def _quiet() -> warnings.catch_warnings[None]:
    """Where overflows on the way to the best parameters are not spoken of."""
    return warnings.catch_warnings(action="ignore")


def _filled(values: FloatArray) -> FloatArray:
    """Missing values as the last one before them; before the first, as that."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.zeros_like(values)
    source = np.where(np.isnan(values), known[0], np.arange(len(values)))
    return np.asarray(values[np.maximum.accumulate(source)])


def _auto_ets(season: int) -> Any:
    from statsforecast.models import AutoETS

    return AutoETS(season_length=season if season <= LONGEST_ETS_SEASON else 1)


def _theta(season: int) -> Any:
    from statsforecast.models import AutoTheta

    return AutoTheta(season_length=season)


def _auto_arima(season: int) -> Any:
    from statsforecast.models import AutoARIMA

    return AutoARIMA(season_length=season, approximation=True)


_METHODS: dict[StatisticalName, Callable[[int], Any]] = {
    "auto_ets": _auto_ets,
    "theta": _theta,
    "auto_arima": _auto_arima,
}
