"""How a group of commands is set up, the same for all."""

from __future__ import annotations

import typer

HELP_OPTIONS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def make_app(help_text: str | None = None) -> typer.Typer:
    """A group: plain help (Rich would cost a third of the start-up time), no own error pages."""
    return typer.Typer(
        help=help_text,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings=HELP_OPTIONS,
    )


def show_help(context: typer.Context) -> None:
    """Where no command was named, print what there is on standard error and exit with 2.

    Raises:
        typer.Exit: Then.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)
