"""Large datasets: blocks in, whole chunks out, compressed in threads within a bounded window."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from h5py import h5s

from nxconvert.arrays import Array
from nxconvert.writer.filters import Compression, make_pool
from nxconvert.writer.values import file_type

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

#: Bytes of chunks that may wait for their compression or for their turn to be written.
WINDOW = 32 * 1024 * 1024


class ChunkQueue:
    """Compresses chunks in threads and writes them in the order in which they came, so that files are the same."""

    def __init__(self) -> None:
        # threads are started for the first chunk only: most files of small scans have none
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[Any, tuple[int, ...], Future[bytes], int]] = deque()
        self._bytes = 0

    def put(self, dataset: Any, offset: tuple[int, ...], chunk: Array, how: Compression) -> None:
        """Take one whole chunk; may write earlier ones when the window is full."""
        assert how.encode is not None
        if self._pool is None:
            self._pool = make_pool()
        self._waiting.append((dataset, offset, self._pool.submit(how.encode, chunk), chunk.nbytes))
        self._bytes += chunk.nbytes
        # when a chunk is written must not depend on how fast it was compressed: that would move bytes in the file
        while self._bytes > WINDOW:
            self._write_first()

    def _write_first(self) -> None:
        dataset, offset, future, size = self._waiting.popleft()
        self._bytes -= size
        dataset.write_direct_chunk(offset, future.result(), 0)

    def drain(self) -> None:
        """Write what still waits."""
        while self._waiting:
            self._write_first()

    def discard(self) -> None:
        """Forget what waits, after an error."""
        self._waiting.clear()
        self._bytes = 0

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


class ChunkWriter:
    """Fills one chunked dataset from consecutive blocks along its first axis."""

    def __init__(
        self, dataset: Any, shape: tuple[int, ...], chunks: tuple[int, ...], how: Compression, queue: ChunkQueue
    ) -> None:
        self._dataset = dataset
        self._shape = shape
        self._chunks = chunks
        self._how = how
        self._queue = queue
        self._held: list[Array] = []
        self._held_rows = 0
        self._row = 0

    def feed(self, block: Array) -> None:
        """Take the next block; its first axis continues where the last block ended."""
        height = self._chunks[0]
        while len(block):
            take = min(len(block), height - self._held_rows)
            piece, block = block[:take], block[take:]
            self._held_rows += take
            if self._held_rows < height:
                # what waits for the next block must not keep the whole of this one alive
                self._held.append(piece.copy())
            else:
                self._held.append(piece)
                self._flush()

    def finish(self) -> None:
        """Write the last, partly filled chunks; ValueError when the blocks did not add up to the shape."""
        if self._held_rows:
            self._flush()
        if self._row != self._shape[0]:
            raise ValueError(f"{self._row} of {self._shape[0]} rows were given")

    def _flush(self) -> None:
        slab = self._held[0] if len(self._held) == 1 else np.concatenate(self._held)
        self._held = []
        self._held_rows = 0
        if self._how.encode is None:
            self._write_slab(slab)
        else:
            for offset, chunk in cut(slab, self._chunks, self._row):
                self._queue.put(self._dataset, offset, chunk, self._how)
        self._row += len(slab)

    def _write_slab(self, slab: Array) -> None:
        where = self._dataset.get_space()
        where.select_hyperslab((self._row, *([0] * (slab.ndim - 1))), slab.shape)
        slab = np.ascontiguousarray(slab)
        self._dataset.write(h5s.create_simple(slab.shape), where, slab, file_type(slab.dtype))


def cut(slab: Array, chunks: tuple[int, ...], row: int) -> Iterable[tuple[tuple[int, ...], Array]]:
    """Cut a slab of at most ``chunks[0]`` rows, which begins at *row*, into whole chunks; the rest is padded with 0."""
    inner = [range(0, length, size) for length, size in zip(slab.shape[1:], chunks[1:], strict=True)]
    for start in itertools.product(*inner):
        index = (slice(None), *(slice(first, first + size) for first, size in zip(start, chunks[1:], strict=True)))
        part = slab[index]
        if part.shape != chunks:
            whole = np.zeros(chunks, slab.dtype)
            whole[tuple(slice(0, length) for length in part.shape)] = part
            part = whole
        yield (row, *start), np.ascontiguousarray(part)
