"""Stacks of frames: read, shuffled and compressed by several threads at once, written in order, in bounded memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nxconvert.arrays import Array, FrameArray
from nxconvert.errors import ReadError
from nxconvert.writer.chunks import ChunkQueue, Encoded, cut, write_chunks, write_slab
from nxconvert.writer.filters import Compression
from nxconvert.writer.layout import CHUNK_LIMIT, fill, split

if TYPE_CHECKING:
    from concurrent.futures import Future

#: Frames of one chunk up to this size are read and compressed by one thread; more are shared between all.
ONE_THREAD = 4 * 1024 * 1024
#: Bytes of frames that a thread reads at once.
BATCH = 2 * 1024 * 1024

#: called with the bytes of a stack that are done, and all its bytes
Tick = Callable[[int, int], None]


def write_frames(
    dataset: Any,
    array: FrameArray,
    chunks: tuple[int, ...] | None,
    how: Compression,
    queue: ChunkQueue,
    tick: Tick | None = None,
) -> None:
    """Put all frames into the queue, which writes them into a dataset of these chunks (None: contiguous).

    Their files must stay open until the queue is drained. Memory: what waits in the queue, and twice the frames that
    one chunk reaches through. ReadError where a frame cannot be read.
    """
    outer, frame = split(array.shape, len(array.frame_shape))
    size = math.prod(frame) * array.dtype.itemsize
    steps = fill(outer, max(1, CHUNK_LIMIT // max(1, size))) if chunks is None else chunks[: len(outer)]
    numbers = np.arange(array.frames).reshape(outer)
    done = 0
    for start in itertools.product(*map(range, itertools.repeat(0), outer, steps)):
        block = numbers[tuple(slice(first, first + step) for first, step in zip(start, steps, strict=True))]
        slab = _Slab(array, block, (*start, *(0 for _ in frame)))
        height = frame[0]
        if block.size * size > ONE_THREAD:
            slab.share(queue)
            height = frame[0] if chunks is None else chunks[len(outer)]
        if chunks is None or how.encode is None:
            queue.put(slab.load, partial(write_slab, dataset, slab.origin), block.size * size)
        else:
            for row in range(0, frame[0], height):
                rows = min(height, frame[0] - row)
                work = partial(_encode, slab, slice(row, row + rows), chunks, how)
                queue.put(work, partial(write_chunks, dataset), block.size * size * rows // frame[0])
        done += block.size * size
        if tick is not None:
            tick(done, array.nbytes)


class _Slab:
    """The frames that a row of chunks reaches through: loaded by who needs them, or by several threads beforehand."""

    def __init__(self, array: FrameArray, block: Array, origin: tuple[int, ...]) -> None:
        self._array = array
        self._numbers = block.reshape(-1)
        self._shape = (*block.shape, *array.frame_shape)
        self._readers: list[Future[Any]] = []
        self._shared: Array | None = None
        self.axes = block.ndim
        self.origin = origin

    def share(self, queue: ChunkQueue) -> None:
        """Have the frames read by several threads; work that is put later may wait for them."""
        count = self._numbers.size
        if count == 1:
            self._readers = [queue.start(self._load)]
            return
        self._shared = np.empty(self._shape, self._array.dtype)
        flat = self._shared.reshape(count, *self._array.frame_shape)
        many = max(1, BATCH * count // self._shared.nbytes)
        for first in range(0, count, many):
            some = slice(first, first + many)
            self._readers.append(queue.start(partial(_read, self._array, self._numbers[some], flat[some])))

    def load(self) -> Array:
        """Give the frames, in the shape of the block and of one frame."""
        if not self._readers:
            return self._load()
        results = [reader.result() for reader in self._readers]
        return results[0] if self._shared is None else self._shared

    def _load(self) -> Array:
        if self._numbers.size == 1:  # spare the copy
            return _frame(self._array, int(self._numbers[0])).reshape(self._shape)
        found = _several(self._array, self._numbers)
        if found is not None:
            return found.reshape(self._shape)
        values = np.empty(self._shape, self._array.dtype)
        _read(self._array, self._numbers, values.reshape(self._numbers.size, *self._array.frame_shape))
        return values


def _several(array: FrameArray, numbers: Array) -> Array | None:
    """Give frames at once, None where they must be read one by one; what is wrong with one shows when it is read."""
    first, count = int(numbers[0]), len(numbers)
    if count < 2 or numbers[-1] - first != count - 1:
        return None
    try:
        found = array.several(first, count)
    except (OSError, ReadError):
        return None
    # the byte order alone may differ
    return None if found is None else found.astype(array.dtype, casting="equiv", copy=False)


def _read(array: FrameArray, numbers: Array, into: Array) -> None:
    found = _several(array, numbers)
    if found is not None:
        into[...] = found
        return
    for place, number in zip(into, numbers, strict=True):
        place[...] = _frame(array, int(number))


def _frame(array: FrameArray, number: int) -> Array:
    try:
        frame = array.frame(number)
    except OSError as error:
        where = array.location(number)
        text = f"frame {number} cannot be read: {error.strerror or error}"
        raise ReadError.at("the stack" if where is None else where.path, text) from error
    if frame is None:
        return np.full(array.frame_shape, array.fill_value, array.dtype)
    if frame.shape != array.frame_shape:
        raise ValueError(f"frame {number} has shape {frame.shape}, not {array.frame_shape}")
    # the byte order alone may differ
    return frame.astype(array.dtype, casting="equiv", copy=False)


def _encode(slab: _Slab, rows: slice, chunks: tuple[int, ...], how: Compression) -> list[Encoded]:
    """Compress the chunks that hold these rows of the frames; *rows* begins where a chunk does."""
    assert how.encode is not None
    part = slab.load()[(slice(None),) * slab.axes + (rows,)]
    origin = (*slab.origin[: slab.axes], rows.start, *slab.origin[slab.axes + 1 :])
    return [(offset, how.encode(chunk)) for offset, chunk in cut(part, chunks, origin)]
