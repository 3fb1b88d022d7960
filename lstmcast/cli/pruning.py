"""`lstmcast runs prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.options import RUNS_DIR, AsJson, Quiet, RunsDir
from lstmcast.cli.output import Console, show_path
from lstmcast.machine import megabytes
from lstmcast.reporting.wording import short_time

if TYPE_CHECKING:
    from lstmcast.runtime.leftovers import Leftover


def prune(
    runs_dir: RunsDir = RUNS_DIR,
    *,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Also what an interrupted training or backtest could go on with."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Remove what killed processes have left half-written.

    Whole runs are never touched, nor what a process works on just now.

    \b
    lstmcast runs prune --dry-run
    lstmcast runs prune
    """
    from lstmcast.runtime.leftovers import leftovers, remove

    console = Console("runs prune", as_json=as_json, quiet=quiet)
    left = leftovers(runs_dir)
    chosen = [each for each in left if everything or not each.can_go_on]
    gone = chosen if dry_run else [each for each in chosen if remove(each)]
    kept = [each for each in left if each not in gone]
    console.answer(
        _pruned_text(gone, kept, dry_run=dry_run) or f"Nothing is left half-written in {runs_dir}.",
        dry_run=dry_run,
        removed=[_leftover_fields(each) for each in gone],
        kept=[_leftover_fields(each) for each in kept],
    )
    if any(each.can_go_on for each in kept):
        console.suggest("lstmcast train CONFIG --resume", "go on with an interrupted training")


def _leftover_fields(left: Leftover) -> dict[str, Any]:
    return {
        "path": str(left.path),
        "can_go_on": left.can_go_on,
        "bytes": left.n_bytes,
        "modified": f"{left.modified:%Y-%m-%dT%H:%M:%SZ}",
    }


def _pruned_text(gone: list[Leftover], kept: list[Leftover], *, dry_run: bool) -> str:
    done = "would be removed" if dry_run else "removed"
    lines = [(each, done) for each in gone]
    lines += [(each, "kept: a command can go on with it") for each in kept]
    return "\n".join(
        f"{show_path(each.path)}: {megabytes(each.n_bytes)}, last written "
        f"{short_time(each.modified.replace(tzinfo=None, microsecond=0))} UTC: {what}"
        for each, what in lines
    )
