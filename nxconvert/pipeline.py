"""The one place where the stages meet: reader, mapping, writer."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nxconvert import outputs, registry
from nxconvert.errors import MappingError, NxconvertError, Place, Problem, ReadError, RequestError, WriteError
from nxconvert.scan import Scan, ScanFile, SourceFile
from nxconvert.selection import Selection, parse_selection

if TYPE_CHECKING:
    from nxconvert.mapping.engine import Mapping
    from nxconvert.readers.nexus import Written
    from nxconvert.tree import Tree
    from nxconvert.writer.hdf5 import NexusWriter


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What the user asked for, the same for every input of a run.

    ``mappings``: names of shipped mappings or paths, most general first; empty: the format's own. ``settings``:
    values by parameter name that win over every source (``--set``). ``scans``: selection such as ``1,3-5,7.2``.
    ``existing``: ``refuse``, ``overwrite``, ``skip`` or ``append``. ``timestamp``: seconds since 1970 that stand for
    the clock. ``command``: the effective command line for the provenance. ``root``: the folder to which the paths of
    the sources are given there.
    """

    mappings: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    scans: str = ""
    reader: str = ""
    time_zone: str = ""
    existing: str = "refuse"
    strict: bool = False
    compression: str = "gzip"
    access: str = "balanced"
    layout: str = "subentry"
    timestamp: float | None = None
    command: str = ""
    root: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of one input: ``converted``, ``skipped`` or ``failed``, and every problem met on the way."""

    source: str
    output: str = ""
    status: str = "converted"
    scans: int = 0
    appended: int = 0
    replaced: int = 0
    seconds: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    problems: list[Problem] = field(default_factory=list)
    tree: str = ""
    trace: str = ""

    def fail(self, *problems: Problem) -> None:
        """Note that nothing was written, and why."""
        self.status = "failed"
        self.scans = self.appended = self.replaced = 0
        self.problems.extend(problems)

    @property
    def lost(self) -> int:
        """Number of problems that cost a scan, a frame, or the whole file."""
        return sum(problem.severity == "lost" for problem in self.problems)


#: called with (bytes done, bytes in all or None); raises KeyboardInterrupt to stop
Progress = Callable[[int, "int | None"], None]


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
    run = _Run(options, None)
    outcome = Outcome(source)

    def work() -> None:
        texts: list[str] = []
        with run.open(source, outcome) as file:
            for _scan, trees in run.trees(file, outcome):
                texts.extend(tree.dump() for tree in trees)
        outcome.tree = "".join(texts)
        run.check_any(outcome)

    _guard(outcome, work)
    return outcome


def describe_file(path: str) -> dict[str, Any]:
    """Tell what a file holds: ``path``, ``format`` and for each scan its entry, title, times, points and names.

    ReadError when no reader knows the file.
    """
    reader = registry.identify(path)
    entries = []
    with reader.open(path) as file:
        for scan in file:
            entries.append(
                {
                    "entry": scan.place.path.rpartition(":/")[2] if reader.name == "nexus" else scan.identifier,
                    "identifier": scan.identifier,
                    "title": scan.title,
                    "start_time": "" if scan.start_time is None else scan.start_time.isoformat(),
                    "end_time": "" if scan.end_time is None else scan.end_time.isoformat(),
                    "points": scan.points,
                    "columns": list(scan.columns),
                    "detectors": list(scan.detectors),
                }
            )
        problems = [str(problem) for problem in file.problems]
    return {"path": path, "format": reader.name, "entries": entries, "problems": problems}


def _run(sources: Sequence[str], output: str, options: ConvertOptions, progress: Progress | None) -> Outcome:
    _check_sources(sources, options)
    run = _Run(options, progress)
    outcome = Outcome(sources[0] if len(sources) == 1 else f"{len(sources)} files", output)
    if output != "-" and options.existing == "skip" and os.path.lexists(output):
        outcome.status = "skipped"
        return outcome

    def work() -> None:
        if output == "-":
            import shutil
            import tempfile

            if sys.stdout is None:  # what Python makes of a stream that the caller has closed
                raise WriteError.at("-", "standard output is closed", hint="say -o FILE")
            with tempfile.TemporaryDirectory(prefix="nxconvert-") as folder:
                path = os.path.join(folder, "stdout.nxs")
                run.write(sources, path, outcome)
                with open(path, "rb") as made:
                    shutil.copyfileobj(made, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
        else:
            run.write(sources, output, outcome)

    _guard(outcome, work)
    return outcome


def _guard(outcome: Outcome, work: Callable[[], None]) -> None:
    """Do the work; turn what goes wrong into problems of the outcome, so that the next input has its turn."""
    began = time.monotonic()
    try:
        work()
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
def _load(names: tuple[str, ...], settings: tuple[tuple[str, str], ...], layout: str, time_zone: str) -> Mapping:
    """Load mappings once for all files of a run."""
    from nxconvert.mapping.engine import load

    return load(names, settings=dict(settings), layout=layout, time_zone=time_zone)


class _Run:
    """One conversion: options checked and the mapping loaded before any data are touched."""

    def __init__(self, options: ConvertOptions, progress: Progress | None) -> None:
        from nxconvert.writer.provenance import clock

        self.options = options
        self.progress = progress
        self.selection: Selection | None = parse_selection(options.scans)
        self.when = clock(options.timestamp)
        self.reader = registry.reader(options.reader) if options.reader else None
        if self.reader is not None:
            self.mapping(self.reader.name)
        elif options.mappings:
            self.mapping("")

    def mapping(self, reader: str) -> Mapping:
        """Give the mapping for a format: what the user named, else the format's own."""
        options = self.options
        return _load(self._names(reader), tuple(options.settings.items()), options.layout, options.time_zone)

    def _names(self, reader: str) -> tuple[str, ...]:
        """Give the mappings to load: an application mapping only adds to the format's own, or to one that is named."""
        from nxconvert.mapping import catalog

        named = self.options.mappings
        if not reader or not all(catalog.info(name).application for name in named):
            return named
        try:
            catalog.find(reader)
        except RequestError:
            # a reader of another package may have no mapping: the one for SPEC routes all of the scan model
            return ("spec", *named)
        return (reader, *named)

    def open(self, source: str, outcome: Outcome) -> ScanFile:
        """Open a source with the reader that the user named or that knows the file."""
        reader = self.reader or registry.identify(source)
        if reader.name == "nexus":
            raise ReadError.at(source, "is a NeXus file already", hint="'nxconvert info' lists what it holds")
        self.mapping_in_use = self.mapping(reader.name)
        outcome.problems.extend(item for item in self.mapping_in_use.warnings if item not in outcome.problems)
        file = reader.open(source)
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
                outcome.problems.extend(error.problems)
                continue
            outcome.problems.extend(problems)
            outcome.problems.extend(further)
            outcome.scans += 1
            yield scan, [tree, *more]
        outcome.problems.extend(file.problems)

    def check_any(self, outcome: Outcome, target: _Target | None = None) -> None:
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
        target = _Target(self, output)
        with ExitStack() as stack:
            for source in sources:
                with self.open(source, outcome) as file:
                    target.begin(source)
                    for scan, trees in self.trees(file, outcome, target.is_new):
                        target.write(stack, scan, trees, outcome)
                    target.consumed.extend(file.sources())
            if not outcome.scans:
                self.check_any(outcome, target)
            target.finish()
        if target.writer is None and outcome.status == "converted":
            outcome.status = "skipped"
        if os.path.exists(output):
            outcome.bytes_out = os.path.getsize(output)

    def options_text(self) -> str:
        options = self.options
        chosen = {
            "command": options.command,
            "mappings": list(options.mappings),
            "settings": options.settings,
            "scans": options.scans,
            "reader": options.reader,
            "time_zone": options.time_zone,
            "compression": options.compression,
            "access": options.access,
            "layout": options.layout,
        }
        return json.dumps(chosen, ensure_ascii=False)


