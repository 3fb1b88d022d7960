"""`lstmcast runs`: list, show, compare and verify what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.groups import HELP_OPTIONS, make_app, show_help
from lstmcast.cli.opening import checked_sha256, suggest_forecast
from lstmcast.cli.options import RUNS_DIR, AsJson, ExpectSha256, Quiet, RunName, RunsDir
from lstmcast.cli.output import Console, show_path, text_table
from lstmcast.cli.pruning import prune
from lstmcast.errors import BundleError, ConfigError
from lstmcast.reporting.wording import short_time

if TYPE_CHECKING:
    from lstmcast.runtime.runs import RunEntry

app = make_app("List, show, compare and verify what was trained.")
app.callback(invoke_without_command=True)(show_help)


@app.command("list", context_settings=HELP_OPTIONS)
def list_(runs_dir: RunsDir = RUNS_DIR, *, as_json: AsJson = False, quiet: Quiet = False) -> None:
    """List runs and backtests, newest first, with how good each is.

    The backtests stand in a table of their own.

    \b
    lstmcast runs list
    """
    from lstmcast.runtime.bundle import BACKTEST
    from lstmcast.runtime.runs import list_runs

    console = Console("runs list", as_json=as_json, quiet=quiet)
    entries = list_runs(runs_dir)
    lines = [_entry_fields(entry) for entry in entries]
    backtests = [_backtest_fields(entry) for entry in list_runs(runs_dir, kind=BACKTEST)]
    text = _list_text(lines) if lines else f"No runs in {runs_dir}."
    if backtests:
        text += f"\n\n{_backtests_text(backtests)}"
    console.answer(text, runs=lines, backtests=backtests)
    if lines:
        console.suggest("lstmcast runs show RUN", "the whole result of one")
    else:
        console.suggest("lstmcast train CONFIG", "make one")


def _entry_fields(entry: RunEntry) -> dict[str, Any]:
    """What the list tells of a run; with `error` alone where it cannot be read."""
    from lstmcast.runtime.bundle import read_metrics

    fields: dict[str, Any] = {"run": str(entry.path), "id": entry.path.name}
    if entry.manifest is None:
        return {**fields, "error": entry.error}
    try:
        metrics = read_metrics(entry.path)
        return {
            **fields,
            "created": entry.created,
            "rows": entry.manifest["data"]["rows"],
            "lookback": entry.manifest["network"]["shapes"]["lookback"],
            "horizon": entry.manifest["network"]["shapes"]["horizon"],
            "epochs": metrics["epochs"],
            "mase": metrics["metrics"]["test"]["model"].get("mase"),
            "rmse": metrics["metrics"]["test"]["model"].get("rmse"),
            "beats_baselines": metrics["verdicts"]["baseline"]["beats"],
            "diverged": entry.diverged,
        }
    except (BundleError, KeyError, TypeError) as error:
        return {**fields, "error": f"cannot be read: {error}"}


def _list_text(lines: list[dict[str, Any]]) -> str:
    from lstmcast.reporting.wording import format_number

    headings = ("run", "created (UTC)", "lookback", "horizon", "epochs", "MASE", "RMSE", "verdict")
    verdicts = {True: "beats the baselines", False: "does not beat them", None: ""}
    rows = [
        (
            line["id"],
            short_time(line["created"].removesuffix("Z")),
            str(line["lookback"]),
            str(line["horizon"]),
            str(line["epochs"]),
            format_number(line["mase"]),
            format_number(line["rmse"]),
            "diverged" if line["diverged"] else verdicts[line["beats_baselines"]],
        )
        for line in lines
        if "error" not in line
    ]
    broken = [f"{line['id']}: {line['error']}" for line in lines if "error" in line]
    return "\n".join([text_table(headings, rows, right="llrrrrrl"), *broken])


def _backtest_fields(entry: RunEntry) -> dict[str, Any]:
    """What the list tells of a backtest; with `error` alone where it cannot be read."""
    from lstmcast.runtime.bundle import read_metrics

    fields: dict[str, Any] = {"backtest": str(entry.path), "id": entry.path.name}
    try:
        metrics = read_metrics(entry.path)
        over, verdict = metrics["over_folds"]["model"], metrics["verdicts"]["folds"]
        return {
            **fields,
            "created": entry.created,
            "folds": len(metrics["folds"]),
            "mase": over.get("mase", {}).get("mean"),
            "mase_deviation": over.get("mase", {}).get("deviation"),
            "rmse": over.get("rmse", {}).get("mean"),
            "folds_won": verdict["won"],
        }
    except (BundleError, KeyError, TypeError) as error:
        return {**fields, "error": f"cannot be read: {error}"}


def _backtests_text(lines: list[dict[str, Any]]) -> str:
    from lstmcast.reporting.wording import format_number

    headings = ("backtest", "created (UTC)", "folds", "MASE", "±", "RMSE", "beats the baselines")
    rows = [
        (
            line["id"],
            short_time(line["created"].removesuffix("Z")),
            str(line["folds"]),
            format_number(line["mase"]),
            format_number(line["mase_deviation"]),
            format_number(line["rmse"]),
            "" if line["folds_won"] is None else f"in {line['folds_won']} of {line['folds']} folds",
        )
        for line in lines
        if "error" not in line
    ]
    broken = [f"{line['id']}: {line['error']}" for line in lines if "error" in line]
    return "\n".join([text_table(headings, rows, right="llrrrrl"), *broken])


@app.command(context_settings=HELP_OPTIONS)
def show(
    run: RunName,
    runs_dir: RunsDir = RUNS_DIR,
    *,
    expect_sha256: ExpectSha256 = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show the whole result of a run.

    \b
    lstmcast runs show latest
    """
    from lstmcast.cli.results import results_text, run_facts
    from lstmcast.runtime.bundle import load_bundle
    from lstmcast.runtime.runs import find_run

    console = Console("runs show", as_json=as_json, quiet=quiet)
    expected = checked_sha256(expect_sha256)
    bundle = load_bundle(find_run(run, runs_dir), expect_sha256=expected)
    metrics = bundle.metrics()
    text = f"{run_facts(bundle)}\n\n{results_text(metrics, detailed=True)}"
    console.answer(
        text,
        run=str(bundle.path),
        manifest_sha256=bundle.sha256,
        manifest=bundle.manifest,
        metrics=metrics,
    )
    console.warn(() if as_json else bundle.manifest.get("warnings", ()))
    suggest_forecast(console, run, bundle.config)


