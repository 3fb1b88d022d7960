"""An experiment that has ended, as the files of its run."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast import __version__
from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset, fingerprint
from lstmcast.data.panel import Panel, Schema, tail
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.scoring import BLOCK
from lstmcast.experiment.calibrating import Calibrated
from lstmcast.experiment.measuring import Measured
from lstmcast.experiment.network import Fitted
from lstmcast.machine import hardware
from lstmcast.reporting.contents import Actuals, Contents, Fit
from lstmcast.reporting.report import choose_plots, render_report
from lstmcast.reporting.wording import (
    epochs_trained,
    members_named,
    short_time,
    step_length,
    utc_moment,
)
from lstmcast.runtime import bundle as files
from lstmcast.runtime.adapting import Learned
from lstmcast.runtime.calibration import Calibration
from lstmcast.runtime.context import context_frame, context_rows
from lstmcast.runtime.network import Network
from lstmcast.runtime.network_shapes import shapes_of
from lstmcast.runtime.paths import fit_ranks
from lstmcast.runtime.probe import write_probe
from lstmcast.runtime.run_writer import Blocks, RunWriter
from lstmcast.runtime.scores import fit_scores
from lstmcast.runtime.tables import forecasts_frame, series_frame

if TYPE_CHECKING:
    import pandas as pd

    from lstmcast.training.history import History

# Forecasts that are written as CSV too.
CSV_ROWS = 1_000_000


def manifest_of(dataset: Dataset, fitted: Fitted, created: datetime) -> dict[str, Any]:
    """What the manifest says of a run: what it was made of, and with."""
    diverged = {} if fitted.diverged is None else {"diverged": fitted.diverged}
    return {
        **origin_of(dataset.preparation.config, dataset.panel, created),
        **diverged,
        "network": {
            "shapes": asdict(shapes_of(dataset.preparation)),
            "parameters": int(sum(weight.size for weight in fitted.weights.values())),
        },
        "kernel": fitted.histories[0].plan.kernel.name,
        "onnx": dict(fitted.export),
    }


def origin_of(config: Config, panel: Panel, created: datetime) -> dict[str, Any]:
    """What every manifest says: when, with which versions and of which data it was made."""
    packages = ["keras", config.training.backend, "numpy", "pandas", "onnxruntime"]
    packages += ["holidays"] * (config.features.holidays is not None)
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {
        "name": config.name,
        "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "seed": config.seed,
        "backend": config.training.backend,
        "versions": {
            "lstmcast": __version__,
            "python": platform.python_version(),
            **versions,
        },
        "hardware": hardware(),
        "data": {
            "fingerprint": fingerprint(panel),
            "rows": panel.n_rows,
            "series": panel.n_series,
            "first": str(panel.times.min()),
            "last": str(panel.times.max()),
        },
    }


def write_data(writer: RunWriter, dataset: Dataset) -> None:
    """What is known before the fit: the config, what was fitted on the rows, the last of them.

    Finding the last rows takes as much memory as all rows do, which would add to the forecasts.
    """
    panel, preparation = dataset.panel, dataset.preparation
    writer.text(files.CONFIG, dump_config(preparation.config))
    writer.json(files.PREPARATION, preparation.to_json())
    writer.table(files.CONTEXT, context_frame(tail(panel, context_rows(panel, preparation))))


def write_results(writer: RunWriter, schema: Schema, fitted: Fitted, measured: Measured) -> None:
    """The network, how its fit went and what it forecasts."""
    test = measured.test
    writer.json(files.METRICS, measured.metrics)
    writer.weights(fitted.weights)
    writer.table(files.HISTORY, history_frame(fitted.histories))
    writer.arrays(files.FORECASTS, forecast_arrays(test))
    if measured.by_series is not None:
        writer.table(files.BY_SERIES, series_frame(measured.by_series, schema))
    if test.y_pred.size <= CSV_ROWS:
        writer.table(files.FORECASTS_CSV, forecasts_frame(test, schema))


def keep_probe(writer: RunWriter, dataset: Dataset, network: Network) -> None:
    """The last training window, and what the network says of it."""
    start = int(dataset.fitted_starts.train[-1])
    write_probe(writer, network, dataset.prepared, dataset.preparation, start=start)


def write_ranks(
    writer: RunWriter, dataset: Dataset, network: Network, calibration: Calibration | None
) -> None:
    """How the steps of a window go together, for sample paths; where there is validation."""
    starts = dataset.starts["validation"]
    ranks = fit_ranks(
        network, dataset.prepared, dataset.preparation, starts, calibration=calibration
    )
    if ranks is not None:
        writer.arrays(files.RANKS, [("ranks", ranks.values)])


def write_scores(
    writer: RunWriter, dataset: Dataset, network: Network, calibrated: Calibrated
) -> None:
    """How far off the validation windows were, for what is to be ranked among them."""
    if calibrated.calibration is None:
        return
    scores = fit_scores(
        network,
        dataset.prepared,
        dataset.preparation,
        dataset.starts["validation"],
        calibration=calibrated.calibration,
        said=calibrated.said,
    )
    writer.arrays(files.SCORES, scores.arrays())


def write_calibration(writer: RunWriter, calibration: Calibration, learned: Learned | None) -> None:
    """How far the quantiles are shifted, and what they have learned over the test windows."""
    values = {"static": calibration.to_json(), "learned": learned and learned.to_json()}
    writer.json(files.CALIBRATION, values, indented=False)


def forecast_arrays(test: WindowForecasts) -> Iterator[tuple[str, np.ndarray | Blocks]]:
    """What `forecasts.npz` holds, one array at a time."""
    yield "targets", np.array(test.targets)
    yield "series_names", np.array(test.series_names)
    yield "levels", np.array(test.levels, dtype=np.float64)
    yield "starts", test.starts
    yield "series", test.series
    yield "origin_times", test.origin_times
    yield "y_true", test.y_true[:]
    yield "y_pred", test.y_pred
    if test.quantiles is not None:
        quantiles, n_windows = test.quantiles, test.n_windows
        blocks = (quantiles[i : i + BLOCK] for i in range(0, n_windows, BLOCK))
        yield "quantiles", Blocks((*test.y_pred.shape, len(test.levels)), blocks)
    for name, baseline in test.baselines.items():
        yield f"baseline_{name}", baseline[:]


def write_report(
    writer: RunWriter,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    fitted: Fitted,
    measured: Measured,
) -> None:
    """Write the plots, and the page that holds them."""
    from lstmcast.reporting.plots.writing import write_plots

    contents = _contents(writer, manifest, dataset, fitted, measured)
    with writer.writing(files.PLOTS) as folder:
        plots = choose_plots(write_plots(contents, folder))
    writer.text(files.REPORT, render_report(contents, plots))


def _contents(
    writer: RunWriter,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    fitted: Fitted,
    measured: Measured,
) -> Contents:
    panel, metrics = dataset.panel, measured.metrics
    validated = len(dataset.fitted_starts.validation) > 0
    return Contents(
        name=manifest["name"],
        run_id=writer.final.name,
        created=utc_moment(manifest["created"]),
        config_text=dump_config(dataset.preparation.config),
        freq=panel.schema.freq,
        summary=summary_of(manifest, metrics, panel),
        verdicts=measured.verdicts,
        warnings=tuple(manifest["warnings"]),
        fits=tuple(
            Fit(history.rows, history.best_epoch if validated else None)
            for history in fitted.histories
        ),
        test=measured.test,
        scores=metrics["metrics"],
        metrics_scaled=metrics["metrics_scaled"],
        members=metrics.get("members"),
        over_series=metrics.get("over_series"),
        worst_series=metrics.get("worst_series"),
        intervals=metrics.get("intervals"),
        actuals=Actuals(panel.times, dataset.prepared.actual, panel.offsets),
    )


def summary_of(
    manifest: Mapping[str, Any], metrics: Mapping[str, Any], panel: Panel
) -> dict[str, str]:
    """The facts of a run, in the order in which they are shown."""
    data, windows, seconds = manifest["data"], metrics["windows"], manifest["seconds"]
    series = f" in {data['series']:,} series" if panel.schema.series else ""
    period = f"{short_time(data['first'])} to {short_time(data['last'])}"
    return {
        "Data": f"{data['rows']:,} rows{series}, {period}",
        "Step": f"{step_length(panel.schema.freq)}, a season has {panel.schema.season_length:,}",
        "Windows": ", ".join(f"{name} {count:,}" for name, count in windows.items()),
        "Parameters": f"{manifest['network']['parameters']:,}",
        "Epochs": epochs_trained(metrics),
        "Time": f"{seconds['total']:.1f} s, {seconds['fit']:.1f} s of it fitting",
        "Backend": f"{manifest['backend']} {manifest['versions'][manifest['backend']]}",
        "Seed": members_named(metrics) if "members" in metrics else str(manifest["seed"]),
        "Data fingerprint": data["fingerprint"][:16],
    }


def history_frame(histories: Sequence[History]) -> pd.DataFrame:
    """A row for each epoch, of one network after the other where there are several."""
    import pandas as pd

    frames = [pd.DataFrame([asdict(row) for row in history.rows]) for history in histories]
    if len(frames) == 1:
        return frames[0]
    for frame, history in zip(frames, histories, strict=True):
        frame.insert(0, "member", history.plan.member)
        if history.plan.series is not None:
            frame.insert(0, "series", history.plan.series)
    return pd.concat(frames)
