"""Chunks taken out of the file as they lie there, and inflated here in half the time that HDF5 takes for it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from h5py import h5d, h5z

from nxconvert.arrays import Array
from nxconvert.readers.nexus.files import DAMAGE

#: bytes of a chunk, below which the way through Python costs more, and above which it would take too much memory
_SMALLEST, _LARGEST = 1 << 14, 1 << 24
#: the filters that can be undone here, in the order in which they were applied
_CHAINS = ([h5z.FILTER_DEFLATE], [h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE])


class Chunks:
    """The chunks of a dataset that divide its first axis only."""

    def __init__(self, made: Any, chunk: tuple[int, ...], dtype: np.dtype[Any], shuffled: bool) -> None:
        self._id, self._chunk, self._dtype, self._shuffled = made, chunk, dtype, shuffled
        self._size = math.prod(chunk) * dtype.itemsize
        #: steps of the first axis in each chunk
        self.steps = chunk[0]

    def read(self, start: int) -> Array | None:
        """Give the chunk that begins at *start*, as long as all chunks; None where HDF5 has to read it, or to fail.

        OSError where it has too few values, which HDF5 would not say: it gives what happens to be in memory.
        """
        from isal import isal_zlib

        try:
            skipped, stored = self._id.read_direct_chunk((start, *[0] * (len(self._chunk) - 1)))
        except DAMAGE:  # it was never written, or it cannot be found
            return None
        if skipped:  # filters were left out
            return None
        inflate = isal_zlib.decompressobj()
        try:
            data = inflate.decompress(stored, self._size + 1)
        except isal_zlib.error:  # type: ignore[misc]  # its stubs take the class for one of its objects
            return None
        if inflate.eof and len(data) < self._size:
            raise OSError(f"the chunk at {start} has {len(data)} of {self._size} bytes")
        if len(data) != self._size or not inflate.eof:
            return None
        values = _unshuffled(data, self._dtype.itemsize) if self._shuffled else data
        return np.frombuffer(values, self._dtype).reshape(self._chunk)


def find_chunks(made: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Chunks | None:
    """Give the chunks of a dataset with values of *dtype*, as they are stored; None where HDF5 is to read them."""
    plist = made.get_create_plist()
    if plist.get_layout() != h5d.CHUNKED or dtype.kind not in "iuf" or dtype.metadata is not None:
        return None
    chunk = plist.get_chunk()
    if chunk[1:] != shape[1:] or not _SMALLEST <= math.prod(chunk) * dtype.itemsize <= _LARGEST:
        return None
    filters = [plist.get_filter(index) for index in range(plist.get_nfilters())]
    codes = [code for code, *_ in filters]
    shuffled = codes[:1] == [h5z.FILTER_SHUFFLE] and dtype.itemsize > 1
    if codes not in _CHAINS or (codes[:1] == [h5z.FILTER_SHUFFLE] and filters[0][2][:1] != (dtype.itemsize,)):
        return None
    return Chunks(made, chunk, dtype, shuffled)


def _unshuffled(data: bytes, width: int) -> Array:
    """Put the bytes of each value side by side again: first come the first ones of all values, then the second ones."""
    planes = np.frombuffer(data, np.uint8).reshape(width, -1)
    values = np.empty((planes.shape[1], width), np.uint8)
    for place in range(width):
        values[:, place] = planes[place]
    return values.reshape(-1)