class _Target:
    """The output of a run: opened when the first scan comes, so that nothing is made of an input without any."""

    def __init__(self, run: _Run, output: str) -> None:
        from nxconvert.writer.provenance import Provenance

        self.run = run
        self.output = output
        self.writer: NexusWriter | None = None
        self.consumed: list[SourceFile] = []
        self.unchanged = 0
        self.provenance = Provenance(run.options_text(), "", run.when, run.options.root)
        self.append = run.options.existing == "append" and os.path.exists(output)
        self._sources = -1
        self._source = ""
        self._first = ""
        self._old: dict[tuple[str, str], Written] = {}
        self._used: set[str] = set()
        if self.append:
            self._read_old()

    def _read_old(self) -> None:
        """Learn what the file holds; ReadError when it is not one of ours."""
        from nxconvert.readers.nexus import NexusFile

        with NexusFile(self.output) as file:
            self._old = {(item.source, item.identifier): item for item in file.written()}
            self._used = set(file.entries())
            self._old_mapping = file.mapping_text()
        if not self._old:
            raise ReadError.at(
                self.output,
                "was not written by nxconvert",
                "only such a file can be completed by --append",
                "choose another output, or --overwrite",
            )

    def begin(self, source: str) -> None:
        """Take the next source file."""
        self._sources += 1
        self._source = self.provenance.shown(source)
        mapping = self.run.mapping_in_use.describe(places=False)
        if self.append and self._old_mapping != mapping:
            raise WriteError.at(
                self.output,
                "was made with another mapping",
                "the same one was expected",
                "--overwrite converts all scans again; 'nxconvert mapping show' prints the mapping",
            )
        self.provenance.mapping = mapping

    def is_new(self, scan: Scan) -> bool:
        """Tell whether the scan is not in the file yet, or is there with other bytes."""
        old = self._old.get((self._source, scan.identifier))
        if old is None or old.sha256 != scan.sha256:
            return True
        self.unchanged += 1
        return False

    def write(self, stack: ExitStack, scan: Scan, trees: list[Tree], outcome: Outcome) -> None:
        """Write the entries of a scan, in place of those that were there."""
        from nxconvert.writer.hdf5 import NexusWriter
        from nxconvert.writer.provenance import NAME

        if self.writer is None:
            options = self.run.options
            self.writer = stack.enter_context(
                NexusWriter(
                    self.output,
                    compression_name=options.compression,
                    access=options.access,
                    base=self.output if self.append else None,
                )
            )
        old = self._old.get((self._source, scan.identifier))
        if old is not None:
            self.writer.remove(old.entry)
            self._used.discard(old.entry)
            outcome.replaced += 1
        elif self.append:
            outcome.appended += 1
        for tree in trees:
            tree.name = _unused(tree.name, self._used)
            self._used.add(tree.name)
            self.writer.write(tree)
            if not self._first:
                self._first = tree.name
                self.writer.add_group(f"{tree.name}/{NAME}", self.provenance.process())
            else:
                self.writer.link(f"{tree.name}/{NAME}", f"{self._first}/{NAME}")
            self.provenance.add(tree.name, scan, self._sources)

    def finish(self) -> None:
        """Write what is known only at the end: the tables of sources and scans, and the root."""
        from nxconvert.writer.provenance import NAME, root_attributes

        if self.writer is None:
            return
        self.writer.add_group(f"{self._first}/{NAME}/sources", self.provenance.sources(self.consumed))
        self.writer.add_group(f"{self._first}/{NAME}/scans", self.provenance.scans())
        attributes = root_attributes(self.output, self._first, self.run.when)
        if self.append:
            del attributes["default"]
        self.writer.root_attributes(attributes)


def _unused(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    number = 2
    while f"{name}_{number}" in used:
        number += 1
    return f"{name}_{number}"
