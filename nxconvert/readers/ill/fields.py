"""Numbers in columns of fixed width, as Fortran wrote them: ``10I8``, ``8I10``, ``5E16.8``.

Numbers fill their columns and may touch each other, so lines are cut by position and never at blanks. A line is
padded to 80 characters first. Eight digits are one 64-bit word, and a whole block is decoded by a handful of
operations on all its words at once; what is not plain digits after blanks (signs, stars, text) is looked at one by
one. Source: the ILL description of raw data (R. Ghosh, version 3.1), record formats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nxconvert.arrays import Array

#: characters of a record
RECORD = 80
#: width of a number and numbers per line, by the letter of the block
WIDTHS = {"F": (16, 5), "I": (8, 10), "J": (10, 8)}
#: what stands for an integer that its column could not hold (stars), or that is no number: the smallest of its type,
#: which needs more characters than a column of its block has
OVERFLOW: dict[str, int] = {"I": int(np.iinfo(np.int32).min), "J": int(np.iinfo(np.int64).min)}
#: eight characters hold less than 2**31, ten may hold more
DTYPES: dict[str, np.dtype[Any]] = {"I": np.dtype(np.int32), "J": np.dtype(np.int64), "F": np.dtype(np.float64)}

#: cells that are decoded at once: the temporaries stay in the cache
_SLAB = 1 << 15
#: characters of lines of numbers
_NUMERIC = b"0123456789+-.eEdD* \t\r\0"
_INTEGER = re.compile(rb"[+-]?\d+")
_FLOAT = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d+|[+-]\d+)?")
_EXPONENT = re.compile(rb"(?<=[\d.])([+-]\d+)$")


@dataclass(slots=True)
class Decoded:
    """The values of a block: as many as there are, and the positions of those that are no numbers.

    ``stars``: those that overflowed their column. ``bad``: text, or nothing where a number should be.
    ``long``: text stands behind the last column of a line.
    """

    values: Array
    stars: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    long: bool = False


def finite(values: Array) -> Array:
    """Give integers as they are; float64, nan for them, where some overflowed or are no numbers."""
    letter = next((letter for letter, dtype in DTYPES.items() if dtype == values.dtype), "F")
    if letter == "F" or not (values == OVERFLOW[letter]).any():
        return values
    return np.where(values == OVERFLOW[letter], np.nan, values)


def sum_of(values: Array) -> np.float64:
    """Add up all values; nan or infinite where they are, without a warning of numpy's."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.float64(values.sum())


def integer(text: bytes) -> int | None:
    """Read one integer; None for blanks, stars, and what is none."""
    token = text.strip(b" \t\r\0")
    return int(token) if _INTEGER.fullmatch(token) else None


def control(line: bytes, most: int = 10) -> list[int | None]:
    """Read a control line, up to ten integers of eight columns; those of lines that ignore the columns too.

    Tabs are not expanded: sliced as they are, the lines that have one come out right.
    """
    line = line.rstrip(b" \t\r\0")[:RECORD]
    cells = [line[at : at + 8].strip(b" \t\r\0") for at in range(0, min(len(line), 8 * most), 8)]
    values = [int(cell) if _INTEGER.fullmatch(cell) else None for cell in cells]
    if any(value is None and cell and cell.strip(b"*") for value, cell in zip(values, cells, strict=True)):
        words = line.split()
        if all(_INTEGER.fullmatch(word) for word in words):
            return [int(word) for word in words[:most]]
    return values


