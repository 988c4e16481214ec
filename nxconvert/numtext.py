"""Number text to arrays: whole blocks of rows at once, correctly rounded, integers kept exact.

A block is bytes: rows separated by newlines, numbers by blanks or tabs. A JSON parser reads regular blocks at some
13 ns per number, numpy reads what JSON refuses (``nan``, ``+1``, ``.5``, ``007``) at some 75 ns. A block that is not
regular (rows of different widths, words that are no numbers) gives None: its rows are then for the caller to sort out.
A number is what Python's float() takes, except for the underscores that Python allows between digits.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import simdjson

Floats = npt.NDArray[np.float64]

#: Stands for a line end that was taken out of a row (a continuation line): a blank, which does not separate when
#: another blank is beside it. So rows are joined without moving a byte.
JOIN = b"\x02"

#: integers up to here are exact in float64
EXACT = 2**53
INT64 = (-(2**63), 2**63 - 1)
UINT64 = (0, 2**64 - 1)
#: integers with more digits than this fit no type
_DIGITS = 25

#: rows in which no more tokens than this change are cut there: each costs a seventh of reading long rows as they are
_MOVING = 4
#: so many rows are looked at to find out, and where there are not twice as many, or rows are short, it does not pay
_SAMPLE = 16
_SHORT = 64

# What is left of a block when its digits and signs are deleted shows its structure: blanks and newlines stay, "."
# marks a token that is not an integer, "x" one that may be no number at all.
_DELETED = b"0123456789+-" + JOIN
_PATTERN = bytes(
    byte if byte in b" \n" else 0x20 if byte == 0x09 else 0x2E if byte in b".eE" else 0x78 for byte in range(256)
)
# To JSON: separators become commas, joined line ends the blanks that JSON allows anywhere.
_JSON = bytes(0x2C if byte in b" \t\n" else 0x20 if byte in JOIN else byte for byte in range(256))
_SPACES = (b"\r", b"\v", b"\f")
_BLANKS = bytes(0x20 if byte in b"\t" + JOIN else byte for byte in range(256))

_local = threading.local()


@dataclass(slots=True)
class Rows:
    """Numbers of equally wide rows: ``values`` (rows, width), and per column whether every token is an integer.

    ``exact`` holds, by column, the integers of those integer columns that float64 cannot hold exactly; those that no
    integer type can hold either may be cut there.
    """

    values: Floats
    integer: Sequence[bool]
    exact: dict[int, list[int]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Numbers per row."""
        return int(self.values.shape[1])

    def column(self, at: int) -> npt.NDArray[Any]:
        """Give a column in its type: int64 or uint64 where every token is an integer and fits, else float64."""
        exact = self.exact.get(at)
        if exact is None:
            return self.values[:, at].astype(np.int64 if self.integer[at] else np.float64, copy=False)
        dtype = dtype_for(min(exact), max(exact))
        return self.values[:, at] if dtype is np.float64 else np.array(exact, dtype)


def parse_rows(block: bytes) -> Rows | None:
    """Read a block of rows of one width; None when it is empty, widths differ, or something is not a number."""
    rows = _regular(block)
    if rows is None:
        clean = tidy(block)
        if len(clean) != len(block):
            rows = _regular(clean)
        if rows is None:
            rows = _by_numpy(clean)
    return rows


def parse_columns(rows: Sequence[bytes]) -> list[npt.NDArray[Any]] | None:
    """Read rows of one width into columns; None when widths differ or something is not a number.

    dtype: int64 or uint64 where every token of a column is an integer, else float64. Where few tokens change from row
    to row, those that do not are read once: their column is one number that is broadcast (stride 0).
    """
    columns: list[npt.NDArray[Any]] = []
    for part in _parts(rows) or (rows,):
        read = parse_rows(b"\n".join(part))
        if read is None or len(read.values) != len(part):
            return None
        own = map(read.column, range(read.width))
        columns += own if len(part) == len(rows) else (np.broadcast_to(column, len(rows)) for column in own)
    return columns


