"""`lstmcast config`: what a config may hold, and what one comes to."""

from __future__ import annotations

from lstmcast.cli.groups import HELP_OPTIONS, make_app, show_help
from lstmcast.cli.options import AsJson, ConfigFile, Overrides
from lstmcast.cli.output import Console, print_json

app = make_app("What a config may hold, and what one comes to.")
app.callback(invoke_without_command=True)(show_help)


@app.command(context_settings=HELP_OPTIONS)
def schema() -> None:
    """Print the JSON Schema of the config, for editors and other tools.

    \b
    lstmcast config schema > lstmcast.schema.json
    """
    from lstmcast.config.json_schema import config_json_schema

    print_json(config_json_schema())


@app.command(context_settings=HELP_OPTIONS)
def show(config: ConfigFile, overrides: Overrides = None, *, as_json: AsJson = False) -> None:
    """Print the whole config and where each value came from.

    \b
    lstmcast config show config.yaml --set training.epochs=5
    """
    from lstmcast.config.loading import config_to_json, load_config, show_config

    loaded = load_config(config, overrides=overrides or ())
    console = Console("config show", as_json=as_json)
    console.answer(show_config(loaded).rstrip("\n"), **config_to_json(loaded))
