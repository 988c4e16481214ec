"""The command ``formats``."""

from __future__ import annotations

import click

from nxconvert.cli import options
from nxconvert.cli.talk import print_json, print_table

HELP = """List the formats that can be read.

Shows the readers that come with nxconvert and those that other packages add (entry points of the group
nxconvert.readers), with the command of each. A plug-in that does not load is listed with its reason.

\b
Examples:
  nxconvert formats
  nxconvert formats --json
"""


def formats(*, as_json: bool) -> None:
    """Print the readers, then the plug-ins that do not load."""
    from nxconvert import registry

    readers, broken = registry.readers(), registry.broken()
    if as_json:
        for reader in readers.values():
            print_json(
                {
                    "name": reader.name,
                    "command": reader.command,
                    "extensions": list(reader.extensions),
                    "description": reader.description,
                }
            )
        for name, reason in broken.items():
            print_json({"name": name, "broken": reason})
        return
    print_table(
        ("name", "command", "extensions", "description"),
        [(item.name, item.command, " ".join(item.extensions), item.description) for item in readers.values()],
    )
    for name, reason in broken.items():
        click.echo(f"{name}  does not load: {reason}")


command = click.Command("formats", callback=formats, params=[options.JSON], help=HELP)
