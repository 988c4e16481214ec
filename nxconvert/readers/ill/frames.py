"""Counts that stay in the file: the sub-spectra of one length, decoded one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nxconvert.arrays import Array, FrameArray, Location
from nxconvert.errors import Place, Problem
from nxconvert.readers.ill import fields
from nxconvert.readers.ill.numor import LISTED, Counts
from nxconvert.streams import Source

#: sub-spectra with fewer numbers in all are decoded at once
KEPT = 1 << 20

#: Puts the counts of a sub-spectrum into the order of its detector: from (n,) to the shape of a frame.
Arrange = Callable[[Array], Array]


class Reading:
    """Decodes the counts of a numor's sub-spectra and tells what is odd in them, once for each."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        self._told: set[int] = set()

    def decode(self, counts: Counts) -> Array:
        """Read the counts of one sub-spectrum: (n,) int32 (columns of 8) or int64 (columns of 10)."""
        width, per = fields.WIDTHS[counts.letter]
        # lines are mostly full; where they are not, so much is enough all the same
        size = min(counts.end - counts.start, (-(-counts.count // per) + 1) * (width * per + 2) + (1 << 16))
        decoded = fields.decode(self.source.read_at(counts.start, size), counts.letter, counts.count)
        if decoded.stars or decoded.bad or decoded.long or len(decoded.values) < counts.count:
            self._tell(counts, decoded)
        if len(decoded.values) < counts.count:
            full = np.full(counts.count, fields.OVERFLOW[counts.letter], decoded.values.dtype)
            full[: len(decoded.values)] = decoded.values
            return full
        return decoded.values

    def _tell(self, counts: Counts, decoded: fields.Decoded) -> None:
        if counts.start in self._told:
            return
        self._told.add(counts.start)
        if len(self._told) > LISTED + 1:
            return
        stands = fields.OVERFLOW[counts.letter]
        per = fields.WIDTHS[counts.letter][1]
        missing = range(len(decoded.values), counts.count)
        for positions, found, severity in (
            (decoded.stars, "counts overflowed their columns (stars)", "warning"),
            ([*decoded.bad, *missing], "fields are no counts", "lost"),
        ):
            if positions:
                place = Place(self.source.path, counts.line + positions[0] // per)
                if len(self._told) > LISTED:
                    found = "there are more such sub-spectra"
                    self.problems.append(Problem(place, found, severity=severity))
                else:
                    hint = f"{stands} stands for them"
                    self.problems.append(Problem(place, f"{len(positions)} {found}", "", hint, severity))
        if decoded.long:
            place = Place(self.source.path, counts.line)
            found = f"lines of more than {fields.RECORD} characters"
            self.problems.append(Problem(place, found, "", "what is beyond is not read"))


class Frames(FrameArray):
    """The counts of sub-spectra of one length as a stack: (number, \\*shape of a frame)."""

    def __init__(
        self, reading: Reading, items: Sequence[Counts], shape: tuple[int, ...], arrange: Arrange | None = None
    ) -> None:
        self._reading = reading
        self._items = items
        self._arrange = arrange
        self.frame_shape = shape
        self.shape = (len(items), *shape)
        self.dtype = self.stored = fields.DTYPES[items[0].letter]

    def frame(self, index: int) -> Array:
        """Decode one frame."""
        values = self._reading.decode(self._items[index])
        if self._arrange is not None:
            values = self._arrange(values)
        return np.ascontiguousarray(values.reshape(self.frame_shape))

    def location(self, index: int) -> Location | None:  # noqa: ARG002 (it is the same for all)
        """There is none: the numbers are text."""
        return None


def stack(
    reading: Reading, items: Sequence[Counts], shape: tuple[int, ...], arrange: Arrange | None = None
) -> Frames | Array:
    """Give the counts of sub-spectra of one length as an array, or as one that stays in the file where it is large."""
    frames = Frames(reading, items, shape, arrange)
    if len(items) * items[0].count > KEPT:
        return frames
    values = np.empty(frames.shape, frames.dtype)
    for index in range(len(items)):
        values[index] = frames.frame(index)
    return values
