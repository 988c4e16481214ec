"""The command ``plot``."""

from __future__ import annotations

import os

import click

from nxconvert.cli import options, signals
from nxconvert.cli.talk import print_error, print_path
from nxconvert.errors import NxconvertError, RequestError

HELP = """Draw the default plots of NeXus files.

Curves, images, meshes and spectra, with the labels and units of their axes, of any NeXus file; of a stack one frame.
Many entries or files make a contact sheet. Needs matplotlib (the extra 'plot').

\b
Examples:
  nxconvert plot counters.nxs -o counters.png
  nxconvert plot counters.nxs mesh.nxs -o sheet.svg --log
"""

EPILOG = "Exit status: 0 done, 1 something cannot be plotted (the rest was), 2 the request was wrong."

OUTPUT = click.Option(
    ["-o", "--output"],
    metavar="FILE|DIR/|-",
    type=click.Path(readable=False, allow_dash=True),
    help="Picture to write, a .png, .svg or .pdf; one of all files. Default: one beside each file, with .png.",
)
ENTRIES = click.Option(
    ["--entry", "entries"], multiple=True, metavar="GLOB", help="Entries to draw, such as 'scan_1*'; can be repeated."
)
FRAME = click.Option(
    ["--frame"], type=int, metavar="N", help="Image or spectrum of a stack, from 0; from the end where negative."
)
LOG = click.Option(["--log"], is_flag=True, help="Logarithmic scale of the values.")


def plot(
    *,
    files: tuple[str, ...],
    output: str | None,
    entries: tuple[str, ...],
    frame: int | None,
    log: bool,
    overwrite: bool,
    quiet: int,
) -> int:
    """Draw each file, or all into one sheet, and give the exit status."""
    from nxconvert import outputs
    from nxconvert.plot import sheet

    if output == "":
        raise click.UsageError("the name after -o is empty")
    into_folder = output is None or output.endswith(("/", os.sep)) or os.path.isdir(output)
    if into_folder:
        pairs = [(path, _beside(path, output)) for path in files]
        groups = [([path], name) for path, name in pairs]
    else:
        assert output is not None
        if output != "-":
            sheet.format_of(output)
        pairs = [(files[0], output)]
        groups = [(list(files), output)]
    inputs = {os.path.realpath(path) for path in files}
    if any(name != "-" and os.path.realpath(name) in inputs for _path, name in pairs):
        raise RequestError.at(str(output), "is one of the inputs", hint="choose another output with -o")
    existing = "overwrite" if overwrite else "refuse"
    outputs.check_outputs(pairs, existing, "say --overwrite", "draw them into one sheet with -o FILE", devices=False)
    status = 0
    for paths, name in groups:
        try:
            if into_folder:
                outputs.make_folder(os.path.dirname(name))
            status = max(status, _draw(paths, name, entries, frame, log, overwrite, quiet))
        except RequestError:
            raise
        except NxconvertError as error:
            status = max(status, print_error(error))
    return status


def _beside(path: str, folder: str | None) -> str:
    stem = os.path.splitext(path)[0] if path.lower().endswith((".nxs", ".h5", ".hdf5", ".nx5")) else path
    return f"{stem}.png" if folder is None else os.path.join(folder, f"{os.path.basename(stem)}.png")


def _draw(
    paths: list[str], output: str, entries: tuple[str, ...], frame: int | None, log: bool, overwrite: bool, quiet: int
) -> int:
    """Draw files into one picture, or its pages; print their names and what cannot be drawn."""
    from nxconvert.plot import sheet
    from nxconvert.plot.panels import count, panels

    status, total, readable = 0, 0, []
    for path in paths:
        try:
            total += count(path, entries)
            readable.append(path)
        except RequestError:
            raise
        except NxconvertError as error:
            status = max(status, print_error(error))
    pages = -(-total // sheet.PAGE)
    if output == "-" and pages > 1:
        found = f"{total} entries are more than one page of {sheet.PAGE}"
        raise RequestError.at("-", found, hint="say -o FILE, or choose with --entry")
    taken = [name for page in range(pages) if os.path.lexists(name := sheet.page_name(output, page))]
    if taken and output != "-" and not overwrite:
        raise RequestError.at(taken[0], "exists", hint="say --overwrite")
    found_panels = (item for path in readable for item in panels(path, entries, frame))
    for item in sheet.sheets(found_panels, output, total, log):
        signals.check()
        if isinstance(item, str):
            if item != "-":
                print_path(item)
        else:
            status = max(status, int(item.severity == "lost"))
            if not quiet or item.severity == "lost":
                click.echo(item, err=True)
    return status


command = click.Command(
    "plot",
    callback=plot,
    params=[options.FILES, OUTPUT, ENTRIES, FRAME, LOG, options.OVERWRITE, options.QUIET],
    help=HELP,
    epilog=EPILOG,
)
