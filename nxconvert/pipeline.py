"""The one place where the stages meet: reader, mapping, writer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from nxconvert import outputs, registry
from nxconvert.digests import Digests
from nxconvert.errors import MappingError, NxconvertError, Place, Problem, ReadError, RequestError
from nxconvert.request import ConvertOptions, Outcome, Progress
from nxconvert.scan import Scan, ScanFile
from nxconvert.target import Target

if TYPE_CHECKING:
    from nxconvert.mapping.engine import Mapping
    from nxconvert.selection import Selection
    from nxconvert.tree import Tree
    from nxconvert.validate import Finding


__all__ = [
    "ConvertOptions",
    "Outcome",
    "Progress",
    "convert_file",
    "describe_file",
    "dry_run",
    "merge_files",
    "plan_outputs",
    "trees_of",
]


def plan_outputs(sources: Sequence[str], output: str | None, options: ConvertOptions) -> list[tuple[str, str]]:
    """Give the pairs of source and output; see ``outputs.plan_outputs``."""
    _check_sources(sources, options)
    # the readers of other packages are looked for only where their endings matter
    known = [registry.reader(options.reader)] if options.reader else list(registry.readers().values())
    endings = sorted({ending for reader in known for ending in reader.extensions})
    return outputs.plan_outputs(sources, output, options.existing, endings)


def _check_sources(sources: Sequence[str], options: ConvertOptions) -> None:
    """Refuse standard input whose format is not named, before anything is done."""
    if "-" in sources and not options.reader:
        registry.identify("-")


def convert_file(source: str, output: str, options: ConvertOptions, progress: Progress | None = None) -> Outcome:
    """Convert one input into one NeXus file (``-``: standard output).

    A wrong request raises RequestError or MappingError before anything is done; whatever is wrong with the input or
    the output is told in the outcome, whose status then is ``failed``.
    """
    return _run([source], output, options, progress)


def merge_files(
    sources: Sequence[str], output: str, options: ConvertOptions, progress: Progress | None = None
) -> Outcome:
    """Convert several inputs into one NeXus file; entries of equal name get ``_2``, ``_3`` ..."""
    outputs.check_outputs([(source, output) for source in sources[:1]], options.existing)
    if os.path.realpath(output) in {os.path.realpath(source) for source in sources}:
        raise RequestError.at(output, "is one of the inputs", hint="choose another output with -o")
    return _run(sources, output, options, progress)


def dry_run(source: str, options: ConvertOptions) -> Outcome:
    """Read one input and give the trees that would be written as text, without writing anything."""
    _check_sources([source], options)
    from nxconvert.validate import validate_tree

    run = Conversion(options)
    outcome = Outcome(source)

    with guarded(outcome):
        texts: list[str] = []
        with run.open(source, outcome) as file:
            for _scan, trees in run.trees(file, outcome):
                texts.extend(tree.dump() for tree in trees)
                outcome.problems += (
                    _problem(source, item) for tree in trees for item in validate_tree(tree) if item.severity != "note"
                )
        outcome.tree = "".join(texts)
        run.check_any(outcome)
    return outcome


def trees_of(source: str, options: ConvertOptions) -> Iterator[tuple[Scan, list[Tree]]]:
    """Read one input and give each scan with the trees that would be written of it, one after the other."""
    _check_sources([source], options)
    run = Conversion(options)
    outcome = Outcome(source)
    with run.open(source, outcome) as file:
        yield from run.trees(file, outcome)


def describe_file(path: str, roots: Sequence[str] = ()) -> dict[str, Any]:
    """Tell what a file holds: ``path``, ``format`` and for each scan its entry, title, times, points and names.

    ReadError when no reader knows the file.
    """
    reader = registry.identify(path)
    name_of: Callable[[Scan], str] = attrgetter("identifier")
    if reader.name == "nexus":
        from nxconvert.readers.nexus import entry_name as name_of
    entries = []
    problems: list[str] = []
    given = {"roots": tuple(roots)} if roots and "roots" in reader.settings else {}
    with reader.open(path, **given) as file:
        for scan in file:
            entries.append(
                {
                    "entry": name_of(scan),
                    "identifier": scan.identifier,
                    "title": scan.title,
                    "start_time": "" if scan.start_time is None else scan.start_time.isoformat(),
                    "end_time": "" if scan.end_time is None else scan.end_time.isoformat(),
                    "points": scan.points,
                    "columns": list(scan.columns),
                    "detectors": list(scan.detectors),
                }
            )
            problems += map(str, scan.problems)
        problems += map(str, file.problems)
    return {"path": path, "format": reader.name, "entries": entries, "problems": problems}


def _run(sources: Sequence[str], output: str, options: ConvertOptions, progress: Progress | None) -> Outcome:
    _check_sources(sources, options)
    run = Conversion(options, progress)
    outcome = Outcome(sources[0] if len(sources) == 1 else f"{len(sources)} files", output)
    if output != "-" and options.existing == "skip" and os.path.lexists(output):
        outcome.status = "skipped"
        return outcome

    with guarded(outcome):
        if output == "-":
            with outputs.spooled() as path:
                run.write(sources, path, outcome)
                if options.validate:
                    _judge(path, outcome)
        else:
            run.write(sources, output, outcome)
            if options.validate and outcome.status == "converted":
                _judge(output, outcome)
    return outcome


def _judge(path: str, outcome: Outcome) -> None:
    """Add what is wrong with an output to the problems of its outcome."""
    from nxconvert.validate import validate_file

    found = (item for item in validate_file(path) if item.severity != "note")
    outcome.problems += (_problem(outcome.output, item) for item in found)


def _problem(path: str, item: Finding) -> Problem:
    """Give a finding as a problem of an outcome."""
    severity = "lost" if item.severity == "error" else "warning"
    return Problem(Place(f"{path}:{item.path}"), f"{item.found} [{item.rule}]", "", item.hint, severity)


@contextmanager
def guarded(outcome: Outcome) -> Iterator[None]:
    """Turn what goes wrong into problems of the outcome, so that the next input has its turn."""
    began = time.monotonic()
    try:
        yield
    except (MappingError, BrokenPipeError):
        raise
    except NxconvertError as error:
        outcome.fail(*error.problems)
    except Exception as error:  # a fault of a reader (ours or a plug-in's) must not end a run over many files
        import traceback

        outcome.trace = traceback.format_exc()
        outcome.fail(
            Problem(
                Place(outcome.source),
                f"not converted, {type(error).__name__}: {error}",
                hint="this is a fault of the program: please report it with the file; -v shows where it happened",
                severity="lost",
            )
        )
    finally:
        outcome.seconds = time.monotonic() - began


@lru_cache(maxsize=8)
def _load(
    reader: str,
    named: tuple[str, ...],
    settings: tuple[tuple[str, str], ...],
    layout: str,
    time_zone: str,
    convert_units: bool,
) -> Mapping:
    """Find and load mappings once for all files of a run: what the user named, else the format's own.

    Named application mappings alone are an addition to the format's own mapping.
    """
    from nxconvert.mapping import catalog
    from nxconvert.mapping.engine import load

    names = named
    if reader and all(catalog.info(name).application for name in named):
        try:
            catalog.find(reader)
        except RequestError:
            # a reader of another package may have no mapping: the one for SPEC routes all of the scan model
            reader = "spec"
        names = (reader, *named)
    return load(names, (), dict(settings), layout, time_zone, convert_units)


class Conversion:
    """One conversion: options checked and the mapping loaded before any data are touched."""

    def __init__(self, options: ConvertOptions, progress: Progress | None = None) -> None:
        from nxconvert.writer.provenance import clock

        self.options = options
        self.progress = progress
        self.selection: Selection | None = None
        if options.scans:
            from nxconvert.selection import parse_selection

            self.selection = parse_selection(options.scans)
        self.when = clock(options.timestamp)
        self.reader = registry.reader(options.reader) if options.reader else None
        if self.reader is not None:
            self.mapping(self.reader.name)
            if self.reader.check is not None and set(options.reading) <= set(self.reader.settings):
                self.reader.check(**options.reading)
        elif options.mappings:
            self.mapping("")

    def mapping(self, reader: str) -> Mapping:
        """Give the mapping for a format: what the user named, else the format's own."""
        options = self.options
        settings = tuple(options.settings.items())
        wanted = (reader, options.mappings, settings, options.layout, options.time_zone, options.convert_units)
        mapping = _load(*wanted)
        if mapping.has_changed():  # a run may go on for weeks
            _load.cache_clear()
            mapping = _load(*wanted)
        return mapping

    def open(self, source: str, outcome: Outcome, digests: Digests | None = None) -> ScanFile:
        """Open a source with the reader that the user named or that knows it; *digests*: where its own is wanted."""
        reader = self.reader or registry.identify(source)
        if reader.name == "nexus":
            raise ReadError.at(source, "is a NeXus file already", hint="'nxconvert info' lists what it holds")
        self.mapping_in_use = self.mapping(reader.name)
        outcome.problems.extend(item for item in self.mapping_in_use.warnings if item not in outcome.problems)
        unknown = sorted(set(self.options.reading) - set(reader.settings))
        if unknown:
            raise RequestError.at(source, f"the reader '{reader.name}' has no setting '{unknown[0]}'")
        if digests is not None and not reader.hashes:
            digests.expect(source)
        file = reader.open(source, **self.options.reading)
        outcome.bytes_in += file.size or 0
        return file

    def trees(
        self, file: ScanFile, outcome: Outcome, is_new: Callable[[Scan], bool] | None = None
    ) -> Iterator[tuple[Scan, list[Tree]]]:
        """Give each wanted scan with its trees; a scan that cannot be mapped is a problem, not the end."""
        mapping = self.mapping_in_use
        for scan in file.scans(self.selection):
            if self.progress is not None:
                self.progress(file.position, file.size)
            if is_new is not None and not is_new(scan):
                continue
            outcome.problems.extend(scan.problems)
            try:
                tree, problems = mapping.tree(scan)
                more, further = mapping.application_trees(scan)
            except NxconvertError as error:
                outcome.problems.extend(replace(problem, severity="lost") for problem in error.problems)
                continue
            outcome.problems.extend(problems)
            outcome.problems.extend(further)
            outcome.scans += 1
            yield scan, [tree, *more]
        outcome.problems.extend(file.problems)

    def check_any(self, outcome: Outcome, target: Target | None = None) -> None:
        """Refuse a result without a single scan."""
        source = outcome.source
        if outcome.scans or (target is not None and target.unchanged):
            return
        if self.selection is not None:
            raise ReadError.at(source, f"has no scan {self.selection.text}", hint="'nxconvert info' lists the scans")
        if not outcome.lost:
            raise ReadError.at(source, "holds no scan", hint="'nxconvert formats' lists what can be read")
        outcome.status = "failed"

    def write(self, sources: Sequence[str], output: str, outcome: Outcome) -> None:
        """Read all sources and write one file, or complete one that is there."""
        target = Target(output, self.options, self.when, self.progress)
        with ExitStack() as stack:
            digests = stack.enter_context(Digests())
            # what an output only refers to is known by its size and time
            wanted = self.options.checksum != "none" and not self.options.link
            for source in sources:
                with self.open(source, outcome, digests if wanted else None) as file:
                    target.begin(source, self.mapping_in_use.describe(places=False))
                    hashed = file.hashed or not wanted
                    for scan, trees in self.trees(file, outcome, target.is_new):
                        if not hashed:
                            digests.begin(file.sources() if source in digests.expected else file.unhashed())
                            hashed = True
                        target.write(stack, scan, trees, outcome)
                    consumed = file.sources()
                    target.consumed.extend(digests.complete(consumed) if wanted else consumed)
            if not outcome.scans:
                self.check_any(outcome, target)
            target.finish()
        outcome.sources = target.consumed
        if target.writer is None and outcome.status == "converted":
            outcome.status = "skipped"
        if os.path.exists(output):
            outcome.bytes_out = os.path.getsize(output)
