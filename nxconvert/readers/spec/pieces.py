"""The text of a scan in parts: one for a small scan, several of whole lines for a large one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nxconvert.readers.spec.blocks import CHUNK, Block, normalise
from nxconvert.streams import Source

#: a line longer than this is left out
LONGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a scan with one kind of line end; an array line with its continuation is one line.

    ``offset``: where they begin in the file. ``last``: no other part follows. ``blank_ends``: a blank at the end of a
    line may stand for a CR. ``skipped``: this part stands for a line that is too long, of so many bytes.
    """

    text: bytes
    offset: int
    last: bool
    blank_ends: bool = False
    skipped: int = 0

    @property
    def lines(self) -> int:
        """Number of line ends."""
        return self.text.count(b"\n") + (self.skipped > 0)


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
        cut = len(rest) if last else _safe_end(rest)
        if cut:
            yield Part(rest[:cut], at, last, block.has_cr)
            at, rest = at + cut, rest[cut:]
        elif len(rest) > LONGEST:
            length = _line_length(source, at, len(rest), end)
            at, rest = at + length, b""
            yield Part(b"", at, at >= end, block.has_cr, length)


def _read(source: Source, begin: int, end: int) -> bytes:
    text = source.read_at(begin, min(CHUNK, end - begin))
    if text.endswith(b"\r") and begin + len(text) < end:
        # it may be one half of a line end; it stays with the byte after it
        text += source.read_at(begin + len(text), 1)
    return normalise(text)


def _safe_end(text: bytes) -> int:
    """Give where a text can be parted: before an array line, else after a line that does not go on; 0 if nowhere."""
    array = text.rfind(b"\n@")
    if array > len(text) // 2:
        return array + 1
    end = text.rfind(b"\n")
    while end >= 0:
        if not text[max(end - 64, 0) : end].rstrip(b" ").endswith(b"\\"):
            return end + 1
        end = text.rfind(b"\n", 0, end)
    return 0


def _line_length(source: Source, at: int, known: int, end: int) -> int:
    """Give the length of a line, with its continuation and end, of which *known* bytes have been looked at."""
    length = known
    while at + length < end:
        text = _read(source, at + length, end)
        cut = _safe_end(text)
        if cut:
            # up to the first line end, not the last
            first = text.find(b"\n")
            while text[max(first - 64, 0) : first].rstrip(b" ").endswith(b"\\"):
                first = text.find(b"\n", first + 1)
            return length + first + 1
        length += len(text)
    return length
