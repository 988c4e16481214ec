"""The command ``nxtoascii``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nxconvert.cli import options as shared
from nxconvert.cli.talk import Talk

if TYPE_CHECKING:
    from nxconvert.errors import Problem

HELP = """Export the columns of scans in NeXus files as tables of text.

Reads NeXus files that nxconvert wrote. Each scan becomes a file <stem>_<entry>.csv: the names of its columns, then a
line for each point, integers as integers and floats with all digits that they need to be read back unchanged. What a
table cannot hold (spectra, motor positions, headers) is named on standard error.

\b
Examples:
  nxconvert nxtoascii counters.nxs mesh.nxs -o tables/
  nxconvert nxtoascii counters.nxs --scan 2 --to tsv -o -
"""

EPILOG = (
    "Exit status: 0 done, 1 something failed or there was nothing to export (the rest was done), 2 the request was "
    "wrong."
)

FORMAT = click.Option(["--to", "name"], default="csv", show_default=True, metavar="FORMAT", help="csv or tsv.")
OUTPUT = click.Option(
    ["-o", "--output"],
    metavar="FILE|DIR/|-",
    type=click.Path(allow_dash=True),
    help="Where to write; a file takes one scan. Default: a file per scan beside the input.",
)
SCANS = click.Option(["--scan", "scans"], default="", metavar="LIST", help="Scans to export, such as 1,3-5,7.2.")
QUIET = click.Option(["-q", "--quiet"], is_flag=True, help="Say less: only what failed.")


def nxtoascii(
    *, files: tuple[str, ...], name: str, output: str | None, scans: str, overwrite: bool, quiet: bool
) -> int:
    """Export every file, and give the exit status."""
    from nxconvert import export

    def tell(problem: Problem) -> None:
        if not quiet:
            click.echo(f"{problem.severity}: {problem}", err=True)

    options = export.ExportOptions(name, scans, overwrite)
    talk = Talk(-quiet)
    for source, plan in export.plan_exports(files, output, options):
        for outcome in export.export_file(source, plan, options, tell):
            talk.report(outcome)
    return talk.finish()


command = click.Command(
    "nxtoascii",
    callback=nxtoascii,
    params=[shared.FILES, FORMAT, SCANS, OUTPUT, shared.OVERWRITE, QUIET],
    help=HELP,
    epilog=EPILOG,
)
