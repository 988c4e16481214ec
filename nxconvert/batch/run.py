"""One batch: what is new or changed is found, noted, converted by an engine, and what came of it is noted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from nxconvert import outputs
from nxconvert.batch.asked import NOWHERE, Request, ledger_path
from nxconvert.batch.discovery import CHUNK, Discovery, chunks
from nxconvert.batch.inputs import is_expected
from nxconvert.batch.job import Job, Result
from nxconvert.batch.ledger import Ledger, Row
from nxconvert.errors import ReadError, WriteError
from nxconvert.request import Outcome

#: seconds between two writings to the ledger
SYNC = 1.0


class Engine(Protocol):
    """What converts: processes of this machine, or a cluster."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Result | None]:
        """Give the result of each job as it comes, None now and then; ends what still runs when it is closed."""

    def close(self) -> None:
        """Release what the engine holds."""


class Batch(Discovery):
    """One run over some sources, or over what failed before; a context manager.

    WriteError where the ledger cannot be written.
    """

    def __init__(self, request: Request, make_engine: Callable[[], Engine]) -> None:
        super().__init__(request)
        self._make_engine = make_engine
        self._results: list[tuple[Result, Row]] = []
        self._synced = 0.0
        self._rate = CHUNK // 16
        self._tidy: set[str] = set()

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

    def retry(self) -> None:
        """Note all that failed, to be tried again as it was asked for."""
        with self.ledger.transaction():
            self.total = self.ledger.retry()

    def run(self) -> Generator[Outcome | None, None, None]:
        """Convert what was noted; gives each outcome as it comes, None now and then.

        WriteError where the destination cannot be written any more, ReadError where a source is gone as a whole: the
        rest stays for the next batch. When the iterator is closed, what runs is stopped and waits for the next batch.
        """
        if not self.total and self.ledger.is_complete:
            return
        yield from self._convert()
        rest = self._left_over()
        if rest:
            with self.ledger.transaction():
                for chunk in chunks(rest, CHUNK):
                    self._offer(chunk)
            self.total += self.ledger.waiting()
            yield from self._convert()
        if self._state:
            with self.ledger.transaction():
                self.ledger.note_complete(self._state, self.unchanged + self.total)

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
                signature = self._signatures_of(row.asked, result.reader, row.reading)[0]
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

    def _remove_dead(self) -> None:
        """Remove what processes that were killed had begun to write."""
        from nxconvert.writer.atomic import remove_dead

        for folder in self._tidy:
            try:
                remove_dead(Path(folder))
            except OSError:
                continue  # it is not there, or cannot be written: then there is nothing to remove


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
