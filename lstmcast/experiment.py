"""The pipeline as one readable function: a config in, a trained run out."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast import __version__
from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config
from lstmcast.data.dataset import Dataset, build_dataset, fingerprint, load_panel
from lstmcast.data.panel import Panel, tail
from lstmcast.data.preparation import Preparation
from lstmcast.data.splitting import SPLITS
from lstmcast.data.windows import gather_inputs
from lstmcast.errors import ResourceError
from lstmcast.evaluation.diagnostics import echo_check
from lstmcast.evaluation.forecasts import WindowForecasts
from lstmcast.evaluation.verdicts import baseline_verdict, fit_verdict
from lstmcast.models.registry import build_network
from lstmcast.models.shapes import Shapes
from lstmcast.reporting.contents import Actuals, Contents
from lstmcast.reporting.report import choose_plots, render_report
from lstmcast.runtime import bundle as files
from lstmcast.runtime.bundle import RunWriter
from lstmcast.runtime.context import context_frame, context_rows
from lstmcast.runtime.evaluating import forecast_windows, score_forecasts, training_scales
from lstmcast.runtime.network import Network, OnnxNetwork
from lstmcast.runtime.tables import forecasts_frame
from lstmcast.training.chatter import captured_chatter
from lstmcast.training.progress import Progress, SilentProgress

if TYPE_CHECKING:
    import pandas as pd

    from lstmcast.training.fitting import History

# Training windows that are scored; beyond it an even sample stands for all.
SCORED_TRAINING_WINDOWS = 20_000
# Forecasts that are written as CSV too.
CSV_ROWS = 1_000_000
# What the exported network may differ by from the trained one, relative to outputs of about 1.
PARITY = 1e-5


@dataclass(frozen=True)
class TrainedRun:
    """A run that was trained and written.

    Attributes:
        path: Its directory.
        manifest: What `manifest.json` holds, the list of files apart.
        metrics: What `metrics.json` holds.
        warnings: What the user should know.
        seconds: `total` and `fit`.
    """

    path: Path
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Any]
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class _Fitted:
    """A trained network, and the one that forecasts with it: ONNX, or Keras without an export."""

    history: History
    weights: Mapping[str, np.ndarray]
    network: Network
    export: Mapping[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Measured:
    """The test forecasts and what `metrics.json` holds of all splits."""

    test: WindowForecasts
    metrics: dict[str, Any]
    verdicts: tuple[str, ...]


def train(
    config: Config,
    *,
    frame: pd.DataFrame | None = None,
    runs_dir: Path | None = None,
    progress: Progress | None = None,
    show_chatter: bool = False,
) -> TrainedRun:
    """Train one experiment and write its run directory.

    Args:
        config: The experiment.
        frame: The data, in place of `data.path`.
        runs_dir: Where the run is written, in place of the config's `runs_dir`.
        progress: Told of each epoch.
        show_chatter: Let the libraries' own lines through to stderr, not into the run's log.

    Returns:
        The run, whole on disk.

    Raises:
        DataError: If the data cannot be used; nothing is written then.
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the disk, the device or a package is not there.
    """
    began = time.perf_counter()
    dataset = build_dataset(config, load_panel(config, frame=frame))
    shapes = shapes_of(dataset.preparation)
    created = datetime.now(UTC)
    writer = RunWriter(runs_dir or Path(config.runs_dir), _run_id(config, dataset, created))
    try:
        writer.log("data", rows=dataset.panel.n_rows, series=dataset.panel.n_series)
        fitted = _fit_quietly(dataset, shapes, writer, progress, show_chatter=show_chatter)
        measured = _measure(dataset, fitted)
        warnings = (*dataset.warnings, *fitted.warnings)
        seconds = {"total": time.perf_counter() - began, "fit": fitted.history.seconds}
        manifest = _manifest(dataset, shapes, fitted, created)
        manifest |= {"warnings": list(warnings), "seconds": seconds}
        _write(writer, dataset, fitted, measured)
        _report(writer, _contents(writer, manifest, dataset, fitted, measured))
        return TrainedRun(writer.finish(manifest), manifest, measured.metrics, warnings, seconds)
    except BaseException:
        writer.discard()
        raise


def shapes_of(preparation: Preparation) -> Shapes:
    """The sizes of the network that a preparation and its config ask for."""
    config, schema = preparation.config, preparation.schema
    output, categories = config.output, config.features.categories
    embedded = categories.encoding == "embedding"

    def levels(*roles: Any) -> tuple[int, ...]:
        names = schema.names(kind="category", roles=roles) if embedded else ()
        return tuple(len(preparation.vocabularies[name]) + 1 for name in names)

    static = len(schema.names(kind="number", roles=("static",)))
    if not embedded:
        names = schema.names(kind="category", roles=("static",))
        static += sum(len(preparation.vocabularies[name]) for name in names)
    return Shapes(
        lookback=config.window.lookback,
        horizon=config.window.horizon,
        n_targets=len(schema.targets),
        n_outputs=len(output.levels) if output.type == "quantiles" else 1,
        past=len(schema.targets) + len(preparation.features),
        future=sum(feature.ahead for feature in preparation.features),
        static=static,
        past_levels=levels("past", "future"),
        future_levels=levels("future"),
        static_levels=levels("static"),
        embedding_size=categories.embedding_size,
    )


def rebuild_network(preparation: Preparation, weights: Mapping[str, np.ndarray]) -> Network:
    """The network of a run in Keras, for one that could not be exported."""
    from lstmcast.training.backend import load_keras
    from lstmcast.training.export import inference_network
    from lstmcast.training.inference import KerasNetwork

    config = preparation.config
    load_keras(config.training, seed=config.seed)
    return KerasNetwork(inference_network(config.model, shapes_of(preparation), weights))


def _run_id(config: Config, dataset: Dataset, created: datetime) -> str:
    """Name, time and a hash of config and data, so that two runs of one second differ."""
    content = dump_config(config) + fingerprint(dataset.panel) + created.isoformat()
    short = hashlib.sha256(content.encode()).hexdigest()[:6]
    return f"{config.name}-{created:%Y%m%dT%H%M%SZ}-{short}"


def _fit_quietly(
    dataset: Dataset,
    shapes: Shapes,
    writer: RunWriter,
    progress: Progress | None,
    *,
    show_chatter: bool,
) -> _Fitted:
    """Train and export, what the libraries print going into the log."""
    progress = progress or SilentProgress()
    if show_chatter:
        return _fit(dataset, shapes, writer, progress)
    with captured_chatter() as chatter:
        fitted = _fit(dataset, shapes, writer, progress)
    writer.log("libraries", text=chatter.text)
    return fitted


def _fit(dataset: Dataset, shapes: Shapes, writer: RunWriter, progress: Progress) -> _Fitted:
    """Train the network, export it, and check the export against it."""
    from lstmcast.training.backend import load_keras
    from lstmcast.training.fitting import Starts, fit_network
    from lstmcast.training.inference import KerasNetwork
    from lstmcast.training.weights import weights_of

    config = dataset.preparation.config
    load_keras(config.training, seed=config.seed)
    network = build_network(config.model, shapes)
    history = fit_network(
        network,
        dataset.prepared.arrays,
        starts=Starts(train=dataset.starts["train"], validation=dataset.starts["validation"]),
        config=config,
        progress=progress,
        tensorboard=writer.path / files.TENSORBOARD,
    )
    for row in history.rows:
        writer.log("epoch", **asdict(row))
    weights = weights_of(network)
    trained = KerasNetwork(network)
    exported, export, warnings = _export(dataset, shapes, weights, trained, writer)
    return _Fitted(history, weights, exported, export, warnings)


def _export(
    dataset: Dataset,
    shapes: Shapes,
    weights: Mapping[str, np.ndarray],
    trained: Network,
    writer: RunWriter,
) -> tuple[Network, dict[str, Any], tuple[str, ...]]:
    """The network that forecasts, and what the manifest says of it."""
    from lstmcast.training.export import export_onnx

    path = writer.path / files.NETWORK
    try:
        export_onnx(dataset.preparation.config.model, shapes, weights, path)
    except ResourceError as error:
        warning = f"the run has no {files.NETWORK} and forecasts through Keras, slowly: {error}"
        return trained, {"left_out": str(error)}, (warning,)
    exported = OnnxNetwork(path)
    parity = _parity(dataset, trained, exported)
    warnings: tuple[str, ...] = ()
    if parity > PARITY and dataset.preparation.config.training.precision == "float32":
        warnings = (
            f"the exported network differs from the trained one by {parity:.1e} (relative)",
        )
    return exported, {"file": files.NETWORK, "parity": parity}, warnings


def _parity(dataset: Dataset, trained: Network, exported: Network) -> float:
    """Largest relative difference on some windows, one alone and seven at once."""
    starts = dataset.starts["train"]
    differences = [0.0]
    for chosen in (starts[:1], starts[:: max(1, len(starts) // 7)][:7]):
        inputs = gather_inputs(dataset.prepared.arrays, chosen, dataset.preparation.config.window)
        ours, theirs = trained(inputs), exported(inputs)
        differences.append(float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(ours), 1))))
    return max(differences)


def _measure(dataset: Dataset, fitted: _Fitted) -> _Measured:
    """Forecast the windows of every split with the network that the run will forecast with."""
    preparation, config = dataset.preparation, dataset.preparation.config
    scales = training_scales(dataset.prepared, dataset.splits)
    metrics: dict[str, Any] = {"windows": {s: len(dataset.starts[s]) for s in SPLITS}}
    metrics |= {"metrics": {}, "metrics_scaled": {}, "scales": scales.to_json()}
    for split in SPLITS:
        starts = dataset.starts[split]
        if split == "train" and len(starts) > SCORED_TRAINING_WINDOWS:
            chosen = np.linspace(0, len(starts) - 1, SCORED_TRAINING_WINDOWS).astype(int)
            starts = starts[chosen]
            metrics["train_sample"] = len(starts)
        forecasts = forecast_windows(
            dataset.prepared, preparation, fitted.network, split=split, starts=starts
        )
        scores, scaled = score_forecasts(
            forecasts, scales, dataset.panel, config.evaluation.metrics
        )
        metrics["metrics"][split], metrics["metrics_scaled"][split] = scores, scaled
    history = fitted.history
    metrics |= {"epochs": len(history.rows), "best_epoch": history.best_epoch}
    against = baseline_verdict(metrics["metrics"]["test"])
    fit = fit_verdict(history.rows, stopped_early=history.stopped == "early")
    echo = echo_check(forecasts, lead=config.window.lead)
    metrics["verdicts"] = {
        "baseline": {"text": against.text, "beats": against.beats, "skill": against.skill},
        "fit": {"text": fit.text, "kind": fit.kind},
        "echo": {"text": echo.text, "is_echo": echo.is_echo},
    }
    verdicts = tuple(text for text in (against.text, echo.text, fit.text) if text)
    return _Measured(test=forecasts, metrics=metrics, verdicts=verdicts)


def _manifest(
    dataset: Dataset, shapes: Shapes, fitted: _Fitted, created: datetime
) -> dict[str, Any]:
    panel, config = dataset.panel, dataset.preparation.config
    packages = ("keras", config.training.backend, "numpy", "pandas", "onnxruntime")
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
        "data": {
            "fingerprint": fingerprint(panel),
            "rows": panel.n_rows,
            "series": panel.n_series,
            "first": str(panel.times.min()),
            "last": str(panel.times.max()),
        },
        "network": {
            "shapes": asdict(shapes),
            "parameters": int(sum(weight.size for weight in fitted.weights.values())),
        },
        "onnx": dict(fitted.export),
    }


def _write(writer: RunWriter, dataset: Dataset, fitted: _Fitted, measured: _Measured) -> None:
    """All files of the run but the report and the manifest."""
    panel, preparation, test = dataset.panel, dataset.preparation, measured.test
    writer.text(files.CONFIG, dump_config(preparation.config))
    writer.json(files.PREPARATION, preparation.to_json())
    writer.json(files.METRICS, measured.metrics)
    writer.weights(fitted.weights)
    writer.table(files.CONTEXT, context_frame(tail(panel, context_rows(panel, preparation))))
    writer.table(files.HISTORY, _history_frame(fitted.history))
    arrays: dict[str, np.ndarray] = {
        "starts": test.starts,
        "series": test.series,
        "origin_times": test.origin_times,
        "y_true": test.y_true,
        "y_pred": test.y_pred,
        **{f"baseline_{name}": values for name, values in test.baselines.items()},
    }
    if test.quantiles is not None:
        arrays["quantiles"] = test.quantiles
    writer.arrays(files.FORECASTS, arrays)
    if test.y_true.size <= CSV_ROWS:
        writer.table(files.FORECASTS_CSV, forecasts_frame(test, panel.schema))


def _report(writer: RunWriter, contents: Contents) -> None:
    """The plots, and the page that holds them."""
    from lstmcast.reporting.plots.writing import write_plots

    plots = choose_plots(write_plots(contents, writer.path / files.PLOTS))
    writer.text(files.REPORT, render_report(contents, plots))


def _contents(
    writer: RunWriter,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    fitted: _Fitted,
    measured: _Measured,
) -> Contents:
    panel, metrics = dataset.panel, measured.metrics
    history = fitted.history
    return Contents(
        name=manifest["name"],
        run_id=writer.final.name,
        created=manifest["created"],
        config_text=dump_config(dataset.preparation.config),
        freq=panel.schema.freq,
        summary=_summary(manifest, metrics, panel),
        verdicts=measured.verdicts,
        warnings=tuple(manifest["warnings"]),
        history=history.rows,
        best_epoch=history.best_epoch if len(dataset.starts["validation"]) else None,
        test=measured.test,
        scores=metrics["metrics"],
        metrics_scaled=metrics["metrics_scaled"],
        actuals=Actuals(panel.times, dataset.prepared.actual, panel.offsets),
    )


def _summary(
    manifest: Mapping[str, Any], metrics: Mapping[str, Any], panel: Panel
) -> dict[str, str]:
    """The facts of a run, in the order in which they are shown."""
    data, windows, seconds = manifest["data"], metrics["windows"], manifest["seconds"]
    series = f" in {data['series']} series" if panel.schema.series else ""
    return {
        "Data": f"{data['rows']} rows{series}, {data['first']} to {data['last']}",
        "Frequency": f"{panel.schema.freq}, season of {panel.schema.season_length} steps",
        "Windows": ", ".join(f"{name} {count}" for name, count in windows.items()),
        "Parameters": str(manifest["network"]["parameters"]),
        "Epochs": f"{metrics['epochs']}, the best was {metrics['best_epoch']}",
        "Time": f"{seconds['total']:.1f} s, {seconds['fit']:.1f} s of it fitting",
        "Backend": f"{manifest['backend']} {manifest['versions'][manifest['backend']]}",
        "Seed": str(manifest["seed"]),
        "Data fingerprint": data["fingerprint"][:16],
    }


def _history_frame(history: History) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in history.rows])
