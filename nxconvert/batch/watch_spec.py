"""Growing SPEC files: only what is new of them is read, and only the new scans are written.

A whole conversion costs as much as the file is long, and a measurement that takes days would cost the square of it. So
the place of the last scan is remembered, with all that the scans behind it depend on, and the SHA-256 of the bytes
before. An output above `SPLIT` bytes is not copied for each scan either: it becomes a master file of external links,
beside a folder with a file for each scan that comes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from nxconvert import pipeline
from nxconvert.batch.job import Job, Result, digest_of, failure
from nxconvert.digests import Digests
from nxconvert.errors import NxconvertError
from nxconvert.readers.spec.blocks import Block, cut
from nxconvert.readers.spec.build import Builder
from nxconvert.readers.spec.control import Control
from nxconvert.readers.spec.facts import Header, make_header
from nxconvert.readers.spec.reader import SpecFile
from nxconvert.request import Outcome
from nxconvert.scan import Scan, SourceFile, Wanted, free_name
from nxconvert.streams import Source, open_source
from nxconvert.target import Target

#: bytes of an output that is copied to add a scan to it
SPLIT = 100_000_000
#: the ending of the folder with the scans of a master file, and the file of those from before
PARTS, EARLIER = ".scans", "earlier.nxs"
#: bytes at the beginning and before the place that tell whether a file is still the one it was
_PROBE = 1 << 16


@dataclass(slots=True)
class Mark:
    """A scan from which a file is read on: its place, and what stands before it."""

    offset: int = 0
    line: int = 1
    index: int = 0
    orders: dict[int, int] = field(default_factory=dict)
    header: Header = field(default_factory=lambda: make_header(Control()))


class _Window:
    """The bytes of a source from some place on, as `cut` reads them."""

    def __init__(self, source: Source, start: int) -> None:
        self._source, self._start, self.position = source, start, 0

    def read_at(self, offset: int, size: int) -> bytes:
        return self._source.read_at(self._start + offset, size)

    def read(self, size: int) -> bytes:
        data = self.read_at(self.position, size)
        self.position += len(data)
        return data


class TailFile(SpecFile):
    """A SPEC file from a mark on; scans are numbered and placed as in the whole file.

    ``last``: the mark of the last scan that was passed; ``known``: the first bytes of these are passed without a look.
    """

    def __init__(self, growth: Growth, source: Source) -> None:
        super().__init__(source, growth.images())
        self.growth = growth
        self.last = growth.mark

    def scans(self, wanted: Wanted | None = None) -> Iterator[Scan]:
        """Give the scans behind the mark, the one there first."""
        builder = Builder()
        for block, number, mark in self.blocks():
            order = mark.orders.get(number, 0) + 1
            if wanted is None or wanted(number, order):
                scan = self._build(builder, block, number, order, mark.index, mark.header)
                if self.images is not None:
                    self.images.attach(scan)
                yield scan

    def blocks(self) -> Iterator[tuple[Block, int, Mark]]:
        """Give each scan as it lies in the file, its number, and its mark."""
        mark = self.growth.mark
        start, first = mark.offset, mark.line
        orders, index, header = dict(mark.orders), mark.index, mark.header
        window: Any = _Window(self.source, start)
        for block in cut(window):
            block.offset += start
            block.line += first - 1
            if not block.is_scan:
                header = self._header(block) or header
                continue
            number = self._number(block)
            self.last = Mark(block.offset, block.line, index, dict(orders), header)
            yield block, number, self.last
            orders[number] = orders.get(number, 0) + 1
            index += 1

    def sources(self) -> list[SourceFile]:
        """Name the file; only the bytes that are new are read for its SHA-256."""
        return [self.growth.source_file(self.source), *(self.images.sources() if self.images is not None else ())]


class _Addition(pipeline.Conversion):
    """A conversion of what is behind the mark."""

    def __init__(self, job: Job, growth: Growth) -> None:
        super().__init__(replace(job.options, reader="spec"))
        self._growth = growth

    def open(self, source: str, outcome: Outcome, digests: Digests | None = None) -> TailFile:  # noqa: ARG002
        self.mapping_in_use = self.mapping("spec")
        opened = open_source(source)
        self.file = TailFile(self._growth, opened)
        outcome.bytes_in += opened.size - self._growth.mark.offset
        return self.file


class Growth:
    """A SPEC file that grows, and its output."""

    def __init__(self, job: Job) -> None:
        """Look at the file and at what its output holds; NxconvertError where one cannot be read."""
        from nxconvert.readers.nexus import NexusFile
        from nxconvert.writer.master import read_master

        self.path, self.output = job.source, job.output
        self.folders = list(job.options.reading.get("images", ()))
        self.mark = Mark()
        self.links = read_master(job.output)
        self._digest = hashlib.sha256()
        self._hashed = 0
        self._ends: tuple[bytes, bytes] = (b"", b"")
        with NexusFile(job.output) as file:
            self.known = {item.identifier: item.sha256 for item in file.written()}
        with open_source(job.source) as source:
            tail = TailFile(self, source)
            self.mark, equal = self._first_new(tail)
            self._remember(source)
        #: whether the file has all that the output has, but for the last scan, which may have been incomplete
        self.is_one = equal >= len(self.known) - 1

    def _first_new(self, tail: TailFile) -> tuple[Mark, int]:
        """Find the first scan that the output has not as it is, else the last one; and count those before it."""
        mark, equal = Mark(), 0
        for block, number, mark in tail.blocks():
            if self.known.get(f"{number}.{mark.orders.get(number, 0) + 1}") != block.sha256:
                break
            equal += 1
        return mark, equal

    def images(self) -> Any:
        """Give what finds the images of scans, None where none are wanted."""
        if not self.folders:
            return None
        from nxconvert.images import Roots
        from nxconvert.readers.spec.images import ScanImages

        return ScanImages(Roots(self.folders))

    def source_file(self, source: Source) -> SourceFile:
        """Describe the file; the SHA-256 of what was hashed before is gone on with."""
        while data := source.read_at(self._hashed, 1 << 20):
            self._digest.update(data)
            self._hashed += len(data)
        status = os.stat(self.path)
        return SourceFile(self.path, source.size, status.st_mtime_ns, self._digest.copy().hexdigest())

    def _remember(self, source: Source) -> None:
        self.source_file(source)
        self._ends = self._probe(source, self._hashed)

    def _probe(self, source: Source, size: int) -> tuple[bytes, bytes]:
        last = min(_PROBE, size)
        return source.read_at(0, min(_PROBE, size)), source.read_at(size - last, last)

    def has_grown(self) -> bool:
        """Tell whether the file is the one that it was, with something behind it."""
        with suppress(NxconvertError), open_source(self.path) as source:
            return source.size > self._hashed and self._probe(source, self._hashed) == self._ends
        return False

    def convert(self, job: Job) -> Result:
        """Write what is new; the same as a job of its own, but for the time that it takes."""
        outcome = Outcome(job.source, job.output)
        with pipeline.guarded(outcome):
            run = _Addition(job, self)
            if self.links or os.path.getsize(job.output) > SPLIT:
                self._write_parts(run, job, outcome)
            else:
                run.options = replace(run.options, existing="append")
                run.write([job.source], job.output, outcome)
            with open_source(job.source) as source:
                self.mark = run.file.last
                self._remember(source)
                own = self.source_file(source)
        if outcome.status == "failed":
            return failure_of(job, outcome)
        outcome.status = "converted"  # nothing new in the file is no reason to look at it again
        images = [file for file in outcome.sources if file.path != job.source]
        outcome.sources = [own, *images]
        return Result(job.source, outcome, "spec", *digest_of(job.output), is_addition=True)

    def _write_parts(self, run: _Addition, job: Job, outcome: Outcome) -> None:
        """Write each new scan into a file of its own, and then the master file."""
        from nxconvert.writer.master import EntryLink, write_master
        from nxconvert.writer.provenance import root_attributes

        stem = os.path.splitext(job.output)[0] + PARTS
        folder = os.path.basename(stem)
        os.makedirs(stem, exist_ok=True)
        if not self.links:
            self._begin_parts(job.output, stem)
        links = {link.name: link for link in self.links}
        with run.open(job.source, outcome) as file:
            for scan, trees in run.trees(file, outcome, lambda scan: self.known.get(scan.identifier) != scan.sha256):
                name = f"scan_{scan.identifier}.nxs"
                target = Target(os.path.join(stem, name), replace(run.options, existing="overwrite"), run.when)
                target.begin(job.source, run.mapping_in_use.describe(places=False))
                wanted = [tree.name for tree in trees]
                with ExitStack() as stack:
                    target.write(stack, scan, trees, outcome)
                    with Digests() as digests:
                        outcome.sources = target.consumed = digests.complete(file.sources())
                    target.finish()
                replaced = scan.identifier in self.known
                outcome.replaced += replaced
                outcome.appended += not replaced
                old = self._entries_of(scan, links, name) if replaced else []
                for tree, own in zip(trees, wanted, strict=True):
                    free = old.pop(0) if old else free_name(own, links, first=2)
                    links[free] = EntryLink(free, f"{folder}/{name}", tree.name)
                for rest in old:
                    del links[rest]
                self.known[scan.identifier] = scan.sha256
        made = list(links.values())
        if made != self.links or outcome.scans:
            write_master(job.output, made, root_attributes(job.output, made[0].name, run.when))
        self.links = made

    def _entries_of(self, scan: Scan, links: dict[str, Any], name: str) -> list[str]:
        """Give the names under which a scan that has changed stands in the master file."""
        own = [key for key, link in links.items() if link.file.endswith(f"/{name}")]
        if own:
            return own
        from nxconvert.readers.nexus import NexusFile

        folder = os.path.splitext(self.output)[0] + PARTS
        with NexusFile(os.path.join(folder, EARLIER)) as file:
            there = {item.entry for item in file.written() if item.identifier == scan.identifier}
        return [key for key, link in links.items() if link.file.endswith(f"/{EARLIER}") and link.entry in there]

    def _begin_parts(self, output: str, folder: str) -> None:
        """Make what was written so far the first part; the output stays where it is until the master replaces it."""
        from nxconvert.readers.nexus import NexusFile
        from nxconvert.writer.master import EntryLink

        earlier = os.path.join(folder, EARLIER)
        with suppress(FileNotFoundError):
            os.unlink(earlier)
        try:
            os.link(output, earlier)
        except OSError:  # a file system without hard links
            import shutil

            shutil.copyfile(output, earlier)
        with NexusFile(earlier) as file:
            self.links = [EntryLink(name, f"{os.path.basename(folder)}/{EARLIER}", name) for name in file.entries()]


def remove_parts(output: str) -> None:
    """Remove the scans of a master file that a whole output has replaced."""
    folder = os.path.splitext(output)[0] + PARTS
    if not os.path.isdir(folder):
        return
    for name in os.listdir(folder):
        if name == EARLIER or (name.startswith("scan_") and name.endswith(".nxs")):
            os.unlink(os.path.join(folder, name))
    with suppress(OSError):  # somebody has put other files there
        os.rmdir(folder)


def failure_of(job: Job, outcome: Outcome) -> Result:
    """Give the result of a job whose outcome says what was wrong."""
    result = failure(job, "")
    result.outcome = outcome
    places = {problem.place.path for problem in outcome.problems}
    result.is_place = bool(places & {job.output, os.path.dirname(job.output), job.folder})
    return result
