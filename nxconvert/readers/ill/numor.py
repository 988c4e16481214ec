"""A numor taken apart: its texts, header blocks and sub-spectra, with the counts still in the file.

The grammar, blocks by the letter of their key line (``index``)::

    RRRR ... R                       80 letters
      280447       0       4         numor, lines of text, version of the layout
    AAAA ... A
          80       1                 characters, lines of description
    Inst User L.C.   Date     Time   the description
    D10 Campo FDia23-Nov-11 04:52:00 the text
    FFFF ... F                       I: integers 10I8 with names of 8, J: 8I10 with names of 10
           5       1                 numbers, lines of names
                time         monitor ...   names of 16 characters, 5 a line
      0.18230000E+04  0.20000000E+05 ...   5E16.8
    SSSS ... S
           1      40      41  280447       0       1   number, rest, total, numor, lines of text, parameter blocks

What stands before the first S is the header. An S and what follows up to the next one is a sub-spectrum: blocks of
parameters and, last, its counts.
Source: the ILL description of raw data (R. Ghosh, version 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nxconvert.arrays import Array
from nxconvert.errors import Place, Problem
from nxconvert.readers.ill import fields
from nxconvert.readers.ill.index import Span
from nxconvert.streams import Source

#: so much of a block is read for what stands before its numbers
_HEAD = 8192
#: text and names of a block, and numbers of a header block, beyond this are damage
_MOST_BYTES = 1 << 20
#: a frame of more values is none that a detector wrote (the largest known has 163 840)
MOST_VALUES = 1 << 24
#: a block of counts of more values is none of parameters, whether or not another one follows
_MOST_PARAMETERS = 256
#: problems of one kind that are listed one by one
LISTED = 10


@dataclass(slots=True)
class Text:
    """An A block: its description lines and its text, cut into lines of 80."""

    descriptions: list[str]
    lines: list[str]


@dataclass(slots=True)
class Numbers:
    """An I, J or F block in memory: its names as the file has them, and its values."""

    letter: str
    count: int
    names: list[str]
    values: Array
    place: Place
    title: str = ""

    @property
    def shape(self) -> str:
        """The block's letter and announced size, such as ``F50``."""
        return f"{self.letter}{self.count}"


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a sub-spectrum, in the file: where the lines of numbers lie, how many numbers there are."""

    letter: str
    count: int
    start: int
    end: int
    line: int


@dataclass(slots=True)
class Group:
    """A sub-spectrum: its number, numor, parameter blocks, its counts (None where there are none).

    ``more``: large blocks of counts besides that one. ``refused``: it has a block of counts, which is damaged.
    """

    number: int
    place: Place
    total: int
    run: int = 0
    parameters: list[Numbers] = field(default_factory=list)
    counts: Counts | None = None
    more: list[Counts] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    refused: bool = False


@dataclass(slots=True)
class Numor:
    """A numor: control numbers of R, A blocks, blocks before the first S, sub-spectra, the text of V."""

    run: int
    version: int
    place: Place
    start: int
    end: int
    texts: list[Text] = field(default_factory=list)
    header: list[Numbers] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    total: int = 0
    free_text: str = ""
    #: where the first line of counts begins: what stands before it is the header word for word
    head_end: int = 0
    #: the file ends within the last sub-spectrum
    cut: bool = False
    problems: list[Problem] = field(default_factory=list)


class Parser:
    """Takes one numor apart."""

    def __init__(self, source: Source, spans: list[Span]) -> None:
        self.source = source
        self.spans = spans
        first = spans[0]
        self.numor = Numor(0, 0, Place(source.path, first.line - 1, offset=first.key), first.key, spans[-1].end)
        self._told: dict[str, int] = {}

    def _place(self, span: Span, line: int = 0) -> Place:
        return Place(self.source.path, span.line + line)

    def tell(
        self, place: Place, kind: str, found: str, expected: str = "", hint: str = "", severity: str = "warning"
    ) -> None:
        """Note a problem; of one kind the first ones only, then their number (see ``parse``)."""
        count = self._told[kind] = self._told.get(kind, 0) + 1
        if count <= LISTED:
            self.numor.problems.append(Problem(place, found, expected, hint, severity))

    def parse(self) -> Numor:
        """Give the numor."""
        numor = self.numor
        group: Group | None = None
        numor.head_end = numor.end
        for span in self.spans:
            if span.letter == "R":
                self._run(span)
            elif span.letter == "A":
                text = self._text(span)
                if group is None:
                    numor.texts.append(text)
                else:
                    group.text += [line for line in text.lines if line.strip()]
            elif span.letter == "S":
                group = self._group(span)
                numor.groups.append(group)
            elif span.letter == "V":
                data = self.source.read_at(span.start, min(span.end - span.start, _MOST_BYTES))
                numor.free_text = data.decode("latin-1")
                if span.end - span.start > _MOST_BYTES:
                    found = f"{span.end - span.start} bytes of free text (V)"
                    self.tell(self._place(span), "texts", found, "", f"the first {_MOST_BYTES} are kept", "lost")
            elif group is None:
                self._header(span)
            else:
                self._part(group, span)
        self._check_groups()
        for kind, count in self._told.items():
            if count > LISTED:
                numor.problems.append(Problem(numor.place, f"{count - LISTED} more {kind} like those listed"))
        return numor

    # --- blocks

    def _lines(self, span: Span) -> list[bytes]:
        """Give the first lines of a block, those that hold control numbers and text."""
        size = min(span.end - span.start, _HEAD)
        text = self.source.read_at(span.start, size)
        lines = text.split(b"\n")
        control = fields.control(lines[0])
        wanted = 2 + sum(value for value in control[1:2] if value and value > 0)
        if len(lines) <= wanted and size < span.end - span.start:
            text = self.source.read_at(span.start, min(span.end - span.start, _MOST_BYTES))
            lines = text.split(b"\n")
        return [line.replace(b"\0", b" ") for line in lines[: min(wanted, span.lines)]]

    def _control(self, span: Span, lines: list[bytes], names: str) -> list[int]:
        """Read the control numbers of a block; what is missing is 0."""
        values = fields.control(lines[0]) if lines else []
        if not values or values[0] is None:
            found = lines[0].decode("latin-1").strip()[:40] if lines else ""
            self.tell(self._place(span), "control lines", f"control line '{found}'", f"{names} expected", "read as 0")
        return [max(value or 0, 0) for value in values] + [0] * (10 - len(values))

    def _run(self, span: Span) -> None:
        lines = self._lines(span)
        control = self._control(span, lines, "numor, lines of text, version")
        self.numor.run, self.numor.version = control[0], control[2]

    def _text(self, span: Span) -> Text:
        size = min(span.end - span.start, _MOST_BYTES)
        lines = self.source.read_at(span.start, size).replace(b"\0", b" ").split(b"\n")[: span.lines]
        control = self._control(span, lines, "characters, lines of text")
        wanted = -(-control[0] // fields.RECORD)
        texts = [line.decode("latin-1").rstrip() for line in lines[1:]]
        described = texts[: control[1]]
        found = texts[control[1] : control[1] + wanted]
        if not self.numor.groups:
            self.numor.shapes.append(f"A{control[0]}")
        return Text(described, found)

    def _group(self, span: Span) -> Group:
        lines = self._lines(span)
        values = fields.control(lines[0]) if lines else []
        control = [max(value or 0, 0) for value in values] + [0] * (10 - len(values))
        if not control[0]:
            self._control(span, lines, "number of the sub-spectrum, rest, total, numor")
        self.numor.total = max(self.numor.total, control[2])
        text = [line.decode("latin-1").rstrip() for line in lines[1 : 1 + control[4]]]
        return Group(
            control[0], self._place(span), control[2], control[3], text=[line for line in text if line.strip()]
        )

    def _begin(self, span: Span) -> tuple[int, list[str], str, int]:
        """Read the control line and the names: numbers announced, names, title, lines before the numbers."""
        lines = self._lines(span)
        control = self._control(span, lines, "count of numbers, lines of names")
        count, text = control[0], control[1]
        names, title = _names(lines[1 : 1 + text], span.letter, count)
        return count, names, title, min(1 + text, span.lines)

    def _header(self, span: Span) -> None:
        block = self._numbers(span)
        self.numor.shapes.append(block.shape)
        self.numor.header.append(block)

    def _numbers(self, span: Span) -> Numbers:
        """Read a block of parameters whole."""
        count, names, title, skip = self._begin(span)
        place = self._place(span, skip)
        block = self.source.read_at(span.start, min(span.end - span.start, _MOST_BYTES))
        begin = _after(block, skip)
        text = block[begin:]
        most = _MOST_BYTES // fields.WIDTHS[span.letter][0]
        if span.end == self.source.size and not text.endswith(b"\n"):
            text = _whole(text, fields.WIDTHS[span.letter][0])
        decoded = fields.decode(text, span.letter, min(count, most))
        values = decoded.values
        wanted = -(-count // fields.WIDTHS[span.letter][1])
        if span.lines - skip > wanted and self._has_text(span, span.start + begin, wanted):
            self.tell(
                place,
                "lines between blocks",
                f"{span.lines - skip - wanted} lines more than the {count} numbers of block {span.letter} need",
                "a line of 80 letters expected",
                "they are passed over",
            )
        missing = 0
        while decoded.bad and decoded.bad[-1] == len(values) - missing - 1:  # blanks at the end: they are not there
            decoded.bad.pop()
            missing += 1
        if missing:
            values = values[: len(values) - missing]
        if len(values) < count:
            found = f"block {span.letter} announces {count} numbers and holds {len(values)}"
            self.tell(place, "short blocks", found, "", "those that are there are read")
        self._tell_odd(place, span.letter, decoded)
        return Numbers(span.letter, count, names, values, place, title)

    def _tell_odd(self, place: Place, letter: str, decoded: fields.Decoded) -> None:
        if decoded.stars:
            stands = "nan" if letter == "F" else str(fields.OVERFLOW[letter])
            self.tell(
                place,
                "overflows",
                f"{len(decoded.stars)} numbers overflowed their columns (stars)",
                "",
                f"{stands} stands for them",
            )
        if decoded.bad:
            stands = "nan" if letter == "F" else str(fields.OVERFLOW[letter])
            self.tell(
                place,
                "damaged blocks",
                f"{len(decoded.bad)} fields of block {letter} are no numbers",
                "numbers in columns expected",
                f"{stands} stands for them",
                "lost",
            )

    def _part(self, group: Group, span: Span) -> None:
        """Read a block of a sub-spectrum: of parameters, or of counts, which stay in the file."""
        if span.letter == "F":
            block = self._numbers(span)
            group.parameters.append(block)
            self.numor.cut = self.numor.cut or (len(block.values) < block.count and span.end == self.source.size)
            return
        count, _own, _title, skip = self._begin(span)
        place = self._place(span, skip)
        width, per = fields.WIDTHS[span.letter]
        wanted, there = -(-count // per), span.lines - skip
        if count == 0:  # no counts, or not even the line that says how many
            head = self.source.read_at(span.start, min(span.end - span.start, fields.RECORD))
            if span.end == self.source.size and not head.strip(b" \r\n\t\0"):
                self._refuse(group)
                self._tell_end(group)
            return
        head = self.source.read_at(span.start, min(span.end - span.start, _HEAD if skip < 50 else _MOST_BYTES))
        start = span.start + _after(head, skip)
        self.numor.head_end = min(self.numor.head_end, start)
        if count > MOST_VALUES or there < wanted or (there == wanted and self._is_cut(span, count, wanted, width, per)):
            last = span.end == self.source.size
            self._refuse(group)
            self.numor.cut = self.numor.cut or last
            self.tell(
                place,
                "sub-spectra that are cut",
                f"sub-spectrum {group.number} announces {count} counts and has {min(there, wanted)} lines of them",
                f"{wanted} expected" if count <= MOST_VALUES else f"at most {MOST_VALUES} counts expected",
                "it is left out" + (": the file ends here, it may be a part of its original" if last else ""),
                "lost",
            )
            return
        if there > wanted and self._has_text(span, start, wanted):
            self.tell(
                self._place(span, skip + wanted),
                "lines between blocks",
                f"{there - wanted} lines more than the {count} counts of sub-spectrum {group.number} need",
                "a line of 80 letters expected",
                "they are passed over",
            )
        found = Counts(span.letter, count, start, span.end, span.line + skip)
        if group.counts is not None and group.counts.count > _MOST_PARAMETERS >= count:
            group.parameters.append(self._parameters(found))
        elif not group.refused:
            self._set_aside(group)
            group.counts = found

    def _set_aside(self, group: Group) -> None:
        """Make of what seemed to be the counts of a sub-spectrum, and is not the last block, what it is."""
        if group.counts is not None and group.counts.count > _MOST_PARAMETERS:
            group.more.append(group.counts)
        elif group.counts is not None:
            group.parameters.append(self._parameters(group.counts))
        group.counts = None

    def _refuse(self, group: Group) -> None:
        self._set_aside(group)
        group.refused = True

    def _parameters(self, counts: Counts) -> Numbers:
        text = self.source.read_at(counts.start, min(counts.end - counts.start, _MOST_BYTES))
        decoded = fields.decode(text, counts.letter, counts.count)
        place = Place(self.source.path, counts.line)
        self._tell_odd(place, counts.letter, decoded)
        return Numbers(counts.letter, counts.count, [], decoded.values, place)

    def _is_cut(self, span: Span, count: int, wanted: int, width: int, per: int) -> bool:
        """Tell whether the file ends within the last number; numbers end in the last column of their field."""
        if span.end != self.source.size or not wanted:
            return False
        tail = self.source.read_at(max(span.start, span.end - 2 * fields.RECORD), 2 * fields.RECORD)
        if tail.endswith(b"\n"):
            return False
        last = tail.rsplit(b"\n", 1)[-1].rstrip(b"\r")
        return len(last) < (count - (wanted - 1) * per) * width

    def _has_text(self, span: Span, start: int, wanted: int) -> bool:
        size = min(span.end - start, MOST_VALUES)
        lines = self.source.read_at(start, size).split(b"\n")
        return sum(bool(line.strip(b" \r\t\0")) for line in lines) > wanted

    def _tell_end(self, group: Group) -> None:
        self.numor.cut = True
        found = f"the numor ends here, within sub-spectrum {group.number}"
        self.tell(group.place, "ends", found, "its counts expected", "it is left out", "lost")

    def _check_groups(self) -> None:
        numor = self.numor
        if not numor.groups:
            self.tell(
                Place(self.source.path, self.spans[-1].line + max(self.spans[-1].lines - 1, 0)),
                "ends",
                "the numor ends here, before any sub-spectrum (S)",
                "counts expected",
                "the file may be a part of its original; its header is converted",
                "lost",
            )
            return
        self._check_numbers()
        full = [group for group in numor.groups if group.counts is not None]
        if not full and any(group.parameters and not group.refused for group in numor.groups):
            # the data of a point detector: one F block, and no counts anywhere
            full = [group for group in numor.groups if group.parameters and not group.refused]
        elif len(full) == len(numor.groups) - 1 and numor.groups[-1].counts is None and not numor.cut:
            self._tell_end(numor.groups[-1])
        if len(full) < numor.total and not numor.cut and len(numor.groups) < numor.total:
            self.tell(
                numor.place,
                "ends",
                f"{len(full)} of {numor.total} sub-spectra are in the file",
                "",
                "the measurement was stopped, or the file is a part of its original",
            )
        numor.groups = full

    def _check_numbers(self) -> None:
        """Tell where sub-spectra are not numbered one after the other, or are those of another numor."""
        expected = 1
        for group in self.numor.groups:
            if group.number and group.number != expected:
                self.tell(
                    group.place,
                    "sub-spectra out of order",
                    f"sub-spectrum {group.number}",
                    f"{expected} expected",
                    "all are taken in the order of the file",
                )
            if group.run not in (0, self.numor.run):
                self.tell(
                    group.place,
                    "sub-spectra of other numors",
                    f"sub-spectrum {group.number} is said to be of numor {group.run}",
                    f"{self.numor.run} expected",
                    "it is taken as one of this numor",
                )
            expected = (group.number or expected) + 1


def _after(text: bytes, lines: int) -> int:
    """Give the position behind the first *lines* lines."""
    at = 0
    for _ in range(lines):
        at = text.find(b"\n", at) + 1
        if at == 0:
            return len(text)
    return at


def _whole(text: bytes, width: int) -> bytes:
    """Take a number away that the end of the file cut: numbers end in the last column of their field."""
    at = text.rfind(b"\n") + 1
    line = text[at:].rstrip(b"\r")
    return text[:at] + line[: len(line) // width * width]


def _names(lines: list[bytes], letter: str, count: int) -> tuple[list[str], str]:
    """Cut the lines of names into columns; give the names, and the title that may stand before them.

    The first line is a title where there is one line more than names need, unless the last one is blank.
    """
    width, per = fields.WIDTHS[letter]
    title = ""
    if len(lines) * per >= count + per and lines[-1].strip():
        title = lines[0].decode("latin-1").strip()
        lines = lines[1:]
    text = "".join(line.decode("latin-1").rstrip("\r").ljust(fields.RECORD)[: fields.RECORD] for line in lines)
    names = [text[at : at + width].strip() for at in range(0, len(text), width)][:count]
    while names and not names[-1]:
        names.pop()
    return names, title
