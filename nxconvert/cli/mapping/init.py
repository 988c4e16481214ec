"""The command ``mapping init``."""

from __future__ import annotations

import click

from nxconvert.cli import options
from nxconvert.cli.sources import open_scans

HELP = """Print a commented mapping to start from, made for a data file.

It does what the mapping of the format does. Everything that the file offers stands in it as a comment, with its value:
take away the '#' and say where it is to go.

\b
Examples:
  nxconvert mapping init counters.spec > my.yaml
  nxconvert mapping init quirks.spec --scan 1.3
"""


def init(*, file: str, reader: str, scans: str) -> None:
    """Print the starting mapping, as UTF-8 whatever the terminal uses."""
    from nxconvert.mapping import catalog, describe

    with open_scans(file, reader, scans) as (name, wanted):
        known = {item.name for item in catalog.available()}
        text = describe.starting_mapping(wanted, extends=name if name in known else "spec")
    click.echo(text.encode(), nl=False)


command = click.Command("init", callback=init, params=[options.FILE, options.READER, options.SCANS], help=HELP)
