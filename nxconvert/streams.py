"""Opening inputs: plain, ``.gz``, ``.bz2``, ``.lz4`` and ``.Z`` files and standard input, all with random access.

What a file is, its first bytes say, not its name. A plain file is read in place; anything else is decompressed once
into a temporary file, which stays in memory up to 64 MiB and goes to ``$TMPDIR`` beyond. The SHA-256 of the file's own
(compressed) bytes is computed on the way, so that no file is read twice for it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, NoReturn, Protocol

from nxconvert import lzw
from nxconvert.errors import Place, Problem, ReadError
from nxconvert.scan import SourceFile

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

BLOCK = 1 << 20
#: a block of this size is worth a thread to hash it
_MANY = 1 << 18
#: decompressed bytes kept in memory before they go to a temporary file
SPOOL = 64 << 20
#: a file that grows beyond both limits is taken for a decompression bomb
BOMB_SIZE = 1 << 30
BOMB_RATIO = 250

GZIP, BZIP2, LZ4 = b"\x1f\x8b", b"BZh", b"\x04\x22\x4d\x18"
STANDARD_INPUT = "<stdin>"


def refuse(place: Place | str, found: str, expected: str, hint: str) -> NoReturn:
    """Raise the ReadError for an input that cannot be used."""
    raise ReadError.at(place, found, expected, hint)


class Source:
    """An open input: ``size`` uncompressed bytes, read in sequence with ``read`` or anywhere with ``read_at``.

    ``path`` is the path as given, ``<stdin>`` for standard input. ``position`` counts the bytes that ``read`` gave.
    ``problems`` holds what was odd in the file as a container, such as bytes after the end of the compressed data.
    """

    def __init__(self, path: str, file: IO[bytes], size: int, own: SourceFile | None, mtime_ns: int) -> None:
        self.path = path
        self.size = size
        self.position = 0
        self.problems: list[Problem] = []
        self._file = file
        self._own = own
        self._mtime_ns = mtime_ns
        self._digest = _Digest()
        self._lock = threading.Lock()
        self._hashed = 0
        # a plain file has no SHA-256 yet: it is computed while the file is read for the first time
        self._plain = own is None

    def read(self, size: int) -> bytes:
        """Give the next *size* bytes, fewer at the end, none after it."""
        data = self.read_at(self.position, size)
        if self._plain and self.position <= self._hashed < self.position + len(data):
            self._digest.update(memoryview(data)[self._hashed - self.position :])
            self._hashed = self.position + len(data)
        self.position += len(data)
        return data

    def read_at(self, offset: int, size: int) -> bytes:
        """Give *size* uncompressed bytes from *offset* on, fewer only at the end; ReadError when the file shrank."""
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        try:
            if self._plain and hasattr(os, "pread"):
                data = self._pread(offset, size)
            else:
                with self._lock:
                    self._file.seek(offset)
                    data = self._file.read(size)
        except OSError as error:
            raise ReadError.at(
                Place(self.path, offset=offset),
                f"reading failed ({error.strerror})",
                f"{self.size} bytes expected",
                "the disk or the network share may be at fault; copy the file and try again",
            ) from error
        if len(data) < size:
            refuse(
                Place(self.path, offset=offset + len(data)),
                "the file ends here",
                f"it had {self.size} bytes when it was opened",
                "the file became shorter while it was read; wait until it is complete",
            )
        return data

    def _pread(self, offset: int, size: int) -> bytes:
        data = os.pread(self._file.fileno(), size, offset)
        while 0 < len(data) < size:
            more = os.pread(self._file.fileno(), size - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def source_file(self) -> SourceFile:
        """Describe the file for the provenance; bytes that were not read yet are read for the SHA-256."""
        if self._own is None:
            while data := self.read_at(self._hashed, BLOCK):
                self._digest.update(data)
                self._hashed += len(data)
            self._own = SourceFile(self.path, self.size, self._mtime_ns, self._digest.finish())
        return self._own

    def close(self) -> None:
        """Release the file."""
        self._digest.finish()
        self._file.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Digest:
    """A SHA-256 that is computed beside the work on the data, in a thread of its own once there are many."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def update(self, data: bytes | memoryview) -> None:
        """Add data; at most one block is waiting."""
        if self._pending is not None:
            self._pending.result()
            self._pending = None
        if self._pool is None and len(data) >= _MANY:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(1, "sha256")
        if self._pool is None:
            self._digest.update(data)
        else:
            self._pending = self._pool.submit(self._digest.update, data)

    def finish(self) -> str:
        """Give the digest in hex of all that was added."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = self._pending = None
        return self._digest.hexdigest()


def open_source(path: str, *, broken: bool = False) -> Source:
    """Open the file *path*, or standard input for ``-``; ReadError when it cannot be read or is a bomb.

    *broken*: of compressed data that break off, what comes before is given but for the last 64 KiB, and a problem;
    else that is an error too.
    """
    if path == "-":
        if sys.stdin is None:  # what Python makes of a stream that the caller has closed
            refuse(STANDARD_INPUT, "standard input is closed", "data expected", "name a file, or pipe one into it")
        return _spool(STANDARD_INPUT, sys.stdin.buffer, time.time_ns(), broken)
    file = open_regular(path)
    try:
        status = os.fstat(file.fileno())
        head = file.read(4)
        file.seek(0)
        if head.startswith((GZIP, BZIP2, LZ4, lzw.MAGIC)):
            with file:
                return _spool(path, file, status.st_mtime_ns, broken)
        return Source(path, file, status.st_size, None, status.st_mtime_ns)
    except BaseException:
        file.close()
        raise


def head(path: str, size: int) -> bytes:
    """Give the first *size* bytes of a file, uncompressed; of damaged compressed data what comes before the damage.

    No more of the file is read than that takes. ReadError when it cannot be read, or is damaged from the beginning on.
    """
    parts: list[bytes] = []
    with open_regular(path) as file:
        try:
            for data in _plain_blocks(path, _Hashed(file), []):
                parts.append(data)
                if sum(map(len, parts)) >= size:
                    break
        except ReadError:
            if not any(parts):
                raise
        except OSError as error:
            raise ReadError.at(path, f"reading failed ({error.strerror})", "a readable file expected") from error
    return b"".join(parts)[:size]


def open_regular(path: str) -> IO[bytes]:
    """Open a regular file, unbuffered; ReadError that says why where there is none. A pipe could hang for ever."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            if os.path.isdir(path):
                refuse(path, "this is a directory", "a file expected", "name the files in it, or use --files-from")
            refuse(path, "this is not a regular file", "a file expected", "'-' reads standard input")
        return open(path, "rb", buffering=0)
    except OSError as error:
        found, hint = {
            errno.ENOENT: ("there is no such file", "check the spelling and the directory"),
            errno.EACCES: ("no permission to read this file", "check the permissions of the file and its directory"),
        }.get(error.errno or 0, (f"the file cannot be opened ({error.strerror})", "check the path"))
        raise ReadError.at(path, found, "a readable file expected", hint) from error
    except ValueError as error:
        raise ReadError.at(path, "the path has a NUL character", "a path expected", "check the spelling") from error


