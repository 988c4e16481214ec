"""Writing the scans of one input to the outputs that were planned for them."""

from __future__ import annotations

import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from nxconvert import outputs
from nxconvert.errors import NxconvertError, Problem, ReadError, RequestError
from nxconvert.export.plan import Plan, identify, open_nexus
from nxconvert.export.prepare import as_nxtoascii, prepare
from nxconvert.export.request import ExportOptions, Request
from nxconvert.pipeline import guarded
from nxconvert.readers.nexus import NexusFile, entry_name
from nxconvert.readers.nexus.entry import UNEQUAL
from nxconvert.registry import Book, Exporter
from nxconvert.request import Outcome, Progress
from nxconvert.scan import Field, Scan
from nxconvert.tabular import images, without_images
from nxconvert.writer.atomic import AtomicFile
from nxconvert.writer.provenance import clock

#: takes a note or a warning about a scan before the scan is written
Tell = Callable[[Problem], None]

_DAMAGE = "the file may be damaged; if it is not, this is a fault of the program: please report it"


def export_file(
    source: str, plan: Plan, options: ExportOptions, tell: Tell, progress: Progress | None = None
) -> Iterator[Outcome]:
    """Write the wanted scans of one file to the outputs of *plan* and give what became of each output.

    *tell* is called with what the format cannot hold of a scan, and with the reason where a scan is skipped, before
    that scan is written. An input that cannot be read is an outcome that failed.
    """
    failure = Outcome(source)
    # what was not finished when something goes wrong is given up by the stack
    with guarded(failure), open_nexus(source, options.roots) as file, ExitStack() as stack:
        export = _Export(source, plan, Request(options), tell, stack)
        size = os.path.getsize(source)
        total = max(1, len(identify(file, export.request.selection)))
        for done, scan in enumerate(file.scans(export.request.selection), 1):
            yield from export.take(entry_name(scan), scan)
            if progress is not None:
                progress(size * min(done, total) // total, size)
        yield from export.finish()
        for problem in dict.fromkeys(file.problems):
            tell(problem)
        if not export.found:
            raise _nothing(file, export.request)
    if failure.problems:
        yield failure


@dataclass(slots=True)
class _Open:
    """A book that is being written."""

    outcome: Outcome
    stack: ExitStack
    stream: IO[Any]
    book: Book
    began: float = field(default_factory=time.monotonic)


class _Export:
    """The export of one input."""

    def __init__(self, source: str, plan: Plan, request: Request, tell: Tell, stack: ExitStack) -> None:
        self.source, self.plan, self.request, self.tell, self.stack = source, plan, request, tell, stack
        self.found = 0
        self._told: set[str] = set()
        self._books: dict[str, _Open | None] = {}
        #: scans that are still to come for each output
        self._left = Counter(plan.outputs.values())
        self._when = clock(None)

    def take(self, name: str, scan: Scan) -> Iterator[Outcome]:
        """Write one scan, and give what came of every output that is complete with it."""
        request, exporter = self.request, self.request.exporter
        if not request.matches(scan.title):
            return
        for problem in scan.problems:
            if problem.expected != UNEQUAL:  # told with what is done about it
                self.tell(problem)
        reason = request.skips(scan)
        pictures = images(scan)
        if reason:
            self.tell(Problem(scan.place, f"is skipped: {reason}"))
        if pictures and not (exporter.frames and not reason):
            yield from self._images(name, scan, pictures)
        if not reason:
            self.found += 1
            yield from self._write(name, scan if exporter.frames else without_images(scan))
        yield from self._countdown(self.plan.outputs.get(name, ""))

    def finish(self) -> Iterator[Outcome]:
        """Complete every book that is still open."""
        for path in list(self._books):
            yield from self._close(path)

    # --- one scan

    def _write(self, name: str, scan: Scan) -> Iterator[Outcome]:
        path = self.plan.outputs.get(name, "")
        problems: list[Problem] = []
        outcome = Outcome(self.source, path)
        ready = False
        with guarded(outcome):
            if self.request.options.compat:
                scan = as_nxtoascii(scan, self.request.choice, problems)
            else:
                curves = any(setting.name == "y" for setting in self.request.exporter.settings)
                scan = prepare(scan, self.request.choice, self.request.options.ragged, problems, curves)
            losses = self.request.exporter.losses(scan, self.request.settings)
            ready = True
        for problem in problems:
            self.tell(problem)
        if not ready:
            yield outcome
            return
        for loss in losses:
            self._tell_once(scan, loss, "warning" if self.request.options.strict else "note")
        exporter = self.request.exporter
        if exporter.book is not None:
            yield from self._add(path, scan)
        elif exporter.write is not None:
            yield self._single(path, scan, exporter)
        else:
            paths = {part: output for (entry, part), output in self.plan.parts.items() if entry == name}
            yield from self._parts(scan, exporter, self.request.settings, paths)

    def _single(self, path: str, scan: Scan, exporter: Exporter) -> Outcome:
        outcome = Outcome(self.source, path, scans=1)
        if self._exists(path):
            return Outcome(self.source, path, "skipped")
        assert exporter.write is not None
        with guarded(outcome), stream_to(path, exporter.binary) as stream, readable(scan):
            exporter.write(scan, stream, self._settings(path))
        return outcome

    def _parts(
        self, scan: Scan, exporter: Exporter, settings: Mapping[str, Any], paths: dict[str, str]
    ) -> Iterator[Outcome]:
        """Write the files of one scan; one that fails is not there, those before it are."""
        done: list[Outcome] = []

        @contextmanager
        def opened(part: str) -> Iterator[IO[Any]]:
            path = paths[part]
            if self._exists(path):
                with open(os.devnull, "wb" if exporter.binary else "w") as nowhere:
                    yield nowhere
                done.append(Outcome(self.source, path, "skipped"))
                return
            began = time.monotonic()
            with stream_to(path, exporter.binary) as stream:
                yield stream
            done.append(Outcome(self.source, path, scans=1, seconds=time.monotonic() - began))

        failure = Outcome(self.source)
        assert exporter.write_parts is not None
        with guarded(failure), readable(scan):
            exporter.write_parts(scan, opened, settings)
        yield from done
        if failure.problems:
            yield failure

    def _images(self, name: str, scan: Scan, pictures: dict[str, Field]) -> Iterator[Outcome]:
        """Write the images of a scan, or say which they are."""
        exporter = self.request.images
        if exporter is None:
            for own, item in pictures.items():
                shape = " x ".join(str(length) for length in item.value.shape)  # type: ignore[union-attr]
                found = f"the images of '{own}' ({shape}, {item.value.dtype}) are left out"  # type: ignore[union-attr]
                self._tell_once(scan, found, "warning", "--images edf writes them beside it")
            return
        paths = {part: output for (entry, part), output in self.plan.images.items() if entry == name}
        self.found += 1
        yield from self._parts(scan, exporter, self.request.image_settings, paths)

    # --- books

    def _add(self, path: str, scan: Scan) -> Iterator[Outcome]:
        """Add a scan to its book; one that fails is taken out again."""
        if path not in self._books:
            self._books[path] = None
            if self._exists(path):
                yield Outcome(self.source, path, "skipped")
                return
            self._books[path] = self._begin(path)
        opened = self._books[path]
        if opened is None:
            return
        binary = self.request.exporter.binary
        mark = 0 if binary else opened.stream.tell()
        try:
            with readable(scan):
                opened.book.add(scan)
            opened.outcome.scans += 1
        except (RequestError, OSError):
            raise
        except Exception as error:
            if binary:  # nothing can be taken out again
                raise
            opened.stream.seek(mark)
            opened.stream.truncate()
            opened.outcome.problems.extend(_problems(error, scan, opened.outcome))

    def _begin(self, path: str) -> _Open:
        exporter = self.request.exporter
        assert exporter.book is not None
        stack = ExitStack()
        self.stack.push(stack)
        stream = stack.enter_context(stream_to(path, exporter.binary))
        return _Open(Outcome(self.source, path), stack, stream, exporter.book(stream, self._settings(path)))

    def _close(self, path: str) -> Iterator[Outcome]:
        opened = self._books.pop(path, None)
        if opened is None:
            return
        outcome = opened.outcome
        if outcome.scans:
            with guarded(outcome), opened.stack:
                opened.book.close()
        else:
            opened.stack.__exit__(ReadError, ReadError(), None)
            outcome.status = "failed"
        outcome.seconds = time.monotonic() - opened.began
        yield outcome

    def _countdown(self, path: str) -> Iterator[Outcome]:
        """Complete the book at *path* when the last of its scans has come."""
        if path:
            self._left[path] -= 1
            if not self._left[path]:
                yield from self._close(path)

    # --- small things

    def _settings(self, path: str) -> dict[str, Any]:
        return {**self.request.settings, "output": path, "when": self._when}

    def _exists(self, path: str) -> bool:
        return self.request.options.existing == "skip" and path != "-" and os.path.lexists(path)

    def _tell_once(self, scan: Scan, found: str, severity: str, hint: str = "") -> None:
        """Tell what is the same in many scans for the first of them."""
        if found not in self._told:
            self._told.add(found)
            self.tell(Problem(scan.place, found, hint=hint, severity=severity))


def _problems(error: Exception, scan: Scan, outcome: Outcome) -> list[Problem]:
    """Give what went wrong with one scan of a book."""
    if isinstance(error, NxconvertError):
        return list(error.problems)
    outcome.trace = "".join(traceback.format_exception(error))
    found = f"is not exported, {type(error).__name__}: {error}"
    return [Problem(scan.place, found, hint=_DAMAGE, severity="lost")]


@contextmanager
def readable(scan: Scan) -> Iterator[None]:
    """Tell values that HDF5 cannot read, an OSError without a number, from outputs that cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise ReadError.at(scan.place, f"values cannot be read: {error}") from error


@contextmanager
def stream_to(path: str, binary: bool) -> Iterator[IO[Any]]:
    """Give a stream to a file that is then whole or absent; for ``-`` it goes to standard output when complete."""
    with ExitStack() as stack:
        if path == "-":
            atomic = AtomicFile(stack.enter_context(outputs.spooled()))
            atomic.shown = "-"
        else:
            outputs.make_folder(os.path.dirname(path))
            atomic = AtomicFile(path)
        stack.enter_context(atomic)
        try:
            if binary:
                with open(atomic.path, "w+b") as stream:
                    yield stream
            else:
                # names that are not UTF-8 in the file come back as the bytes that they were
                with open(atomic.path, "w", encoding="utf-8", errors="surrogateescape", newline="") as text:
                    yield text
        except OSError as error:
            raise atomic.error(error) from error


def _nothing(file: NexusFile, request: Request) -> ReadError:
    """Say why nothing was written."""
    if not file.entries():
        return ReadError.at(file.path, "holds no NXentry", hint="'nxconvert info' lists what a file holds")
    hint = "'nxconvert info' lists the scans"
    if not identify(file, request.selection):
        assert request.selection is not None
        return ReadError.at(file.path, f"has no scan {request.selection.text}", hint=hint)
    if request.options.match and not any(request.matches(scan.title) for scan in file.scans(request.selection)):
        return ReadError.at(file.path, f"has no scan whose title matches '{request.options.match}'", hint=hint)
    return ReadError.at(file.path, "has nothing to export in any wanted scan", hint=hint)
