"""The command ``mapping params``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nxconvert.cli import options
from nxconvert.cli.sources import open_scans
from nxconvert.cli.talk import print_json, print_table

if TYPE_CHECKING:
    from nxconvert.mapping.describe import Offered

HELP = """List what a data file offers to a mapping.

Each line is something that a mapping can name as a source, with its type, shape and value in the first scan that has
it. All scans are looked at unless --scan chooses some.

\b
Examples:
  nxconvert mapping params counters.spec
  nxconvert mapping params mca_calib.spec --scan 2 --json
"""


def params(*, file: str, reader: str, scans: str, as_json: bool) -> None:
    """Print the offers of all scans, each once."""
    from nxconvert.mapping import describe

    found: dict[str, tuple[str, Offered]] = {}
    with open_scans(file, reader, scans) as (_, wanted):
        for scan in wanted:
            for offer in describe.params(scan):
                found.setdefault(offer.reference, (scan.identifier, offer))
    if as_json:
        for identifier, offer in found.values():
            print_json(
                {
                    "reference": offer.reference,
                    "type": offer.type,
                    "shape": offer.shape,
                    "units": offer.units,
                    "value": offer.value,
                    "scan": identifier,
                }
            )
        return
    print_table(
        ("scan", "reference", "type", "shape", "units", "value"),
        [
            (identifier, offer.reference, offer.type, " x ".join(map(str, offer.shape)), offer.units, offer.value)
            for identifier, offer in found.values()
        ],
    )


command = click.Command(
    "params", callback=params, params=[options.FILE, options.READER, options.SCANS, options.JSON], help=HELP
)
