"""The headers of many frames, kept as what differs from one to the next.

Headers of one run have the same keys in the same lines and differ in few values. The store keeps the lines of the first
one and, for the lines that ever change, their text in every further one: some hundred bytes per header. One by one that
takes some 10 µs each; headers whose lines are in the same places are compared by the many, in some 6 µs for 3 kB.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress, groupby, repeat
from operator import itemgetter, ne
from typing import NamedTuple

import numpy as np

from nxconvert.arrays import Array
from nxconvert.readers.edf.header import FILL, STRUCTURAL, Item, decode, parse
from nxconvert.readers.edf.structure import Kind, Structure, read_structure

#: keys of a general block that are its own and no defaults for the blocks after it
_OWN = (b"size", b"image", b"headerid")
#: layouts that are tried for a header before it gets one of its own
_TRIED = 4
#: lines are cut together where there are so many
_MANY = 64
_IS_FILL = np.isin(np.arange(256), [*FILL])
_NEWLINE, _SEMICOLON = b"\n;"


class Layout:
    """The keys and lines that headers have in common; ``columns`` holds the lines that change, by their numbers.

    ``items``: those of the first header; ``inherited``: those of a general block. ``line_of``: by line number the
    index of the item that is alone there.
    """

    __slots__ = (
        "_before",
        "_block_line",
        "_by_structure",
        "_numbers",
        "_prefixes",
        "_structural",
        "columns",
        "count",
        "inherited",
        "items",
        "lines",
        "now",
        "structure",
    )

    def __init__(self, lines: list[bytes], inherited: tuple[Item, ...]) -> None:
        self.lines = lines
        self.items = parse(lines)
        self.inherited = inherited
        self.columns: dict[int, Column] = {}
        #: the header before
        self._before = lines
        self.count = 0
        self._numbers = range(len(lines))
        #: by line: its beginning up to the equals sign, empty where nothing or fill is, None where all must be parsed
        self._prefixes: list[bytes | None] = [b"" if not line.strip(FILL + b"{}") else None for line in lines]
        # what follows the closing brace are pixels, were it not empty
        self._prefixes[-1] = None
        #: lines of structural keys
        structural: set[int] = set()
        #: the line that tells what the data are (image, error)
        self._block_line = -1
        for item in self.items:
            if item.key.lower() in STRUCTURAL:
                structural.update(range(item.first, item.last + 1))
            if item.alone:
                line = lines[item.first]
                self._prefixes[item.first] = line[: line.index(b"=") + 1]
                if item.key.lower() == b"edf_datablockid":
                    self._block_line = item.first
        self._structural = frozenset(structural)
        self.structure = self.now = read_structure(self._values(self.items))
        self._by_structure: dict[tuple[bytes, ...], Structure] = {}

    def _values(self, items: list[Item]) -> dict[bytes, bytes]:
        values = {item.key.lower(): item.value for item in self.inherited}
        values.update((item.key.lower(), item.value) for item in items)
        return values

    def add(self, lines: list[bytes]) -> Structure | None:
        """Take one more header of this layout, as its row ``count``; None where it has other keys or other lines."""
        if len(lines) != len(self.lines):
            return None
        before, prefixes = self._before, self._prefixes
        changed = list(compress(self._numbers, map(ne, lines, before)))
        for number in changed:
            prefix, line = prefixes[number], lines[number]
            if not prefix:
                if prefix is None or line.strip(FILL + b"}") or (b"}" in line) != (b"}" in before[number]):
                    return None
                continue
            # one item, whose only semicolon ends it
            end = line.find(b";") if line.startswith(prefix) else -1
            if end < 0 or (end != len(line) - 1 and line[end + 1 :].strip(b" \t\r")):
                return None
        if changed:
            structural = self._structural
            for number in changed:
                if number in structural:
                    structural = frozenset()
                column = self._column(number)
                column.rows.append(self.count)
                column.lines.append(lines[number])
            if structural is not self._structural:
                self.now = self._restructured(lines)
            self._before = lines
        self.count += 1
        return self.now

    def add_alike(self, block: Array) -> int:
        """Take the first rows of *block*, whose lines end where those of the header before do; gives how many.

        *block*: bytes of headers, shape (headers, length). Rows that do not fit so easily are left to `add`.
        """
        lines = self._before
        before = np.frombuffer(b"\n".join(lines), np.uint8)
        if len(before) != block.shape[1]:
            return 0
        places = np.flatnonzero(np.bitwise_or.reduce(_words(block) ^ _words(before), axis=0).view(np.uint8))
        if not len(places):
            self.count += len(block)
            return len(block)
        begins = np.cumsum([0, *(len(line) + 1 for line in lines)])
        numbers = np.searchsorted(begins, places, "right") - 1
        changed = [(number, *self._value(number, begins)) for number in np.unique(numbers).tolist()]
        values = np.zeros(len(before), bool)
        for _number, first, end in changed:
            values[first:end] = True
        found = np.concatenate([before[None, places], block[:, places]])
        odd = np.where(values[places], (found == _NEWLINE) | (found == _SEMICOLON), found != found[0]).any(axis=1)[1:]
        taken = int(odd.argmax()) if odd.any() else len(block)
        if not taken:
            return 0
        differs = found[1 : taken + 1] != found[:taken]
        for number, _first, _end in changed:
            rows = np.flatnonzero(differs[:, numbers == number].any(axis=1))
            if len(rows):
                own = np.ascontiguousarray(block[rows, begins[number] : begins[number + 1] - 1])
                column = self._column(number)
                column.rows += (rows + self.count).tolist()
                column.lines += own.view(f"S{own.shape[1]}")[:, 0].tolist()
        self._before = block[taken - 1].tobytes().split(b"\n")
        self.count += taken
        return taken

    def _value(self, number: int, begins: Array) -> tuple[int, int]:
        """Give where the value in a line begins and ends in the header before, if it is one that may change."""
        prefix, line, begin = self._prefixes[number], self._before[number], int(begins[number])
        end = line.find(b";")
        if not prefix or number in self._structural or end < 0 or line[end + 1 :].strip(b" \t\r"):
            return begin, begin
        return begin + len(prefix), begin + end

    def _column(self, number: int) -> Column:
        """Give the texts of a line, which was the same in all headers so far where there are none."""
        found = self.columns.get(number)
        if found is None:
            found = self.columns[number] = Column([0], [self._before[number]])
        return found

    def _restructured(self, lines: list[bytes]) -> Structure:
        """Give the structure of a header with other sizes; equal ones are kept, so that frames share their kind."""
        key = tuple(lines[number] for number in sorted(self._structural))
        found = self._by_structure.get(key)
        if found is None:
            found = read_structure(self._values(parse(lines)))
            if found.kind == self.structure.kind:
                found.kind = self.structure.kind
            if len(self._by_structure) < 64:
                self._by_structure[key] = found
        return found

    def line(self, number: int, row: int) -> bytes:
        """Give one line of the header *row*."""
        column = self.columns.get(number)
        return self.lines[number] if column is None else column.line(row)

    def is_error(self, row: int) -> bool:
        """Tell whether the header *row* is that of the errors of an image."""
        return self._block_line >= 0 and b"rror" in self.line(self._block_line, row)

    def text(self, row: int) -> bytes:
        """Give a header word for word."""
        lines = list(self.lines)
        for number, column in self.columns.items():
            lines[number] = column.line(row)
        return b"\n".join(lines)

    def texts(self, rows: Array) -> list[bytes]:
        """Give many headers word for word."""
        parts: list[Iterable[bytes]] = []
        for changes, numbers in groupby(range(len(self.lines)), self.columns.__contains__):
            if changes:
                parts += (self.columns[number].at(rows) for number in numbers)
            else:
                parts.append(repeat(b"\n".join(self.lines[number] for number in numbers), len(rows)))
        return [*map(b"\n".join, zip(*parts, strict=True))]

    def value(self, item: Item, row: int) -> bytes:
        """Give the value of an item in the header *row*."""
        column = self.columns.get(item.first)
        return item.value if column is None or not item.alone else value_in(column.line(row))


def _words(data: Array) -> Array:
    """Give bytes as numbers of 64 bits where that is possible, which are compared faster."""
    return data.view(np.uint64) if data.shape[-1] % 8 == 0 else data


class Column:
    """A line that changes: the rows in which it does, and what it is from there on."""

    __slots__ = ("_starts", "lines", "rows")

    def __init__(self, rows: list[int], lines: list[bytes]) -> None:
        self.rows = rows
        self.lines = lines
        self._starts = np.empty(0, np.int64)

    def line(self, row: int) -> bytes:
        """Give the line in the header *row*."""
        return self.lines[bisect_right(self.rows, row) - 1]

    def places(self, rows: Array) -> Array:
        """Give which of the lines each of these headers has."""
        if len(self._starts) != len(self.rows):
            self._starts = np.array(self.rows)
        found: Array = np.searchsorted(self._starts, rows, "right") - 1
        return found

    def at(self, rows: Array) -> list[bytes]:
        """Give the line in each of these headers."""
        lines = self.lines
        return [lines[place] for place in self.places(rows).tolist()]


def value_in(line: bytes) -> bytes:
    """Give the value in a line that holds one item."""
    end = line.rfind(b";")
    return line[line.index(b"=") + 1 : end if end > 0 else len(line)].strip(FILL)


def values_in(lines: list[bytes]) -> list[bytes]:
    """Give the values in lines that hold the same item."""
    if len(lines) >= _MANY and (cut := _cut_of(lines)) is not None:
        return [*map(itemgetter(cut), lines)]
    begin = lines[0].index(b"=") + 1
    return [line[begin : line.rfind(b";")].strip(FILL) if b";" in line else value_in(line) for line in lines]


def _cut_of(lines: list[bytes]) -> slice | None:
    """Give where the values stand, where they all begin and end like the first one; None where they do not."""
    first, value = lines[0], value_in(lines[0])
    begin = first.index(b"=") + 1
    start = first.index(value, begin)
    after = first[start + len(value) :]
    lengths = np.fromiter(map(len, lines), np.int64, len(lines))
    if not value or b";" not in after or lengths.min() <= start + len(after):
        return None
    text = np.frombuffer(b"".join(lines), np.uint8)
    ends = np.cumsum(lengths)
    begins = ends - lengths
    for place, byte in (
        *zip(range(begin, start), first[begin:start], strict=True),
        *zip(range(-len(after), 0), after, strict=True),
    ):
        if (text[(begins if place > 0 else ends) + place] != byte).any():
            return None
    # where more is to be stripped, or a value is empty
    if _IS_FILL[text[begins + start]].any() or _IS_FILL[text[ends - len(after) - 1]].any():
        return None
    return slice(start, -len(after))


class Like(NamedTuple):
    """What a frame has in common with the one before it: lengths of header and data, and how its header begins.

    ``blob``: bytes up to the next header; ``stored``: bytes of the pixels.
    """

    length: int
    layout: Layout
    structure: Structure
    blob: int
    kind: Kind
    stored: int
    head: bytes


class Headers:
    """The headers of many frames of one or many files; ``like`` tells what the latest one was like."""

    def __init__(self) -> None:
        self.like: Like | None = None
        self.layouts: list[Layout] = []
        self._general: dict[bytes, tuple[Item, ...]] = {}

    def add(self, text: bytes, inherited: tuple[Item, ...] = ()) -> tuple[Layout, int, Structure]:
        """Keep a header; gives its layout, its row there, and what it says about its data."""
        lines = text.split(b"\n")
        layouts = self.layouts
        for layout in layouts[: -_TRIED - 1 : -1]:
            if layout.inherited is inherited and (structure := layout.add(lines)) is not None:
                if layout is not layouts[-1]:  # the next one probably is of the same layout
                    layouts.remove(layout)
                    layouts.append(layout)
                return layout, layout.count - 1, structure
        layout = Layout(lines, inherited)
        layout.count = 1
        layouts.append(layout)
        return layout, 0, layout.structure

    def general(self, text: bytes) -> tuple[Item, ...]:
        """Give what the blocks after a general block take over from it; the same object for equal text."""
        found = self._general.get(text)
        if found is None:
            items = parse(text.split(b"\n"))
            found = self._general[text] = tuple(
                item for item in items if not item.key.lower().startswith(b"edf_") and item.key.lower() not in _OWN
            )
        return found


class Header(Mapping[str, str]):
    """The items of one header by their keys as written, in the file's order; of a key given twice, the last value."""

    __slots__ = ("_layout", "_row", "_values")

    def __init__(self, layout: Layout, row: int) -> None:
        self._layout, self._row = layout, row
        self._values: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        if self._values is None:
            layout, row = self._layout, self._row
            self._values = {decode(item.key): decode(item.value) for item in layout.inherited}
            own = {item.key.lower() for item in layout.items}
            for item in layout.inherited:  # Dim_1 of the frame wins over dim_1 of the general block
                if item.key.lower() in own:
                    self._values.pop(decode(item.key), None)
            for item in layout.items:
                self._values[decode(item.key)] = decode(layout.value(item, row))
        return self._values

    def __getitem__(self, key: str) -> str:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def lower(self) -> dict[str, str]:
        """Give the items by lower-case key."""
        return {key.lower(): value for key, value in self._read().items()}
