"""The uncompressed bytes of an EDF file, however it is stored."""

from __future__ import annotations

import os
import stat
from typing import Protocol

from nxconvert import lzw
from nxconvert.readers.edf.members import MemberBytes, find_members
from nxconvert.readers.edf.plain import PlainBytes, open_descriptor, pread
from nxconvert.scan import SourceFile
from nxconvert.streams import BZIP2, GZIP, LZ4, Source, open_source

#: bytes read when a file is opened: most headers are shorter
FIRST = 8192
_PACKED = (GZIP, BZIP2, LZ4, lzw.MAGIC)

__all__ = ["Bytes", "MemberBytes", "PlainBytes", "SpooledBytes", "open_bytes"]


class Bytes(Protocol):
    """The uncompressed bytes of a file; ``read_at`` gives *size* of them, fewer only at the end, from any thread."""

    path: str
    size: int
    mtime_ns: int
    #: whether the bytes lie in the file as they are
    plain: bool

    def read_at(self, offset: int, size: int) -> bytes: ...

    def source_file(self) -> SourceFile:
        """Describe the file for the provenance; the SHA-256 is empty where it was not read as a whole."""

    def close(self) -> None: ...


class SpooledBytes:
    """A file that had to be decompressed as a whole, or standard input."""

    __slots__ = ("_source", "mtime_ns", "path", "size")
    plain = False

    def __init__(self, source: Source) -> None:
        self._source = source
        self.path = source.path
        self.size = source.size
        self.mtime_ns = source.source_file().mtime_ns

    @property
    def source(self) -> Source:
        """The decompressed file."""
        return self._source

    def read_at(self, offset: int, size: int) -> bytes:
        """Give *size* bytes from *offset* on, fewer only at the end."""
        return self._source.read_at(offset, size)

    def source_file(self) -> SourceFile:
        """Describe the file, with its SHA-256."""
        return self._source.source_file()

    def close(self) -> None:
        """Release the file."""
        self._source.close()


def open_bytes(path: str) -> Bytes:
    """Open a file, compressed or not, or standard input for ``-``; ReadError when it cannot be read."""
    if path == "-":
        return SpooledBytes(open_source(path, broken=True))
    try:
        descriptor = open_descriptor(path)
    except (OSError, ValueError):
        return SpooledBytes(open_source(path))  # tells the reason
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return SpooledBytes(open_source(path))  # tells the reason
    try:
        head = pread(descriptor, min(FIRST, status.st_size), 0)
    except OSError:
        os.close(descriptor)
        return SpooledBytes(open_source(path))  # tells the reason
    if not head.startswith(_PACKED):
        return PlainBytes(path, descriptor, status, head)
    raw = PlainBytes(path, descriptor, status)
    try:
        members = find_members(raw) if head.startswith(GZIP) else None
    except BaseException:
        raw.close()
        raise
    if members is not None:
        return members
    raw.close()
    return SpooledBytes(open_source(path, broken=True))
