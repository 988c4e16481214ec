"""The command ``batch status``."""

from __future__ import annotations

import time
from typing import Any

import click

from nxconvert.cli import batch_options as own
from nxconvert.cli import options as shared
from nxconvert.cli.talk import print_json

HELP = """Tell how far the batches of a folder of outputs are.

Counts of what was converted, skipped and failed, of what waits and what runs, the last batch, and the last failures
with their reasons. It can be asked at any time, while a batch runs too.

\b
Examples:
  nxconvert batch . -o nexus && nxconvert batch status nexus
  nxconvert batch . -o nexus && nxconvert batch status nexus --json
"""

LAST = click.Option(
    ["--last"], type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="Failures to show."
)


def _status(folder: str, ledger: str | None, last: int, as_json: bool) -> None:
    from nxconvert.batch.asked import ledger_path
    from nxconvert.batch.book import Book, problem_of

    with Book(ledger_path(folder, ledger or ""), folder) as book:
        counts, totals, batches = book.counts(), book.totals(), book.batches()
        failures = list(book.rows("failed", last))
    if as_json:
        print_json({"counts": counts, **totals, "batches": batches[:1], "failures": failures})
        return
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing was converted")
    if counts["converted"]:
        read, wrote = totals["bytes_in"] / 2**20, totals["bytes_out"] / 2**20
        click.echo(f"{totals['scans']} scans, {read:.1f} MiB read, {wrote:.1f} MiB written")
    for batch in batches[:1]:
        click.echo(f"last batch: {_batch(batch)}")
    for row in failures:
        for item in row["problems"]:
            if item["severity"] == "lost":
                click.echo(str(problem_of(item)))
    if counts["failed"] > len(failures):
        click.echo(f"and {counts['failed'] - len(failures)} more failures, which --last shows")


def _batch(batch: dict[str, Any]) -> str:
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(batch["begun"]))
    if batch["running"]:
        return f"begun {began} on {batch['host']} (process {batch['pid']}), running"
    if batch["ended"] is None:
        return f"begun {began} on {batch['host']}, killed: start it again"
    ended = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(batch["ended"]))
    return f"begun {began} on {batch['host']}, ended {ended}"


command = click.Command("status", callback=_status, params=[own.FOLDER, own.LEDGER, LAST, shared.JSON], help=HELP)
