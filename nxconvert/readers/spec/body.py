"""The body of a scan: rows and array lines between control lines, read piece by piece.

A regular piece is parsed as one block. Otherwise its lines are looked at one by one; see ``rows`` for odd ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from nxconvert.arrays import Array
from nxconvert.numtext import JOIN, Rows, parse_lists, parse_number, parse_rows, parse_tokens
from nxconvert.readers.spec.blocks import join
from nxconvert.readers.spec.report import Report
from nxconvert.readers.spec.rows import Form, Tokens, build_rows, decide_form, looks_like_row, unfold, unwrap

_NUMERIC = b"0123456789+-.eE \t" + JOIN
_FIRST_OF_DATA = b"0123456789+-.@nNiI"
#: no file has more kinds of array lines, or changes its calibration more often, unless it is damaged
_MOST_KEYS = _MOST_CALIBRATIONS = 1000

#: a line or several, with the byte offset of the first
Region = tuple[int, bytes]


@dataclass(slots=True)
class Spectra:
    """Array lines of one key in one piece: the point each belongs to, its position among those of the point, values.

    ``values``: a 2-D array where all are equally long, else a list of 1-D arrays.
    """

    points: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    values: Array | list[Array] = field(default_factory=list)


@dataclass(slots=True)
class Piece:
    """What one piece of text holds.

    ``controls``: control lines without their ``#``; ``late_controls``: those that were glued to rows. ``free``: other
    lines. ``regions``: what is between control lines. ``data_from``: the offset of the first data, None without any.
    """

    controls: list[Region] = field(default_factory=list)
    late_controls: list[Region] = field(default_factory=list)
    free: list[Region] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    data_from: int | None = None
    rows: Rows | None = None
    spectra: dict[bytes, Spectra] = field(default_factory=dict)


def split(text: bytes, offset: int) -> Piece:
    """Separate the control lines of a piece from the regions of data between them."""
    piece = Piece()
    lines = text.split(b"\n#")
    at = offset
    if text[:1] == b"#":
        lines[0] = lines[0][1:]
        at += 1
    else:
        _add_region(piece, at, lines[0])
        at += len(lines[0]) + 2
        del lines[0]
    for line in lines:
        control, _, data = line.partition(b"\n")
        piece.controls.append((at - 1, control))
        if data:
            _add_region(piece, at + len(control) + 1, data)
        at += len(line) + 2
    return piece


def _add_region(piece: Piece, offset: int, data: bytes) -> None:
    if not data or data.isspace():
        return
    piece.regions.append((offset, data))
    if piece.data_from is None and data.lstrip()[:1] in _FIRST_OF_DATA:
        piece.data_from = offset


@dataclass(slots=True)
class _ArrayLine:
    """An array line: its key, its numbers as text, its offset, and how many rows of the piece stand before it."""

    key: bytes
    body: bytes
    offset: int
    rows_before: int


class Body:
    """Reads the pieces of one scan in order and keeps what has to be known from one to the next.

    ``widths`` is what ``#N`` says, ``labels`` the number of names in ``#L``. ``dump``: values per line of array lines
    that go on without a backslash, 0 without such, ``channels`` their number in all. ``before``: array lines stand
    before the row they belong to; None before the first of either. ``count``: rows so far.
    """

    def __init__(self, report: Report, form: Form | None = None) -> None:
        self.report = report
        self.form = form
        self.widths: tuple[int, ...] = ()
        self.labels = 0
        self.dump = 0
        self.channels = 0
        self.count = 0
        self.before: bool | None = None
        #: array lines that change the calibration: ``@CALIB a b c``
        self.calibrations: list[tuple[int, str]] = []
        #: the point of the latest array lines, and how many of each key it has
        self.point = -1
        self.positions: dict[bytes, int] = {}
        self._keys: set[bytes] = set()
        self._pending: list[Tokens] = []

    def read(self, piece: Piece, last: bool) -> None:
        """Read the numbers of a piece; *last*: no other one follows."""
        regions = piece.regions
        if not regions and not self._pending:
            return
        block = regions[0][1] if len(regions) == 1 else b"\n".join([data for _, data in regions])
        if not self._pending and b"@" not in block and b"#" not in block:
            rows = parse_rows(block.strip())
            if rows is not None and self._is_plain(rows):
                piece.rows = rows
                self._advance(len(rows.values))
                return
        self._by_lines(piece, last)

    def _is_plain(self, rows: Rows) -> bool:
        """Tell whether rows of one width are what is expected, which the first ones decide."""
        if self.form is None:
            count = len(rows.values)
            self.form = decide_form(
                [rows.width] * count, {rows.width: count}, rows.values.size, self.widths, self.labels
            )
        return self.form.kind == "plain" and self.form.width == rows.width

    def _advance(self, rows: int) -> None:
        if self.before is None and rows:
            self.before = False
        self.count += rows

    def _by_lines(self, piece: Piece, last: bool) -> None:
        rows: list[Region] = []
        arrays: list[_ArrayLine] = []
        for offset, data in piece.regions:
            self._sort_lines(piece, offset, data, rows, arrays)
        if self.before is None and (rows or arrays):
            self.before = bool(arrays) and arrays[0].rows_before == 0
        start = self.count
        ends = self._assemble(piece, rows, last)
        if arrays:
            self._place_arrays(piece, arrays, start, ends)

    def _sort_lines(self, piece: Piece, offset: int, data: bytes, rows: list[Region], arrays: list[_ArrayLine]) -> None:
        """Tell rows, array lines, comments glued to rows, and free text apart."""
        at = offset
        for line in join(data).split(b"\n"):
            if line[:1] == b"@":
                self._sort_array(piece, at, line, len(rows), arrays)
            elif not line.translate(None, _NUMERIC):
                if line and not line.isspace() and not (self.dump and self._goes_on(line, len(rows), arrays)):
                    rows.append((at, line))
            else:
                own, mark, comment = line.partition(b"#")
                if looks_like_row(own):
                    rows.append((at, own))
                    if mark:
                        piece.late_controls.append((at + len(own), comment))
                else:
                    piece.free.append((at, line))
            at += len(line) + 1

    def _sort_array(self, piece: Piece, at: int, line: bytes, rows: int, arrays: list[_ArrayLine]) -> None:
        key, _, body = line[1:].partition(b" ")
        if b"\t" in key or JOIN in key:
            key, _, body = line[1:].replace(b"\t", b" ").replace(JOIN, b" ").partition(b" ")
        if key.upper() == b"CALIB":
            piece.free.append((at, line))
            if len(self.calibrations) < _MOST_CALIBRATIONS:
                self.calibrations.append((at, body.decode("latin-1").strip()))
        elif self._is_array(key, body):
            self._keys.add(key)
            arrays.append(_ArrayLine(key or b"A", body, at, rows))
        else:
            piece.free.append((at, line))

    def _is_array(self, key: bytes, body: bytes) -> bool:
        """Tell an array line from text that begins with ``@``."""
        if key not in self._keys and len(self._keys) >= _MOST_KEYS:
            return False
        first = body[:64].split(None, 1)
        if first and parse_number(first[0]) is not None:  # the rest of a long spectrum need not be looked at
            return True
        return not body.translate(None, _NUMERIC) or any(parse_number(token) is not None for token in body.split())

    def _goes_on(self, line: bytes, rows: int, arrays: list[_ArrayLine]) -> bool:
        """Add a line of numbers to the array before it, if that goes on without a backslash; tells whether it did."""
        if not arrays or arrays[-1].rows_before != rows:
            return False
        have, more = len(arrays[-1].body.split()), len(line.split())
        if have % self.dump or more > self.dump or have == 0:
            return False
        fits = have + more <= self.channels if self.channels else more == self.dump != self.labels
        if fits:
            arrays[-1].body += b" " + line.strip()
        return fits

    def _assemble(self, piece: Piece, lines: list[Region], last: bool) -> list[int] | None:
        """Parse rows found line by line; gives how many are complete after each line, None where each line is one."""
        if not lines and not (last and self._pending):
            return None
        if not self._pending:
            rows = parse_rows(b"\n".join([line for _, line in lines]))
            if rows is not None and len(rows.values) == len(lines) and self._is_plain(rows):
                piece.rows = rows
                self._advance(len(lines))
                return None
        tokens = [(at, line.replace(JOIN, b" ").split()) for at, line in lines]
        if self.form is None:
            lengths = [len(words) for _, words in tokens]
            self.form = decide_form(lengths, Counter(lengths), sum(lengths), self.widths, self.labels)
        ends: list[int] | None = None
        if self.form.kind == "sets":
            tokens, ends = unfold(tokens, self.form.width)
        elif self.form.kind == "wrapped":
            tokens, ends = unwrap(tokens, self.form.width, self._pending, last)
        piece.rows = build_rows(tokens, self.form, self.report)
        self._advance(len(tokens))
        return ends

    def _place_arrays(self, piece: Piece, arrays: list[_ArrayLine], start: int, ends: list[int] | None) -> None:
        """Give each array line its point and its position there, and parse those of one key together."""
        texts: dict[bytes, list[_ArrayLine]] = {}
        start += 0 if self.before else -1
        for line in arrays:
            rows = line.rows_before if ends is None or line.rows_before == 0 else ends[line.rows_before - 1]
            # an array within the first row, where that is wrapped, belongs to it
            point = max(start + rows, 0)
            if point != self.point:
                self.point = point
                self.positions = {}
            position = self.positions.get(line.key, 0)
            self.positions[line.key] = position + 1
            spectra = piece.spectra.get(line.key)
            if spectra is None:
                spectra = piece.spectra[line.key] = Spectra()
                texts[line.key] = []
            spectra.points.append(self.point)
            spectra.positions.append(position)
            texts[line.key].append(line)
        for key, lines in texts.items():
            values = parse_lists([line.body for line in lines])
            piece.spectra[key].values = values if values is not None else [self._one(line) for line in lines]

    def _one(self, line: _ArrayLine) -> Array:
        """Parse one array line; words in it become nan and are told."""
        words = line.body.replace(JOIN, b" ").split()
        if not words:
            return np.empty(0, np.int64)
        values = parse_lists([line.body])
        if values is not None:
            return values.reshape(-1)
        numbers, _, text = parse_tokens(words)
        self.report.add(
            line.offset,
            "array lines with text",
            f"array has '{words[text[0]][:40].decode('latin-1')}' as value {text[0] + 1}",
            "numbers expected",
            "the array is kept, with nan there",
        )
        return np.array(numbers)
