"""Arrays to number text: whole blocks at once, each number the shortest text that reads back to the same one.

The inverse of ``numtext``. orjson writes floats at some 25 ns and integers at some 10 ns each, all of a block in one
list; columns of integers and of floats are a list of Python's numbers before, row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

_NUMPY = orjson.OPT_SERIALIZE_NUMPY


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
    if not _finite(block):
        text = _words(text, block)
    return text.replace(b",", separator).split(b"]" + separator + b"[")


def column_text(columns: Sequence[npt.NDArray[Any]], separator: bytes = b" ", form: str = "") -> bytes:
    """Give the rows of equally long columns, each line with its end; each column keeps its type."""
    if not columns or not len(columns[0]):
        return b""
    types = {_native(column.dtype) for column in columns}
    if form or len(separator) != 1:
        return b"\n".join([*_joined(columns, separator, form), b""])
    if len(types) == 1:
        text = orjson.dumps(np.stack(columns, axis=1).astype(types.pop(), copy=False).reshape(-1), option=_NUMPY)
    else:
        cells: list[Any] = [None] * (len(columns) * len(columns[0]))
        for at, column in enumerate(columns):
            cells[at :: len(columns)] = column.astype(_native(column.dtype), copy=False).tolist()
        text = orjson.dumps(cells)
    if not all(map(_finite, columns)):
        text = _words(text, np.stack(columns, axis=1))
    signs = np.frombuffer(text, np.uint8)[1:].copy()  # what opens the list is gone; what closes it ends the last row
    ends = np.append(np.flatnonzero(signs[:-1] == ord(",")), len(signs) - 1)
    signs[ends] = separator[0]
    signs[ends[len(columns) - 1 :: len(columns)]] = ord("\n")
    return signs.tobytes()


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


def number_text(value: float | int) -> str:
    """Give one number as its shortest text; a whole float without a point (``3``, ``-0``), nan and inf as words."""
    text = matrix_lines(np.array([[value]]))[0].decode()
    return text.removesuffix(".0")


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Give the type that is written: float64, uint64 where that is needed, else int64."""
    if dtype.kind == "f":
        return np.dtype(np.float64)
    return np.dtype(np.uint64 if dtype.kind == "u" and dtype.itemsize == 8 else np.int64)


def _finite(block: npt.NDArray[Any]) -> bool:
    """Tell whether all numbers are, of which JSON has no others."""
    return block.dtype.kind != "f" or bool(np.isfinite(block).all())


def _words(text: bytes, block: npt.NDArray[Any]) -> bytes:
    """Put nan, inf and -inf where JSON has null for all of them."""
    odd = block[~np.isfinite(block)]
    if np.isnan(odd).all():
        return text.replace(b"null", b"nan")
    parts = text.split(b"null")
    words = [str(value).encode() for value in odd.tolist()]
    return b"".join(piece for pair in zip(parts, [*words, b""], strict=True) for piece in pair)