def _spool(path: str, file: IO[bytes], mtime_ns: int, broken: bool) -> Source:
    """Read *file* to its end, decompress it where needed, and give a source over the result."""
    import tempfile

    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL)  # noqa: SIM115 (the source closes it)
    try:
        raw = _Hashed(file)
        problems: list[Problem] = []
        size = 0
        for data in _plain_blocks(path, raw, problems, broken):
            size += len(data)
            if size > BOMB_SIZE and size > BOMB_RATIO * max(raw.size, 1):
                refuse(
                    path,
                    f"{raw.size} compressed bytes became more than {size}",
                    f"at most {BOMB_RATIO} times as many expected",
                    "decompress the file yourself if it is what it should be",
                )
            spool.write(data)
        if size == 0 and raw.size > 0:
            if problems:
                raise ReadError(*problems)
            refuse(path, "nothing is in this compressed file", "data expected", "the original was empty")
        own = SourceFile(path, raw.size, mtime_ns, raw.digest.hexdigest())
        source = Source(path, spool, size, own, mtime_ns)
        source.problems = problems
        return source
    except OSError as error:
        spool.close()
        raise ReadError.at(
            path, f"no room to decompress ({error.strerror})", "space in $TMPDIR", "set TMPDIR to a larger disk"
        ) from error
    except BaseException:
        spool.close()
        raise


