"""How long the data after a header are: the sizes that it states, padding, and frames that share one header."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nxconvert.readers.edf import header as grammar
from nxconvert.readers.edf.frames import EdfFrame
from nxconvert.readers.edf.sources import FIRST, Bytes, MemberBytes, PlainBytes
from nxconvert.readers.edf.structure import Kind, Structure

BLOCK = 1 << 20
#: padding between blocks is not longer
PADDING = 65536
BLANK = b" \t\r\n\0"


class Window:
    """The bytes of a file in blocks, so that small headers do not cost a system call each."""

    def __init__(self, source: Bytes) -> None:
        self.source = source
        self.ahead = 1024 if isinstance(source, MemberBytes) else FIRST
        self._data = source.take_head() if isinstance(source, PlainBytes) else b""
        self._begin = 0

    def get(self, offset: int, size: int) -> bytes:
        """Give *size* bytes from *offset* on, fewer at the end of the file."""
        first = offset - self._begin
        if first < 0 or first + size > len(self._data):
            if first >= 0 and self._begin + len(self._data) >= self.source.size:
                return self._data[first : first + size]
            self._read(offset, size)
            first = 0
        return self._data[first : first + size]

    def rest(self, offset: int, least: int) -> memoryview:
        """Give what is at hand from *offset* on, not copied: *least* bytes or more, fewer at the end of the file."""
        if not self._begin <= offset <= self._begin + len(self._data) - least:
            self._read(offset, least)
        return memoryview(self._data)[offset - self._begin :]

    def _read(self, offset: int, size: int) -> None:
        self._data = self.source.read_at(offset, max(size, self.ahead))
        self._begin = offset


def next_block(window: Window, at: int, first_key: bytes) -> int:
    """Give where a block begins at *at* or after white space there; the size of the file at its end, -1 else."""
    source = window.source
    if at >= source.size:
        return source.size if at == source.size else -1
    if isinstance(window.source, MemberBytes) and window.source.begins_at(at):
        return at
    data = window.get(at, 512)
    rest = data.lstrip(BLANK)
    if len(rest) < 256 and len(data) == 512:
        data = window.get(at, PADDING)
        rest = data.lstrip(BLANK)
        # what the last compressed piece says of its size may be wrong, which shows when it is read
        while data and not rest and at + len(data) < source.size:
            at += len(data)
            data = window.get(at, BLOCK)
            rest = data.lstrip(BLANK)
    if not rest:
        return source.size
    begins = grammar.begins_block(rest, first_key) or (at + len(data) == source.size and grammar.may_begin_block(rest))
    return at + len(data) - len(rest) if begins else -1


def measure(
    window: Window, data: int, structure: Structure, kind: Kind | None, first_key: bytes
) -> tuple[int, int, str] | None:
    """Find how long the data at *data* are: their length, where the next block begins, and the rule that told it."""
    for rule, length in candidates(structure, kind):
        after = next_block(window, data + length, first_key)
        if after >= 0 and not _reaches_over(window, data, length, structure, kind):
            return length, after, rule
    return None


def _reaches_over(window: Window, data: int, length: int, structure: Structure, kind: Kind | None) -> bool:
    """Tell whether what a size counts besides the pixels is a header, one whose beginning is damaged."""
    if kind is None or kind.compression or structure.external or length <= kind.nbytes:
        return False
    return grammar.describes_data(window.get(data + kind.nbytes, min(length - kind.nbytes, PADDING)))


def candidates(structure: Structure, kind: Kind | None) -> list[tuple[str, int]]:
    """Give the sizes that the data may have, with the rule that says so, the most trusted first."""
    if structure.external:
        return [("the other file", 0)]
    stated = list(structure.sizes.items())
    if structure.general:  # what it says of the data is meant for the blocks after it
        own = [item for item in stated if item[0] == "EDF_BinarySize"]
        return [*own, ("no data", 0), *stated, *([("the shape", kind.nbytes)] if kind else ())]
    if kind is None:
        return [*(item for item in stated if item[0] == "EDF_BinarySize"), *stated, ("no size", 0)]
    if kind.compression:
        sizes = stated
    else:
        net = kind.nbytes
        sizes = [item for item in stated if item[1] >= net] + [("the shape", net)]
    rounded = [
        (f"{rule} rounded up to {block}", -(-size // block) * block)
        for rule, size in (sizes if kind.compression else sizes[-1:])
        for block in sorted({512, 1024, structure.boundary})
        if 0 < block <= PADDING
    ]
    return sizes + rounded


def cut(frame: EdfFrame, rows: int) -> Iterator[EdfFrame]:
    """Cut a tall frame into frames of so many rows."""
    kind = frame.kind._replace(shape=(rows, frame.shape[1]))
    for index in range(frame.shape[0] // rows):
        at = frame.offset + index * kind.nbytes
        yield EdfFrame(frame.path, index, kind, frame.bytes, at, kind.nbytes, frame.layout, frame.row, frame.begin)


def concatenated_rows(frame: EdfFrame) -> int:
    """Give the rows of one frame where Lima wrote many under one header, 0 where nothing tells them.

    Such headers are written with room for larger numbers (``Size = 210      ;``), and Dim_2 counts the rows of all.
    """
    text = frame.header_bytes
    if len(frame.shape) != 2 or b"  ;" not in text or not _ROOM.search(text) or not _ROOM_ROWS.search(text):
        return 0
    values, rows = frame.header.lower(), frame.shape[0]
    try:
        height = int(values["row_end"]) - int(values["row_beg"]) + 1
    except (KeyError, ValueError):
        count = values.get("acq_nb_frames", "")
        number = int(count) if count.isdecimal() and len(count) < 10 else 0
        height = rows // number if number and rows % number == 0 else 0
    return height if 0 < height < rows and rows % height == 0 else 0


_ROOM = re.compile(rb"\bSize\s*=\s*\d+ {2,};")
_ROOM_ROWS = re.compile(rb"\bDim_2\s*=\s*\d+ {2,};")
