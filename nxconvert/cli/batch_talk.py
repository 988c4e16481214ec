"""What the commands of ``batch`` print while they run, and in the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from nxconvert.cli import signals
from nxconvert.cli.talk import Talk, print_json, print_path

if TYPE_CHECKING:
    from tqdm import tqdm

    from nxconvert.batch.run import Batch


def list_inputs(batch: Batch, options: dict[str, Any]) -> int:
    """Print every input of the sources, whatever has been done of it."""
    for item in batch.inputs():
        if options["as_json"]:
            record = {"source": item.source, "reader": item.reader, "files": item.count, "size": item.size}
            reason = "" if item.refused is None else item.refused.reason
            print_json(record | {"output": "" if reason else batch.output_of(item), "refused": reason})
        elif item.refused is None:
            print_path(item.source)
    return 0


def convert(batch: Batch, options: dict[str, Any]) -> int:
    """Convert what the batch has noted, report each outcome, and give the exit status."""
    talk = Talk(options["verbose"] - options["quiet"], options["as_json"], options["strict"])
    with _bar(batch, talk) as bar, closing(batch.run()) as outcomes:
        for outcome in outcomes:
            signals.check()
            if outcome is None:
                continue
            if bar is not None:
                bar.clear()  # what is printed now stands above it
                bar.total = batch.total
                bar.update()
            if outcome.status == "skipped" and talk.verbosity < 1 and not talk.as_json:
                talk.counts["skipped"] += 1  # files of no known format are told on demand
            else:
                talk.report(outcome)
    status = talk.finish()
    counts = batch.ledger.counts(batch.sources)
    words = [f"{batch.unchanged} unchanged"] if batch.unchanged else []
    standing = counts["failed"] - talk.counts["failed"]
    if standing > 0:
        words.append(f"{standing} failed before: 'nxconvert batch retry' tries them again")
    if others := batch.ledger.left_to_others():
        words.append(f"{others} left to another batch")
    if words and talk.verbosity >= 0:
        click.echo("; ".join(words), err=True)
    return 1 if counts["failed"] else status


@contextmanager
def _bar(batch: Batch, talk: Talk) -> Iterator[tqdm[Any] | None]:
    """Show a bar over all inputs, on a terminal only."""
    if talk.verbosity < 0 or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=batch.total, unit="file", file=sys.stderr, smoothing=0.05) as bar:
        yield bar
