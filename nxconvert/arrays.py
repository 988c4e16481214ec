"""Arrays that stay in their file: shape and dtype first, blocks when asked, nothing kept."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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


class Location(NamedTuple):
    """Where the values of one frame lie as they are: path of the file, first byte and number of bytes."""

    path: str
    offset: int
    length: int


class FrameArray(LazyArray):
    """Frames (images, or blocks of spectra) that lie one by one in files and are read in any order, each whole.

    ``shape`` is that of the stack, such as ``(rows, columns, y, x)``, and ends with ``frame_shape``; frames are
    counted from 0 in C order of the outer axes. ``dtype`` is little-endian, ``stored`` the type as it lies in the
    files. Several threads may read at once.
    """

    frame_shape: tuple[int, ...]
    #: type of the values in the files, with their byte order
    stored: np.dtype[Any]
    #: stands for a frame that is missing; None where none is
    fill_value: Any = None

    @property
    def frames(self) -> int:
        """Number of frames."""
        return math.prod(self.shape[: self.ndim - len(self.frame_shape)])

    @abstractmethod
    def frame(self, index: int) -> Array | None:
        """Read one frame, of ``frame_shape`` and ``dtype``; None where it is missing, ReadError where it is damaged."""

    def several(self, first: int, count: int) -> Array | None:  # noqa: ARG002 - for those who can
        """Read two or more consecutive frames at once, of ``stored`` type, where that costs less; None where not."""
        return None

    @abstractmethod
    def location(self, index: int) -> Location | None:
        """Tell where a frame lies uncompressed and in one piece, None where it does not or is missing."""

    def blocks(self) -> Iterator[Array]:
        """Give one step of the first axis at a time, missing frames filled."""
        steps = self.shape[0]
        each = self.frames // steps if steps else 0
        for step in range(steps):
            block = np.empty((each, *self.frame_shape), self.dtype)
            for place in range(each):
                frame = self.frame(step * each + place)
                block[place] = self.fill_value if frame is None else frame
            yield block.reshape(1, *self.shape[1:])


def load(value: Array | LazyArray) -> Array:
    """Give all values of *value* in memory; for small arrays and for tests."""
    if isinstance(value, LazyArray):
        parts = list(value.blocks())
        return np.concatenate(parts) if parts else np.empty(value.shape, value.dtype)
    return value
