"""NeXus files back to text: the NeXus reader followed by an exporter, one output for each scan.

First `plan_exports` finds the name of every output, so that a wrong request is refused before anything is done; then
`export_file` writes those of one input.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from nxconvert import outputs, registry
from nxconvert.errors import NxconvertError, Place, Problem, ReadError, RequestError, WriteError
from nxconvert.request import Outcome
from nxconvert.scan import Scan
from nxconvert.selection import Selection, parse_selection

if TYPE_CHECKING:
    from nxconvert.readers.nexus import NexusFile
    from nxconvert.registry import Exporter

#: takes a note or a warning about a scan before the scan is written
Tell = Callable[[Problem], None]

#: the output of each entry by the entry's name; ``-`` is standard output
Outputs = dict[str, str]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the user asked for: ``format`` names an exporter, ``scans`` is a selection such as ``1,3-5,7.2``."""

    format: str = "csv"
    scans: str = ""
    overwrite: bool = False


def plan_exports(sources: Sequence[str], output: str | None, options: ExportOptions) -> list[tuple[str, Outputs]]:
    """Give each source with the outputs of its wanted scans.

    Without *output* they are called ``<stem>_<entry>`` with the ending of the format and lie beside the source; in a
    folder (it exists, or ends in ``/``) the folders below the sources' common root are mirrored. A file, or ``-``,
    takes one scan. RequestError for an unknown format, a bad selection, several scans for one output, and outputs
    that collide, are an input, or exist.
    """
    exporter = registry.exporter(options.format)
    selection = parse_selection(options.scans)
    folder = output is None or output.endswith(("/", os.sep)) or os.path.isdir(output)
    target = None if folder else output
    if "-" in sources:
        raise RequestError.at("-", "an HDF5 file cannot be read from a pipe", hint="name the file")
    if target is not None and len(sources) > 1:
        raise RequestError.at(
            target, f"{len(sources)} inputs and one output", "a folder was expected", f"say -o {target}/"
        )
    root = outputs.common_root(sources)
    plans = []
    for source in sources:
        plan: Outputs = {}
        # what goes wrong with an input here does so again in export_file, which tells it
        with _told(Outcome(source)), _open(source) as file:
            names = _entries(file, selection)
            if target is not None:
                _check_single(file, selection, target)
                plan = dict.fromkeys(names, target)
            else:
                stem = _stem(source, output, root)
                plan = {name: f"{stem}_{name}{exporter.extensions[0]}" for name in names}
        plans.append((source, plan))
    _check(plans, options.overwrite)
    return plans


def export_file(source: str, plan: Outputs, options: ExportOptions, tell: Tell) -> Iterator[Outcome]:
    """Write the wanted scans of one file to the outputs of *plan* and give what became of each.

    *tell* is called with what the format cannot hold of a scan, and with the reason where a scan is skipped, before
    that scan is written. An input that cannot be read is an outcome that failed.
    """
    from nxconvert.readers.nexus import entry_name

    exporter = registry.exporter(options.format)
    selection = parse_selection(options.scans)
    failure = Outcome(source)
    count = 0
    with _told(failure), _open(source) as file:
        for scan in file.scans(selection):
            name = entry_name(scan)
            if not scan.columns:
                tell(Problem(scan.place, "is skipped: it has no columns"))
            elif name in plan:
                count += 1
                yield _export(source, plan[name], exporter, scan, tell)
        for problem in dict.fromkeys(file.problems):
            tell(problem)
        if not count:
            raise _nothing(file, selection)
    if failure.problems:
        yield failure


def _open(source: str) -> NexusFile:
    """Open a NeXus file; ReadError, with the reason, where it is none."""
    from nxconvert.readers.nexus import READER, NexusFile
    from nxconvert.streams import open_source

    with open_source(source) as file:
        match = READER.sniff(file.read_at(0, registry.HEAD), source)
    if not match.confidence:
        hint = "'nxconvert convert' makes a NeXus file of other formats"
        raise ReadError.at(source, f"is not a NeXus file, {match.reason}", hint=hint)
    return NexusFile(source)


def _entries(file: NexusFile, selection: Selection | None) -> list[str]:
    """Give the names of the wanted entries without reading their values."""
    wanted = []

    def ask(number: int, order: int) -> bool:
        wanted.append(selection is None or selection(number, order))
        return False

    for _ in file.scans(ask):
        pass
    return [name for name, want in zip(file.entries(), wanted, strict=True) if want]


def _check_single(file: NexusFile, selection: Selection | None, output: str) -> None:
    """Refuse a second scan with columns: two tables do not fit into one file."""
    tables = list(islice((scan.identifier for scan in file.scans(selection) if scan.columns), 2))
    if len(tables) > 1:
        hint = f"choose one with --scan, say --scan {tables[0]}, or name a folder: -o DIR/"
        raise RequestError.at(output, f"scans {' and '.join(tables)} of '{file.path}' want one output", hint=hint)


