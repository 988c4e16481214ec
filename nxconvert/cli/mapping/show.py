"""The command ``mapping show``."""

from __future__ import annotations

import click

from nxconvert.cli import options

HELP = """Print a mapping as it is in force.

Everything that it extends is merged, and a comment behind each statement names the file and line that it comes from.
Several mappings are shown together, as -m a -m b uses them.

\b
Examples:
  nxconvert mapping show spec
  nxconvert mapping show spec xas --set sample_name=iron
"""


def show(*, names: tuple[str, ...], settings: dict[str, str]) -> None:
    """Print the resolved mapping as YAML."""
    from nxconvert.mapping import engine

    click.echo(engine.load(names, settings=settings).describe().encode(), nl=False)


command = click.Command("show", callback=show, params=[options.NAMES, options.SETTINGS], help=HELP)
