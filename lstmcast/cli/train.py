"""`lstmcast train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.opening import suggest_forecast
from lstmcast.cli.options import RUNS_DIR, AsJson, ConfigFile, Overrides, Quiet, Ray, Workers
from lstmcast.cli.output import Console, show_path
from lstmcast.cli.progress import following

if TYPE_CHECKING:
    from lstmcast.experiment import TrainedRun


def train(
    config: ConfigFile,
    overrides: Overrides = None,
    *,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the newest training of this config and data that was interrupted; "
            "where there is none, begin anew.",
        ),
    ] = False,
    workers: Workers = None,
    ray: Ray = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            show_default=False,
            help="Also results by target and by step; -vv: what TensorFlow prints, too.",
        ),
    ] = 0,
) -> None:
    """Train, measure beside simple baselines, write a run.

    \b
    lstmcast train config.yaml
    lstmcast train config.yaml --set training.epochs=5 --set model.units=[32]
    lstmcast train config.yaml --set training.seeds=5 --workers 2
    lstmcast train config.yaml --resume
    lstmcast train config.yaml --json > result.json
    """
    from lstmcast.config.loading import load_config, placed
    from lstmcast.execution.choosing import choose_executor
    from lstmcast.execution.local import LocalExecutor
    from lstmcast.experiment import train as train_run

    console = Console("train", as_json=as_json, quiet=quiet)
    loaded = load_config(config, overrides=overrides or ())
    executor = choose_executor(loaded.config.resources, workers=workers, ray=ray)
    with placed(loaded), following(quiet=quiet) as progress:
        run = train_run(
            loaded.config,
            progress=progress,
            executor=None if isinstance(executor, LocalExecutor) else executor,
            resume=resume,
            show_chatter=verbose > 1,
        )
    console.warn(run.warnings)
    console.answer(_text(run, detailed=verbose > 0), **_fields(run))
    suggest_forecast(console, _shortest_name(run), loaded.config)


def _fields(run: TrainedRun) -> dict[str, Any]:
    from lstmcast.runtime.bundle import manifest_hash

    names = ["windows", "epochs", "best_epoch", "metrics", "metrics_scaled", "intervals"]
    # Only an ensemble has members, only a panel series.
    names += ["members", "over_series", "worst_series"]
    measured = {name: run.metrics[name] for name in names if name in run.metrics}
    seconds = {name: round(value, 3) for name, value in run.seconds.items()}
    sha256 = manifest_hash(run.path)
    return {"run": str(run.path), "manifest_sha256": sha256, "seconds": seconds, **measured}


def _shortest_name(run: TrainedRun) -> str:
    """`latest`, which a new run is, unless other commands would not look where it is."""
    return "latest" if run.path.parent.resolve() == RUNS_DIR.resolve() else show_path(run.path)


def _text(run: TrainedRun, *, detailed: bool) -> str:
    from lstmcast.cli.results import results_text
    from lstmcast.runtime.bundle import PLOTS, REPORT

    where = show_path(run.path)
    return (
        f"{results_text(run.metrics, detailed=detailed)}\n\n"
        f"Run     {where}\n"
        f"Report  {where}/{REPORT}\n"
        f"Plots   {where}/{PLOTS}/"
    )
