"""How a dataset lies in the file: decided from its shape, type and dimensions alone, and printable."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Datasets up to this size lie inside their object header: no block of their own, no extra write.
COMPACT_LIMIT = 2048
#: Datasets up to this size are contiguous and unfiltered: a chunk index and a filter cost more than they save.
CONTIGUOUS_LIMIT = 32 * 1024
#: HDF5 before 2.0 caches 1 MiB of chunks for each dataset; a larger chunk is decompressed again for every read.
CHUNK_LIMIT = 1024 * 1024

ACCESS = ("frames", "pixels", "balanced")


@dataclass(frozen=True, slots=True)
class Layout:
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
    access: str = "balanced",
    *,
    compressed: bool = True,
) -> Layout:
    """Decide how values of *shape* with *itemsize* bytes each are stored.

    ``access`` says how they will be read: ``frames``, one step of the first axis at a time; ``pixels``, one position
    of the inner axes through all steps; ``balanced``, both. Chunks have more than one element, and stay below the
    chunk cache of all HDF5 versions unless a single frame is larger.
    """
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
    if access == "frames":
        return Layout("chunked", _frames(shape, target), "whole frames")
    if access == "pixels":
        return Layout("chunked", _pixels(shape, target), "all steps of a few pixels")
    return Layout("chunked", _balanced(shape, target), "frames and pixels alike")


def _frames(shape: tuple[int, ...], target: int) -> tuple[int, ...]:
    """Whole frames, several while they fit; a frame over the limit is cut along its own longest axes."""
    frame = math.prod(shape[1:])
    if frame <= target:
        return (min(shape[0], target // frame), *shape[1:])
    return (1, *_shrink(shape[1:], target))


def _pixels(shape: tuple[int, ...], target: int) -> tuple[int, ...]:
    """As many steps as possible of a block of neighbouring pixels."""
    steps = min(shape[0], max(1, target // 16))
    return (steps, *_shrink(shape[1:], target // steps))


def _balanced(shape: tuple[int, ...], target: int) -> tuple[int, ...]:
    """Cut steps and pixels alike, so that a frame and a pixel's history touch about as many chunks each."""
    if len(shape) == 2:
        # spectra are read whole, and are small
        return _frames(shape, target)
    steps, inner = shape[0], shape[1:]
    while steps * math.prod(inner) > target:
        cuts_inside = math.prod(shape[1:]) / math.prod(inner)
        if steps > 1 and shape[0] / steps <= cuts_inside:
            steps = -(-steps // 2)
        else:
            inner = _shrink(inner, math.prod(inner) - 1) if math.prod(inner) > 1 else inner
    return (steps, *inner)


def _shrink(shape: tuple[int, ...], target: int) -> tuple[int, ...]:
    """Halve the longest axis until at most *target* elements are left, at least one."""
    block = list(shape)
    while math.prod(block) > max(1, target):
        longest = block.index(max(block))
        block[longest] = -(-block[longest] // 2)
    return tuple(block)
