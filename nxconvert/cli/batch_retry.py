"""The command ``batch retry``."""

from __future__ import annotations

from typing import Any

import click

from nxconvert.cli import batch_options as own
from nxconvert.cli import options as shared

HELP = """Try again what failed in a folder of outputs.

Every input that failed is converted once more, with the options and mappings of its own batch; the limits of time and
memory may be others. What has changed since is also found by the batch itself.

\b
Examples:
  nxconvert batch . -o nexus && nxconvert batch retry nexus
  nxconvert batch . -o nexus && nxconvert batch retry nexus --timeout 3600 -j 1
"""


def _retry(folder: str, ledger: str | None, **rest: Any) -> int:
    from nxconvert.batch.asked import Request, ledger_path
    from nxconvert.batch.book import Book
    from nxconvert.batch.run import Batch
    from nxconvert.cli.batch_talk import convert
    from nxconvert.request import ConvertOptions

    with Book(ledger_path(folder, ledger or ""), folder):
        pass  # there is one
    request = Request((), folder, ConvertOptions(), ledger=ledger or "")
    with Batch(request, own.engine(rest)) as batch:
        batch.retry()
        return convert(batch, rest)


command = click.Command(
    "retry",
    callback=_retry,
    params=[
        own.FOLDER,
        *own.ENGINE_OPTIONS,
        own.LEDGER,
        shared.STRICT,
        shared.JSON,
        shared.QUIET,
        shared.VERBOSE,
    ],
    help=HELP,
)
