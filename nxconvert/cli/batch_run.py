"""The command ``batch run``, which is ``batch`` with sources."""

from __future__ import annotations

from typing import Any

import click

from nxconvert.cli import batch_options as own
from nxconvert.cli import options as shared
from nxconvert.cli.batch_request import HOW, WHICH, make_request
from nxconvert.cli.conversion import sources_of

HELP = """Convert whole trees: what is new or changed since the last time.

Folders are walked; every format is known by its content, files that belong together become one output, and the folders
are mirrored below DST. A ledger there knows what has been done: the command can be stopped at any moment and started
again, and does then what is left. A file that fails costs the others nothing; it is tried again when it changes, or by
'nxconvert batch retry'. The path of each file written goes to standard output.

\b
Examples:
  nxconvert batch run . -o nexus -j 4 --timezone Europe/Paris
  nxconvert batch . -o nexus --include '*.spec' --timeout 600 --memory 4G
"""

EPILOG = (
    "Exit status: 0 done, 1 something failed, now or before, or the batch could not go on, 2 the request was wrong. "
    "Warnings count only with --strict."
)


def _run(
    inputs: tuple[str, ...],
    output: str,
    newer: int | None,
    ledger: str | None,
    dry_run: bool,
    files_from: str | None,
    null: bool,
    **rest: Any,
) -> int:
    sources = sources_of(inputs, files_from, null)
    if "-" in sources:
        raise click.UsageError("batch reads files and folders, not standard input; --files-from - reads their names")
    from nxconvert.batch.asked import NOWHERE
    from nxconvert.batch.run import Batch
    from nxconvert.cli.batch_talk import convert, list_inputs

    kept = NOWHERE if dry_run else ledger or ""
    request = make_request(sources, output, rest, newer=newer, ledger=kept)
    with Batch(request, own.engine(rest)) as batch:
        if dry_run:
            return list_inputs(batch, rest)
        batch.discover()
        return convert(batch, rest)


command = click.Command(
    "run",
    callback=_run,
    params=[
        own.SOURCES,
        own.DESTINATION,
        *WHICH,
        own.NEWER,
        shared.FILES_FROM,
        shared.NULL,
        *HOW,
        *own.ENGINE_OPTIONS,
        own.LEDGER,
        own.DRY_RUN,
        shared.STRICT,
        shared.JSON,
        shared.QUIET,
        shared.VERBOSE,
    ],
    help=HELP,
    epilog=EPILOG,
)
