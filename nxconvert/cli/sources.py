"""Opening a data file for the commands that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nxconvert.scan import Scan


@contextmanager
def open_scans(path: str, reader: str, scans: str) -> Iterator[tuple[str, Iterator[Scan]]]:
    """Open a file with a reader, detected if none is named; give the reader's name and the wanted scans."""
    from nxconvert import registry
    from nxconvert.selection import parse_selection

    selection = parse_selection(scans)
    chosen = registry.reader(reader) if reader else registry.identify(path)
    with chosen.open(path) as file:
        yield chosen.name, file.scans(selection)
        for problem in file.problems:
            click.echo(str(problem), err=True)
