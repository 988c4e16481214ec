"""The command ``spec2nx``."""

import click

from nxconvert.cli.conversion import conversion_command

HELP = """Convert SPEC files to NeXus.

Every scan becomes an NXentry with its columns, motors, spectra and headers; no number is changed and no line is lost.
Files may be compressed (.gz, .bz2, .Z), '-' is standard input. The path of each file written goes to standard output.

\b
Examples:
  nxconvert spec2nx counters.spec mesh.spec --timezone Europe/Paris -o out/
  nxconvert spec2nx align.dat --images images
  cat counters.spec | nxconvert spec2nx - --scan 1,2 -o - > counters.nxs
"""

IMAGES = click.Option(
    ["--images"],
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, readable=False),
    help="Folder with the images that scans refer to, wherever they once were; can be repeated.",
)

command = conversion_command("spec2nx", HELP, "spec", reading=[IMAGES])