@app.command(context_settings=HELP_OPTIONS)
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Two runs or more.")],
    runs_dir: RunsDir = RUNS_DIR,
    *,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare test metrics and configs of runs.

    \b
    lstmcast runs compare latest co2-20260101T120000Z-1a2b3c
    """
    from lstmcast.cli.comparing import compare_bundles
    from lstmcast.runtime.bundle import load_bundle
    from lstmcast.runtime.runs import find_run

    console = Console("runs compare", as_json=as_json, quiet=quiet)
    paths = list(dict.fromkeys(find_run(run, runs_dir) for run in runs))
    if len(paths) < 2:
        raise ConfigError("give at least two different runs. `lstmcast runs list` shows them.")
    comparison = compare_bundles([load_bundle(path) for path in paths])
    console.answer(comparison.text(), **comparison.to_json())
    console.warn(comparison.obstacles)
    console.suggest("lstmcast compare RUN RUN", "whether the difference is more than chance")


@app.command(context_settings=HELP_OPTIONS)
def verify(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN]...", help="Without it: every run and backtest."),
    ] = None,
    runs_dir: RunsDir = RUNS_DIR,
    *,
    expect_sha256: ExpectSha256 = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check every file of runs and backtests, its hash and its form.

    The network of a run is asked for a forecast that it gave in training. Exits with 4 if one is
    damaged.

    \b
    lstmcast runs verify
    lstmcast runs verify latest
    """
    from lstmcast.runtime.runs import find_run, list_all

    console = Console("runs verify", as_json=as_json, quiet=quiet)
    expected = checked_sha256(expect_sha256)
    paths = [find_run(run, runs_dir) for run in runs or ()]
    if expected is not None and len(paths) != 1:
        raise ConfigError("--expect-sha256 is that of one run. Name it, and no other.")
    paths = paths or [entry.path for entry in list_all(runs_dir)]
    found = [_verified(path, expected) for path in paths]
    damaged = not all(each["whole"] for each in found)
    outcome = {"status": "error", "exit_code": BundleError.exit_code} if damaged else {}
    console.answer(
        "\n".join(map(_verified_line, found)) or f"No runs in {runs_dir}.", **outcome, runs=found
    )
    if damaged:
        raise typer.Exit(BundleError.exit_code)
    console.suggest("lstmcast runs list", "how good each is")


def _verified(path: Path, expected: str | None) -> dict[str, Any]:
    """Whether a run is whole, and which it is; else what is wrong with it."""
    from lstmcast.runtime.bundle import manifest_hash
    from lstmcast.runtime.verifying import verify_whole

    fields: dict[str, Any] = {"run": show_path(path)}
    try:
        verify_whole(path, expect_sha256=expected)
        return {**fields, "whole": True, "error": None, "manifest_sha256": manifest_hash(path)}
    except BundleError as error:
        return {**fields, "whole": False, "error": str(error), "manifest_sha256": None}


def _verified_line(verified: dict[str, Any]) -> str:
    if not verified["whole"]:
        return f"damaged: {verified['error']}"
    return f"{verified['run']}: whole, SHA-256 {verified['manifest_sha256']}"


app.command(context_settings=HELP_OPTIONS)(prune)
