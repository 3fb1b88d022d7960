"""`lstmcast tune`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.cli.options import AsJson, ConfigFile, Overrides, Quiet, Ray, Workers
from lstmcast.cli.output import Console, facts, show_path, text_table, wrapped
from lstmcast.cli.progress import following
from lstmcast.cli.searching import changes_text, following_search

if TYPE_CHECKING:
    from lstmcast.training.progress import Progress
    from lstmcast.tuning.results import Tuned

# Trials that are shown at the end; the others are in the table of all.
_SHOWN = 5
_TRAINED = ("tuned", "untuned")


def tune(
    config: ConfigFile,
    overrides: Overrides = None,
    *,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Begin anew; an earlier search is kept under another name."),
    ] = False,
    workers: Workers = None,
    ray: Ray = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search for better values of the fields in `tune.space`.

    Stopped at any moment, the same command goes on where it was.

    \b
    lstmcast tune config.yaml
    lstmcast tune config.yaml --set tune.trials=50 --set tune.seconds=3600
    lstmcast tune config.yaml --workers 4
    lstmcast tune config.yaml --json > result.json
    """
    from lstmcast.config.loading import load_config, placed
    from lstmcast.execution.choosing import choose_executor
    from lstmcast.tuning.journal import set_aside
    from lstmcast.tuning.results import finish
    from lstmcast.tuning.search import search, search_directory
    from lstmcast.tuning.space import build_space, default_space

    console = Console("tune", as_json=as_json, quiet=quiet)
    source = load_config(config, overrides=overrides or ())
    loaded = source.config
    executor = choose_executor(loaded.resources, workers=workers, ray=ray)
    directory = search_directory(loaded)
    space = build_space(loaded)
    console.warn(
        f"tune.space: {path} never counts: what its `when` asks for is not so."
        for path in space.idle
    )
    if fresh and (aside := set_aside(directory)):
        console.note(f"The earlier search is kept in {show_path(aside)}.")
    if not loaded.tune.space:
        names = ", ".join(default_space(loaded))
        console.note(f"tune.space is empty: searching {names} around the config's own values.")
    with placed(source), following_search(loaded.tune, quiet=quiet) as watcher:
        found = search(loaded, executor=executor, watcher=watcher)

    @contextmanager
    def follow(name: str) -> Iterator[Progress | None]:
        what = "best config" if name == "best" else "config as it was"
        console.note(f"training the {what}, to be tested")
        with following(quiet=quiet) as progress:
            yield progress

    tuned = finish(found, following=follow)
    console.answer(_text(tuned), **tuned.to_json())
    console.suggest(f"lstmcast predict {show_path(tuned.runs['best'])}", "forecast with the best")


def _text(tuned: Tuned) -> str:
    from lstmcast.reporting.tables import metric_label, render_text, result_table
    from lstmcast.tuning.results import BEST, PLOTS, TRIALS_CSV

    found, where = tuned.found, show_path(tuned.directory)
    metrics = found.space.base.evaluation.metrics
    table = render_text(
        result_table(tuned.scores, metrics), width=shutil.get_terminal_size().columns
    )
    label = metric_label(found.space.base.tune.objective)
    blocks = [
        f"Best trials by validation {label}\n\n{_best_trials(tuned)}",
        f"Test period, never read by the search (* is best)\n\n{table}",
        "\n".join(wrapped(text) for text in (_verdict(tuned), _against_baselines(tuned))),
    ]
    if tuned.importance:
        shares = ", ".join(f"{each.path} {each.share:.0%}" for each in tuned.importance[:4])
        blocks.append(f"What mattered: {shares}")
    files = [("Config", f"{where}/{BEST}"), ("Run", show_path(tuned.runs["best"]))]
    files += [("Trials", f"{where}/{TRIALS_CSV}"), ("Plots", f"{where}/{PLOTS}/")]
    return "\n\n".join([*blocks, facts(files)])


def _best_trials(tuned: Tuned) -> str:
    from lstmcast.reporting.wording import format_number

    found = tuned.found
    completed = [trial for trial in found.trials.values() if trial.score is not None]
    sign = -1 if found.space.base.tune.objective == "r2" else 1
    ranked = sorted(completed, key=lambda trial: sign * (trial.score or 0.0))[:_SHOWN]
    rows = [
        (
            str(trial.number),
            format_number(trial.score),
            f"{trial.parameters:,}",
            changes_text(found.changes[trial.number]),
        )
        for trial in ranked
    ]
    counts = {
        status: sum(trial.status == status for trial in found.trials.values())
        for status in ("completed", "pruned", "failed")
    }
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    table = text_table(
        ("trial", found.space.base.tune.objective, "parameters", "what it changed"),
        rows,
        right="rrrl",
    )
    return f"{table}\n\n{len(found.trials)} trials: {said}."


def _verdict(tuned: Tuned) -> str:
    """What the search brought, in a sentence."""
    from lstmcast.reporting.tables import metric_label

    found = tuned.found
    objective = found.space.base.tune.objective
    before, best = found.trials[0].score, found.best
    label = metric_label(objective)
    if best.number == 0:
        return f"No trial has a better validation {label} than the config as it was."
    after, untuned = (tuned.scores[name].get(objective) for name in _TRAINED)
    said = [
        f"validation {label} {_change(before, best.score, objective)}",
        f"test {label} {_change(untuned, after, objective)}",
    ]
    return f"Against the config as it was: {', '.join(said)}."


def _against_baselines(tuned: Tuned) -> str:
    """Whether the tuned network is worth having at all."""
    from lstmcast.config.class_defaults import CLASSIFICATION
    from lstmcast.evaluation.class_verdict import class_verdict
    from lstmcast.evaluation.verdicts import baseline_verdict

    scores = {"model": tuned.scores["tuned"], **tuned.scores}
    scores = {name: values for name, values in scores.items() if name not in _TRAINED}
    if tuned.best.task == CLASSIFICATION:
        return class_verdict(scores).text
    return baseline_verdict(scores, config=tuned.best).text


def _change(before: float | None, after: float | None, objective: str) -> str:
    """How a metric changed, in words."""
    if before is None or after is None or not before:
        return "cannot be compared"
    change = (after - before) / abs(before)
    better = (change > 0) == (objective == "r2")
    return f"{abs(change):.1%} {'better' if better else 'worse'}"
