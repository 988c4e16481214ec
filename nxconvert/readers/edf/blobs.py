"""Pixels out of the bytes of one frame: compression inside the block, numbers of 128 bits, byte order."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import numpy as np

from nxconvert.arrays import Array
from nxconvert.errors import Place, ReadError
from nxconvert.streams import BOMB_RATIO, BOMB_SIZE

if TYPE_CHECKING:
    from nxconvert.readers.edf.structure import Kind

#: part of the value of ``Compression`` in lower case, and the method that it means; the first one that is found counts
METHODS = (
    ("offset", "offset"),
    ("uncompressed", ""),
    ("none", ""),
    ("no", ""),
    ("gz", "gzip"),
    ("bz", "bzip2"),
    ("z", "zlib"),
)
_MAGIC = {"gzip": (b"\x1f\x8b",), "bzip2": (b"BZh",), "zlib": (b"\x78", b"\x58", b"\x48", b"\x38", b"\x28", b"\x18")}


def is_compressed(head: bytes, method: str) -> bool:
    """Tell whether data that begin with *head* can be of this compression; some files say so and are not."""
    return head.startswith(_MAGIC.get(method, b""))


def can_hold(length: int, kind: Kind) -> bool:
    """Tell whether so many compressed bytes can become the pixels of a frame, before any memory is asked for."""
    if kind.compression == "offset":
        return math.prod(kind.shape) <= length
    if kind.compression == "bzip2":
        return kind.nbytes <= max(BOMB_SIZE, BOMB_RATIO * length)
    return kind.nbytes <= 1032 * length  # a bit of deflated data gives 129 bytes at most


def pixels(data: bytes | memoryview, kind: Kind, place: Place) -> Array:
    """Give the pixels of a frame, of ``kind.shape`` and ``kind.dtype``; ReadError where the data do not hold them."""
    if kind.compression:
        data = _decompress(data, kind, place)
    if len(data) < kind.nbytes:
        raise ReadError.at(place, f"the data of the frame have {len(data)} bytes", f"{kind.nbytes} expected")
    if kind.stored.kind == "c":
        return _quadruple(data, kind).reshape(kind.shape)
    array = np.frombuffer(data, kind.stored, math.prod(kind.shape)).reshape(kind.shape)
    return array if array.dtype == kind.dtype else array.astype(kind.dtype)


def _decompress(data: bytes | memoryview, kind: Kind, place: Place) -> bytes:
    limit = kind.nbytes + 1
    try:
        if kind.compression == "offset":
            return _byte_offset(data, kind)
        if kind.compression == "bzip2":
            import bz2

            result = bz2.BZ2Decompressor().decompress(data, limit)
        else:
            result = zlib.decompressobj(31 if kind.compression == "gzip" else 15).decompress(data, limit)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise ReadError.at(
            place, f"the {kind.compression} data of the frame are damaged ({error})", "intact data expected"
        ) from error
    if len(result) != kind.nbytes:
        more = "more than " if len(result) == limit else ""
        found = f"the {kind.compression} data of the frame hold {more}{min(len(result), kind.nbytes)} bytes"
        raise ReadError.at(place, found, f"{kind.nbytes} expected")
    return result


def _byte_offset(data: bytes | memoryview, kind: Kind) -> bytes:
    from fabio.compression import decByteOffset

    array = decByteOffset(bytes(data), math.prod(kind.shape), kind.stored.newbyteorder("="))
    return bytes(np.asarray(array).astype(kind.stored).tobytes())


def _quadruple(data: bytes | memoryview, kind: Kind) -> Array:
    """Round numbers of 128 bits to float64: those of IEEE 754, and those of x86 with 80 bits and bytes of 0 behind."""
    high_first = kind.stored.newbyteorder("<") != kind.stored
    words = np.frombuffer(data, ">u8" if high_first else "<u8", 2 * math.prod(kind.shape)).reshape(-1, 2)
    low, high = (words[:, 1], words[:, 0]) if high_first else (words[:, 0], words[:, 1])
    low, high = low.astype("u8"), high.astype("u8")
    if not (high >> np.uint64(16)).any():
        sign, exponent = high >> np.uint64(15) & np.uint64(1), high & np.uint64(0x7FFF)
        mantissa = low
    else:
        sign, exponent = high >> np.uint64(63), high >> np.uint64(48) & np.uint64(0x7FFF)
        # 64 of the 113 bits, and whether any of the others is set, which decides a tie when they are rounded
        mantissa = (high & np.uint64(0xFFFFFFFFFFFF)) << np.uint64(15) | low >> np.uint64(49)
        mantissa |= np.where(exponent > 0, np.uint64(1 << 63), np.uint64(0))
        mantissa |= (low & np.uint64((1 << 49) - 1) != 0).astype("u8")
    with np.errstate(over="ignore", under="ignore"):
        result = np.ldexp(mantissa.astype(np.float64), exponent.astype(np.int64) - 16383 - 63)
    special = exponent == 0x7FFF
    fraction = mantissa & np.uint64((1 << 63) - 1)
    result[special] = np.where(fraction[special] != 0, np.nan, np.inf)
    signed: Array = np.where(sign == 1, -result, result).astype("<f8")
    return signed
