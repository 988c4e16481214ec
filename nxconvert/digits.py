"""Arrays to number text: whole blocks at once, each number the shortest text that reads back to the same one.

The inverse of ``numtext``. orjson writes a block of floats at some 40 ns per number; columns of integers and of floats
are written in runs of one type and then joined line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

_NUMPY = orjson.OPT_SERIALIZE_NUMPY
#: whole numbers up to here are exact in float64, and written without an exponent
_EXACT = 2**53


def matrix_lines(block: npt.NDArray[Any], separator: bytes = b" ", form: str = "") -> list[bytes]:
    """Give a line for each row of a block of numbers, shape (rows, columns), of bool, integers or floats to 64 bits.

    nan, inf and -inf are written as these words. *form* writes the floats by a format such as ``%.6g``.
    """
    block = np.ascontiguousarray(block, _native(block.dtype))
    if not block.size:
        return [b""] * len(block)
    if form and block.dtype == np.float64:
        line = separator.decode().replace("%", "%%").join([form] * block.shape[1])
        return [(line % tuple(row)).encode() for row in block.tolist()]
    text = orjson.dumps(block, option=_NUMPY)[2:-2]
    if block.dtype == np.float64 and b"null" in text:
        text = _words(text, block)
    return text.replace(b",", separator).split(b"]" + separator + b"[")


def column_text(columns: Sequence[npt.NDArray[Any]], separator: bytes = b" ", form: str = "") -> bytes:
    """Give the rows of equally long columns, each line with its end; each column keeps its type."""
    if not columns or not len(columns[0]):
        return b""
    types = {_native(column.dtype) for column in columns}
    if form or len(separator) != 1 or (len(types) > 1 and not all(map(_is_exact, columns))):
        return b"\n".join([*_joined(columns, separator, form), b""])
    whole = [at for at, column in enumerate(columns) if column.dtype.kind != "f"] if len(types) > 1 else []
    dtype = types.pop() if len(types) == 1 else np.dtype(np.float64)
    block = np.ascontiguousarray(np.stack(columns, axis=1), dtype)
    text = orjson.dumps(block.reshape(-1), option=_NUMPY)
    if block.dtype == np.float64 and b"null" in text:
        text = _words(text, block)
    signs = np.frombuffer(text, np.uint8)[1:].copy()  # what opens the list is gone; what closes it ends the last row
    ends = np.append(np.flatnonzero(signs[:-1] == ord(",")), len(signs) - 1)
    signs[ends] = separator[0]
    cells = ends.reshape(-1, len(columns))
    signs[cells[:, -1]] = ord("\n")
    if not whole:
        return signs.tobytes()
    # whole numbers went through as floats: .0 is taken off again, for a tenth of the cost of writing them one by one
    dots = cells[:, whole].reshape(-1)
    signs[dots - 1] = signs[dots - 2] = 0
    return signs.tobytes().translate(None, b"\0")


def column_lines(columns: Sequence[npt.NDArray[Any]], separator: bytes = b" ", form: str = "") -> list[bytes]:
    """Give a line for each row of equally long columns, without its end."""
    return column_text(columns, separator, form).split(b"\n")[:-1]


def _joined(columns: Sequence[npt.NDArray[Any]], separator: bytes, form: str) -> list[bytes]:
    """Give the lines by writing runs of columns of one type."""
    runs = [
        matrix_lines(np.stack(list(run), axis=1), separator, form)
        for _, run in groupby(columns, key=lambda column: _native(column.dtype))
    ]
    return runs[0] if len(runs) == 1 else list(map(separator.join, zip(*runs, strict=True)))


def _is_exact(column: npt.NDArray[Any]) -> bool:
    """Tell whether float64 holds every number of a column."""
    return column.dtype.kind in "fb" or bool(column.max() <= _EXACT and column.min() >= -_EXACT)


def number_text(value: float | int) -> str:
    """Give one number as its shortest text; a whole float without a point (``3``, ``-0``), nan and inf as words."""
    text = matrix_lines(np.array([[value]]))[0].decode()
    return text.removesuffix(".0")


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Give the type that is written: float64, uint64 where that is needed, else int64."""
    if dtype.kind == "f":
        return np.dtype(np.float64)
    return np.dtype(np.uint64 if dtype.kind == "u" and dtype.itemsize == 8 else np.int64)


def _words(text: bytes, block: npt.NDArray[np.float64]) -> bytes:
    """Put nan, inf and -inf where JSON has null for all of them."""
    odd = block[~np.isfinite(block)]
    if np.isnan(odd).all():
        return text.replace(b"null", b"nan")
    parts = text.split(b"null")
    words = [str(value).encode() for value in odd.tolist()]
    return b"".join(piece for pair in zip(parts, [*words, b""], strict=True) for piece in pair)
