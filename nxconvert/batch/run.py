"""One batch: what is new or changed is found, noted, converted by an engine, and what came of it is noted."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from nxconvert import outputs, pipeline, registry
from nxconvert.batch import references, walk
from nxconvert.batch.inputs import Grouping, Input, is_expected, is_image_name, of_files
from nxconvert.batch.job import Job, Result
from nxconvert.batch.ledger import NAME, Ledger, Row
from nxconvert.errors import Place, Problem, ReadError, RequestError, WriteError
from nxconvert.request import ConvertOptions, Outcome
from nxconvert.version import __version__

if TYPE_CHECKING:
    from nxconvert.mapping.engine import Mapping

Item = TypeVar("Item")

#: seconds between two writings to the ledger, and the inputs that are noted or claimed at once at most
SYNC = 1.0
CHUNK = 256


class Engine(Protocol):
    """What converts: processes of this machine, or a cluster."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Result | None]:
        """Give the result of each job as it comes, None now and then; ends what still runs when it is closed."""

    def close(self) -> None:
        """Release what the engine holds."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a batch.

    ``sources``: files and folders. ``folder``: where the outputs go. ``options``: those of every conversion.
    ``reading``: settings for readers that have them, by the reader's name. ``ledger``: the database, in the folder of
    the outputs unless named, nowhere for ``:memory:``. ``verify``: each output is read back and compared with its
    source.
    """

    sources: tuple[str, ...]
    folder: str
    options: ConvertOptions
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    newer: int | None = None
    reading: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledger: str = ""
    verify: bool = False


#: a ledger that is kept nowhere
NOWHERE = ":memory:"