def decode(text: bytes, letter: str, count: int) -> Decoded:
    """Read *count* numbers from the data lines of an ``I``, ``J`` or ``F`` block, fewer where the lines end before."""
    width, per = WIDTHS[letter]
    lines = -(-count // per)
    result = _decoded(*_records(text, lines), letter, count, width, per)
    if (result.bad or result.long) and text.count(b"\n") > lines:
        # a line that is none of the block may stand between its own ones
        kept = [line for line in text.split(b"\n") if line.strip() and not line.translate(None, _NUMERIC)]
        if len(kept) >= lines:
            other = _decoded(*_records(b"\n".join(kept), lines), letter, count, width, per)
            if len(other.bad) < len(result.bad) or result.long > other.long:
                return other
    return result


def _decoded(records: npt.NDArray[np.uint8], long: bool, letter: str, count: int, width: int, per: int) -> Decoded:
    count = min(count, len(records) * per)
    result = _floats(records, count) if letter == "F" else _integers(records, count, width, letter)
    result.long = long
    return result


def _records(text: bytes, lines: int) -> tuple[npt.NDArray[np.uint8], bool]:
    """Give the first *lines* lines as an array (lines, 80), and whether one is longer than that.

    Blank lines between others are no records where there are more lines than records.
    """
    step = text.find(b"\n") + 1
    if step in (RECORD + 1, RECORD + 2) and lines and b"\0" not in text:
        whole = lines if len(text) >= lines * step else lines - 1
        if len(text) >= whole * step and text.count(b"\n", 0, whole * step) == whole:
            block = np.frombuffer(text, np.uint8, whole * step).reshape(whole, step)
            if bool((block[:, -1] == 10).all()) and (step == RECORD + 1 or bool((block[:, -2] == 13).all())):
                if whole == lines:
                    return block[:, :RECORD], False
                last = text[whole * step :].split(b"\n", 1)[0].rstrip(b"\r")
                if last:
                    tail = np.frombuffer(last.ljust(RECORD)[:RECORD], np.uint8).reshape(1, RECORD)
                    return np.concatenate([block[:, :RECORD], tail]), len(last.rstrip()) > RECORD
    found = text.replace(b"\0", b" ").split(b"\n")
    if found and not found[-1].strip():
        found.pop()
    if len(found) > lines:
        found = [line for line in found if line.strip()]
    found = [line.rstrip(b"\r") for line in found[:lines]]
    long = any(len(line) > RECORD and len(line.rstrip()) > RECORD for line in found)
    joined = b"".join([line.ljust(RECORD)[:RECORD] for line in found])
    return np.frombuffer(joined, np.uint8).reshape(-1, RECORD), long


def _integers(records: npt.NDArray[np.uint8], count: int, width: int, letter: str) -> Decoded:
    values = np.empty(count, DTYPES[letter])
    result = Decoded(values)
    per = RECORD // width
    step = _SLAB // per
    for first in range(0, -(-count // per), step):
        cells = np.ascontiguousarray(records[first : first + step]).reshape(-1, width)
        begin = first * per
        cells = cells[: count - begin]
        words = cells if width == 8 else np.ascontiguousarray(cells[:, width - 8 :])
        found, odd = _digits(words.reshape(-1).view("<u8"))
        if width > 8:
            odd |= (cells[:, : width - 8] != 0x20).any(axis=1)
        values[begin : begin + len(cells)] = found
        for at in np.flatnonzero(odd).tolist():
            cell = cells[at].tobytes()
            number = integer(cell)
            if number is None:
                (result.stars if b"*" in cell else result.bad).append(begin + at)
                number = OVERFLOW[letter]
            values[begin + at] = number
    return result


# bytes of a word: the first character is the lowest one
_ONES = np.uint64(0x0101010101010101)
_TENS = np.uint64(0x1010101010101010)
_LOW = np.uint64(0x0F0F0F0F0F0F0F0F)
_HIGH = np.uint64(0xF0F0F0F0F0F0F0F0)
_ZEROS = np.uint64(0x3030303030303030)
_SIXES = np.uint64(0x0606060606060606)


def _digits(words: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """Read words of eight characters; those that are not digits after blanks are marked, their value is none."""
    # a blank is 0x20, a digit 0x30 to 0x39: this bit makes a zero of a blank
    filled = words | _TENS
    odd = ((filled & _HIGH) ^ _ZEROS) | (((filled & _LOW) + _SIXES) & _TENS)
    digit = (words >> np.uint64(4)) & _ONES
    blank = digit ^ _ONES
    # what looks like a blank must be one; behind a digit comes a digit; the last character is one
    odd |= words & (blank * np.uint64(15))
    odd |= (digit << np.uint64(8)) & blank
    odd |= blank >> np.uint64(56)
    value = filled & _LOW
    value = (value * np.uint64(2561)) >> np.uint64(8)
    value = ((value & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    value = ((value & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32)
    return value, odd != 0


def _floats(records: npt.NDArray[np.uint8], count: int) -> Decoded:
    values = np.empty(count)
    result = Decoded(values)
    text = records.tobytes()
    for at in range(count):
        cell = text[16 * at : 16 * at + 16]
        token = cell.strip()
        if not _FLOAT.fullmatch(token):
            (result.stars if b"*" in token else result.bad).append(at)
            values[at] = np.nan
            continue
        try:
            values[at] = float(token)
        except ValueError:  # D for the exponent, or no letter at all where it has three digits
            token = token.replace(b"D", b"E").replace(b"d", b"E")
            values[at] = float(token if b"E" in token.upper() else _EXPONENT.sub(rb"E\1", token))
    return result