class _Hashed:
    """A stream that is read once in blocks, counted and hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def read(self, size: int = BLOCK) -> bytes:
        data = self.file.read(size)
        self.size += len(data)
        self.digest.update(data)
        return data


_BREAK_OFF = "the compressed data break off here"


class _Decompressor(Protocol):
    eof: bool
    unused_data: bytes | None

    def decompress(self, data: bytes, /) -> bytes: ...


def _plain_blocks(path: str, raw: _Hashed, problems: list[Problem], broken: bool = False) -> Iterator[bytes]:
    data = raw.read()
    if data.startswith(GZIP):
        from isal import isal_zlib

        yield from _members(path, raw, data, GZIP, lambda: isal_zlib.decompressobj(wbits=31), problems, broken)
    elif data.startswith(BZIP2):
        import bz2

        yield from _members(path, raw, data, BZIP2, bz2.BZ2Decompressor, problems, broken)
    elif data.startswith(LZ4):
        from lz4.frame import LZ4FrameDecompressor

        yield from _members(path, raw, data, LZ4, LZ4FrameDecompressor, problems, broken)
    elif data.startswith(lzw.MAGIC):
        yield from _unlzw(path, raw, data)
    else:
        while data:
            yield data
            data = raw.read()


def _members(
    path: str, raw: _Hashed, data: bytes, magic: bytes, make: Any, problems: list[Problem], broken: bool
) -> Iterator[bytes]:
    """Decompress one member after the other; all of these formats may be concatenated."""
    member: _Decompressor = make()
    count = 0
    held: deque[bytes] = deque()
    while True:
        if member.eof:
            yield from held
            held.clear()
            count += 1
            data = (member.unused_data or b"") + data
            while len(data) < len(magic) and (more := raw.read()):
                data += more
            if not data.startswith(magic):
                # where several pieces are, what follows is one that is damaged rather than an addition of others
                _look_after_end(path, raw, data, problems, "lost" if count > 1 else "warning")
                return
            member = make()
        if not data and not (data := raw.read()):
            place, found, expected = Place(path, offset=raw.size), _BREAK_OFF, "their end mark expected"
            if not broken:
                refuse(place, found, expected, "the copy is incomplete; fetch the file again")
            hint = "what is whole well before it is read; the copy is incomplete, fetch the file again"
            problems.append(Problem(place, found, expected, hint, "lost"))
            return
        # small steps bound what one step can expand to
        for at in range(0, len(data), 1 << 16):
            if member.eof:
                data = data[at:]
                break
            held.append(_step(path, raw, member, data[at : at + (1 << 16)]))
            # near the place where data seem to break off they may be damaged: deflate finds that some bytes later
            while len(held) > (2 if broken else 0):
                yield held.popleft()
        else:
            data = b""


def _step(path: str, raw: _Hashed, member: _Decompressor, data: bytes) -> bytes:
    try:
        return member.decompress(data)
    except (OSError, ValueError, EOFError, RuntimeError) as error:
        raise _damaged(path, raw.size, error) from error
    except Exception as error:
        # zlib.error and isal's own error have no common base but Exception
        if type(error).__name__ not in ("error", "IsalError"):
            raise
        raise _damaged(path, raw.size, error) from error


def _damaged(path: str, size: int, error: Exception) -> ReadError:
    return ReadError(
        Problem(
            Place(path, offset=size),
            f"the compressed data before here are damaged ({error})",
            "intact data expected",
            "fetch the file again; gzip -t and bzip2 -t test a file",
            "lost",
        )
    )


def _look_after_end(path: str, raw: _Hashed, data: bytes, problems: list[Problem], severity: str) -> None:
    """Read on to the end; padding with NUL is normal, anything else is told."""
    start = raw.size - len(data)
    other = bool(data.strip(b"\0"))
    while more := raw.read():
        other = other or bool(more.strip(b"\0"))
    if other:
        problems.append(
            Problem(
                Place(path, offset=start),
                f"{raw.size - start} bytes follow the end of the compressed data",
                "nothing expected",
                "they are ignored",
                severity,
            )
        )


def _unlzw(path: str, raw: _Hashed, data: bytes) -> Iterator[bytes]:
    blocks = iter((data,))
    try:
        # small steps bound what one step can expand to
        yield from lzw.decompress(lambda: next(blocks, b"") or raw.read(1 << 16))
    except ValueError as error:
        raise _damaged(path, raw.size, error) from error
