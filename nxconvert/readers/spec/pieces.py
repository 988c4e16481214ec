"""The text of a scan in parts: one for a small scan, several of whole lines for a large one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nxconvert.readers.spec.blocks import CHUNK, Block, join, normalise
from nxconvert.streams import Source

#: a line longer than this is left out
LONGEST = 16 << 20
#: between a backslash and the line end there may be so many blanks
_BLANKS = 64


class Part(NamedTuple):
    """Some lines of a scan with one kind of line end; an array line with its continuation is one line.

    ``offset``: where they begin in the file. ``last``: no other part follows. ``blank_ends``: a blank at the end of a
    line may stand for a CR. ``skipped``: this part stands for a line that is too long, of so many bytes.
    """

    text: bytes
    offset: int
    last: bool
    blank_ends: bool
    lines: int = 0
    skipped: int = 0


def parts_of(source: Source, block: Block) -> Callable[[], Iterator[Part]]:
    """Give a function that gives the parts of a block."""
    text = block.text
    if text is not None:
        part = Part(text, block.offset, True, block.has_cr)
        return lambda: iter((part,))
    return lambda: _parts(source, block)


def _parts(source: Source, block: Block) -> Iterator[Part]:
    end = block.offset + block.length
    at = block.offset
    rest = b""
    while at + len(rest) < end:
        rest += _read(source, at + len(rest), end)
        last = at + len(rest) >= end
        cut = len(rest) if last and len(rest) <= LONGEST else _safe_end(rest)
        if cut:
            text, rest = rest[:cut], rest[cut:]
            yield Part(text, at, last and not rest, block.has_cr, text.count(b"\n"))
            at += cut
        elif len(rest) > LONGEST:
            length, lines = _line_length(source, at, rest, end)
            at, rest = at + length, b""
            yield Part(b"", at - length, at >= end, block.has_cr, lines, length)


def _read(source: Source, begin: int, end: int) -> bytes:
    text = source.read_at(begin, min(CHUNK, end - begin))
    if text.endswith(b"\r") and begin + len(text) < end:
        # it may be one half of a line end; it stays with the byte after it
        text += source.read_at(begin + len(text), 1)
    return normalise(text)


def _safe_end(text: bytes) -> int:
    """Give where a text can be parted: before an array line, else after a line that does not go on; 0 if nowhere."""
    array = text.rfind(b"\n@")
    return array + 1 if array > len(text) // 2 else join(text).rfind(b"\n") + 1


def _line_length(source: Source, at: int, known: bytes, end: int) -> tuple[int, int]:
    """Give the length and the line ends of a line with its continuation, which is *known* as far as it was read."""
    length, lines, tail = len(known), known.count(b"\n"), known[-_BLANKS:]
    while at + length < end:
        text = tail + _read(source, at + length, end)
        place = join(text).find(b"\n", len(tail))
        if place >= 0:
            return length + place - len(tail) + 1, lines + text.count(b"\n", len(tail), place + 1)
        lines += text.count(b"\n", len(tail))
        length += len(text) - len(tail)
        tail = text[-_BLANKS:]
    return length, lines
