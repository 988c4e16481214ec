"""Large datasets: blocks in, whole chunks out, compressed in threads within a bounded window."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from h5py import h5s

from nxconvert.arrays import Array
from nxconvert.writer.filters import Compression, make_pool
from nxconvert.writer.values import file_type

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

#: Bytes of values that may wait for their compression or for their turn to be written.
WINDOW = 32 * 1024 * 1024
#: Bytes that are compressed sooner than a thread is there to do it.
FEW = 64 * 1024

#: A compressed chunk and its place in the dataset.
Encoded = tuple[tuple[int, ...], bytes]


class ChunkQueue:
    """Does work in threads and writes the results in the order in which it came, so that files are the same."""

    def __init__(self) -> None:
        # threads are started for more than a few bytes only: most files of small scans have no more
        self._pool: ThreadPoolExecutor | None = None
        #: how a result is written, where it comes from, and the bytes that it is made of
        self._waiting: deque[tuple[Callable[[Any], None], Future[Any] | Callable[[], Any], int]] = deque()
        self._bytes = 0

    def start(self, work: Callable[[], Any]) -> Future[Any]:
        """Do work in a thread; later work may wait for it."""
        if self._pool is None:
            self._pool = make_pool()
        return self._pool.submit(work)

    def put(self, work: Callable[[], Any], write: Callable[[Any], None], size: int) -> None:
        """Do work on *size* bytes in a thread and write its result in turn; may write earlier ones before.

        Work on a few bytes waits for its turn where no thread runs yet.
        """
        few = self._pool is None and self._bytes + size <= FEW
        self._waiting.append((write, work if few else self.start(work), size))
        self._bytes += size
        # when a chunk is written must not depend on how fast it was compressed: that would move bytes in the file
        while self._bytes > WINDOW:
            self._write_first()

    def _write_first(self) -> None:
        write, work, size = self._waiting.popleft()
        self._bytes -= size
        write(work() if callable(work) else work.result())

    def drain(self) -> None:
        """Write what still waits."""
        while self._waiting:
            self._write_first()

    def discard(self) -> None:
        """Forget what waits, after an error."""
        for _write, work, _size in self._waiting:
            if not callable(work):
                work.cancel()
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
        origin = (self._row, *([0] * (slab.ndim - 1)))
        if self._how.encode is None:
            write_slab(self._dataset, origin, slab)
        else:
            write = partial(write_chunks, self._dataset)
            for offset, chunk in cut(slab, self._chunks, origin):
                # a part of the slab must not keep the whole of it alive
                own = np.ascontiguousarray(chunk)
                self._queue.put(partial(_encode_one, self._how, offset, own), write, chunk.nbytes)
        self._row += len(slab)


def _encode_one(how: Compression, offset: tuple[int, ...], chunk: Array) -> list[Encoded]:
    assert how.encode is not None
    return [(offset, how.encode(chunk))]


def write_chunks(dataset: Any, chunks: list[Encoded]) -> None:
    """Write compressed chunks as they are."""
    for offset, data in chunks:
        dataset.write_direct_chunk(offset, data, 0)


def write_slab(dataset: Any, origin: tuple[int, ...], slab: Array) -> None:
    """Write values at *origin*; HDF5 compresses them where the dataset is so declared."""
    where = dataset.get_space()
    where.select_hyperslab(origin, slab.shape)
    slab = np.ascontiguousarray(slab)
    dataset.write(h5s.create_simple(slab.shape), where, slab, file_type(slab.dtype))


def cut(slab: Array, chunks: tuple[int, ...], origin: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Cut a slab, which lies at *origin*, into whole chunks; what is missing of one at the edge is padded with 0."""
    for start in itertools.product(*map(range, itertools.repeat(0), slab.shape, chunks)):
        part = slab[tuple(slice(first, first + size) for first, size in zip(start, chunks, strict=True))]
        if part.shape != chunks:
            whole = np.zeros(chunks, slab.dtype)
            whole[tuple(slice(0, length) for length in part.shape)] = part
            part = whole
        offset = tuple(first + step for first, step in zip(origin, start, strict=True))
        yield offset, part
