"""`lstmcast audit`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.gates import GATE_EXIT
from lstmcast.cli.options import RUNS_DIR, AsJson, Overrides, Quiet, RunsDir
from lstmcast.cli.output import Colour, Console, coloured, print_error, text_table, wrapped
from lstmcast.cli.sources import find_source, with_data

if TYPE_CHECKING:
    from lstmcast.auditing import Audit
    from lstmcast.data.panel import Panel
    from lstmcast.runtime.bundle import Bundle

_COLOURS: dict[str, Colour] = {
    "ok": "green",
    "suspicion": "yellow",
    "leak": "red",
    "blind": "red",
}
_CUTS = {
    "training": "after training",
    "validation": "after validation",
    "before": "before the cut",
}


Source = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG|RUN",
        help="A YAML file, or a run: `latest`, an id, the beginning of one, a directory.",
    ),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="FILE", help="The data, in place of the config's path."),
]
Folds = Annotated[
    bool, typer.Option("--folds", help="Also each fold of the backtest, not the split alone.")
]
Train = Annotated[
    bool,
    typer.Option("--train/--no-train", help="Train for a few steps, to compare the weights, too."),
]
Known = Annotated[
    list[str] | None,
    typer.Option(
        "--known",
        metavar="COLUMN",
        help="A column that truly is known in time, whatever it goes with. Repeatable.",
    ),
]


def audit(
    source: Source,
    overrides: Overrides = None,
    *,
    data: Data = None,
    folds: Folds = False,
    train: Train = True,
    known: Known = None,
    runs_dir: RunsDir = RUNS_DIR,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Prove that nothing leaks from later rows, or say what does.

    Every value after a cut is changed; all that is fitted, the features, the windows, the weights
    after a few steps and the forecasts before the cut must stay the same to the bit. Columns that
    hold the target's future are found by their lagged correlation. Exits with 1 on a leak.

    \b
    lstmcast audit config.yaml
    lstmcast audit config.yaml --folds --no-train
    lstmcast audit latest --data sales.csv --json
    """
    from lstmcast.auditing import Settings
    from lstmcast.auditing import audit as run_audit
    from lstmcast.config.loading import placed
    from lstmcast.data.dataset import fingerprint, load_panel

    console = Console("audit", as_json=as_json, quiet=quiet)
    loaded, bundle = find_source(source, runs_dir, overrides or ())
    config = with_data(loaded.config, data)
    settings = Settings(folds=folds, trains=train, known=tuple(known or ()))
    kept = None if bundle is None else bundle.preparation
    with placed(loaded):
        panel = load_panel(config)
        if bundle is not None:
            _require_same_data(bundle, panel)
        found = run_audit(config, panel, settings, kept=kept, tell=console.note)
    console.warn([*panel.warnings, *found.suspicions])
    outcome = {} if found.passed else {"status": "failed", "exit_code": GATE_EXIT}
    console.answer(
        _text(found),
        **outcome,
        source=source,
        run=None if bundle is None else str(bundle.path),
        data={
            "fingerprint": fingerprint(panel),
            "rows": panel.n_rows,
            "series": panel.n_series,
        },
        trained=train,
        **_fields(found),
    )
    if not found.passed:
        print_error(found.verdict)
        raise typer.Exit(GATE_EXIT)
    if bundle is None:
        console.suggest(f"lstmcast train {source}", "train it")
    else:
        console.suggest(f"lstmcast reproduce {source}", "train it again, and compare")


def _require_same_data(bundle: Bundle, panel: Panel) -> None:
    """That the data are those that a run was trained on.

    Raises:
        DataError: If they are not; says what differs.
    """
    from lstmcast.auditing.kept import data_differences
    from lstmcast.errors import DataError

    differences = data_differences(bundle.manifest.get("data", {}), panel)
    if differences:
        raise DataError(
            f"these are not the data that {bundle.id} was trained on ({'; '.join(differences)}). "
            f"Name those with --data, or audit its config on these: lstmcast audit "
            f"{bundle.path}/config.yaml --data FILE"
        )


def _fields(found: Audit) -> dict[str, Any]:
    return {
        "checks": [asdict(each) for each in found.checks],
        "columns": [asdict(each) for each in found.columns],
        "leaks": list(found.leaks),
        "suspicions": list(found.suspicions),
        "verdict": found.verdict,
    }


def _text(found: Audit) -> str:
    table = text_table(["state", "where", "check", "values", "what"], _lines(found), right="lllr")
    head, *lines = table.split("\n")
    # Coloured once the widths are known.
    shown = [_painted(line, line.split(maxsplit=1)[0]) for line in lines]
    return "\n".join([head, *shown, "", wrapped(found.verdict)])


def _lines(found: Audit) -> Iterator[tuple[str, ...]]:
    for check in found.checks:
        where = check.place if check.cut is None else f"{check.place}, {_CUTS[check.cut]}"
        yield check.state, where, check.check, f"{check.values:,}", check.text
    for column in found.columns:
        yield column.state, "training rows", column.column, f"{column.values:,}", column.text


def _painted(line: str, state: str) -> str:
    return coloured(state, _COLOURS[state], sys.stdout) + line[len(state) :]
