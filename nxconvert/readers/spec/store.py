"""The measured values of one scan: kept in memory while they are small, else read again from the file in blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nxconvert.arrays import Array, Table
from nxconvert.numtext import Rows, dtype_for
from nxconvert.readers.spec.body import Piece, Spectra

#: values of the columns, and of the spectra, of one scan that are kept in memory (bytes, spectra in small integers)
KEPT = 32 << 20
#: array lines of one point are told apart up to this many
POSITIONS = 4096
#: nan for missing spectra is made in blocks of so many values
_FILL_BLOCK = 1 << 18

Dtype = np.dtype[Any]
FLOAT64: Dtype = np.dtype(np.float64)

#: a key of array lines, and a position among those of the key at one point
Slot = tuple[bytes, int]


class Columns:
    """Collects rows: how many, how wide, and which columns hold integers."""

    def __init__(self, several: bool) -> None:
        # whether there are several pieces: then it matters which columns have negative numbers somewhere
        self._several = several
        self.parts: list[Rows] | None = []
        self.count = 0
        self.width = 0
        self.integer: Sequence[bool] = ()
        # the range of integer columns that float64 does not hold exactly
        self._range: dict[int, tuple[int, int]] = {}
        self._negative: set[int] = set()

    def add(self, rows: Rows) -> None:
        """Take the rows of the next piece."""
        if self.count == 0:
            self.integer = rows.integer
        elif self.integer != rows.integer:
            both = zip(self.integer, rows.integer, strict=False)
            merged = [own and other for own, other in both]
            self.integer = merged + [False] * (max(self.width, rows.width) - len(merged))
        self.count += len(rows.values)
        self.width = max(self.width, rows.width)
        for at, numbers in rows.exact.items():
            low, high = self._range.get(at, (0, 0))
            self._range[at] = min(low, *numbers), max(high, *numbers)
        if self.parts is not None:
            self.parts.append(rows)
            if 8 * self.count * self.width > KEPT:
                self.parts = None
        if self._several:
            self._negative.update(np.flatnonzero(rows.values.min(axis=0, initial=0) < 0).tolist())

    def dtype(self, column: int) -> Dtype:
        """Give the dtype of a column: float64, unless every token of it is an integer."""
        if not self.integer[column]:
            return FLOAT64
        low, high = self._range.get(column, (0, 0))
        return np.dtype(dtype_for(min(low, -(column in self._negative)), high))

    def inexact(self) -> list[int]:
        """Give the integer columns whose numbers are too large for any integer type."""
        return [at for at in sorted(self._range) if self.integer[at] and self.dtype(at) == FLOAT64]

    def arrays(self, floats: frozenset[int]) -> list[Array]:
        """Give all columns of rows that were kept, those in *floats* as float64 in any case."""
        parts = self.parts or []
        if len(parts) == 1:
            table = np.ascontiguousarray(parts[0].values.T)
        else:
            table = np.full((self.width, self.count), np.nan)
            begin = 0
            for rows in parts:
                end = begin + len(rows.values)
                table[: rows.width, begin:end] = rows.values.T
                begin = end
        columns: list[Array] = list(table)
        whole = [at for at, is_whole in enumerate(self.integer) if is_whole and at not in floats]
        plain = [at for at in whole if at not in self._range] if self._range else whole
        if plain:
            for at, column in zip(plain, table[plain].astype(np.int64), strict=True):
                columns[at] = column
        for at in self._range:
            if at in whole:
                columns[at] = np.concatenate([column_of(rows, at, self.dtype(at)) for rows in parts])
        return columns


def column_of(rows: Rows, column: int, dtype: Dtype) -> Array:
    """Give one column of rows in its final type, nan where the rows have no such column."""
    if column >= rows.width:
        return np.full(len(rows.values), np.nan)
    if column in rows.exact and dtype != FLOAT64:
        return np.array(rows.exact[column], dtype)
    return rows.values[:, column].astype(dtype)


class Arrays:
    """Collects array lines: of each key and position how many of which length and type (a dtype's character)."""

    def __init__(self) -> None:
        self.parts: list[dict[bytes, Spectra]] | None = []
        self.kinds: dict[Slot, Counter[tuple[int, str]]] = {}
        #: those of the latest point
        self.latest: dict[Slot, Counter[tuple[int, str]]] = {}
        self._point: int | None = None
        self._size = 0

    def add(self, spectra: dict[bytes, Spectra], point: int, compact: bool) -> None:
        """Take the array lines of the next piece, whose latest point is *point*.

        *compact*: keep them in the smallest integer type.
        """
        if point != self._point:
            self._point = point
            self.latest = {}
        for key, group in spectra.items():
            values = group.values
            if isinstance(values, np.ndarray):
                kind = (values.shape[1], values.dtype.char)
                for position, count in Counter(group.positions).items():
                    self._count(self.kinds, key, position, kind, count)
                all_kinds = [kind] * len(values)
            else:
                all_kinds = [(len(value), value.dtype.char) for value in values]
                for position, kind in zip(group.positions, all_kinds, strict=True):
                    self._count(self.kinds, key, position, kind, 1)
            at = len(group.points) - 1
            while at >= 0 and group.points[at] == point:
                self._count(self.latest, key, group.positions[at], all_kinds[at], 1)
                at -= 1
            self._keep(group, compact)
        if self.parts is not None:
            self.parts.append(spectra)
            if self._size > KEPT:
                self.parts = None

    @staticmethod
    def _count(
        kinds: dict[Slot, Counter[tuple[int, str]]], key: bytes, position: int, kind: tuple[int, str], count: int
    ) -> None:
        slot = (key, min(position, POSITIONS))
        if slot not in kinds:
            kinds[slot] = Counter()
        kinds[slot][kind] += count

    def _keep(self, group: Spectra, compact: bool) -> None:
        if isinstance(group.values, np.ndarray):
            group.values = _compact(group.values) if compact else group.values
            self._size += group.values.nbytes
        else:
            group.values = [_compact(value) if compact else value for value in group.values]
            self._size += sum(value.nbytes for value in group.values)


def _compact(values: Array) -> Array:
    """Give integers in the smallest type that holds them; nothing changes but the room they take."""
    if values.dtype != np.int64 or values.size == 0:
        return values
    low, high = int(values.min()), int(values.max())
    for dtype in (np.uint8, np.int16, np.uint16, np.int32, np.uint32):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            return values.astype(dtype)
    return values


@dataclass(slots=True)
class Target:
    """An array that array lines go to: how many spectra, how many channels, their type."""

    count: int
    channels: int
    dtype: Dtype

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.count * self.channels * self.dtype.itemsize


class ScanTable(Table):
    """Columns and spectra of a scan as blocks, from pieces that are kept or read again.

    ``columns``: by name the column's number and type. ``targets``: by name the arrays for spectra. ``route`` tells
    for key, point and position of an array line the name of its target and the row there, None for the next one.
    """

    def __init__(
        self,
        pieces: Callable[[], Iterator[Piece]],
        count: int,
        columns: dict[str, tuple[int, Dtype]],
        targets: dict[str, Target],
        route: Callable[[bytes, int, int], tuple[str, int | None]],
    ) -> None:
        self._pieces = pieces
        self._columns = columns
        self._targets = targets
        self._route = route
        self.layout = {name: ((count,), dtype) for name, (_, dtype) in columns.items()}
        for name, target in targets.items():
            self.layout[name] = ((target.count, target.channels), target.dtype)
        self._empty = {name: np.empty((0, *shape[1:]), dtype) for name, (shape, dtype) in self.layout.items()}

    @property
    def has_spectra(self) -> bool:
        """Whether there are arrays of spectra in it, not just columns."""
        return bool(self._targets)

    def load(self) -> dict[str, Array]:
        """Give all arrays in memory, in one pass."""
        parts: dict[str, list[Array]] = {key: [] for key in self.layout}
        for block in self.blocks():
            for key, values in block.items():
                if len(values):
                    parts[key].append(values)
        return {
            key: values[0] if len(values) == 1 else np.concatenate(values) if values else self._empty[key]
            for key, values in parts.items()
        }

    def blocks(self) -> Iterator[dict[str, Array]]:
        """Give the values piece by piece; spectra that are missing in the file are filled with nan."""
        done = dict.fromkeys(self._targets, 0)
        for piece in self._pieces():
            block = {}
            if piece.rows is not None:
                for name, (at, dtype) in self._columns.items():
                    block[name] = column_of(piece.rows, at, dtype)
            yield {**self._empty, **block}
            for key, group in piece.spectra.items() if self._targets else ():
                for block in self._spectra(key, group, done):
                    yield {**self._empty, **block}
        for name, target in self._targets.items():
            for block in _fill(name, target, target.count - done[name]):
                yield {**self._empty, **block}

    def _spectra(self, key: bytes, group: Spectra, done: dict[str, int]) -> Iterator[dict[str, Array]]:
        """Sort spectra of one key to their targets; *done* counts the rows each target has."""
        chosen: dict[str, tuple[list[int], list[int]]] = {}
        for at, (point, position) in enumerate(zip(group.points, group.positions, strict=True)):
            name, row = self._route(key, point, position)
            if name not in chosen:
                chosen[name] = ([], [])
            members, gaps = chosen[name]
            members.append(at)
            gaps.append(0 if row is None else row - done[name])
            done[name] += gaps[-1] + 1
        for name, (members, gaps) in chosen.items():
            target = self._targets[name]
            begin = 0
            for at, gap in enumerate(gaps):
                if gap * target.channels > _FILL_BLOCK:
                    yield {name: _take(group.values, members[begin:at], gaps[begin:at], target)}
                    yield from _fill(name, target, gap)
                    gaps[at], begin = 0, at
            yield {name: _take(group.values, members[begin:], gaps[begin:], target)}


def _fill(name: str, target: Target, count: int) -> Iterator[dict[str, Array]]:
    step = max(_FILL_BLOCK // max(target.channels, 1), 1)
    for begin in range(0, count, step):
        yield {name: np.full((min(step, count - begin), target.channels), np.nan)}


def _take(values: Array | list[Array], members: list[int], gaps: list[int], target: Target) -> Array:
    """Give some spectra as one block of the target's width and type, with rows of nan where there are gaps."""
    if isinstance(values, np.ndarray) and values.shape[1] == target.channels and not any(gaps):
        chosen = values if len(members) == len(values) else values[members]
        return chosen.astype(target.dtype, copy=False)
    if target.dtype == FLOAT64:
        block = np.full((len(members) + sum(gaps), target.channels), np.nan)
    else:
        # integers: all are of the target's width, and none is missing
        block = np.empty((len(members), target.channels), target.dtype)
    row = 0
    for at, gap in zip(members, gaps, strict=True):
        row += gap
        spectrum = values[at][: target.channels]
        block[row, : len(spectrum)] = spectrum
        row += 1
    return block
