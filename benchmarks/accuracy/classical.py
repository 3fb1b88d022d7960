"""Classical methods on the same windows as a run: AutoETS, AutoARIMA and Theta of statsforecast.

    python benchmarks/accuracy/classical.py --name co2 configs/co2.yaml
    python benchmarks/accuracy/page.py

Each method is fitted once for each series, on the last rows before the test period, and then
carried forward to each origin with its parameters as they are, as the network's are. It sees the
target alone, and there must be one. AutoETS goes without a season that is longer than 24.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import run as accuracy
from statsforecast.models import AutoARIMA, AutoETS, AutoTheta

from lstmcast.config.loading import load_config
from lstmcast.data.dataset import Dataset, build_dataset, load_panel
from lstmcast.data.windows import origins, target_rows
from lstmcast.evaluation.baselines import baseline_forecasts
from lstmcast.evaluation.metrics import mae, mase, rmse
from lstmcast.experiment import train
from lstmcast.runtime.evaluating import training_scales

# Rows that a method is fitted on, and rows that it reads before an origin: on more of them a
# seasonal ARIMA takes hours, and what came long ago no longer counts.
FITTED, READ = 4_000, 1_000
METHODS: dict[str, Any] = {
    "AutoETS": lambda season: AutoETS(season_length=season if season <= 24 else 1),
    "AutoARIMA": lambda season: AutoARIMA(season_length=season, approximation=True),
    "Theta": lambda season: AutoTheta(season_length=season),
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
            forecasts = _carried_forward(dataset, starts, name, season)
            found[name] = [_scores(dataset, starts, forecasts)]
        else:
            found[name] = [_scores(dataset, starts, _baseline(dataset, starts, name))]
        print(name, found[name], f"{time.perf_counter() - began:.0f} s", flush=True)
        # After each, for an ARIMA of a long season may be given up.
        results = accuracy.load(options.output)
        results.setdefault("classical", {})[options.name] = entry
        accuracy.save(results, options.output)


def _networks(
    config: Any, dataset: Dataset, starts: np.ndarray, options: argparse.Namespace
) -> list[dict[str, float]]:
    """The scores of a run for each seed."""
    found = []
    for seed in options.seeds:
        trained = train(config.model_copy(update={"seed": seed}))
        with np.load(trained.path / "forecasts.npz") as kept:
            chosen = np.searchsorted(kept["starts"], starts)
            found.append(_scores(dataset, starts, kept["y_pred"][chosen]))
    return found


def _baseline(dataset: Dataset, starts: np.ndarray, name: Any) -> np.ndarray:
    panel = dataset.panel
    return baseline_forecasts(
        [name],
        dataset.prepared.actual,
        offsets=panel.offsets,
        starts=starts,
        window=dataset.preparation.config.window,
        season_length=panel.schema.season_length,
    )[name]


def _carried_forward(dataset: Dataset, starts: np.ndarray, name: str, season: int) -> np.ndarray:
    """A method's forecasts, `(windows, horizon, 1)`."""
    window, panel = dataset.preparation.config.window, dataset.panel
    forecasts = np.empty((len(starts), window.horizon, 1))
    for series in np.unique(panel.series_of_row[starts]):
        begin, end = panel.offsets[series : series + 2]
        values = _filled(dataset.prepared.actual[begin:end, 0])
        of_series = np.flatnonzero(panel.series_of_row[starts] == series)
        ends = origins(starts[of_series], window) - begin + 1
        # What lies before the first origin of the test period.
        method = METHODS[name](season).fit(values[max(0, ends[0] - FITTED) : ends[0]])
        for index, last in zip(of_series, ends, strict=True):
            ahead = method.forward(
                values[max(0, last - READ) : last], h=window.lead + window.horizon
            )
            forecasts[index, :, 0] = ahead["mean"][window.lead :]
    return forecasts


def _filled(values: np.ndarray) -> np.ndarray:
    """Missing values as the last one before them, at the start as the mean of the first 100."""
    seen = np.where(np.isnan(values), 0, np.arange(len(values)))
    filled = values[np.maximum.accumulate(seen)]
    return np.nan_to_num(filled, nan=float(np.nanmean(values[:100])))


def _scores(dataset: Dataset, starts: np.ndarray, y_pred: np.ndarray) -> dict[str, float]:
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
