"""`lstmcast backtest`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.gates import BetterThan, MaxMase, MinCoverage
from lstmcast.cli.options import RUNS_DIR, AsJson, Overrides, Quiet, Ray, RunsDir, Workers
from lstmcast.cli.output import Console, show_path

if TYPE_CHECKING:
    from lstmcast.backtesting import BacktestRun
    from lstmcast.config.loading import LoadedConfig
    from lstmcast.config.schema import Config


def backtest(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|RUN",
            help="A YAML file, or a run whose config is taken: `latest`, an id, a directory.",
        ),
    ],
    overrides: Overrides = None,
    *,
    max_mase: MaxMase = None,
    min_coverage: MinCoverage = None,
    better_than: BetterThan = None,
    workers: Workers = None,
    ray: Ray = None,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train and measure again and again along the test period.

    The test period is cut into parts, the folds; for each the network is trained on the rows before
    it (`backtest` in the config says how). An interrupted backtest goes on where it stopped when
    the same command is given again. Exits with 1 if a gate fails.

    \b
    lstmcast backtest config.yaml
    lstmcast backtest config.yaml --set backtest.folds=8 --set backtest.refit=warm
    lstmcast backtest config.yaml --workers 4
    lstmcast backtest latest --max-mase 1 --better-than seasonal_naive
    """
    from lstmcast.backtesting import backtest as run_backtest
    from lstmcast.cli.fold_progress import following_folds
    from lstmcast.cli.gates import Gates
    from lstmcast.config.loading import placed
    from lstmcast.execution.choosing import choose_executor

    console = Console("backtest", as_json=as_json, quiet=quiet)
    source = _load(config, runs_dir, overrides or [])
    loaded = source.config
    executor = choose_executor(loaded.resources, workers=workers, ray=ray)
    gates = Gates(max_mase, min_coverage, better_than)
    judge = gates.judge_for(_forecasters(loaded), runs_dir)
    with placed(source), following_folds(quiet=quiet) as listener:
        run = run_backtest(loaded, executor=executor, listener=listener)
    console.warn(run.warnings)
    judged = judge(run.metrics)
    console.answer(_text(run), **_fields(run), **judged.fields())
    judged.end(console)
    if Path(config).is_file():
        console.suggest(f"lstmcast train {config}", "one run, to forecast with")
    else:
        console.suggest(f"lstmcast predict {config}", "forecast from the last rows on")


def _load(name: str, runs_dir: Path, overrides: list[str]) -> LoadedConfig:
    """The config of a file, or of a run.

    Raises:
        ConfigError: If it is wrong, or the run was trained on data that were handed over in Python.
        BundleError: If the name is that of no file and no run.
    """
    from lstmcast.config.loading import load_config
    from lstmcast.errors import ConfigError

    path = Path(name)
    if not path.is_file() and path.suffix not in (".yaml", ".yml"):
        from lstmcast.runtime.bundle import CONFIG, verify_bundle
        from lstmcast.runtime.runs import find_run

        run = find_run(name, runs_dir)
        verify_bundle(run)
        path = run / CONFIG
    loaded = load_config(path, overrides=overrides)
    if loaded.config.data.path is None:
        raise ConfigError(
            "data.path is null: the data were handed over in Python. Name the file with "
            "--set data.path=FILE.",
            file=str(path),
        )
    return loaded


def _forecasters(config: Config) -> list[str]:
    """What the model is measured beside."""
    return [*config.evaluation.baselines, *config.backtest.statistical]


def _fields(run: BacktestRun) -> dict[str, Any]:
    names = ("windows", "metrics", "metrics_scaled", "folds", "over_folds", "by_step")
    seconds = {name: round(value, 3) for name, value in run.seconds.items()}
    # Only a panel has several series.
    more = [name for name in ("by_series", "over_series") if name in run.metrics]
    measured = {name: run.metrics[name] for name in (*names, *more, "verdicts")}
    return {"backtest": str(run.path), "seconds": seconds, **measured}


def _text(run: BacktestRun) -> str:
    from lstmcast.cli.results import backtest_text
    from lstmcast.runtime.bundle import FORECASTS_CSV, PLOTS, REPORT

    where = show_path(run.path)
    lines = [f"Backtest   {where}", f"Report     {where}/{REPORT}"]
    if (run.path / FORECASTS_CSV).is_file():
        lines.append(f"Forecasts  {where}/{FORECASTS_CSV}")
    lines.append(f"Plots      {where}/{PLOTS}/")
    width = shutil.get_terminal_size().columns
    return f"{backtest_text(run.metrics, width=width)}\n\n" + "\n".join(lines)
