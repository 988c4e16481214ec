"""The command ``verify``."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from nxconvert.cli import options as shared
from nxconvert.cli.talk import print_error, print_json
from nxconvert.errors import NxconvertError

HELP = """Compare a NeXus file, value by value, with its source.

The source is read and mapped once more, with the options that the file states, and compared with what is in the file:
every field, attribute and link. Several sources are those of a merged output, in their order, or of a series.

\b
Examples:
  nxconvert verify counters.spec counters.nxs
  nxconvert verify mesh.spec mesh.nxs --json
"""

EPILOG = "Exit status: 0 equal, 1 they differ or one cannot be read, 2 the request was wrong."

SOURCES = click.Argument(["sources"], nargs=-1, required=True, metavar="SOURCE...", type=click.Path(readable=False))
OUTPUT = click.Argument(["output"], metavar="OUTPUT", type=click.Path(readable=False))


def verify(
    *,
    sources: tuple[str, ...],
    output: str,
    mappings: tuple[str, ...],
    reader: str,
    as_json: bool,
    quiet: int,
) -> int:
    """Print the differences, and give the exit status."""
    from nxconvert.verify import options_of, verify_file

    try:
        options = options_of(output, sources if _is_series(output) else ())
        options = replace(options, mappings=mappings or options.mappings, reader=reader or options.reader)
        found = verify_file(sources[0] if "files" in options.reading else sources, output, options)
    except NxconvertError as error:
        return print_error(error)
    for item in found:
        if as_json:
            print_json({"file": output, **asdict(item)})
        else:
            click.echo(f"{output}: {item}")
    if not quiet:
        told = f"{len(found)} difference{'' if len(found) == 1 else 's'}" if found else "equal to its source"
        click.echo(f"{output}: {told}", err=True)
    return int(bool(found))


def _is_series(output: str) -> bool:
    """Tell whether the output was made of several inputs as one series."""
    from nxconvert.verify import options_of

    return "--series" in options_of(output).command.split()


command = click.Command(
    "verify",
    callback=verify,
    params=[SOURCES, OUTPUT, shared.MAPPINGS, shared.READER, shared.JSON, shared.QUIET],
    help=HELP,
    epilog=EPILOG,
)
