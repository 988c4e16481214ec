"""How a dataset lies in the file: decided from its shape, type and dimensions alone, and printable."""

from __future__ import annotations

import math
from typing import NamedTuple

from nxconvert.errors import RequestError

#: Datasets up to this size lie inside their object header: no block of their own, no extra write.
COMPACT_LIMIT = 2048
#: Datasets up to this size are contiguous and unfiltered: a chunk index and a filter cost more than they save.
CONTIGUOUS_LIMIT = 32 * 1024
#: HDF5 before 2.0 caches 1 MiB of chunks for each dataset; a larger chunk is decompressed again for every read.
CHUNK_LIMIT = 1024 * 1024
#: Who follows one pixel decompresses a whole chunk for each step of chunks: small ones cost less than more steps save.
PIXEL_CHUNK_LIMIT = 128 * 1024
#: Bytes of frames that a writer holds at once to fill chunks that reach through several of them.
SLAB_LIMIT = 64 * 1024 * 1024

ACCESS = ("frames", "pixels", "balanced")


class Layout(NamedTuple):
    """The decision: ``compact``, ``contiguous`` or ``chunked`` with the chunk's shape, and why."""

    kind: str
    chunks: tuple[int, ...] | None = None
    reason: str = ""

    def __str__(self) -> str:
        shape = "" if self.chunks is None else " " + "x".join(str(length) for length in self.chunks)
        return f"{self.kind}{shape} ({self.reason})"


def decide(
    shape: tuple[int, ...],
    itemsize: int,
    access: str = "frames",
    *,
    compressed: bool = True,
    inner: int | None = None,
    asked: tuple[int, ...] | None = None,
) -> Layout:
    """Decide how values of *shape* with *itemsize* bytes each are stored.

    ``access`` says how they will be read: ``frames``, one frame at a time; ``pixels``, one position within the frame
    through all of them; ``balanced``, both. ``inner``: how many axes a frame has, all but the first unless told.
    ``asked``: the chunk that the user wants. Chunks of our own have more than one element, and stay below the chunk
    cache of all HDF5 versions; no chunk reaches through more frames than fit into `SLAB_LIMIT`.
    """
    if asked is not None:
        return Layout("chunked", _fit(asked, *split(shape, inner), itemsize), "as asked")
    size = math.prod(shape) * itemsize
    if not shape or size <= COMPACT_LIMIT:
        return Layout("compact", reason=f"{size} bytes")
    if size <= CONTIGUOUS_LIMIT:
        return Layout("contiguous", reason=f"{size} bytes")
    if not compressed:
        return Layout("contiguous", reason="no compression")
    target = max(1, CHUNK_LIMIT // itemsize)
    if len(shape) == 1:
        return Layout("chunked", (min(shape[0], target),), "one axis")
    outer, frame = split(shape, inner)
    most = max(1, SLAB_LIMIT // (math.prod(frame) * itemsize))
    if access == "pixels":
        target = max(1, PIXEL_CHUNK_LIMIT // itemsize)
        steps = fill(outer, min(most, max(1, target // 16)))
        return Layout("chunked", (*steps, *_shrink(frame, target // math.prod(steps))), "many steps of a few pixels")
    if access == "balanced" and len(frame) > 1:  # spectra are read whole, and are small
        return Layout("chunked", _balanced(outer, frame, target, most), "frames and pixels alike")
    return Layout("chunked", _frames(outer, frame, target), "whole frames")


def split(shape: tuple[int, ...], inner: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Give the axes of the stack and those of one frame, all but the first unless *inner* tells."""
    at = 1 if inner is None else len(shape) - inner
    return shape[:at], shape[at:]


def fill(outer: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Give a block of at most *count* frames of the stack, at least one: the last axis is filled first."""
    block = []
    for length in reversed(outer):
        block.append(max(1, min(length, count)))
        count //= block[-1]
    return tuple(reversed(block))


def _fit(asked: tuple[int, ...], outer: tuple[int, ...], frame: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Give the chunk that was asked for, of one frame where only the axes of a frame were given."""
    if len(asked) == len(frame):
        asked = (1,) * len(outer) + asked
    if len(asked) != len(outer) + len(frame):
        found = f"{','.join(map(str, asked))} has {len(asked)} numbers"
        shape = ",".join(map(str, (*outer, *frame)))
        raise RequestError.at("--chunks", found, f"the frames have {len(frame)} axes and their stack is {shape}")
    chunks = tuple(max(1, min(size, length)) for size, length in zip(asked, (*outer, *frame), strict=True))
    held, most = math.prod(chunks[: len(outer)]), max(1, SLAB_LIMIT // (math.prod(frame) * itemsize))
    if held > most:
        found = f"chunks through {held} frames would need all of these in memory at once"
        raise RequestError.at("--chunks", found, f"at most {most} frames of this size were expected")
    return chunks


def _frames(outer: tuple[int, ...], frame: tuple[int, ...], target: int) -> tuple[int, ...]:
    """Whole frames, several while they fit; a frame over the limit is cut into bands of whole rows."""
    return (*fill(outer, target // math.prod(frame)), *_bands(frame, target))


def _bands(frame: tuple[int, ...], target: int) -> tuple[int, ...]:
    row = math.prod(frame[1:])
    if row > target:
        return (1, *_bands(frame[1:], target))
    pieces = -(-frame[0] // (target // row))
    return (-(-frame[0] // pieces), *frame[1:])


def _balanced(outer: tuple[int, ...], frame: tuple[int, ...], target: int, most: int) -> tuple[int, ...]:
    """Cut steps and pixels alike, so that a frame and a pixel's history touch about as many chunks each."""
    count, pixels = math.prod(outer), math.prod(frame)
    steps, inner = min(count, most), frame
    while steps * math.prod(inner) > target:
        if steps > 1 and count / steps <= pixels / math.prod(inner):
            steps = -(-steps // 2)
        else:
            inner = _shrink(inner, math.prod(inner) - 1) if math.prod(inner) > 1 else inner
    return (*fill(outer, steps), *inner)


def _shrink(shape: tuple[int, ...], target: int) -> tuple[int, ...]:
    """Halve the longest axis until at most *target* elements are left, at least one."""
    block = list(shape)
    while math.prod(block) > max(1, target):
        longest = block.index(max(block))
        block[longest] = -(-block[longest] // 2)
    return tuple(block)
