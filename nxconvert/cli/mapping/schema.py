"""The command ``mapping schema``."""

from __future__ import annotations

import click

HELP = """Print the JSON Schema of mapping files, with which editors complete and check them.

An editor that knows YAML reads it from a first line of the mapping: '# yaml-language-server: $schema=FILE'.

\b
Examples:
  nxconvert mapping schema > mapping.schema.json
  nxconvert mapping schema | head -n 5
"""


def schema() -> None:
    """Print the schema."""
    from nxconvert.mapping import jsonschema

    click.echo(jsonschema.text(), nl=False)


command = click.Command("schema", callback=schema, help=HELP)