def _stem(source: str, folder: str | None, root: str) -> str:
    from nxconvert.readers.nexus import READER

    endings = READER.extensions
    output = outputs.beside(source, endings) if folder is None else outputs.mirrored(source, folder, root, endings)
    return output.removesuffix(".nxs")


def _check(plans: Sequence[tuple[str, Outputs]], overwrite: bool) -> None:
    """Refuse outputs that collide with each other, are an input, or are there already."""
    inputs = {os.path.realpath(source) for source, _ in plans}
    owners: dict[str, str] = {}
    problems = []
    for source, plan in plans:
        for output in dict.fromkeys(plan.values()):
            real = os.path.realpath(output)
            if output == "-":
                continue
            if real in owners:
                found = f"wanted by both '{owners[real]}' and '{source}'"
                problems.append(Problem(Place(output), found, hint="export them one by one into folders of their own"))
            elif real in inputs:
                problems.append(Problem(Place(output), "is one of the inputs", hint="choose another output with -o"))
            elif os.path.exists(output) and not os.path.isfile(output):
                hint = "choose another output with -o; '-' is standard output"
                problems.append(Problem(Place(output), "exists and is not a file", hint=hint))
            elif os.path.lexists(output) and not overwrite:
                problems.append(Problem(Place(output), "exists", hint="say --overwrite to replace it"))
            owners.setdefault(real, source)
    if problems:
        raise RequestError(*problems)


def _export(source: str, output: str, exporter: Exporter, scan: Scan, tell: Tell) -> Outcome:
    """Write one scan."""
    outcome = Outcome(source, output, scans=1)
    for loss in exporter.losses(scan):
        tell(Problem(scan.place, loss, severity="note"))
    with _told(outcome), _stream(output) as stream:
        try:
            exporter.write(scan, stream)
        except OSError as error:
            if error.errno is not None:  # of the output; HDF5 gives no number when values cannot be read
                raise
            raise ReadError.at(scan.place, f"values cannot be read: {error}") from error
    return outcome


@contextmanager
def _told(outcome: Outcome) -> Iterator[None]:
    """Turn what goes wrong into problems of the outcome, so that the next scan, or input, has its turn."""
    began = time.monotonic()
    try:
        yield
    except (RequestError, BrokenPipeError):
        raise
    except NxconvertError as error:
        outcome.problems.extend(error.problems)
    except Exception as error:  # a damaged file, or a fault of an exporter, must not end a run over many files
        import traceback

        outcome.trace = traceback.format_exc()
        found = f"not exported, {type(error).__name__}: {error}"
        hint = "the file may be damaged; if it is not, this is a fault of the program: please report it"
        outcome.problems.append(Problem(Place(outcome.source), found, hint=hint, severity="lost"))
    finally:
        outcome.seconds = time.monotonic() - began
        if outcome.problems:
            outcome.status, outcome.scans = "failed", 0


@contextmanager
def _stream(output: str) -> Iterator[IO[str]]:
    """Give a text stream to a file that is then whole or absent, or to standard output."""
    if output == "-":
        if sys.stdout is None:  # what Python makes of a stream that the caller has closed
            raise WriteError.at("-", "standard output is closed", hint="choose a file with -o")
        sys.stdout.flush()
        try:
            with _text(sys.stdout.fileno()) as stream:
                yield stream
        except BrokenPipeError:
            raise
        except OSError as error:
            raise WriteError.at("-", f"standard output cannot be written: {error.strerror}") from error
        return
    from nxconvert.writer.atomic import AtomicFile

    outputs.make_folder(os.path.dirname(output))
    with AtomicFile(output) as atomic:
        try:
            with _text(atomic.path) as stream:
                yield stream
        except OSError as error:
            raise atomic.error(error) from error


def _text(place: int | os.PathLike[str]) -> IO[str]:
    # names that are not UTF-8 in the file come back as the bytes that they were
    return open(place, "w", encoding="utf-8", errors="surrogateescape", newline="", closefd=not isinstance(place, int))


def _nothing(file: NexusFile, selection: Selection | None) -> ReadError:
    """Say why nothing was written."""
    if not file.entries():
        return ReadError.at(file.path, "holds no NXentry", hint="'nxconvert info' lists what a file holds")
    if not _entries(file, selection):
        assert selection is not None
        return ReadError.at(file.path, f"has no scan {selection.text}", hint="'nxconvert info' lists the scans")
    return ReadError.at(
        file.path, "has no columns to export in any wanted scan", hint="'nxconvert info' lists the scans"
    )
