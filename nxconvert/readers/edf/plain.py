"""Files that are read in place: a few descriptors serve thousands of files."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections import OrderedDict

from nxconvert.errors import Place, ReadError
from nxconvert.scan import SourceFile
from nxconvert.streams import refuse

#: files that are kept open at a time
OPEN_FILES = 64
#: the file changed between two readings
_CHANGED = "the file was changed while it was read; wait until it is complete"


class _Open:
    """An open descriptor and how many threads read from it now."""

    __slots__ = ("descriptor", "users")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.users = 0


class Descriptors:
    """Open descriptors of many files, the least recently used ones closed beyond *limit*."""

    def __init__(self, limit: int = OPEN_FILES) -> None:
        self._limit = limit
        self._open: OrderedDict[PlainBytes, _Open] = OrderedDict()
        # a file is opened again while the lock is held, which may close others
        self._lock = threading.RLock()

    def read(self, file: PlainBytes, size: int, offset: int) -> bytes:
        """Read from a file; its descriptor is not closed meanwhile."""
        with self._lock:
            entry = self._open.get(file)
            if entry is None:
                entry = self._open[file] = _Open(file.reopen())
            else:
                self._open.move_to_end(file)
            entry.users += 1
            self._shrink()
        try:
            return pread(entry.descriptor, size, offset)
        finally:
            with self._lock:
                entry.users -= 1

    def open(self, path: str) -> int:
        """Open a file; where the process may have no more open, those that are kept and not in use are closed first."""
        try:
            return os.open(path, FLAGS)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
        with self._lock:
            self._shrink(0)
        return os.open(path, FLAGS)

    def add(self, file: PlainBytes, descriptor: int) -> None:
        """Take over the descriptor of a file just opened."""
        with self._lock:
            self._open[file] = _Open(descriptor)
            self._shrink()

    def _shrink(self, limit: int | None = None) -> None:
        while len(self._open) > (self._limit if limit is None else limit):
            oldest = next((file for file, entry in self._open.items() if not entry.users), None)
            if oldest is None:
                return
            os.close(self._open.pop(oldest).descriptor)

    def close(self, file: PlainBytes) -> None:
        """Close a file that is no longer needed."""
        with self._lock:
            entry = self._open.pop(file, None)
        if entry is not None:
            os.close(entry.descriptor)


_descriptors = Descriptors()


def open_descriptor(path: str) -> int:
    """Open a file for `PlainBytes`, even where the process has as many open files as it may; OSError where not."""
    return _descriptors.open(path)


class PlainBytes:
    """A file that is read in place; its *descriptor*, if it has one, is closed and opened again as needed."""

    __slots__ = ("_head", "_identity", "hashing", "mtime_ns", "path", "sha256", "size")
    plain = True

    def __init__(self, path: str, descriptor: int | None, status: os.stat_result, head: bytes = b"") -> None:
        self._head = head
        #: whether the SHA-256 is wanted and is computed when the pixels are read
        self.hashing = False
        self.sha256 = ""
        self.path = path
        self.size = status.st_size
        self.mtime_ns = status.st_mtime_ns
        self._identity = (status.st_dev, status.st_ino)
        if descriptor is not None:
            _descriptors.add(self, descriptor)

    def reopen(self) -> int:
        """Open the file again; ReadError where it is gone or another one."""
        try:
            descriptor = _descriptors.open(self.path)
        except OSError as error:
            raise ReadError.at(
                self.path, f"the file cannot be opened again ({error.strerror})", "a readable file expected", _CHANGED
            ) from error
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != self._identity:
            os.close(descriptor)
            refuse(self.path, "this is another file now", "the file that was indexed before expected", _CHANGED)
        return descriptor

    def take_head(self) -> bytes:
        """Give the first bytes, which were read when the file was opened; they are not kept."""
        head, self._head = self._head, b""
        return head

    def read_at(self, offset: int, size: int) -> bytes:
        """Give *size* bytes from *offset* on, fewer only at the end; ReadError where the file has shrunk."""
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        try:
            data = _descriptors.read(self, size, offset)
        except OSError as error:
            raise self._unreadable(offset, size, error) from error
        return self._whole(data, offset, size)

    def read_pixels(self, offset: int, size: int) -> bytes | memoryview:
        """Give bytes as `read_at` does; where the SHA-256 is wanted, the rest of the file is read with them for it."""
        if not self.hashing or self.sha256:
            return self.read_at(offset, size)
        # a file that is read as a whole is not read again: its descriptor need not be kept
        descriptor = self.reopen()
        try:
            data = pread(descriptor, self.size, 0)
        except OSError as error:
            raise self._unreadable(0, self.size, error) from error
        finally:
            os.close(descriptor)
        self.sha256 = hashlib.sha256(self._whole(data, 0, self.size)).hexdigest()
        return memoryview(data)[offset : offset + size]

    def _unreadable(self, offset: int, size: int, error: OSError) -> ReadError:
        return ReadError.at(
            Place(self.path, offset=offset),
            f"reading failed ({error.strerror})",
            f"{size} bytes expected",
            "the disk or the network share may be at fault; copy the file and try again",
        )

    def _whole(self, data: bytes, offset: int, size: int) -> bytes:
        if len(data) < size:
            refuse(
                Place(self.path, offset=offset + len(data)),
                "the file ends here",
                f"it had {self.size} bytes when it was opened",
                "the file became shorter while it was read; wait until it is complete",
            )
        return data

    def source_file(self) -> SourceFile:
        """Describe the file; the SHA-256 is empty where it was not read as a whole."""
        return SourceFile(self.path, self.size, self.mtime_ns, self.sha256)

    def close(self) -> None:
        """Release the descriptor."""
        _descriptors.close(self)


FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_seek = threading.Lock()


def pread(descriptor: int, size: int, offset: int) -> bytes:
    """Read *size* bytes at *offset*, fewer only at the end of the file."""
    if not hasattr(os, "pread"):  # Windows
        with _seek:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, size)
    data = os.pread(descriptor, size, offset)
    if len(data) == size:
        return data
    parts = [data]
    done = len(data)
    while done < size and (more := os.pread(descriptor, size - done, offset + done)):
        parts.append(more)
        done += len(more)
    return b"".join(parts)
