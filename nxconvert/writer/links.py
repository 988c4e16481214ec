"""Stacks of frames that stay in their files: HDF5 is told where the bytes lie, and none of them is copied.

A dataset of external storage names for each frame its file, first byte and length. HDF5 keeps that list in one object
header message of at most 64 KiB, 24 bytes an item; where a stack has more frames, or some are missing, the parts are
datasets of external storage of their own, and a virtual dataset puts them together. HDF5 looks for a relative path
from the working directory of who reads, or from the folder named by HDF5_EXTFILE_PREFIX.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from h5py import h5d, h5i, h5p, h5s, h5t

from nxconvert.arrays import FrameArray, Location
from nxconvert.errors import WriteError
from nxconvert.writer.layout import split
from nxconvert.writer.values import space

#: Pieces of files in one dataset of external storage; HDF5 fails at about 2600.
PIECES = 2000


def link_frames(
    made: Any, name: bytes, array: FrameArray, collection: Callable[[], Any], output: str, relative: bool
) -> Any:
    """Make the dataset *name* in the group *made* out of frames that stay where they are.

    ``collection`` makes the group for the parts, where there have to be any. Paths are absolute, or *relative* to the
    folder of the *output*. WriteError where a frame does not lie in a file as it is.
    """
    places = _places(array, output)
    names = _Names(os.path.dirname(os.path.realpath(output)) if relative else "")
    kind = h5t.py_create(array.stored)
    if all(places):
        pieces = _pieces([place for place in places if place is not None], names)
        if len(pieces) <= PIECES:
            return h5d.create(made, name, kind, space(array.shape), _external(pieces))
    plist, filled = _properties(), _properties()
    if array.fill_value is not None:
        for item in (plist, filled):
            item.set_fill_value(np.asarray(array.fill_value, array.dtype))
    outer, frame = split(array.shape, len(array.frame_shape))
    whole, at = h5s.create_simple(array.shape), (0,) * len(frame)
    parts = collection()
    for count, (first, some) in enumerate(_runs(places, outer[-1])):
        part_space = h5s.create_simple((len(some), *frame))
        part = h5d.create(parts, b"part_%d" % count, kind, part_space, _external(_pieces(some, names)))
        # nexusformat takes the number of mappings for the length of the first axis
        height = 1 if len(outer) == 1 else len(some)
        for step in range(0, len(some), height):
            start = tuple(map(int, np.unravel_index(first + step, outer)))
            whole.select_hyperslab((*start, *at), (*(1 for _ in outer[1:]), height, *frame))
            part_space.select_hyperslab((step, *at), (height, *frame))
            plist.set_virtual(whole, b".", h5i.get_name(part), part_space)
    missing = [number for number, place in enumerate(places) if place is None] if len(outer) == 1 else []
    if missing:
        part_space = h5s.create_simple((1, *frame))
        # takes no room: nothing is ever written to it, and it is read as the fill value
        part = h5d.create(parts, b"missing", kind, part_space, filled)
        for number in missing:
            whole.select_hyperslab((number, *at), (1, *frame))
            plist.set_virtual(whole, b".", h5i.get_name(part), part_space)
    return h5d.create(made, name, kind, space(array.shape), plist)


def _places(array: FrameArray, output: str) -> list[Location | None]:
    """Tell where the frames lie, None where one is missing; WriteError where it is there, but cannot be linked."""
    size = math.prod(array.frame_shape) * array.stored.itemsize
    as_stored = array.stored.newbyteorder("=") == array.dtype.newbyteorder("=")
    hint = "without --link the frames are copied"
    places: list[Location | None] = []
    for number in range(array.frames):
        place = array.location(number)
        places.append(place)
        if place is not None and place.length == size and as_stored:
            continue
        if place is not None and place.length != size:
            found = f"frame {number} of a stack has {place.length} bytes here"
            raise WriteError.at(place.path, found, f"{size} were expected", hint)
        if place is not None or array.frame(number) is not None:
            found = f"frame {number} of a stack does not lie in its file as it is read"
            reason = "compressed, or of another type or byte order than the others"
            raise WriteError.at(output, f"{found}: {reason}", hint=hint)
    return places


def _pieces(places: Sequence[Location], names: _Names) -> list[tuple[bytes, int, int]]:
    """Give the file, first byte and length of each piece; frames that lie one after the other are one."""
    pieces: list[tuple[bytes, int, int]] = []
    file, start, end = places[0].path, places[0].offset, places[0].offset
    for path, offset, length in places:
        if path != file or offset != end:
            pieces.append((names.of(file), start, end - start))
            file, start = path, offset
        end = offset + length
    pieces.append((names.of(file), start, end - start))
    return pieces


class _Names:
    """What files are called in the output: by absolute paths, or by those from the folder *output* on."""

    def __init__(self, output: str) -> None:
        self._output = output
        #: thousands of files share a folder
        self._folders: dict[str, str] = {}

    def of(self, path: str) -> bytes:
        """Give the name of a file."""
        cut = path.rfind(os.sep) + 1
        folder = self._folders.get(path[:cut])
        if folder is None:
            above = path[:cut] or os.curdir
            folder = os.path.relpath(above, self._output) if self._output else os.path.abspath(above)
            folder = self._folders[path[:cut]] = os.path.join(folder, "")
        return os.fsencode(folder + path[cut:])


def _properties() -> Any:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    return plist


def _external(pieces: list[tuple[bytes, int, int]]) -> Any:
    plist = _properties()
    for file, start, length in pieces:
        plist.set_external(file, start, length)
    return plist


def _runs(places: list[Location | None], row: int) -> Iterator[tuple[int, list[Location]]]:
    """Give runs of frames that are there, at most `PIECES` long and none from one row of the stack into the next."""
    run: list[Location] = []
    for number, place in enumerate(places):
        if run and (place is None or number % row == 0 or len(run) == PIECES):
            yield number - len(run), run
            run = []
        if place is not None:
            run.append(place)
    if run:
        yield len(places) - len(run), run
