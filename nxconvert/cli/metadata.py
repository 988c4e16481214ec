"""The command ``metadata``."""

from __future__ import annotations

import json

import click

from nxconvert.cli import options
from nxconvert.cli.talk import print_json, try_each

HELP = """Print the metadata of NeXus files as JSON for catalogues.

Each entry gives one object: words and short lists of numbers with their units; data stay in the file. --keys names a
mapping whose parameters are the keys and whose nx_path says where each one stands, and only these are given.

\b
Examples:
  nxconvert metadata counters.nxs
  nxconvert metadata counters.nxs mesh.nxs --format scicat --pretty
"""

EPILOG = "Exit status: 0 done, 1 a file cannot be read (the others were printed), 2 the request was wrong."

FORMAT = click.Option(
    ["--format", "style"],
    type=click.Choice(["icat", "scicat", "flat"]),
    default="icat",
    show_default=True,
    help="ICAT's keys (InstrumentSource_current), scientificMetadata of SciCat, or the paths of the fields.",
)
KEYS = click.Option(["--keys"], metavar="NAME|FILE", help="Mapping that says which keys to give, and from where.")
PRETTY = click.Option(["--pretty"], is_flag=True, help="Print the objects over several lines.")


def metadata(*, files: tuple[str, ...], style: str, keys: str | None, pretty: bool) -> int:
    """Print the metadata of every file that can be read, and give the exit status."""
    from nxconvert import metadata as room

    chosen = None
    if keys is not None:
        from nxconvert.mapping.engine import load

        chosen = load([keys]).class_paths()

    def show(path: str) -> None:
        for record in room.metadata(path, style, chosen):
            if pretty:
                click.echo(json.dumps(record, indent=2, ensure_ascii=False))
            else:
                print_json(record)

    return try_each(files, show)


command = click.Command(
    "metadata", callback=metadata, params=[options.FILES, FORMAT, KEYS, PRETTY], help=HELP, epilog=EPILOG
)
