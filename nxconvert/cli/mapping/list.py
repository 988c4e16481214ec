"""The command ``mapping list``."""

from __future__ import annotations

import click

from nxconvert.cli import options
from nxconvert.cli.talk import print_json, print_table

HELP = """List the mappings that can be named with -m.

Those in $NXCONVERT_MAPPINGS and in your own folder of mappings come before those of nxconvert; --json tells where each
one lies. The second column is the application definition that a mapping adds.

\b
Examples:
  nxconvert mapping list
  nxconvert mapping list --json
"""


def list_mappings(*, as_json: bool) -> None:
    """Print all mappings by name."""
    from nxconvert.mapping import catalog

    found = catalog.available()
    if not as_json:
        print_table(
            ("name", "adds", "description"), [(item.name, item.application, item.description) for item in found]
        )
        return
    for item in found:
        print_json(
            {
                "name": item.name,
                "application": item.application,
                "description": item.description,
                "path": str(item.path),
            }
        )


command = click.Command("list", callback=list_mappings, params=[options.JSON], help=HELP)
