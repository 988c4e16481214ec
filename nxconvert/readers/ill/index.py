"""Where the blocks of a numor lie: one pass over the file that looks for key lines and decodes nothing.

A key line is 80 times one of the letters R S A F I J V. The text between two of them is a block; what a block
announces of itself is compared with that, and never believed before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nxconvert.errors import Place, Problem
from nxconvert.streams import BLOCK, Source

_KEY = re.compile(rb"\n([RSAFIJV])\1{79}[ \t\r\0]*(?=\n)")
#: a file of more blocks than this is none that an instrument wrote; the largest known have some thousands
MOST_BLOCKS = 200_000


@dataclass(slots=True)
class Span:
    """A block: its letter, where its key line begins, the bytes behind that up to the next one, their first line's
    number, and how many lines they are."""

    letter: str
    key: int
    start: int
    end: int
    line: int
    lines: int


def spans(source: Source, problems: list[Problem]) -> list[Span]:
    """Find all blocks of a file; text before the first key line has the letter ``""``.

    After a V everything is text of that block. A problem is added where there are too many blocks.
    """
    found: list[Span] = [Span("", 0, 0, source.size, 1, 0)]
    for letter, offset, start, line in _keys(source):
        last = found[-1]
        if letter == "V" or last.letter == "V":
            # free text: only another numor ends it
            if last.letter == "V" and letter != "R":
                continue
        elif len(found) > MOST_BLOCKS:
            problems.append(
                Problem(
                    Place(source.path, line),
                    f"there are more than {MOST_BLOCKS} blocks",
                    "some thousands expected",
                    "what follows is left out",
                    "lost",
                )
            )
            last.end, last.lines = offset, line - last.line
            return found
        last.end, last.lines = offset, line - last.line
        found.append(Span(letter, offset, start, source.size, line + 1, 0))
    last = found[-1]
    last.lines = _count(source, last)
    return found


def _keys(source: Source) -> Iterator[tuple[str, int, int, int]]:
    """Give letter, offset, offset of the next line and line number of every key line."""
    source.position = 0
    rest, offset, line = b"", 0, 1
    while True:
        data = source.read(BLOCK)
        text = b"".join((b"\n", rest, data, b"" if data else b"\n"))
        cut = text.rfind(b"\n")
        if data and cut == 0 and len(text) < 4 * BLOCK:
            rest = text[1:]
            continue
        # a key line ends within the text that is looked at: its newline is the last one at the latest
        seen = 0
        for match in _KEY.finditer(text, 0, cut + 1):
            line += text.count(b"\n", seen, match.start())
            seen = match.start()
            at = offset + match.start()
            yield chr(match[1][0]), at, min(at + len(match[0]), source.size), line
        if not data:
            return
        if cut == 0:  # a line of megabytes holds no block
            cut = len(text) - 1
        else:
            line += text.count(b"\n", seen, cut)
        rest = text[cut + 1 :]
        offset += cut


def _count(source: Source, span: Span) -> int:
    """Count the lines of the last block, a cut one included."""
    lines, offset, last = 0, span.start, b"\n"
    while offset < span.end:
        data = source.read_at(offset, min(BLOCK, span.end - offset))
        lines += data.count(b"\n")
        offset += len(data)
        last = data[-1:]
    return lines + (last != b"\n")
