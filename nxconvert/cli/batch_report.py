"""The command ``batch report``."""

from __future__ import annotations

import os

import click

from nxconvert.cli import batch_options as own
from nxconvert.cli.talk import print_path

HELP = """Write a page about what became of the inputs of a folder of outputs.

The page is one file of HTML that needs nothing else: totals and speed, failures by their reasons with hints, pictures
of the outputs, and a table of all inputs that can be searched. The path of the page goes to standard output.

\b
Examples:
  nxconvert batch . -o nexus && nxconvert batch report nexus
  nxconvert batch . -o nexus && nxconvert batch report nexus -o report.html
"""

PAGE = click.Option(
    ["-o", "--output"],
    metavar="FILE",
    type=click.Path(readable=False, dir_okay=False),
    help="Where to write. Default: report.html in DST.",
)


def _report(folder: str, output: str | None, ledger: str | None) -> None:
    from nxconvert.batch.asked import ledger_path
    from nxconvert.batch.report import write_report

    page = output or os.path.join(folder, "report.html")
    write_report(ledger_path(folder, ledger or ""), page, folder)
    print_path(page)


command = click.Command("report", callback=_report, params=[own.FOLDER, PAGE, own.LEDGER], help=HELP)
