"""The SHA-256 of large inputs, computed beside the work on them: it takes about as long as compressing their pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from nxconvert.errors import Place, ReadError
from nxconvert.scan import SourceFile

BLOCK = 1 << 20
THREADS = 2


class Digests:
    """Hashes in threads the files that no reader has hashed; a context manager that ends the threads."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._begun: dict[str, Future[str]] = {}
        self._stopped = False

    def begin(self, files: Iterable[SourceFile]) -> None:
        """Begin with the files that are known by now."""
        for file in files:
            if not file.sha256 and file.path not in self._begun:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(THREADS, "nxconvert-sha256")
                self._begun[file.path] = self._pool.submit(self._hash, file)

    def complete(self, files: Iterable[SourceFile]) -> list[SourceFile]:
        """Give the files with their SHA-256; ReadError where one cannot be read any more or became shorter."""
        files = list(files)
        self.begin(files)
        return [file if file.sha256 else replace(file, sha256=self._begun[file.path].result()) for file in files]

    def _hash(self, file: SourceFile) -> str:
        """Hash what the file held when it was opened; it may have grown since."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(BLOCK))
        left = file.size
        try:
            with open(file.path, "rb", buffering=0) as stream:
                while left and not self._stopped and (count := stream.readinto(buffer[:left])):
                    digest.update(buffer[:count])
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
