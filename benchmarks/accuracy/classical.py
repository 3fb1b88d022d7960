"""Classical methods on the same windows as a run: AutoETS, AutoARIMA and Theta of statsforecast.

    python benchmarks/accuracy/classical.py --name co2 configs/co2.yaml
    python benchmarks/accuracy/page.py

Each method is fitted once for each series, on the last rows before the test period, and then
carried forward to each origin, as in a backtest. It sees the target alone, and there must be one.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import run as accuracy

from lstmcast.backtesting.statistical import carried_forward
from lstmcast.config.loading import load_config
from lstmcast.config.schema import Config
from lstmcast.config.sections.types import StatisticalName
from lstmcast.data.dataset import Dataset, build_dataset, load_panel
from lstmcast.data.panel import FloatArray, IntArray
from lstmcast.data.windows import origins, target_rows
from lstmcast.evaluation.baselines import baseline_forecasts
from lstmcast.evaluation.metrics import mae, mase, rmse
from lstmcast.experiment import train
from lstmcast.runtime.evaluating import training_scales

METHODS: dict[str, StatisticalName] = {
    "AutoETS": "auto_ets",
    "AutoARIMA": "auto_arima",
    "Theta": "theta",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--name", required=True, help="what the page calls it")
    parser.add_argument("--set", nargs="*", default=[], dest="overrides")
    parser.add_argument("--every", type=int, default=1, help="take every n-th test window")
    parser.add_argument("--season", type=int, help="of the classical methods, if not the config's")
    parser.add_argument("--methods", nargs="*", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--output", type=Path, default=accuracy.RESULTS)
    options = parser.parse_args()
    config = load_config(options.config, overrides=options.overrides).config
    dataset = build_dataset(config, load_panel(config))
    if len(dataset.panel.schema.targets) > 1:
        parser.error("a config with one target, please")
    starts = dataset.starts["test"][:: options.every]
    season = options.season or dataset.panel.schema.season_length
    found: dict[str, list[dict[str, float]]] = {}
    entry = {"windows": len(starts), "season": season, "scores": found}
    for name in ("lstmcast", "naive", "seasonal_naive", *options.methods):
        began = time.perf_counter()
        if name == "lstmcast":
            found[name] = _networks(config, dataset, starts, options)
        elif name in METHODS:
            forecasts = _carried_forward(config, dataset, starts, METHODS[name], season)
            found[name] = [_scores(dataset, starts, forecasts)]
        else:
            found[name] = [_scores(dataset, starts, _baseline(dataset, starts, name))]
        print(name, found[name], f"{time.perf_counter() - began:.0f} s", flush=True)
        # After each, for an ARIMA of a long season may be given up.
        results = accuracy.load(options.output)
        results.setdefault("classical", {})[options.name] = entry
        accuracy.save(results, options.output)


def _networks(
    config: Config, dataset: Dataset, starts: IntArray, options: argparse.Namespace
) -> list[dict[str, float]]:
    """The scores of a run for each seed."""
    found = []
    for seed in options.seeds:
        trained = train(config.model_copy(update={"seed": seed}))
        with np.load(trained.path / "forecasts.npz") as kept:
            chosen = np.searchsorted(kept["starts"], starts)
            found.append(_scores(dataset, starts, kept["y_pred"][chosen]))
    return found


def _baseline(dataset: Dataset, starts: IntArray, name: Any) -> FloatArray:
    panel = dataset.panel
    return baseline_forecasts(
        [name],
        dataset.prepared.actual,
        offsets=panel.offsets,
        starts=starts,
        window=dataset.preparation.config.window,
        season_length=panel.schema.season_length,
    )[name]


def _carried_forward(
    config: Config, dataset: Dataset, starts: IntArray, method: StatisticalName, season: int
) -> FloatArray:
    """A method's forecasts, `(windows, horizon, 1)`."""
    panel, window = dataset.panel, config.window
    asked = {"backtest": config.backtest.model_copy(update={"statistical": [method]})}
    schema = replace(panel.schema, season_length=season)
    prepared = replace(dataset.prepared, panel=replace(panel, schema=schema))
    # What lies before the first origin of the test period in each series.
    fitted_before = panel.offsets[:-1].copy()
    known, series = origins(starts, window) + 1, panel.series_of_row[starts]
    for each in np.unique(series):
        fitted_before[each] = known[series == each].min()
    carried = carried_forward(
        prepared, starts, config.model_copy(update=asked), fitted_before=fitted_before
    )
    for warning in carried.warnings:
        print(warning, flush=True)
    return carried.forecasts[method]


def _scores(dataset: Dataset, starts: IntArray, y_pred: FloatArray) -> dict[str, float]:
    y_true = dataset.prepared.actual[target_rows(starts, dataset.preparation.config.window)]
    scale = training_scales(dataset.prepared, dataset.splits).mase
    of_window = scale[dataset.panel.series_of_row[starts]]
    return {
        "rmse": rmse(y_true, y_pred),
        "mae": mae(y_true, y_pred),
        "mase": mase(y_true, y_pred, of_window),
    }


if __name__ == "__main__":
    main()
