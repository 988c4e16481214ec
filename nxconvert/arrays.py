"""Arrays that stay in their file: shape and dtype first, blocks when asked, nothing kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class LazyArray(ABC):
    """An array whose values are read in blocks along its first axis; shape and dtype are known before."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Size of the values in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @abstractmethod
    def blocks(self) -> Iterator[Array]:
        """Give the values as consecutive blocks along the first axis, each of bounded size.

        The blocks' lengths along the first axis add up to ``shape[0]``; every call starts from the beginning.
        """


class Table(ABC):
    """Several arrays that lie interleaved in one source, so that one pass gives a block of each of them."""

    #: shape and dtype of each array, by key
    layout: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]

    @abstractmethod
    def blocks(self) -> Iterator[dict[str, Array]]:
        """Give consecutive blocks along the first axis, for every key of ``layout``; a block may be empty."""

    def array(self, key: str) -> TableArray:
        """Give the array called *key*; KeyError when there is none."""
        shape, dtype = self.layout[key]
        return TableArray(self, key, shape, dtype)


class TableArray(LazyArray):
    """One array of a table; a writer takes all arrays of a table in one pass over ``table.blocks()``."""

    def __init__(self, table: Table, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.table = table
        self.key = key
        self.shape = shape
        self.dtype = dtype

    def blocks(self) -> Iterator[Array]:
        """Give this array's blocks out of the table's."""
        for block in self.table.blocks():
            yield block[self.key]


def load(value: Array | LazyArray) -> Array:
    """Give all values of *value* in memory; for small arrays and for tests."""
    if isinstance(value, LazyArray):
        parts = list(value.blocks())
        return np.concatenate(parts) if parts else np.empty(value.shape, value.dtype)
    return value
