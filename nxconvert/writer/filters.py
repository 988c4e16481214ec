"""Compression of chunks: in threads outside HDF5 for deflate, by HDF5's own plug-ins for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from h5py import h5p, h5z

from nxconvert.arrays import Array
from nxconvert.errors import RequestError, near_names
from nxconvert.resources import threads

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

#: ISA-L's level 1: as small as zlib's level 4 on shuffled counts and 15 times as fast (1.3 GB/s on one core).
DEFLATE_LEVEL = 1


class Compression(NamedTuple):
    """A way to compress chunks: how to declare it to HDF5, and how to do it outside HDF5 where that is faster."""

    name: str
    declare: Callable[[Any, int], None] | None
    encode: Callable[[Array], bytes] | None


def shuffle_width(dtype: np.dtype[Any]) -> int:
    """Give the width by which values are shuffled: that of a number; text packs better as it is."""
    return 1 if dtype.kind == "S" else dtype.itemsize


def _declare_gzip(plist: Any, itemsize: int) -> None:
    if itemsize > 1:
        plist.set_shuffle()
    plist.set_deflate(DEFLATE_LEVEL)


def encode_gzip(chunk: Array) -> bytes:
    """Shuffle and deflate one whole chunk into the bytes that HDF5's own filters would decode."""
    from isal import isal_zlib

    compressed: bytes = isal_zlib.compress(_shuffled(chunk), DEFLATE_LEVEL)
    return compressed


def _shuffled(chunk: Array) -> Array:
    """Give the first bytes of all values, then the second ones and so on; values in C order."""
    width = shuffle_width(chunk.dtype)
    if width == 2:  # by far the most images: twice as fast as below, and without a copy of what lies apart
        words = chunk.view("<u2")
        planes = np.empty((2, *chunk.shape), np.uint8)
        np.copyto(planes[0], words, casting="unsafe")
        np.copyto(planes[1], words >> np.uint16(8), casting="unsafe")
        return planes
    data = np.ascontiguousarray(chunk).reshape(-1).view(np.uint8)
    return data if width == 1 else np.ascontiguousarray(data.reshape(-1, width).T)


def _declare_lzf(plist: Any, itemsize: int) -> None:
    if itemsize > 1:
        plist.set_shuffle()
    plist.set_filter(h5z.FILTER_LZF, h5z.FLAG_OPTIONAL)


def _declare_plugin(make: str, **options: Any) -> Callable[[Any, int], None]:
    def declare(plist: Any, itemsize: int) -> None:  # noqa: ARG001 - one signature for all
        import hdf5plugin

        filters = getattr(hdf5plugin, make)(**options)
        plist.set_filter(filters["compression"], h5z.FLAG_OPTIONAL, filters["compression_opts"])

    return declare


COMPRESSIONS: dict[str, Compression] = {
    "none": Compression("none", None, None),
    "gzip": Compression("gzip", _declare_gzip, encode_gzip),
    "lzf": Compression("lzf", _declare_lzf, None),
    "bitshuffle": Compression("bitshuffle", _declare_plugin("Bitshuffle"), None),
    "blosc2": Compression("blosc2", _declare_plugin("Blosc2", cname="zstd", clevel=3), None),
    "zstd": Compression("zstd", _declare_plugin("Zstd"), None),
}


def compression(name: str) -> Compression:
    """Give the compression called *name*; RequestError with near names when there is none."""
    try:
        return COMPRESSIONS[name]
    except KeyError:
        raise RequestError.at("--compression", f"'{name}' is not known", hint=near_names(name, COMPRESSIONS)) from None


class Storage(NamedTuple):
    """How the arrays of a file are stored, as the user asked.

    ``access`` as in `layout.decide`; ``chunks``: those of stacks of frames; ``link``: whether stacks of frames stay
    in their files, to which the output refers by ``absolute`` or ``relative`` paths; empty: they are copied.
    """

    compression: Compression
    access: str = "frames"
    chunks: tuple[int, ...] | None = None
    link: str = ""

    @property
    def compressed(self) -> bool:
        """Whether large arrays are compressed."""
        return self.compression.declare is not None


def chunk_properties(chunks: tuple[int, ...], how: Compression, dtype: np.dtype[Any]) -> Any:
    """Make the creation properties of a chunked dataset: no times, no fill, the filters declared."""
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    plist.set_chunk(chunks)
    if how.declare is not None:
        how.declare(plist, shuffle_width(dtype))
    return plist


def make_pool() -> ThreadPoolExecutor:
    """Make the threads that compress: as many as there are processors for this process, at most eight."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max_workers=threads(8), thread_name_prefix="nxconvert-deflate")
