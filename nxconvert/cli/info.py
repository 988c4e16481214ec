"""The command ``info``."""

from __future__ import annotations

from typing import Any

import click

from nxconvert.cli import options
from nxconvert.cli.talk import print_json, print_table, try_each

HELP = """List what data files hold.

Shows each entry of a NeXus file (of nxconvert, Bliss, silx, spec2nexus, ILL, or any with NXdata), or each scan of any
file that can be read, with title, start time, number of points, and the number of columns and detectors; with --json
one object per file, with their names.

\b
Examples:
  nxconvert info counters.spec
  nxconvert info counters.nxs mesh.nxs --json
"""

EPILOG = "Exit status: 0 done, 1 a file cannot be read (the rest was listed), 2 the request was wrong."


def info(*, files: tuple[str, ...], roots: tuple[str, ...], as_json: bool) -> int:
    """Print every file that can be read, say why for every other, and give the exit status."""
    from nxconvert import pipeline

    def show(path: str) -> None:
        record = pipeline.describe_file(path, roots)
        for problem in record["problems"]:
            click.echo(problem, err=True)
        if as_json:
            print_json(record)
            return
        if len(files) > 1:
            click.echo(f"{path}:")
        _print(record)

    return try_each(files, show)


def _print(record: dict[str, Any]) -> None:
    """Print the table of one file, for people."""
    print_table(
        ("entry", "title", "start", "points", "columns", "detectors"),
        [
            (
                entry["entry"],
                " ".join(entry["title"].split()),
                entry["start_time"],
                entry["points"],
                len(entry["columns"]),
                len(entry["detectors"]),
            )
            for entry in record["entries"]
        ],
    )


command = click.Command(
    "info", callback=info, params=[options.FILES, options.LINK_ROOTS, options.JSON], help=HELP, epilog=EPILOG
)
