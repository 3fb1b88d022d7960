"""`lstmcast validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.options import AsJson, ConfigFile, Overrides, Quiet
from lstmcast.cli.output import Console, facts
from lstmcast.machine import megabytes
from lstmcast.reporting.wording import short_time

if TYPE_CHECKING:
    from lstmcast.data.dataset import Dataset


def validate(
    config: ConfigFile,
    overrides: Overrides = None,
    *,
    build: Annotated[
        bool, typer.Option("--build", help="Also build the network and count its parameters.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Check config and data without training.

    Tells the rows, the windows of each split, what the network reads, and the memory it takes.
    A `tune.space` is checked, too.

    \b
    lstmcast validate config.yaml
    lstmcast validate config.yaml --build --set model.type=seq2seq
    """
    from lstmcast.cli.dataset_facts import dataset_facts, unscaled_dataset
    from lstmcast.config.loading import load_config, placed

    console = Console("validate", as_json=as_json, quiet=quiet)
    loaded = load_config(config, overrides=overrides or ())
    with placed(loaded):
        if loaded.config.tune.space:
            from lstmcast.tuning.space import build_space

            build_space(loaded.config)
        dataset = unscaled_dataset(loaded.config)
    found = dataset_facts(dataset)
    parameters = _count_parameters(dataset) if build else None
    network = {} if parameters is None else {"parameters": parameters}
    console.warn(() if as_json else dataset.warnings)
    console.answer(_text(found, parameters), config=str(config), **found, **network)
    console.suggest(f"lstmcast train {config}", "train it")


def _count_parameters(dataset: Dataset) -> int:
    """Trainable and other parameters of the network, built and thrown away."""
    from lstmcast.experiment import shapes_of
    from lstmcast.models.registry import build_network
    from lstmcast.training.backend import load_keras
    from lstmcast.training.chatter import captured_chatter

    config = dataset.preparation.config
    with captured_chatter():
        load_keras(config.training, seed=config.seed)
        return int(build_network(config.model, shapes_of(dataset.preparation)).count_params())


def _trainings(seeds: list[int]) -> str:
    """How many there will be, where it is more than one."""
    return f"{len(seeds)}, from the seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else ""


def _text(found: dict[str, Any], parameters: int | None) -> str:
    from lstmcast.reporting.wording import listing, step_length

    missing = [f"{name} {count:,}" for name, count in found["missing"].items()]
    splits = [
        f"{name} {count:,}" + (f" to {short_time(found['split_ends'][name])}" if count else "")
        for name, count in found["windows"].items()
    ]
    memory = found["memory"]
    lines = [
        ("Rows", f"{found['rows']:,} in {found['series']:,} series"),
        ("Period", f"{short_time(found['first'])} to {short_time(found['last'])}"),
        ("Step", f"{step_length(found['freq'])}, a season has {found['season_length']}"),
        ("Inserted", f"{found['inserted']:,} rows" if found["inserted"] else ""),
        ("Missing", f"{listing(missing)} (data.missing: {found['strategy']})" if missing else ""),
        ("Window", f"lookback {found['lookback']}, horizon {found['horizon']}"),
        ("Windows", ", ".join(splits)),
        ("Inputs", f"{len(found['inputs'])} columns: {listing(found['inputs'], most=12)}"),
        ("Trainings", _trainings(found["seeds"])),
        (
            "Memory",
            f"{megabytes(memory['rows'])} of rows, {megabytes(memory['batch'])} a batch "
            f"({megabytes(memory['materialised'])} if windows were copied); about "
            f"{megabytes(memory['fit'])} to train",
        ),
        ("Network", "" if parameters is None else f"{parameters:,} parameters"),
    ]
    return f"{facts((n, v) for n, v in lines if v)}\n\nThe config and the data are in order."
