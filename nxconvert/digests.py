"""The SHA-256 of large inputs, computed beside the work on them: it takes about as long as compressing their pixels."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from nxconvert.errors import Place, ReadError
from nxconvert.resources import threads
from nxconvert.scan import SourceFile

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

BLOCK = 1 << 20
THREADS = 2
#: bytes of small files that a thread hashes one after the other
BATCH = 8 << 20


_Key = tuple[str, int, int]


def _key(file: SourceFile) -> _Key:
    return file.path, file.size, file.mtime_ns


class Digests:
    """Hashes in threads the files that no reader has hashed; a context manager that ends the threads."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        #: by file as it was when it was begun with, its batch and its place there
        self._begun: dict[_Key, tuple[Future[list[str]], int]] = {}
        #: large files that were begun with before they were opened
        self.expected: set[str] = set()
        self._stopped = False

    def expect(self, path: str) -> None:
        """Begin with a file that is about to be opened, if it is large."""
        with suppress(OSError, ValueError):  # what is wrong with it is told by who opens it
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode) and status.st_size > BATCH:
                self._submit([SourceFile(path, status.st_size, status.st_mtime_ns, "")])
                self.expected.add(path)

    def begin(self, files: Iterable[SourceFile]) -> None:
        """Begin with the files that are known by now; what takes less time than starting threads is left for later."""
        new = [file for file in files if not file.sha256 and _key(file) not in self._begun]
        if sum(file.size for file in new) > BLOCK:
            self._start(new)

    def _start(self, files: Iterable[SourceFile]) -> None:
        batch: list[SourceFile] = []
        size = 0
        for file in files:
            batch.append(file)
            size += file.size
            if size > BATCH:
                self._submit(batch)
                batch, size = [], 0
        if batch:
            self._submit(batch)

    def _submit(self, batch: list[SourceFile]) -> None:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(threads(THREADS), "nxconvert-sha256")
        future = self._pool.submit(self._hash_all, batch)
        self._begun.update((_key(file), (future, place)) for place, file in enumerate(batch))

    def complete(self, files: Iterable[SourceFile]) -> list[SourceFile]:
        """Give the files with their SHA-256; ReadError where one cannot be read any more or became shorter."""
        files = list(files)
        self.begin(files)
        return [file if file.sha256 else file._replace(sha256=self._digest(file)) for file in files]

    def _digest(self, file: SourceFile) -> str:
        begun = self._begun.get(_key(file))
        if begun is None:
            return self._hash(file, bytearray(min(file.size, BLOCK)))
        future, place = begun
        return future.result()[place]

    def _hash_all(self, files: list[SourceFile]) -> list[str]:
        buffer = bytearray(min(max(file.size for file in files), BLOCK))
        return [self._hash(file, buffer) for file in files]

    def _hash(self, file: SourceFile, buffer: bytearray) -> str:
        """Hash what the file held when it was opened; it may have grown since."""
        digest = hashlib.sha256()
        view = memoryview(buffer)
        left = file.size
        try:
            with open(file.path, "rb", buffering=0) as stream:
                while left and not self._stopped and (count := stream.readinto(view[:left])):
                    digest.update(view[:count])
                    left -= count
        except OSError as error:
            raise ReadError.at(file.path, f"reading failed ({error.strerror})") from error
        if left and not self._stopped:
            place = Place(file.path, offset=file.size - left)
            hint = "the file became shorter while it was read; wait until it is complete"
            raise ReadError.at(place, "the file ends here", f"it had {file.size} bytes when it was opened", hint)
        return digest.hexdigest()

    def __enter__(self) -> Digests:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
