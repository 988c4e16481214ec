"""Gzip files with one member per frame, as Lima writes them: each member is inflated alone, by any thread."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from nxconvert.errors import Place, Problem, ReadError
from nxconvert.readers.edf.plain import PlainBytes
from nxconvert.scan import SourceFile
from nxconvert.streams import BLOCK, BOMB_RATIO, BOMB_SIZE, refuse


class MemberBytes:
    """A gzip file of many members, one per frame as Lima writes them: each is inflated alone, by any thread.

    The members are found by their first bytes, and their sizes at their ends, without inflating them; what was taken
    for the size is checked whenever a member is read to its end.
    """

    __slots__ = (
        "_begins",
        "_ends",
        "_raw",
        "begun",
        "damaged",
        "gaps",
        "is_whole",
        "mtime_ns",
        "path",
        "size",
        "trailing",
    )
    plain = False

    def __init__(self, raw: PlainBytes, begins: list[int], sizes: list[int], gaps: Sequence[Problem] = ()) -> None:
        self._raw = raw
        #: whether the last member ends as it should; None as long as that was not looked at
        self.is_whole: bool | None = None
        #: bytes after the end of the compressed data that are no padding, as far as that was looked at
        self.trailing = 0
        #: whether these are the beginning of a further member
        self.begun = False
        #: the member that could not be inflated last
        self.damaged: int | None = None
        self.path = raw.path
        self.mtime_ns = raw.mtime_ns
        #: pieces of the file between members that are none: damaged ones
        self.gaps = gaps
        #: first byte of each member in the file, and the end of the last one
        self._begins = begins
        #: where the uncompressed bytes of each member end
        self._ends: list[int] = []
        self.size = 0
        for size in sizes:
            self.size += size
            self._ends.append(self.size)
        if sizes[-1] < _PEEK:
            self.measure_last()

    def source_file(self) -> SourceFile:
        """Describe the file as it is stored, compressed; without SHA-256."""
        return self._raw.source_file()

    @property
    def members(self) -> int:
        """Number of members."""
        return len(self._ends)

    @property
    def first_size(self) -> int:
        """Uncompressed size of the first member, as it says itself."""
        return self._ends[0] if self._ends else 0

    def begins_at(self, offset: int) -> bool:
        """Tell whether a member begins at *offset* of the uncompressed bytes."""
        index = bisect_right(self._ends, offset)
        return index > 0 and self._ends[index - 1] == offset and index < self.members

    def end_of(self, index: int) -> int:
        """Give where the uncompressed bytes of a member end."""
        return self._ends[index]

    def read_at(self, offset: int, size: int) -> bytes:
        """Give *size* bytes from *offset* on, fewer only at the end; ReadError where a member is damaged."""
        parts: list[bytes] = []
        end = min(offset + size, self.size)
        while offset < end:
            index = bisect_right(self._ends, offset)
            first = self._ends[index - 1] if index else 0
            stop = min(end, self._ends[index])
            whole = self._ends[index] - first
            data = self._inflate(index, stop - first, whole)
            parts.append(data[offset - first :] if offset > first else data)
            offset = stop
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _inflate(self, index: int, size: int, whole: int) -> bytes:
        """Inflate the first *size* bytes of a member of *whole* bytes."""
        begin, end = self._begins[index], self._begins[index + 1]
        try:
            data, ended, at = inflate(self._raw, begin, end, size + 1 if size == whole else size)
        except ReadError:
            self.damaged = index
            raise
        if len(data) != size or (size == whole and not ended):
            if index == self.members - 1 and self.is_whole is None:
                self.measure_last()
                return data[: self.size - (self._ends[index - 1] if index else 0)] if self.is_whole else b""
            self.damaged = index
            refuse(
                Place(self.path, offset=begin),
                f"{len(data)} bytes are in this part of the compressed data",
                f"{size} expected",
                "fetch the file again; gzip -t tests a file",
            )
        if ended and at < end:
            rest = self._raw.read_at(at, min(BLOCK, end - at)).lstrip(b"\0")
            # after the last one, anything but a member is ignored
            if rest if index < self.members - 1 else rest.startswith(_MAGIC[:2]):
                self.damaged = index
                raise ReadError(damaged_piece(self.path, at, end))
        return data

    def measure_last(self) -> None:
        """Find the true size of the last member by inflating it; where the data break off, it is dropped.

        What follows the end of the compressed data (padding with NUL) is no part of it.
        """
        begin, end = self._begins[-2:]
        first = self._ends[-2] if self.members > 1 else 0
        size, self.is_whole, end = count(self._raw, begin, end)
        if self.is_whole:
            rest = self._raw.read_at(end, BLOCK)
            self.trailing = self._begins[-1] - end if rest.strip(b"\0") else 0
            self.begun = bool(self.trailing) and _MAGIC.startswith(rest.lstrip(b"\0")[: len(_MAGIC)])
            self._begins[-1], self._ends[-1] = end, first + size
        else:
            del self._begins[-1], self._ends[-1]
        self.size = self._ends[-1] if self._ends else 0

    def close(self) -> None:
        """Release the file."""
        self._raw.close()


def _isal() -> tuple[Any, Any]:
    """Give the module that inflates, and its error; imported only for compressed files."""
    from isal import igzip_lib, isal_zlib

    return isal_zlib, igzip_lib.IsalError


def count(raw: PlainBytes, begin: int, end: int) -> tuple[int, bool, int]:
    """Inflate the gzip member that begins at *begin* and keep nothing: its size, whether it ended, and where."""
    isal_zlib, damaged = _isal()

    member = isal_zlib.decompressobj(wbits=31)
    size, at = 0, begin
    while not member.eof and at < end:
        # the step bounds what one step can expand to
        data = raw.read_at(at, min(1 << 16, end - at))
        at += len(data)
        try:
            size += len(member.decompress(data))
        except damaged:
            return size, False, at
        _refuse_bomb(raw.path, begin, at - begin, size)
    return size, member.eof, at - len(member.unused_data)


def inflate(raw: PlainBytes, begin: int, end: int, limit: int) -> tuple[bytes, bool, int]:
    """Inflate at most *limit* bytes of the gzip member that begins at *begin*.

    Gives the bytes, whether the member's end (with its checksum) was reached, and where it is. ReadError where the
    data are damaged.
    """
    isal_zlib, damaged = _isal()

    member = isal_zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    done = 0
    at = begin
    # a step of input can give some thousand times as much: what is asked for bounds it
    step = min(end - begin, max(4096, min(limit, BLOCK)))
    pending = b""
    while not member.eof and done < limit:
        if not pending:
            pending = raw.read_at(at, min(step, end - at))
            if not pending:
                break
            at += len(pending)
        try:
            part = member.decompress(pending, limit - done)
        except damaged as error:
            raise ReadError.at(
                Place(raw.path, offset=begin),
                f"the compressed data that begin here are damaged ({error})",
                "intact data expected",
                "fetch the file again; gzip -t tests a file",
            ) from error
        parts.append(part)
        done += len(part)
        pending = member.unconsumed_tail
        if not part and not pending and at >= end:
            break
    if not member.eof and done >= limit:
        return b"".join(parts), False, at
    return b"".join(parts), member.eof, at - len(member.unused_data)


#: a member as gzip and Lima write it: deflated
_MAGIC = b"\x1f\x8b\x08"
#: the uncompressed beginning that shows whether a member begins with a header
_PEEK = 64
#: a member as many times as long as most of them is looked at more closely
_UNUSUAL = 1.5
#: so many places that only look like members are looked at
_FALSE = 1000


def find_members(raw: PlainBytes) -> MemberBytes | None:
    """Find the members of a gzip file; None where they do not each begin with a header."""
    begins: list[int] = []
    wrong = 0
    for at in _candidates(raw):
        head = _head(raw, at)
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            begins.append(at)
        elif head or not begins or (wrong := wrong + 1) > _FALSE:
            return None  # a member with something else, or what only looks like one
    if not begins or begins[0] != 0:
        return None
    ends = [*begins[1:], raw.size]
    sizes = [int.from_bytes(raw.read_at(end - 4, 4), "little") for end in ends]
    for begin, end, size in zip(begins[:-1], ends, sizes, strict=False):
        _refuse_bomb(raw.path, begin, end - begin, size)
    begins.append(raw.size)
    return MemberBytes(raw, begins, sizes, _look_for_gaps(raw, begins, sizes))


def _look_for_gaps(raw: PlainBytes, begins: list[int], sizes: list[int]) -> list[Problem]:
    """Find members so damaged that they were not taken for any: the one before seems unusually long, and ends early.

    They are put into the lists as members without bytes. *begins* ends with the end of the last one.
    """
    gaps: list[Problem] = []
    lengths = [end - begin for begin, end in pairwise(begins)]
    limit = _UNUSUAL * sorted(lengths)[len(lengths) // 2]
    for index in reversed([index for index, length in enumerate(lengths) if length > limit]):
        begin, end = begins[index : index + 2]
        size, whole, at = count(raw, begin, end)
        if not whole or not raw.read_at(at, min(BLOCK, end - at)).strip(b"\0"):
            continue
        gaps.insert(0, damaged_piece(raw.path, at, end))
        sizes[index] = size  # what was taken for it is that of the damaged one
        if index == len(lengths) - 1:
            begins[-1] = at
        else:
            begins.insert(index + 1, at)
            sizes.insert(index + 1, 0)
    return gaps


def damaged_piece(path: str, begin: int, end: int) -> Problem:
    """Say that a piece of a compressed file is none that can be inflated."""
    return Problem(
        Place(path, offset=begin),
        f"{end - begin} bytes that begin here are damaged compressed data",
        "the beginning of a frame expected",
        "fetch the file again; gzip -t tests a file",
        "lost",
    )


def _candidates(raw: PlainBytes) -> Iterator[int]:
    """Give every place where a gzip member may begin."""
    at = 0
    while at < raw.size:
        data = raw.read_at(at, BLOCK + 3)
        found = data.find(_MAGIC)
        while 0 <= found < BLOCK:
            if found + 3 < len(data) and data[found + 3] < 0x20:
                yield at + found
            found = data.find(_MAGIC, found + 1)
        at += BLOCK


def _head(raw: PlainBytes, at: int) -> bytes:
    """Give the first bytes of a member, none where it is none."""
    try:
        return inflate(raw, at, min(raw.size, at + 4096), _PEEK)[0]
    except ReadError:
        return b""


def _refuse_bomb(path: str, begin: int, compressed: int, size: int) -> None:
    if size > BOMB_SIZE and size > BOMB_RATIO * compressed:
        refuse(
            Place(path, offset=begin),
            f"{compressed} compressed bytes become {size}",
            f"at most {BOMB_RATIO} times as many expected",
            "decompress the file yourself if it is what it should be",
        )