def _parts(rows: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut rows from left to right: what is the same in all of them, once, then the first token that changes, and on.

    Nothing where it does not pay, and where something else than blanks may separate the tokens.
    """
    if len(rows) < 2 * _SAMPLE or len(rows[0]) < _SHORT:
        return []
    sample = zip(*map(bytes.split, rows[:: len(rows) // _SAMPLE]), strict=False)
    if sum(len(set(tokens)) > 1 for tokens in sample) > _MOVING:
        return []
    parts: list[Sequence[bytes]] = []
    for _ in range(_MOVING):
        # what the first and the last one in order begin with, all do
        first, last = min(rows), max(rows)
        if first == last:
            rows = (first,)
            break
        begin = _common(first, last)
        cut = [row[begin:].lstrip(b" ").partition(b" ") for row in rows]
        tokens = [token for token, _, _ in cut]
        if len({blank for _, blank, _ in cut}) > 1 or not all(tokens):  # widths differ
            return []
        parts += [(first[:begin],), tokens]
        rows = [rest for _, _, rest in cut]
    parts = [part for part in (*parts, rows) if any(map(bytes.strip, part))]
    lowest = min((np.frombuffer(b"".join(part), np.uint8).min() for part in parts), default=0)
    return parts if lowest >= ord(" ") else []


def _common(first: bytes, last: bytes) -> int:
    """Give how many bytes up to the end of a blank two texts have in common at their beginning."""
    length = min(len(first), len(last))
    differs = np.frombuffer(first, np.uint8, length) != np.frombuffer(last, np.uint8, length)
    return first.rfind(b" ", 0, int(differs.argmax()) if differs.any() else length) + 1


def parse_lists(bodies: Sequence[bytes]) -> npt.NDArray[Any] | None:
    """Read lists of equally many numbers into a 2-D array; None when lengths differ or something is not a number.

    dtype: int64 if every token is an integer, uint64 where that is needed, else float64.
    """
    block = b"\n".join(bodies)
    pattern = block.translate(_PATTERN, _DELETED)
    kinds = set(pattern.split(b"\n"))
    if len(kinds) == 1 and not kinds.pop().strip(b" "):
        numbers = _json(block, "i")
        if numbers is not None and numbers.size % len(bodies) == 0:
            return numbers.reshape(len(bodies), -1)
    rows = parse_rows(block)
    if rows is None or len(rows.values) != len(bodies):
        return None
    if not all(rows.integer):
        return rows.values
    if not rows.exact:
        return rows.values.astype(np.int64)
    columns = [rows.exact.get(at) or [int(value) for value in rows.values[:, at]] for at in range(rows.width)]
    dtype = dtype_for(min(map(min, columns)), max(map(max, columns)))
    return rows.values if dtype is np.float64 else np.array(columns, dtype).T


def parse_tokens(tokens: Sequence[bytes]) -> tuple[list[float], list[bool], list[int]]:
    """Read tokens one by one: values (nan where a token is no number), which are integers, and which are text."""
    values: list[float] = []
    integer: list[bool] = []
    text: list[int] = []
    for at, token in enumerate(tokens):
        value = parse_number(token)
        if value is None:
            text.append(at)
        values.append(float("nan") if value is None else value)
        integer.append(value is not None and is_integer(token))
    return values, integer, text


def parse_number(token: bytes | str) -> float | None:
    """Read one number; None when it is none."""
    try:
        value = float(token)
    except ValueError:
        return None
    if ("_" in token) if isinstance(token, str) else (b"_" in token):
        return None
    return value


def is_integer(token: bytes) -> bool:
    """Tell whether the text of a number is that of an integer."""
    return not token.translate(None, b"0123456789+-")


def exact_integer(token: bytes) -> int:
    """Read an integer; one that fits no integer type may come out as another such one, since it may have any length."""
    if len(token.lstrip(b"+-0")) > _DIGITS:
        return -(1 << 100) if token.startswith(b"-") else 1 << 100
    return int(token[:1] + (token[1:].lstrip(b"0") or b"0")) if len(token) > _DIGITS else int(token)


def dtype_for(lowest: int, highest: int) -> type[Any]:
    """Give int64, uint64, or float64 where neither holds integers of this range."""
    for dtype, (low, high) in ((np.int64, INT64), (np.uint64, UINT64)):
        if low <= lowest and highest <= high:
            return dtype
    return np.float64


def tidy(block: bytes) -> bytes:
    """Give the block with exactly one blank between numbers, none at the ends of rows, and no empty rows."""
    if b"\t" in block or JOIN in block:
        block = block.translate(_BLANKS)
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    block = block.replace(b" \n", b"\n").replace(b"\n ", b"\n")
    while b"\n\n" in block:
        block = block.replace(b"\n\n", b"\n")
    return block.strip(b" \n")


def _json(block: bytes, kind: Literal["d", "i"]) -> npt.NDArray[Any] | None:
    parser = getattr(_local, "parser", None)
    if parser is None:
        parser = _local.parser = simdjson.Parser()
    try:
        # the intermediate array must be gone before the parser is used again: it is never bound to a name
        buffer = cast(simdjson.Array, parser.parse(b"[" + block.translate(_JSON) + b"]")).as_buffer(of_type=kind)
    except (ValueError, TypeError, RuntimeError):
        return None
    return np.frombuffer(buffer, dtype=np.int64 if kind == "i" else np.float64)


def _regular(block: bytes) -> Rows | None:
    """Read a block whose separators are single blanks and newlines and whose numbers JSON takes."""
    pattern = block.translate(_PATTERN, _DELETED)
    if b"x" in pattern or not block:
        return None
    integer = _columns(frozenset(pattern.split(b"\n")))
    if not integer:
        return None
    values = _json(block, "d")
    if values is None or values.size == 0 or values.size % len(integer):
        return None
    return _finish(block, values.reshape(-1, len(integer)), integer)


def _by_numpy(block: bytes) -> Rows | None:
    """Read a tidy block by numpy, which takes what float() takes."""
    if b"_" in block or not block:
        return None
    integer = _columns(frozenset(block.translate(_PATTERN, _DELETED).split(b"\n")))
    if not integer:
        return None
    # white space that separates no columns may end a row, but not stand between two numbers
    if any(space in block for space in _SPACES) and any(len(row.split()) != len(integer) for row in block.split(b"\n")):
        return None
    try:
        values = np.array(block.split(), dtype=np.float64)
    except ValueError:
        return None
    if values.size % len(integer):
        return None
    return _finish(block, values.reshape(-1, len(integer)), integer)


def _columns(kinds: frozenset[bytes]) -> tuple[bool, ...]:
    """Give which columns are of integers, from the patterns of all rows; nothing when rows differ in width."""
    return _columns_cached(kinds) if len(kinds) < 16 else _columns_of(kinds)


def _columns_of(kinds: frozenset[bytes]) -> tuple[bool, ...]:
    blanks = {kind.count(b" ") for kind in kinds}
    if len(blanks) != 1:
        return ()
    width = blanks.pop() + 1
    marked: set[int] = set()
    for kind in kinds:
        if len(kind) >= width:
            marked.update(at for at, mark in enumerate(kind.split(b" ")) if mark)
    return tuple([at not in marked for at in range(width)])


_columns_cached = lru_cache(maxsize=256)(_columns_of)


def _finish(block: bytes, values: Floats, integer: tuple[bool, ...]) -> Rows:
    """Mend what JSON and float64 cannot say: -0 and large integers."""
    if b"-0" in block:
        values = _mend_zeros(block, values)
    rows = Rows(values, integer)
    # with nan beside the integers both comparisons are false
    if True in integer and not (np.maximum.reduce(values, None) < EXACT and np.minimum.reduce(values, None) > -EXACT):
        tokens = block.replace(JOIN, b" ").split()
        for at, whole in enumerate(integer):
            if whole and np.abs(values[:, at]).max() >= EXACT:
                rows.exact[at] = [exact_integer(token) for token in tokens[at :: len(integer)]]
    return rows


def _mend_zeros(block: bytes, values: Floats) -> Floats:
    """Give -0.0 where the text has ``-0``, which JSON takes for the integer 0; separators are single."""
    # blanks around it, so that every byte has a neighbour
    text = np.frombuffer(b"".join((b" ", block, b"  ")), np.uint8)
    signs = np.flatnonzero(text == ord("-"))
    signs = signs[(text[signs + 1] == ord("0")) & (text[signs + 2] <= ord(" ")) & (text[signs - 1] <= ord(" "))]
    if not len(signs):
        return values
    separators = np.flatnonzero((text == ord(" ")) | (text == ord("\n")) | (text == ord("\t")))
    # the blank put before the block is no separator
    values = values.copy()
    values.reshape(-1)[np.searchsorted(separators, signs) - 1] = -0.0
    return values
