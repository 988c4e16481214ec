"""Values made to fit: whole numbers as integers, integers as floats, and leading dimensions of one taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nxconvert.arrays import Array, LazyArray

#: Beyond the first float64 does not hold every integer; it is an integer, so that integers are compared as integers.
#: No float64 from the second on fits int64.
_EXACT = 2**53
_INT64 = 2.0**63


class _Converted(LazyArray):
    """A lazy array whose blocks are converted on the way."""

    def __init__(
        self, source: LazyArray, shape: tuple[int, ...], dtype: Any, convert: Callable[[Array], Array]
    ) -> None:
        self.source = source
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._convert = convert

    def blocks(self) -> Iterator[Array]:
        """Give the source's blocks, converted."""
        for block in self.source.blocks():
            yield self._convert(block)


def is_whole(value: Any) -> bool:
    """Tell whether all numbers are whole and fit int64, so that they can be written as integers."""
    return all(
        bool(np.all((block == np.floor(block)) & (block >= -_INT64) & (block < _INT64))) for block in _blocks(value)
    )


def is_exact(value: Any) -> bool:
    """Tell whether float64 holds all the integers without a change."""
    return all(bool(np.all((block <= _EXACT) & (block >= -_EXACT))) for block in _blocks(value))


def to_int(value: Any) -> Any:
    """Give whole numbers as int64."""
    return _cast(value, np.int64)


def to_float(value: Any) -> Any:
    """Give integers as float64."""
    return _cast(value, np.float64)


def each_block(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give a function that calculates in float64, of an array in its file block by block."""

    def calculate(value: Any) -> Any:
        if isinstance(value, LazyArray):
            return _Converted(value, value.shape, np.float64, lambda block: convert(block.astype(np.float64)))
        return convert(np.asarray(value, np.float64)[()])

    return calculate


def _cast(value: Any, dtype: type[np.generic]) -> Any:
    if isinstance(value, LazyArray):
        return _Converted(value, value.shape, dtype, lambda block: block.astype(dtype))
    return np.asarray(value).astype(dtype)[()]


def drop_leading(count: int) -> Callable[[Any], Any]:
    """Give a function that takes away the first *count* dimensions, which have the length 1."""

    def convert(value: Any) -> Any:
        shape = value.shape[count:]
        if isinstance(value, LazyArray):
            if not shape:
                return next(block for block in value.blocks() if block.size).reshape(())[()]
            # the one row may come as an empty block and a full one: the row itself is what counts
            return _Converted(value, shape, value.dtype, lambda block: block.reshape((-1, *shape[1:])))
        return value.reshape(shape)[()]

    return convert


def pick(index: int) -> Callable[[Any], Any]:
    """Give a function that takes one element along the first dimension; of an array in its file, only that is kept."""

    def convert(value: Any) -> Any:
        start = 0
        for block in _blocks(value):
            if index < start + block.shape[0]:
                return block[index - start].copy()
            start += block.shape[0]
        raise IndexError(index)

    return convert


def _blocks(value: Any) -> Iterator[Array]:
    if isinstance(value, LazyArray):
        yield from value.blocks()
    else:
        yield np.asarray(value)
