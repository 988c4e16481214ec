"""Cutting a file into file headers and scans: one pass over its bytes, never more than one small scan in memory.

A scan begins at ``#S`` and a number, a file header at ``#F``, or at ``#E`` when not inside a header. What stands before
the first of them belongs to the file header that follows, or is one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nxconvert.numtext import JOIN
from nxconvert.streams import Source

#: blocks up to this size are kept as text; larger ones are read again in pieces of this size
CHUNK = 1 << 20
#: a line that begins a block is recognised by so many bytes
_HEAD = 256

_STARTS = rb"#(S[ \t]{1,200}\d|F(?=[ \t\r\n])|F\Z|E[ \t])"
_FIRST = re.compile(_STARTS)
_AFTER_LF = re.compile(rb"\n" + _STARTS)
_AFTER_ANY = re.compile(rb"[\r\n]" + _STARTS)
_BLANK_CONTINUATION = re.compile(rb"\\ +\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """A header or a scan: where it begins (byte offset, line from 1), its length without trailing blank space.

    ``text`` is the block with one kind of line end, or None when it is larger than CHUNK. ``ended``: its last line
    has a line end. ``started``: it is a scan or a file header, not just what stands before the first of them.
    ``has_cr``, ``has_nul``: its lines end with CR, some bytes are NUL.
    """

    is_scan: bool
    offset: int
    line: int
    length: int
    sha256: str
    text: bytes | None
    ended: bool
    started: bool
    has_cr: bool
    has_nul: bool


def normalise(text: bytes) -> bytes:
    """Make every line end a newline and every NUL a blank, without moving a byte."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    if b"\0" in text:
        text = text.replace(b"\0", b" ")
    return text


def cut(source: Source) -> Iterator[Block]:
    """Read a source once and give its blocks in order; large ones are only measured and hashed."""
    begin = len(_BOM) if source.read_at(0, len(_BOM)) == _BOM else 0
    current = _Open(is_scan=False, offset=begin, line=1)
    in_header = False
    for kind, piece in _segments(source, begin):
        if kind in (b"S", b"F") or (kind == b"E" and not in_header):
            preamble = not current.is_scan and not in_header
            in_header = kind != b"S"
            # what stands before the first header belongs to it
            if not (preamble and in_header):
                if current.length:
                    yield current.close()
                current = _Open(kind == b"S", current.end, current.end_line)
            current.started = True
        current.add(piece)
    if current.length:
        yield current.close()


def _segments(source: Source, begin: int) -> Iterator[tuple[bytes, bytes]]:
    """Give the file in pieces: each begins with a line that can begin a block (S, F, E), or continues the last one."""
    buffer = source.read(CHUNK)[begin:]
    match = _FIRST.match(buffer)
    mark = match[1][:1] if match else b""
    while True:
        more = source.read(CHUNK)
        end = max(len(buffer) - _HEAD, 0) if more else len(buffer)
        if more and buffer[end - 1 : end] == b"\r":
            end -= 1
        at = 0
        for match in (_AFTER_ANY if b"\r" in buffer else _AFTER_LF).finditer(buffer):
            place = match.start() + 1
            if place > end:
                break
            yield mark, buffer[at:place]
            mark, at = match[1][:1], place
        yield mark, buffer[at:end]
        mark = b""
        if not more:
            return
        buffer = buffer[end:] + more


def join(text: bytes) -> bytes:
    """Put JOIN in place of every backslash at the end of a line and of the line end, without moving a byte."""
    if b"\\" in text:
        text = text.replace(b"\\\n", JOIN * 2)
        if b"\\ " in text:
            text = _BLANK_CONTINUATION.sub(lambda match: JOIN * len(match[0]), text)
    return text


class _Open:
    """A block of which more may come."""

    def __init__(self, is_scan: bool, offset: int, line: int) -> None:
        self.is_scan = is_scan
        self.offset = offset
        self.line = self.end_line = line
        self.length = 0
        self.pieces: list[bytes] = []
        self.large = False
        self.started = False
        self.has_cr = False
        self.has_nul = False
        self.digest = hashlib.sha256()
        self.blank = b""
        self.own_length = 0
        self.last = b""

    @property
    def end(self) -> int:
        return self.offset + self.length

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        if self.length <= CHUNK:
            self.pieces.append(piece)
            return
        if not self.large:
            self.large = True
            pieces, self.pieces = self.pieces, []
            for earlier in pieces:
                self._pass(earlier)
        self._pass(piece)

    def _pass(self, piece: bytes) -> None:
        self.end_line += self._normalise(piece).count(b"\n")
        self._hash(piece)

    def _normalise(self, piece: bytes) -> bytes:
        self.has_cr = self.has_cr or b"\r" in piece
        self.has_nul = self.has_nul or b"\0" in piece
        return normalise(piece)

    def _hash(self, piece: bytes) -> None:
        """Hash a piece; blank space at its end only when something follows it."""
        own = piece.rstrip()
        if own:
            self.digest.update(self.blank)
            self.own_length += len(self.blank) + len(own)
            self.blank = b""
            self.digest.update(own)
        self.blank += piece[len(own) :]
        if len(self.blank) > CHUNK:
            self.digest.update(self.blank)
            self.own_length += len(self.blank)
            self.blank = b""
        self.last = piece[-1:] or self.last

    def close(self) -> Block:
        text = None
        if not self.large:
            raw = self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)
            text = self._normalise(raw)
            self.end_line += text.count(b"\n")
            self._hash(raw)
        return Block(
            self.is_scan,
            self.offset,
            self.line,
            self.own_length,
            self.digest.hexdigest(),
            text,
            self.last in (b"\n", b"\r"),
            self.started,
            self.has_cr,
            self.has_nul,
        )
