"""A backtest that has ended, as the files of its directory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.backtesting.measuring import Backtested
from lstmcast.backtesting.plan import FoldResult
from lstmcast.config.loading import dump_config
from lstmcast.config.schema import Config
from lstmcast.experiment.recording import CSV_ROWS, forecast_arrays, origin_of
from lstmcast.reporting.backtest_page import render_backtest
from lstmcast.reporting.contents import Actuals, Contents
from lstmcast.reporting.report import choose_plots
from lstmcast.reporting.wording import count, short_time, step_length, utc_moment
from lstmcast.runtime import bundle as files
from lstmcast.runtime.run_writer import Blocks, RunWriter
from lstmcast.runtime.tables import forecasts_frame

if TYPE_CHECKING:
    import pandas as pd


def record(
    done: Backtested,
    results: Sequence[FoldResult],
    config: Config,
    *,
    runs_dir: Path,
    created: datetime,
    facts: Mapping[str, Any],
) -> tuple[dict[str, Any], Path]:
    """Write a backtest.

    Args:
        done: What it came to.
        results: Of each fold.
        config: The experiment.
        runs_dir: Where its directory is made.
        created: When it began, in UTC.
        facts: What else the manifest says: `seconds` and `warnings`.

    Returns:
        The manifest, the list of files apart, and the directory.

    Raises:
        ResourceError: If the disk is full, or the directory cannot be written.
    """
    manifest = {
        "kind": files.BACKTEST,
        **origin_of(config, done.observed.panel, created),
        "folds": len(results),
        **facts,
    }
    writer = RunWriter(runs_dir, _id(config, manifest, created))
    try:
        writer.text(files.CONFIG, dump_config(config))
        writer.json(files.METRICS, done.metrics)
        _write_log(writer, results)
        writer.table(files.FOLDS, folds_frame(done.metrics["folds"]))
        _write_forecasts(writer, done)
        _write_page(writer, manifest, done, config)
        return manifest, writer.finish(manifest)
    except BaseException:
        writer.discard()
        raise


def _id(config: Config, manifest: Mapping[str, Any], created: datetime) -> str:
    """Name, time and a hash of config and data, so that two backtests of one second differ."""
    content = dump_config(config) + manifest["data"]["fingerprint"] + created.isoformat()
    short = hashlib.sha256(content.encode()).hexdigest()[:6]
    return f"{config.name}-backtest-{created:%Y%m%dT%H%M%SZ}-{short}"


def _write_log(writer: RunWriter, results: Sequence[FoldResult]) -> None:
    """The epochs of each fit, and what became of each fold."""
    for result in results:
        facts, fold = result.facts, {"fold": result.number}
        histories = facts["history"] if facts["fitted"] == result.number else ()
        for member, history in enumerate(histories):
            which = {**fold, "member": member} if len(histories) > 1 else fold
            for row in history:
                writer.log("epoch", **which, **row)
        names = ("fitted", "windows", "seconds", "fingerprint")
        writer.log("fold", **fold, **{name: facts[name] for name in names})


def folds_frame(folds: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row for each fold: its periods, windows, fit, and the metrics of each forecaster.

    A column is named after the metric where it is the model's, and `<metric>_<name>` else.

    Args:
        folds: What `metrics.json` holds of them.
    """
    import pandas as pd

    return pd.DataFrame([dict(_fold_row(fold)) for fold in folds])


def _fold_row(fold: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "fold", fold["fold"]
    yield "fitted", fold["fitted"]
    for split in ("train", "validation", "test"):
        period = fold["periods"].get(split, {"first": "", "last": ""})
        for end in ("first", "last"):
            yield f"{split}_{end}", short_time(period[end])
    for split, number in fold["windows"].items():
        yield f"{split}_windows", number
    for name in ("epochs", "best_epoch", "seconds"):
        yield name, fold[name]
    for forecaster, scores in fold["metrics"].items():
        suffix = "" if forecaster == "model" else f"_{forecaster}"
        for metric, value in scores.items():
            if not isinstance(value, dict):
                yield f"{metric}{suffix}", value


def _write_forecasts(writer: RunWriter, done: Backtested) -> None:
    """Every forecast, with the fold that it is of."""

    def arrays() -> Iterator[tuple[str, np.ndarray | Blocks]]:
        yield "fold", done.fold
        yield from forecast_arrays(done.forecasts)

    writer.arrays(files.FORECASTS, arrays())
    forecasts = done.forecasts
    if forecasts.y_pred.size <= CSV_ROWS:
        frame = forecasts_frame(forecasts, done.observed.panel.schema)
        name = "fold"
        while name in frame:  # the user's own column of that name
            name += "_"
        frame.insert(0, name, np.repeat(done.fold, forecasts.y_pred[0].size))
        writer.table(files.FORECASTS_CSV, frame)


def _write_page(
    writer: RunWriter, manifest: Mapping[str, Any], done: Backtested, config: Config
) -> None:
    from lstmcast.reporting.plots.writing import write_backtest_plots

    contents = _contents(writer, manifest, done, config)
    with writer.writing(files.PLOTS) as folder:
        written = write_backtest_plots(contents, done.origins, folder)
    page = render_backtest(contents, done.metrics, choose_plots(written))
    writer.text(files.REPORT, page)


def _contents(
    writer: RunWriter, manifest: Mapping[str, Any], done: Backtested, config: Config
) -> Contents:
    panel = done.observed.panel
    return Contents(
        name=config.name,
        run_id=writer.final.name,
        created=utc_moment(manifest["created"]),
        config_text=dump_config(config),
        freq=panel.schema.freq,
        summary=_summary(manifest, done),
        verdicts=done.verdicts,
        warnings=tuple(manifest["warnings"]),
        fits=(),
        test=done.forecasts,
        scores=done.metrics["metrics"],
        metrics_scaled=done.metrics["metrics_scaled"],
        actuals=Actuals(panel.times, done.observed.actual, panel.offsets),
    )


def _summary(manifest: Mapping[str, Any], done: Backtested) -> dict[str, str]:
    """The facts of a backtest, in the order in which they are shown."""
    data, seconds, panel = manifest["data"], manifest["seconds"], done.observed.panel
    series = f" in {data['series']:,} series" if panel.schema.series else ""
    period = f"{short_time(data['first'])} to {short_time(data['last'])}"
    return {
        "Data": f"{data['rows']:,} rows{series}, {period}",
        "Step": f"{step_length(panel.schema.freq)}, a season has {panel.schema.season_length:,}",
        "Folds": f"{manifest['folds']}, {done.origins.how}",
        "Windows": f"{done.forecasts.n_windows:,}",
        "Fits": count(sum(fold.refitted for fold in done.origins.folds), "fit"),
        "Time": f"{seconds['total']:.1f} s, {seconds['fit']:.1f} s fitting",
        "Backend": f"{manifest['backend']} {manifest['versions'][manifest['backend']]}",
        "Seed": str(manifest["seed"]),
        "Data fingerprint": data["fingerprint"][:16],
    }
