"""The command ``edf2nx``."""

import click

from nxconvert.cli import options as shared
from nxconvert.cli.conversion import conversion_command

HELP = """Convert EDF files, series of them and folders to NeXus.

An input is a file, a folder, or the pattern of a series such as scan_%04d.edf or {sample}_{scan}_{point}.edf. Images
become one stack in an NXdetector, whatever the headers repeat is written once, and every header is kept word for word.

\b
Examples:
  nxconvert edf2nx 'images/align_%05d.edf' --access pixels -o aligned.nxs
  nxconvert edf2nx images --link -o linked.nxs
  nxconvert edf2nx tomography -o tomography.nxs
"""


def _one_of_them(ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Refuse a pattern and an expression together."""
    if value and (ctx.params.get("pattern") or ctx.params.get("regex")):
        raise click.UsageError("only one of --pattern and --regex can be given", ctx)
    return value


FRAMES = click.Option(["--frames"], default="", metavar="LIST", help="Frames to convert, such as 0-99:2 or 0,5,7-9.")
STACK_AXIS = click.Option(
    ["--stack-axis"], default="", metavar="NAME", help="Header value that is the axis of the stack, such as a motor."
)
PATTERN = click.Option(
    ["--pattern"],
    default="",
    metavar="PATTERN",
    callback=_one_of_them,
    help="Pattern of the files in a folder, such as scan_%04d.edf.",
)
REGEX = click.Option(
    ["--regex"],
    default="",
    metavar="EXPR",
    callback=_one_of_them,
    help="Regular expression with named groups for the files in a folder.",
)
ALLOW_MISSING = click.Option(
    ["--allow-missing"], is_flag=True, help="Write a fill value in place of missing files, and mark them."
)
SERIES = click.Option(["--series"], is_flag=True, help="Take all inputs as one series, written into -o FILE.")
ROOTS = click.Option(
    ["--roots"],
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, readable=False),
    help="Folder in which pixels may lie that a header refers to; can be repeated. Default: that of the file.",
)

command = conversion_command(
    "edf2nx",
    HELP,
    "edf",
    reading=[FRAMES, STACK_AXIS, PATTERN, REGEX, ALLOW_MISSING, ROOTS, SERIES, shared.CHUNKS, shared.LINK],
)