def ledger_path(folder: str, ledger: str) -> str:
    """Give the path of the database of a folder of outputs."""
    if ledger == NOWHERE:
        return ledger
    return os.path.abspath(ledger) if ledger else os.path.join(os.path.abspath(folder), NAME)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of a request shapes the outputs; kept in the ledger, so that a failure can be tried again."""

    options: ConvertOptions
    reading: dict[str, dict[str, Any]]
    verify: bool

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_record(cls, item: dict[str, Any]) -> _Asked:
        options = item["options"]
        if options["chunks"]:
            options["chunks"] = tuple(options["chunks"])
        options["mappings"] = tuple(options["mappings"])
        return cls(ConvertOptions(**options), item["reading"], item["verify"])

    def signature(self, reader: str, own: dict[str, Any]) -> str:
        """Give what changes when an input would have to be converted again, other than the input."""
        # what is not known by name is known by its first bytes to the same reader
        text = [__version__, self.conversion(reader, own).text(), self.options.root, self.verify]
        return hashlib.sha256(json.dumps([*text, self._mapping(reader)]).encode()).hexdigest()

    def conversion(self, reader: str, own: dict[str, Any]) -> ConvertOptions:
        """Give the options of one conversion."""
        return replace(self.options, reader=reader, reading={**self.reading.get(reader, {}), **own})

    def _mapping(self, reader: str) -> str:
        if reader in ("", "nexus"):
            return ""
        return _mapping(self.conversion(reader, {}), reader).describe(places=False)


def _mapping(options: ConvertOptions, reader: str) -> Mapping:
    """Load the mapping that a conversion would use; MappingError where it has mistakes."""
    return pipeline._Run(options, None).mapping(reader)


class Batch:
    """One run over some sources, or over what failed before; a context manager.

    ``unchanged``, ``total``: inputs that need nothing, and those that are to be converted. RequestError where the
    request cannot be, WriteError where the ledger cannot be written.
    """

    def __init__(self, request: Request, make_engine: Callable[[], Engine]) -> None:
        self.request = request
        self.folder = os.path.abspath(request.folder)
        self.sources = tuple(dict.fromkeys(os.path.abspath(source) for source in request.sources))
        for source in self.sources:
            if not os.path.exists(source):
                raise RequestError.at(source, "there is no such file or folder", hint="is it mounted?")
        self.base = _base(self.sources)
        self.unchanged = 0
        self.total = 0
        self._make_engine = make_engine
        self._results: list[tuple[Result, Row]] = []
        self._synced = 0.0
        self._rate = CHUNK // 16
        self._signatures: dict[tuple[int, str, str], str] = {}
        self._asked: dict[int, _Asked] = {}
        self._tidy: set[str] = set()
        options = request.options
        if options.timestamp is None and os.environ.get("SOURCE_DATE_EPOCH"):
            from nxconvert.writer.provenance import clock

            # processes of a cluster have an environment of their own
            options = replace(options, timestamp=clock(None))
        options = replace(options, existing="overwrite", root=self.base)
        self._own = _Asked(options, request.reading, request.verify)
        if options.mappings:  # mistakes in them are told before anything is done
            _mapping(options, "")
        self._extensions = sorted({ending for reader in registry.readers().values() for ending in reader.extensions})

    def __enter__(self) -> Batch:
        if self.request.ledger != NOWHERE:
            outputs.make_folder(self.folder)
        path = ledger_path(self.folder, self.request.ledger)
        self.ledger = Ledger(path, self.folder)
        try:
            interrupted = self.ledger.begin(self._own.record())
        except BaseException:
            self.ledger.__exit__()
            raise
        self._tidy.update(os.path.dirname(output) for output in interrupted)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._remove_dead()
            try:
                self._sync(0)
                self.ledger.end()
            except WriteError:
                if kind is None:  # else it is told already why
                    raise
        finally:
            self.ledger.__exit__()

    # what there is

    def inputs(self) -> Iterator[Input]:
        """Give every input of the sources that is wanted."""
        wanted = self._wanted()
        folders = [source for source in self.sources if os.path.isdir(source)]
        claims = self._claims(folders, wanted)
        for source in self.sources:
            try:
                if source not in folders:
                    file = walk.look_at(source)
                    if wanted.newer is None or file.mtime_ns > wanted.newer:
                        yield of_files(source, source, [file])
                    continue
                grouping = Grouping(source, wanted, claims, folders)
                for folder in walk.walk(source, wanted):
                    yield from grouping.inputs(folder)
            except OSError as error:
                hint = "check the spelling and the permissions"
                raise RequestError.at(source, f"cannot be read: {error.strerror}", hint=hint) from error

    def _wanted(self) -> walk.Wanted:
        path = ledger_path(self.folder, self.request.ledger)
        without = {self.folder, path, path + "-journal"}
        real = os.path.realpath(self.folder)
        for source in self.sources:  # the destination as it is called below a source
            below = os.path.relpath(real, os.path.realpath(source))
            without.add(os.path.normpath(os.path.join(source, below)))
        return walk.Wanted(self.request.include, self.request.exclude, self.request.newer, frozenset(without))

    def _claims(self, folders: Sequence[str], wanted: walk.Wanted) -> dict[str, tuple[str, ...]]:
        """Give for each SPEC file whose headers refer to images below the sources what these may be."""
        candidates: list[walk.Entry] = []
        has_images = False
        for root in folders:
            for folder in walk.walk(root, wanted):
                for file in folder.files.values():
                    if is_image_name(file.name) or file.name.lower().endswith((".cbf", ".tif", ".tiff", ".cbf.gz")):
                        has_images = True
                    elif file.size:
                        candidates.append(file)
        if not has_images:
            return {}
        claims = {}
        for chunk in _chunks(candidates, CHUNK):
            new = []
            for file in chunk:
                found = self.ledger.header(file.path, file.size, file.mtime_ns)
                if found is None:
                    found = references.references(file.path)
                    new.append((file, found))
                paths = references.meant(found, folders) if found else []
                if paths:
                    claims[file.path] = tuple(paths)
            if new:
                with self.ledger.transaction():
                    for file, found in new:
                        self.ledger.note_header(file.path, file.size, file.mtime_ns, found)
        return claims

    def discover(self) -> None:
        """Note all inputs that are new or changed, or whose conversion was not complete."""
        found = 0
        for chunk in _chunks(self.inputs(), CHUNK):
            found += len(chunk)
            with self.ledger.transaction():
                for item in chunk:
                    self._offer(item)
        with self.ledger.transaction():
            known = sum(self.ledger.counts(self.sources).values())
            if known and not found and not self._is_narrowed():
                raise ReadError.at(
                    self.sources[0],
                    "nothing is there any more",
                    f"{known} inputs that the ledger knows expected",
                    "is it mounted?",
                )
            self.ledger.forget_gone(self.sources)
        self.total = self.ledger.waiting()

    def _is_narrowed(self) -> bool:
        return bool(self.request.include or self.request.exclude or self.request.newer)

    def _offer(self, item: Input) -> None:
        """Note one input, unless it is as it was."""
        known = self.ledger.known(item.source)
        if item.refused is not None:
            refused = item.refused
            problem = Problem(
                Place(item.source), refused.reason, hint=refused.hint, severity="lost" if refused.lost else "note"
            )
            if known is None or known[0] != item.stamp or known[5] is not None:
                self.ledger.refuse(item, "failed" if refused.lost else "skipped", problem, "")
            return
        if known is not None and self._is_unchanged(item, known):
            self.unchanged += 1
            return
        self.ledger.offer(item, self._output_name(item))

    def _output_name(self, item: Input) -> str:
        below = os.path.relpath(item.folder, self.base)
        name = item.name or outputs.output_name(item.source, self._extensions)
        if below.startswith(os.pardir) or below == os.curdir:  # the source may be the input itself
            return name
        return os.path.join(below, name)

    def output_of(self, item: Input) -> str:
        """Give the path of the output of an input, where no other one has taken its name."""
        return os.path.join(self.folder, self._output_name(item))

    def _is_unchanged(self, item: Input, known: tuple[Any, ...]) -> bool:
        stamp, signature, reader, status, again, output, size = known
        if stamp != item.stamp or again or status not in ("converted", "skipped", "failed"):
            return False
        if signature != self._signature(self.ledger.batch, reader or "", item.reading):
            return False
        if status != "converted":
            return True
        try:
            return bool(os.stat(self.ledger.absolute(output)).st_size == size)
        except OSError:
            return False

    def _signature(self, batch: int, reader: str, own: dict[str, Any]) -> str:
        key = (batch, reader, json.dumps(own) if own else "")
        found = self._signatures.get(key)
        if found is None:
            found = self._signatures[key] = self._request_of(batch).signature(reader, own)
            if own:
                del self._signatures[key]  # each of its kind is asked for once
        return found

    def _request_of(self, batch: int) -> _Asked:
        if batch not in self._asked:
            own = batch == self.ledger.batch
            self._asked[batch] = self._own if own else _Asked.of_record(self.ledger.request(batch))
        return self._asked[batch]

    def retry(self) -> None:
        """Note all that failed, to be tried again as it was asked for."""
        with self.ledger.transaction():
            self.total = self.ledger.retry()

    # what is done

    def run(self) -> Generator[Outcome | None, None, None]:
        """Convert what was noted; gives each outcome as it comes, None now and then.

        WriteError where the destination cannot be written any more, ReadError where a source is gone as a whole: the
        rest stays for the next batch. When the iterator is closed, what runs is stopped and waits for the next batch.
        """
        yield from self._convert()
        rest = self._left_over()
        if rest:
            with self.ledger.transaction():
                for item in rest:
                    self._offer(item)
            self.total += self.ledger.waiting()
            yield from self._convert()

    def _convert(self) -> Iterator[Outcome | None]:
        if not self.ledger.waiting():
            return
        engine = self._make_engine()
        rows: dict[str, Row] = {}
        running = engine.run(self._jobs(rows))
        try:
            for result in running:
                if time.monotonic() - self._synced > SYNC:
                    self._sync(0)
                if result is None:
                    yield None
                    continue
                row = rows.pop(result.source)
                if result.stopped:
                    continue
                self._check_places(result, row)
                self._results.append((result, row))
                yield result.outcome
        finally:
            close = getattr(running, "close", None)
            if close is not None:
                close()
            engine.close()
        self._sync(0)

    def _jobs(self, rows: dict[str, Row]) -> Iterator[Job]:
        while True:
            claimed = self._sync(self._rate)
            if not claimed:
                return
            began, synced = time.monotonic(), len(claimed)
            for row in claimed:
                rows[row.source] = row
                yield self._job(row)
            # as many at a time as are done between two writings
            self._rate = max(4, min(CHUNK, int(synced * SYNC / max(time.monotonic() - began, 1e-3))))

    def _job(self, row: Row) -> Job:
        asked = self._request_of(row.asked)
        self._tidy.add(os.path.dirname(row.output))
        expected = bool(row.reader) or is_expected(os.path.basename(row.source), self._extensions)
        options = asked.conversion(row.reader, row.reading)
        return Job(row.source, row.output, self.folder, options, expected, asked.verify)

    def _sync(self, claim: int) -> list[Row]:
        """Write what came to the ledger, and take the next inputs."""
        with self.ledger.transaction():
            for result, row in self._results:
                signature = self._signature(row.asked, result.reader, row.reading)
                if result.outcome.status == "failed" and not os.path.lexists(row.source) and not row.reader:
                    self.ledger.forget(row.source)
                else:
                    self.ledger.record(result, signature, row.claims)
            self.ledger.beat()
            rows = self.ledger.claim(claim) if claim else []
        self._results.clear()
        self._synced = time.monotonic()
        return rows

    def _check_places(self, result: Result, row: Row) -> None:
        """Stop where a failure is that of the whole destination, or of a whole source."""
        if result.outcome.status != "failed":
            return
        if result.is_place:
            _check_writable(self.folder)
        elif not os.path.lexists(row.source) and not _is_alive(row.root):
            raise ReadError.at(
                row.root, "is not there any more", "the source of this batch expected", "is it mounted? Start it again"
            )

    def _left_over(self) -> list[Input]:
        """Give what the images make that SPEC files might have taken and did not."""
        claimed, taken, kept = self.ledger.taken()
        rest = sorted(path for path in claimed - taken - kept if os.path.lexists(path))
        folders = [source for source in self.sources if os.path.isdir(source)]
        found = []
        for root in folders:
            below = [path for path in rest if path.startswith(root.rstrip(os.sep) + os.sep)]
            found += list(Grouping(root, self._wanted(), {}, folders).left_over(below))
        return found

    def _remove_dead(self) -> None:
        """Remove what processes that were killed had begun to write."""
        from nxconvert.writer.atomic import remove_dead

        for folder in self._tidy:
            try:
                remove_dead(Path(folder))
            except OSError:
                continue  # it is not there, or cannot be written: then there is nothing to remove


def _base(sources: Sequence[str]) -> str:
    """Give the folder below which the outputs have the folders of their inputs: the source, or what all share."""
    folders = [source if os.path.isdir(source) else os.path.dirname(source) for source in sources]
    return os.path.commonpath(folders) if folders else ""


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _check_writable(folder: str) -> None:
    """Try to write a little; WriteError where that cannot be."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1 << 16))
            file.flush()
    except OSError as error:
        hint = "nothing is left half-written; start the batch again when there is room"
        raise WriteError.at(folder, f"nothing can be written here any more: {error.strerror}", hint=hint) from error


def _is_alive(root: str) -> bool:
    """Tell whether a source is there: a folder that is a mount point without its file system is empty."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except NotADirectoryError:
        return True
    except OSError:
        return False
