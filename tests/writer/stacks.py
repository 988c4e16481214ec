"""Stacks of frames that lie in a file as they are, with headers between them, written by these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nxconvert.arrays import Array, FrameArray, Location
from nxconvert.errors import Place, ReadError
from nxconvert.tree import Dataset, Group, Tree


class Stack(FrameArray):
    """Frames of *values*, stored one by one in files of *each* frames with a header before every frame."""

    def __init__(
        self,
        folder: Path,
        values: Array,
        inner: int = 2,
        *,
        each: int = 1,
        header: int = 512,
        missing: tuple[int, ...] = (),
        damaged: tuple[int, ...] = (),
        together: bool = False,
    ) -> None:
        self.shape = values.shape
        self.frame_shape = values.shape[values.ndim - inner :]
        self.stored = values.dtype
        self.dtype = values.dtype.newbyteorder("<") if values.dtype.byteorder == ">" else values.dtype
        self.fill_value = 7 if missing else None
        self.missing = missing
        self.damaged = damaged
        self.together = together
        self._values = flat = values.reshape(-1, *self.frame_shape)
        self.places: list[Location] = []
        folder.mkdir(exist_ok=True)
        for first in range(0, len(flat), each):
            path = folder / f"frames_{first:05}.raw"
            with path.open("wb") as file:
                for frame in flat[first : first + each]:
                    file.write(b"#" * header)
                    self.places.append(Location(str(path), file.tell(), frame.nbytes))
                    file.write(frame.tobytes())
        #: what is to be read back
        self.expected = values.astype(self.dtype)
        self.expected.reshape(-1, *self.frame_shape)[list(missing)] = 7

    def frame(self, index: int) -> Array | None:
        if index in self.missing:
            return None
        place = self.places[index]
        if index in self.damaged:
            raise ReadError.at(Place(place.path, offset=place.offset), "the pixels are damaged")
        with open(place.path, "rb") as file:
            file.seek(place.offset)
            data = file.read(place.length)
        return np.frombuffer(data, self.stored).reshape(self.frame_shape)

    def several(self, first: int, count: int) -> Array | None:
        if not self.together or {*range(first, first + count)} & {*self.missing, *self.damaged}:
            return None
        # as they lie in a file: apart
        apart = np.repeat(self._values[first : first + count], 2, axis=0)
        return apart[::2]

    def location(self, index: int) -> Location | None:
        return None if index in self.missing else self.places[index]


def tree(**values: Any) -> Tree:
    """An entry with these values as datasets."""
    return Tree("entry", Group("NXentry", children={name: Dataset(value) for name, value in values.items()}))


def counts(shape: tuple[int, ...], dtype: str = "<u2") -> Array:
    """Numbers of which each frame has other ones, so that none can be swapped unnoticed."""
    generator = np.random.default_rng(sum(shape))
    return generator.integers(0, 5000, shape).astype(dtype)
