"""Large arrays as few values as a picture can show, read block by block in bounded memory.

Of a curve the least and the greatest value of each bin are kept, so that no peak is lost; of an image the mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nxconvert.arrays import Array

#: points of a curve and pixels of one side of an image that a picture shows at most
POINTS, PIXELS = 20_000, 2048
#: bytes that are read at a time, and of a chunk that is read whole
BLOCK, CHUNK = 1 << 24, 1 << 26

#: reads ``[start:stop]`` along one or two dimensions
ReadLine = Callable[[slice], Array]
ReadImage = Callable[[slice, slice], Array]


def curve(read: ReadLine, length: int, itemsize: int = 8) -> tuple[Array, int]:
    """Give the values of a curve, or for a long one the least and the greatest of each bin, one after the other.

    Returns the values and the number of points of a bin: 1 where there are all values. NaN counts only where a bin
    has nothing else.
    """
    if length <= POINTS:
        return real(read(slice(0, length))), 1
    size = -(-2 * length // POINTS)
    bins = -(-length // size)
    result = np.full(2 * bins, np.nan)
    step = max(1, BLOCK // (size * max(itemsize, 8))) * size
    for start in range(0, length, step):
        block = real(read(slice(start, min(start + step, length)))).astype(np.float64)
        edges = np.arange(0, len(block), size)
        first = 2 * (start // size)
        result[first : first + 2 * len(edges) : 2] = np.fmin.reduceat(block, edges)
        result[first + 1 : first + 2 * len(edges) : 2] = np.fmax.reduceat(block, edges)
    return result, size


def axis(read: ReadLine, length: int, size: int) -> Array:
    """Give the values of the axis that belong to a curve of bins: that of the first point of each bin, twice."""
    if size == 1:
        return real(read(slice(0, length)))
    parts = []
    step = max(1, BLOCK // (8 * size)) * size
    for start in range(0, length, step):
        parts.append(real(read(slice(start, min(start + step, length))))[::size])
    return np.repeat(np.concatenate(parts), 2)


def image(read: ReadImage, shape: tuple[int, int], itemsize: int, chunk: tuple[int, int] = (1, 1)) -> Array:
    """Give an image, or the means of its bins where it has more pixels than a picture shows.

    ``chunk``: rows and columns that lie together in the file, which are read together where memory allows it.
    """
    rows, columns = (max(1, -(-length // PIXELS)) for length in shape)
    if rows == columns == 1:
        return real(read(slice(0, shape[0]), slice(0, shape[1])))
    result = np.empty((-(-shape[0] // rows), -(-shape[1] // columns)))
    high, wide = _block(shape, (rows, columns), chunk, itemsize)
    for top in range(0, shape[0], high):
        for left in range(0, shape[1], wide):
            block = real(read(slice(top, min(top + high, shape[0])), slice(left, min(left + wide, shape[1]))))
            part = _means(block, rows, columns)
            at, beside = top // rows, left // columns
            result[at : at + part.shape[0], beside : beside + part.shape[1]] = part
    return result


def every(read: ReadLine, length: int, size: int) -> Array:
    """Give the means of bins of an axis."""
    if size == 1:
        return real(read(slice(0, length)))
    parts = []
    step = max(1, BLOCK // (8 * size)) * size
    for start in range(0, length, step):
        parts.append(_means(real(read(slice(start, min(start + step, length))))[None], 1, size)[0])
    return np.concatenate(parts)


def real(values: Array) -> Array:
    """Give what of values can be drawn: the absolute value of complex ones, 0 and 1 for truth."""
    if values.dtype.kind == "c":
        return np.abs(values)
    return values.astype(np.uint8) if values.dtype.kind == "b" else values


def _block(shape: tuple[int, int], bins: tuple[int, int], chunk: tuple[int, int], itemsize: int) -> tuple[int, int]:
    """Give the rows and columns of a block: whole bins, and whole chunks too where they are not too large."""
    high, wide = (int(np.lcm(size, own)) for size, own in zip(bins, chunk, strict=True))
    if high * wide * itemsize > CHUNK:
        high, wide = bins
    values = BLOCK // itemsize
    wide *= max(1, min(-(-shape[1] // wide), values // (high * wide)))
    high *= max(1, min(-(-shape[0] // high), values // (high * wide)))
    return high, wide


def _means(block: Array, rows: int, columns: int) -> Array:
    """Give the means of bins of rows x columns; those at the lower and right edge may be smaller. NaN is left out."""
    if block.dtype.kind == "f" and np.isnan(block).any():
        there = ~np.isnan(block)
        counts = _sums(there, rows, columns)
        block = np.where(there, block, block.dtype.type(0))
    else:
        counts = np.outer(_lengths(block.shape[0], rows), _lengths(block.shape[1], columns))
    with np.errstate(all="ignore"):  # a bin of NaN only is 0/0, which is NaN; sums may overflow
        means: Array = _sums(block, rows, columns) / counts
    return means


def _lengths(length: int, size: int) -> Array:
    return np.minimum(size, length - np.arange(0, length, size))


def _sums(block: Array, rows: int, columns: int) -> Array:
    """Sum bins, along the longer side of a bin first, so that what is made on the way is small."""
    for dimension, size in sorted(enumerate((rows, columns)), key=lambda item: -item[1]):
        block = np.add.reduceat(block, np.arange(0, block.shape[dimension], size), axis=dimension, dtype=np.float64)
    return block
