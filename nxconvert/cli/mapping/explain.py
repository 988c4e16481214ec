"""The command ``mapping explain``."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

import click

from nxconvert.cli import options
from nxconvert.cli.sources import open_scans
from nxconvert.cli.talk import print_json, print_table

if TYPE_CHECKING:
    from nxconvert.explain import Explained

HELP = """Say what an application definition requires, and where each item would come from.

For a data file each scan is looked at that --scan chooses, the first one without: what gives the value there, or why
nothing does. The definitions are those of nexusformat (the extra 'validate').

\b
Examples:
  nxconvert mapping explain NXxas
  nxconvert mapping explain NXscan counters.spec --scan 1
"""

EPILOG = "Exit status: 0 everything has a value (or no file was given), 1 something lacks one, 2 the request was wrong."

APPLICATION = click.Argument(["application"], metavar="DEFINITION")
DATA = click.Argument(["file"], required=False, metavar="[DATAFILE]", type=click.Path(readable=False))


def explain(
    *,
    application: str,
    file: str | None,
    mappings: tuple[str, ...],
    settings: dict[str, str],
    reader: str,
    scans: str,
    as_json: bool,
) -> int:
    """Print what the definition requires; the exit status says whether a scan lacks something."""
    from nxconvert import explain as room
    from nxconvert.mapping import catalog
    from nxconvert.mapping.engine import load

    adding = [item.name for item in catalog.available() if item.application == application]
    adding.sort(key=lambda name: name != application[2:].lower())  # the general one, before those of one format
    names = [*mappings, *(adding[:1] if not any(catalog.info(name).application for name in mappings) else [])]
    if file is None:
        _show(room.explain(application, load(names, settings=settings)), "", as_json)
        return 0
    lacking = False
    with open_scans(file, reader, scans) as (format_, wanted):
        mapping = load([format_, *names], settings=settings)
        for scan in islice(wanted, None if scans else 1):
            found = room.explain(application, mapping, scan)
            lacking = lacking or any(item.origin is None or item.origin.missing for item in found)
            _show(found, scan.identifier, as_json)
    return int(lacking)


def _show(found: list[Explained], scan: str, as_json: bool) -> None:
    if as_json:
        for item in found:
            origin = item.origin
            print_json(
                {
                    "scan": scan,
                    "item": str(item.item),
                    "demand": item.demand,
                    "parameter": "" if origin is None else origin.name,
                    "stated": "" if origin is None else str(origin.place),
                    "tried": [] if origin is None else list(origin.tried),
                    "source": "" if origin is None else origin.found,
                    "value": "" if origin is None else origin.value,
                    "missing": "nothing gives it" if origin is None else origin.missing,
                }
            )
        return
    if scan:
        click.echo(f"scan {scan}")
    print_table(
        ("item", "demand", "parameter", "value" if scan else "tried in this order"),
        [(str(item.item), item.demand, _stated(item), _told(item, bool(scan))) for item in found],
    )


def _stated(item: Explained) -> str:
    """Name the parameter, and the mapping and line that state it."""
    origin = item.origin
    if origin is None:
        return ""
    return f"{origin.name} ({os.path.basename(origin.place.path)}:{origin.place.line})"


def _told(item: Explained, scanned: bool) -> str:
    """Say what gives the item, or that nothing does."""
    origin = item.origin
    if origin is None:
        return "NOTHING GIVES IT: the mapping has no parameter for it"
    if not scanned:
        return ", ".join(origin.tried)
    return f"NOTHING GIVES IT: {origin.missing}" if origin.missing else f"{origin.value} from {origin.found}"


command = click.Command(
    "explain",
    callback=explain,
    params=[
        APPLICATION,
        DATA,
        options.MAPPINGS,
        options.SETTINGS,
        options.READER,
        options.SCANS,
        options.JSON,
    ],
    help=HELP,
    epilog=EPILOG,
)
