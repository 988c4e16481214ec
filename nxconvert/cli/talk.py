"""What the commands print: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nxconvert.cli import signals
from nxconvert.errors import NxconvertError, Problem, RequestError

if TYPE_CHECKING:
    from nxconvert.request import Outcome, Progress

Item = TypeVar("Item")

#: Problems of one file that are shown before the rest is only counted.
SHOWN = 20


def print_error(error: NxconvertError) -> int:
    """Print an error and give its exit status."""
    click.echo(str(error), err=True)
    return 2 if isinstance(error, RequestError) else 1


def try_each(items: Iterable[Item], action: Callable[[Item], None]) -> int:
    """Do something for every item, whatever becomes of the others, and give the worst exit status."""
    status = 0
    for item in items:
        try:
            action(item)
        except NxconvertError as error:
            status = max(status, print_error(error))
    return status


def print_path(path: str) -> None:
    """Print a path as its own bytes, which need not be text."""
    click.echo(os.fsencode(path))


def print_json(record: object) -> None:
    """Print one JSON object on one line; bytes of a path that are no text are escaped as lone surrogates."""
    import json

    click.echo(json.dumps(record))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in aligned columns, numbers to the right, with nothing behind the last one."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    right = [bool(rows) and all(isinstance(row[k], int) for row in rows) for k in range(len(header))]
    for line in lines:
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True))
        click.echo("  ".join(cells).rstrip())


def problem_record(problem: Problem) -> dict[str, Any]:
    """Give a problem as a JSON object."""
    return {
        "path": problem.place.path,
        "line": problem.place.line,
        "severity": problem.severity,
        "found": problem.found,
        "expected": problem.expected,
        "hint": problem.hint,
    }


class Talk:
    """Reports outcomes as they come, counts them, and knows the exit status in the end.

    ``verbosity``: -1 shows only what is lost, 0 warnings and a summary too, 1 every note.
    """

    def __init__(self, verbosity: int = 0, as_json: bool = False, strict: bool = False) -> None:
        self.verbosity = verbosity
        self.as_json = as_json
        self.strict = strict
        self.counts = {"converted": 0, "skipped": 0, "failed": 0}
        self.severities = {"note": 0, "warning": 0, "lost": 0}
        self.scans = 0
        self.seconds = 0.0

    @contextmanager
    def progress(self, name: str) -> Iterator[Progress]:
        """Show a bar for one input, on a terminal only; between two scans look for a signal in any case."""
        if self.verbosity < 0 or not sys.stderr.isatty():
            yield lambda _done, _total: signals.check()
            return
        from tqdm import tqdm

        with tqdm(desc=name, unit="B", unit_scale=True, leave=False, delay=0.5, file=sys.stderr) as bar:

            def advance(done: int, total: int | None) -> None:
                signals.check()
                bar.total = total
                bar.update(done - bar.n)

            yield advance

    def report(self, outcome: Outcome) -> None:
        """Print one result and its problems."""
        signals.check()  # a library may have taken the exception of a signal for a failure of its own
        self._problems(outcome.problems)
        if self.verbosity > 0 and outcome.trace:
            click.echo(outcome.trace, err=True)
        self.counts[outcome.status] += 1
        self.scans += outcome.scans
        self.seconds += outcome.seconds
        if self.as_json:
            print_json(self._record(outcome))
        elif outcome.tree:
            click.echo(outcome.tree)
        elif outcome.status == "converted" and outcome.output != "-":
            print_path(outcome.output)
        if self.verbosity >= 0 and outcome.status == "skipped":
            click.echo(f"{outcome.output}: exists and was left as it is", err=True)

    def finish(self) -> int:
        """Print the summary and give the exit status."""
        if self.verbosity >= 0:
            click.echo(self._summary(), err=True)
        failed = self.counts["failed"] or self.severities["lost"] or (self.strict and self.severities["warning"])
        return 1 if failed else 0

    def _problems(self, problems: Sequence[Problem]) -> None:
        """Print the problems of one file as far as they are asked for: what is lost first, so that it is seen."""
        for problem in problems:
            self.severities[problem.severity] += 1
        wanted = ("lost", "warning", "note")[: 2 + self.verbosity if self.verbosity > -1 else 1]
        shown = [problem for severity in wanted for problem in problems if problem.severity == severity]
        limit = len(shown) if self.verbosity > 0 else SHOWN
        for problem in shown[:limit]:
            prefix = "" if problem.severity == "lost" else f"{problem.severity}: "
            click.echo(f"{prefix}{problem}", err=True)
        if len(shown) > limit:
            click.echo(f"and {len(shown) - limit} more problems, which -v shows", err=True)

    def _summary(self) -> str:
        files = ", ".join(f"{count} {status}" for status, count in self.counts.items() if count) or "nothing to convert"
        text = f"{files}; {_plural(self.scans, 'scan')} in {self.seconds:.2f} s"
        found = [_plural(count, name) for name, count in self.severities.items() if count and name != "lost"]
        if self.severities["lost"]:
            found.append(f"{self.severities['lost']} lost")
        return text + (f"; {', '.join(found)}" if found else "")

    def _record(self, outcome: Outcome) -> dict[str, Any]:
        record: dict[str, Any] = {
            "source": outcome.source,
            "output": outcome.output,
            "status": outcome.status,
            "scans": outcome.scans,
            "problems": [problem_record(problem) for problem in outcome.problems],
            "seconds": round(outcome.seconds, 6),
        }
        return record | ({"tree": outcome.tree} if outcome.tree else {})


def _plural(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")
