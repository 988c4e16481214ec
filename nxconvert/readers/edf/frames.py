"""Frames of EDF files, and stacks of frames out of one file or of thousands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nxconvert.arrays import Array, FrameArray, Location
from nxconvert.errors import Place, Problem, ReadError
from nxconvert.images import missing_value
from nxconvert.readers.edf.blobs import pixels
from nxconvert.readers.edf.header import decode
from nxconvert.readers.edf.plain import PlainBytes
from nxconvert.readers.edf.sources import Bytes
from nxconvert.readers.edf.store import Header, Layout
from nxconvert.readers.edf.structure import Kind

#: frames are read together where no more than this lies between two of them, and they are not larger themselves
_NEAR = 64 * 1024
#: bytes that are read together, at most
_TOGETHER = 8 * 1024 * 1024


class EdfFrame:
    """One frame: where its pixels lie, of which kind they are, and its header; some 250 bytes in memory.

    ``path`` is the file that was opened, ``bytes.path`` the one with the pixels (another one for external binaries).
    ``index`` counts the frames of the file from 0. ``offset`` and ``length`` of the stored pixels are those in the
    uncompressed file, and so is ``begin``, the first byte of the header. ``is_error`` marks the errors (variances) of
    the image before it. Frames that the file does not hold whole do not exist: they are problems of the file.
    """

    __slots__ = ("begin", "bytes", "index", "is_error", "kind", "layout", "length", "offset", "path", "row")

    def __init__(
        self,
        path: str,
        index: int,
        kind: Kind,
        source: Bytes,
        offset: int,
        length: int,
        layout: Layout,
        row: int,
        begin: int,
        is_error: bool = False,
    ) -> None:
        self.path = path
        self.index = index
        self.kind = kind
        self.bytes = source
        self.offset = offset
        self.length = length
        self.layout = layout
        self.row = row
        self.begin = begin
        self.is_error = is_error

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the pixels, slowest axis first."""
        return self.kind.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels as `read` gives them, little-endian."""
        return self.kind.dtype

    @property
    def stored(self) -> np.dtype[Any]:
        """Type of the pixels in the file, with their byte order; ``c16`` stands for numbers of 128 bits."""
        return self.kind.stored

    @property
    def header(self) -> Header:
        """The items of the header, parsed now and not kept, with those of a general block before it."""
        return Header(self.layout, self.row)

    @property
    def header_bytes(self) -> bytes:
        """The header word for word, from its opening brace to the end of the line with the closing one."""
        return self.layout.text(self.row)

    @property
    def header_text(self) -> str:
        """The header as text: UTF-8 where it is that, else latin-1."""
        return decode(self.header_bytes)

    @property
    def place(self) -> Place:
        """Where the header begins."""
        return Place(self.path, offset=self.begin)

    def read(self) -> Array:
        """Read the pixels, of ``shape`` and ``dtype`` (read-only), in one piece; ReadError where they are damaged."""
        source = self.bytes
        if isinstance(source, PlainBytes):
            data = source.read_pixels(self.offset, self.length)
        else:
            data = source.read_at(self.offset, self.length)
        try:
            return pixels(data, self.kind, Place(self.bytes.path, offset=self.offset))
        except ReadError:
            raise
        except MemoryError as error:
            raise ReadError.at(self.place, f"no memory for a frame of {self.kind.nbytes} bytes") from error

    def location(self) -> Location | None:
        """Tell where the pixels lie as they are, None where they are compressed or of a type that HDF5 has not."""
        if not self.bytes.plain or not self.kind.is_linkable:
            return None
        return Location(self.bytes.path, self.offset, self.kind.nbytes)


class FrameStack(FrameArray):
    """Frames of one kind as one array with the outer axes *outer_shape*; None stands for a frame that is missing.

    *outer_shape* ``()`` is a single image. ValueError where the frames differ in shape or type, where their number
    is not that of *outer_shape*, or where none is there at all.
    """

    def __init__(
        self, frames: Sequence[EdfFrame | None], outer_shape: tuple[int, ...] | None = None, fill_value: Any = None
    ) -> None:
        outer = (len(frames),) if outer_shape is None else outer_shape
        if math.prod(outer) != len(frames):
            raise ValueError(f"{len(frames)} frames do not fill {outer}")
        first = next((frame for frame in frames if frame is not None), None)
        if first is None:
            raise ValueError("a stack needs at least one frame")
        for frame in frames:
            if frame is not None and not same_kind(frame, first):
                raise ValueError(f"frames of {first.kind} and of {frame.kind} in one stack")
        if fill_value is None and None in frames:
            fill_value = missing_value(first.dtype)
        self._frames = frames
        self._kind = first.kind
        #: bytes of a frame to which links are possible, 0 where they are not
        self._linked = first.kind.nbytes if first.kind.is_linkable else 0
        self.frame_shape = first.shape
        self.shape = outer + first.shape
        self.dtype = first.dtype
        self.stored = first.stored
        self.fill_value = fill_value

    def __getitem__(self, index: int) -> EdfFrame | None:
        """Give the record of a frame, counted in C order of the outer axes."""
        return self._frames[index]

    def frame(self, index: int) -> Array | None:
        """Read one frame; None where it is missing, ReadError where it is damaged."""
        frame = self._frames[index]
        if frame is None:
            return None
        try:
            return frame.read()
        except ReadError as error:
            if frame.bytes.plain and not frame.kind.compression:
                raise  # the file itself cannot be read
            is_alone = sum(other is not None for other in self._frames) == 1
            raise ReadError(*(_of_frame(problem, frame, is_alone) for problem in error.problems)) from error

    def several(self, first: int, count: int) -> Array | None:
        """Read small frames that follow one another in one file at equal distances; None where they do not."""
        frame, after = self._frames[first], self._frames[first + 1]
        if frame is None or after is None or frame.kind.nbytes > _NEAR or frame.location() is None:
            return None
        kind, source, begin, stride = frame.kind, frame.bytes, frame.offset, after.offset - frame.offset
        if not 0 <= stride - kind.nbytes <= _NEAR or count * stride > _TOGETHER:
            return None
        for at, other in enumerate(self._frames[first : first + count]):
            if other is None or other.bytes is not source or other.offset != begin + at * stride:
                return None
            if other.kind is not kind and other.kind != kind:
                return None
        data = source.read_at(begin, (count - 1) * stride + kind.nbytes)
        inner = tuple(math.prod(kind.shape[axis + 1 :]) * kind.stored.itemsize for axis in range(len(kind.shape)))
        return np.ndarray((count, *kind.shape), kind.stored, data, strides=(stride, *inner))

    def location(self, index: int) -> Location | None:
        """Tell where a frame lies uncompressed and in one piece, None where it does not or is missing."""
        frame = self._frames[index]
        if frame is None:
            return None
        if frame.kind is self._kind:  # as nearly all are
            source = frame.bytes
            return Location(source.path, frame.offset, self._linked) if self._linked and source.plain else None
        # frames of several files may differ in byte order, which a link cannot express
        return None if frame.stored != self.stored else frame.location()

    def blocks(self) -> Iterator[Array]:
        """Give one step of the first axis at a time, missing frames filled; a single image as a whole."""
        if len(self.shape) > len(self.frame_shape):
            yield from super().blocks()
        else:
            image = self.frame(0)
            assert image is not None
            yield image


def _of_frame(problem: Problem, frame: EdfFrame, is_alone: bool) -> Problem:
    """Say which frame it is that cannot be read, and how to have the others, if there are any."""
    others = "" if is_alone else "--frames converts the others without it"
    hint = "; ".join(filter(None, (problem.hint, others)))
    return replace(problem, found=f"frame {frame.index} of this file: {problem.found}", hint=hint)


def same_kind(frame: EdfFrame, other: EdfFrame) -> bool:
    """Tell whether two frames can lie in one stack: equal shape and type, in whatever byte order or compression."""
    return frame.kind is other.kind or (frame.shape == other.shape and frame.dtype == other.dtype)
