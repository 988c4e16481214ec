"""The command ``nanoesca2nx``, also called ``tiff2nx``."""

import click

from nxconvert.cli.conversion import conversion_command

HELP = """Convert NanoESCA folders and other TIFF sets to NeXus.

An input is the folder of a measurement, the folder of an experiment (each measurement becomes an NXentry) or one of
their .meas and .exp files. Raw images and averages are written as stacks with energy and momentum axes, beside all
configurations word for word. --instrument names the description of another set-up that saves TIFF images beside a
configuration file.

\b
Examples:
  nxconvert nanoesca2nx nanoesca --timezone Europe/Berlin -m mpes
  nxconvert nanoesca2nx peem_focus --instrument peem_focus/instrument.yaml --dry-run
"""

INSTRUMENT = click.Option(
    ["--instrument"],
    metavar="FILE",
    type=click.Path(readable=False),
    help="Description (YAML) of the files and keys of another set-up. Default: that of the NanoESCA.",
)

command = conversion_command("nanoesca2nx", HELP, "nanoesca", [INSTRUMENT])
