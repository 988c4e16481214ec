"""Converts what arrives in folders, as long as it runs: a batch without end.

What is there and what belongs together, the ledger, the outputs and their names are those of `Batch`, so that a batch
and a watch can take turns on one destination. The difference: an input is taken when it has settled, a growing SPEC
file is gone on with, and one whose files have become part of another input (the first file of a series) gives way.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

from nxconvert.batch import walk
from nxconvert.batch.asked import Request
from nxconvert.batch.inputs import Input
from nxconvert.batch.job import Job, Limits, Result
from nxconvert.batch.local import Worker, check_limits, processors
from nxconvert.batch.watch_look import Looking
from nxconvert.batch.watch_notice import SELDOM, Notices
from nxconvert.batch.watch_spec import Growth, remove_parts
from nxconvert.errors import NxconvertError, ReadError, RequestError, WriteError
from nxconvert.request import Outcome

#: seconds: the longest sleep, the pause after trouble with a whole disk, and the time between two signs of life
TICK, PAUSE, BEAT = 1.0, 10.0, 30.0
#: part of the time that goes into looking at folders at most
_DUTY = 0.25
#: growing files whose state is remembered
_MOST_GROWTHS = 64


class Watch(Looking):
    """A watch over folders; a context manager. RequestError where a source is no folder.

    ``settle``: seconds for which size and time of an input have not changed when it is taken. ``poll``: seconds between
    two looks at all folders, None to be told by the file system where it can. ``jobs``: conversions at a time.
    ``counts``: what came of what, ``trouble``: why nothing can be done now, empty as long as something can.
    """

    def __init__(self, request: Request, settle: float, poll: float | None, jobs: int, limits: Limits) -> None:
        super().__init__(request, settle)
        check_limits(limits)
        for source in self.sources:
            if not os.path.isdir(source):
                raise RequestError.at(source, "is not a folder", "a folder to watch expected")
        self.counts = {"converted": 0, "skipped": 0, "failed": 0, "gone": 0, "scans": 0}
        self.trouble = ""
        self._limits, self._poll, self._jobs_at_once = limits, poll, jobs
        self._dirty: dict[str, bool] = {}
        self._next_all = self._rest_until = self._blocked = 0.0
        self._offered = 0
        self._refused: list[RequestError] = []
        #: what the threads have to say: folders in which something changed, and results
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._todo: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._notices: Notices | None = None

    def __enter__(self) -> Watch:
        super().__enter__()
        return self

    @property
    def how(self) -> str:
        """How the watch learns of changes, for people."""
        return self._notices.how if self._notices is not None else ""

    @property
    def is_idle(self) -> bool:
        """Whether everything that is there has been converted."""
        return not (self.running or self._offered or self._dirty or self.trouble or len(self.settling))

    def watch(self) -> Generator[Outcome | None, None, None]:
        """Give each outcome as it comes, and None at least once in a second; without end.

        WriteError where the ledger cannot be written. When the iterator is closed, what runs is stopped, and is done by
        the next watch.
        """
        workers = [Worker(self._limits, max(1, processors() // self._jobs_at_once)) for _ in range(self._jobs_at_once)]
        threads = [threading.Thread(target=self._serve, args=(worker,), daemon=True) for worker in workers]
        try:
            for thread in threads:
                thread.start()
            self._listen()
            while True:
                for result in self._receive():
                    outcome = self._finish(result)
                    if outcome is not None:
                        yield outcome
                if time.monotonic() >= self._blocked:
                    self._look()
                    yield from self._refusals()
                    self._begin()
                if (self._results and time.monotonic() - self._synced > TICK) or (
                    time.monotonic() - self._synced > BEAT
                ):
                    self._sync(0)
                yield None
        finally:
            if self._notices is not None:
                self._notices.close()
            for _ in threads:
                self._todo.put(None)
            for worker in workers:
                worker.close(at_once=True)
            for thread in threads:
                thread.join()  # what goes on with a SPEC file ends with its scan
            for worker in workers:
                worker.close()

    # looking

    def _listen(self) -> None:
        if self._notices is not None:
            self._notices.close()
        self._notices = Notices(list(self.sources), lambda folder, deep: self._inbox.put((folder, deep)), self._poll)
        self._next_all = 0.0

    def _receive(self) -> Iterator[Result]:
        """Wait for something to do, and give the results that came; takes notice of what changed."""
        now = time.monotonic()
        times = [now + TICK, self._next_all]
        if self._dirty:
            times.append(self._rest_until)
        due = self.settling.next_due()
        if due is not None:
            times.append(max(due, self._rest_until))
        wait = max(min(times), self._blocked) - now
        item = self._get(min(max(wait, 0.0), TICK))
        while item is not None:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, Result):
                yield item
            else:
                folder, deep = item
                self._dirty[folder] = self._dirty.get(folder, False) or deep
            item = self._get(0.0)

    def _get(self, timeout: float) -> Any:
        try:
            return self._inbox.get(timeout=timeout) if timeout else self._inbox.get_nowait()
        except queue.Empty:
            return None

    def _look(self) -> None:
        """Look at the folders in which something changed, or at all of them, and offer what has settled."""
        assert self._notices is not None
        now = time.monotonic()
        look_at_all = now >= self._next_all
        due = self.settling.due(now)
        if now < self._rest_until or not (look_at_all or self._dirty or due):
            return
        folders = self._dirty
        self._dirty = {}
        for item in due:
            folders.setdefault(self._homes.get(item.source, item.folder), False)
        ready = []
        try:
            for root in self.sources:
                # a disk that is not mounted is an empty folder, and not a reason to forget anything
                found = list(walk.walk(root, self._wanted())) if look_at_all else self._read(root, folders)
                ready += self._sort(root, found, now)
        except OSError as error:
            self._block(f"{error.filename or self.sources[0]}: cannot be read: {error.strerror}")
            return
        if look_at_all:
            ready += self._left_over()
            self._retry = {source: at for source, at in self._retry.items() if at > now}
        self._offer_all(ready)
        took = time.monotonic() - now
        if look_at_all:
            self._next_all = now + max(self._notices.interval, took / _DUTY)
        self._rest_until = now + took / _DUTY if took > 0.01 else 0.0
        if self.trouble:
            self.trouble = ""
            self._listen()  # what was mounted again is another file system

    def _offer_all(self, items: list[Input]) -> None:
        if not items:
            return
        with self.ledger.transaction():
            for item in items:
                self._stamps[item.source] = item.stamp
                try:
                    self._offer([item])
                except RequestError as error:  # no name is free for its output; the others go on
                    self.ledger.refuse(item, "failed", error.problems[0], "")
                    self._refused.append(error)
        self._offered = self.ledger.waiting()

    # converting

    def _refusals(self) -> Iterator[Outcome]:
        for error in self._refused:
            outcome = Outcome(error.problems[0].place.path)
            outcome.fail(*error.problems)
            self.counts["failed"] += 1
            yield outcome
        self._refused.clear()

    def _begin(self) -> None:
        """Give the threads as much as they can do at once."""
        free = self._jobs_at_once - len(self.running)
        if free <= 0 or not self._offered:
            return
        for row in self._sync(free):
            self.running[row.source] = row
            self._todo.put((self._job(row), row.source in self._growing))
        self._offered = self.ledger.waiting()

    def _serve(self, worker: Worker) -> None:
        """Do jobs in another process, and what is to be added to an output here."""
        while (item := self._todo.get()) is not None:
            job, may_grow = item
            try:
                result = self._grow(job) if may_grow else None
                if result is None:
                    self._growths.pop(job.source, None)
                    result = worker.do(job)
                    if result.outcome.status == "converted" and result.reader == "spec":
                        remove_parts(job.output)
                self._inbox.put(result)
            except BaseException as error:  # of this thread: the watch ends with it
                self._inbox.put(error)
                return

    def _grow(self, job: Job) -> Result | None:
        """Go on with a SPEC file; None where it is not the one that it was."""
        growth = self._growths.get(job.source)
        try:
            if growth is None:
                growth = Growth(job)
                if not growth.is_one:
                    return None
            elif not growth.has_grown():
                return None
        except NxconvertError:
            return None  # a whole conversion says what is wrong
        result = growth.convert(job)
        if result.outcome.status == "converted":
            self._growths[job.source] = growth
            while len(self._growths) > _MOST_GROWTHS:
                self._growths.popitem(last=False)
        else:
            self._growths.pop(job.source, None)
        return result

    def _finish(self, result: Result) -> Outcome | None:
        """Take note of a result; None where there is nothing to tell."""
        row = self.running.pop(result.source)
        stamp = self._stamps.pop(result.source, "")
        self._dirty.setdefault(self._homes.get(row.source, os.path.dirname(row.source)), False)
        self.active = time.monotonic()
        if result.stopped:
            return None
        outcome = result.outcome
        if outcome.status == "failed" and _is_gone(row.source):
            with self.ledger.transaction():
                self.ledger.forget(row.source)
            self.counts["gone"] += 1
            self._seen.pop(row.source, None)
            return None
        try:
            self._check_places(result, row)
        except (ReadError, WriteError) as error:
            with self.ledger.transaction():
                self.ledger.give_back(row.source)
            self._block(str(error.problems[0]))
            return None
        if result.is_place:  # this output only: perhaps its folder may not be written
            self._retry[row.source] = time.monotonic() + SELDOM
            self._stamps[row.source] = stamp
        else:
            self._seen[row.source] = stamp
        if result.reader != "spec":  # which is gone on with, and not converted again
            self.settling.cost(row.source, outcome.seconds)
        self._results.append((result, row))
        self.counts[outcome.status] += 1
        self.counts["scans"] += outcome.scans
        return outcome

    def _block(self, reason: str) -> None:
        """Do nothing for a while: a whole disk is full or gone."""
        self.trouble = reason
        self._blocked = time.monotonic() + PAUSE
        self._next_all = 0.0


def _is_gone(source: str) -> bool:
    """Tell whether an input is not there any more; the pattern of a series is gone with its files."""
    if "%" in source or "*" in source:
        return not os.path.isdir(os.path.dirname(source))
    return not os.path.lexists(source)
