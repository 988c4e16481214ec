"""Arrays that stay in their HDF5 file, and what is looked at before any of their values is believed or read.

A dataset may declare any size, lie in other files (virtual datasets, external raw data), be of a type that no scan
can hold, or be compressed with a filter that is not installed. `look` finds out without reading a value.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5s, h5z

from nxconvert.arrays import Array, FrameArray, LazyArray, Location
from nxconvert.errors import ReadError
from nxconvert.readers.nexus.chunks import find_chunks
from nxconvert.readers.nexus.files import DAMAGE, Refused, first_line
from nxconvert.readers.nexus.nodes import Data, Group

#: messages in the header of a dataset: a list of external files, a chain of filters
_ELSEWHERE_OR_FILTERED = 1 << 0x07 | 1 << 0x0B
#: bytes of one block of a large dataset
BLOCK = 1024 * 1024
#: a dataset of more bytes than this must have some of them in the file ...
_LARGE = 1 << 26
#: ... one of so many
_EMPTIEST = 10_000
#: virtual datasets may be made of virtual datasets, to this depth
_DEEPEST = 4
#: files of a numbered series (``%b`` in the name) that are looked at
_LONGEST_SERIES = 100_000
#: where HDF5 looks for files too; it reads these variables once, when it is loaded
_EXTERNAL_PREFIX = os.environ.get("HDF5_EXTFILE_PREFIX", "")
_VIRTUAL_PREFIX = os.environ.get("HDF5_VDS_PREFIX", "")
_ORIGIN_HINT = "HDF5_EXTFILE_PREFIX='${ORIGIN}' makes HDF5 look beside the file"


@dataclass(slots=True, eq=False)
class Look:
    """What is known of a dataset before it is read.

    ``text``: it holds text. ``missing``: steps of the first axis, first and last, that lie in files that are not there.
    ``blocked``: why its values cannot be read, empty where they can. ``read_as``: the type of HDF5 by which the values
    fill an array of ``dtype``, where that is a plain one or text.
    """

    id: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    text: bool = False
    missing: tuple[tuple[int, int], ...] = ()
    blocked: str = ""
    read_as: Any = None

    @property
    def nbytes(self) -> int:
        """Size of the values in bytes, for text that of their addresses."""
        return math.prod(self.shape) * self.dtype.itemsize


def look(data: Data, depth: int = 0) -> Look | None:
    """Look at a dataset, once; None where it has no value, or none that can be read, which is told."""
    if data.seen is ...:
        try:
            data.seen = _look(data, depth)
        except DAMAGE as error:
            data.seen = None
            data.session.tell(data.file, f"'{data.path}' cannot be read: {first_line(error)}", severity="lost")
    found: Look | None = data.seen
    return found


def _look(data: Data, depth: int) -> Look | None:
    session = data.session
    messages = data.messages()
    stored = data.id.get_storage_size()
    # what has values in this file, unfiltered, is not virtual and lies in no other file: its properties need not be
    # copied out of HDF5, which costs as much as to open it
    plist: Any = data.id.get_create_plist() if not stored or messages & _ELSEWHERE_OR_FILTERED else None
    kind = None if plist is None else plist.get_layout()
    # before the shape is asked for: that of a virtual dataset may depend on the files that it is made of
    backed: float = stored
    missing: tuple[tuple[int, int], ...] = ()
    if kind == h5d.VIRTUAL:
        found = _virtual(data, plist, depth)
        if found is None:
            return None
        backed, missing = found
    space = data.id.get_space()
    shape = space.shape
    if not shape and space.get_simple_extent_type() == h5s.NULL:
        return None
    found_kind = session.kind(data.id)
    dtype, read_as = found_kind.dtype, found_kind.read_as
    if found_kind.text:
        return Look(data.id, shape, dtype, True, missing, _filters(plist, kind), read_as)
    if dtype.kind not in "biufc":
        session.tell(data.file, f"'{data.path}' holds {_kind(dtype)}", "numbers or text expected", "it is left out")
        return None
    # without the names of an enumeration, in this machine's byte order
    plain = dtype if read_as is not None and dtype.isnative else np.dtype(dtype.str).newbyteorder("=")
    size = math.prod(shape) * dtype.itemsize
    if kind == h5d.CONTIGUOUS and plist.get_external_count():
        if not _external(data, plist, size):
            return None
    elif size > _LARGE:
        if kind == h5d.CHUNKED:
            backed = data.id.get_num_chunks() * math.prod(plist.get_chunk()) * dtype.itemsize
        elif kind == h5d.VIRTUAL:
            backed *= dtype.itemsize
        if backed * _EMPTIEST < size:
            session.tell(
                data.file,
                f"'{data.path}' declares {math.prod(shape)} values",
                f"no more than {int(backed) // dtype.itemsize} of them are in the file",
                "it is left out",
                "lost",
            )
            return None
    return Look(data.id, shape, plain, missing=missing, blocked=_filters(plist, kind), read_as=read_as)


def _kind(dtype: np.dtype[Any]) -> str:
    """Say what a type is that a scan cannot hold."""
    if h5py.check_ref_dtype(dtype) is not None:
        return "references"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "lists of different lengths"
    if dtype.names is not None:
        return f"records of {len(dtype.names)} values"
    return "bytes without a type" if dtype.kind == "V" else f"values of the type '{dtype}'"


def _filters(plist: Any, kind: int | None) -> str:
    """Name the filter that is needed and not there, empty where all are."""
    if kind != h5d.CHUNKED:
        return ""
    for index in range(plist.get_nfilters()):
        code, _, _, name = plist.get_filter(index)
        if h5z.filter_avail(code):
            continue
        import hdf5plugin  # noqa: F401 - it registers its filters

        if not h5z.filter_avail(code):
            called = name.decode("utf-8", "replace").split(";")[0].strip()
            return f"the filter {code}" + (f" ({called})" if called else "")
    return ""


# --- files beside the file


def _external(data: Data, plist: Any, size: int) -> bool:
    """Check a dataset whose values lie in other files as they are; False, which is told, where they cannot be read.

    HDF5 begins relative names at the working directory, or where HDF5_EXTFILE_PREFIX says.
    """
    session, file = data.session, data.file
    origin = os.path.dirname(os.path.abspath(file.path))
    prefix = _EXTERNAL_PREFIX.replace("${ORIGIN}", origin)
    needed = size
    for index in range(plist.get_external_count()):
        name, offset, length = plist.get_external(index)
        path = os.path.abspath(os.path.join(prefix, os.fsdecode(name)))
        length = min(length, needed)
        needed -= length
        try:
            session.files.check(path)
        except Refused as error:
            session.tell_refused(file, f"'{data.path}'", str(error), "" if os.path.isabs(name) else _ORIGIN_HINT)
            return False
        if not os.path.isfile(path):
            session.tell(file, f"'{data.path}' lies in '{path}', which is not there")
            return False
        if os.path.getsize(path) < offset + length:
            session.tell(
                file,
                f"'{data.path}' lies in '{path}', which has {os.path.getsize(path)} bytes",
                f"{offset + length} expected",
                "it is left out",
                "lost",
            )
            return False
    if needed > 0:
        session.tell(file, f"'{data.path}' has no place for {needed} of its {size} bytes", severity="lost")
        return False
    return True


def _virtual(data: Data, plist: Any, depth: int) -> tuple[float, tuple[tuple[int, int], ...]] | None:
    """Check what a virtual dataset is made of: how many values are there, and which steps of the first axis are not.

    None, which is told, where one part must not be read, or where none is there.
    """
    session, file = data.session, data.file
    if depth >= _DEEPEST:
        session.tell(file, f"'{data.path}' is made of virtual datasets without end", severity="lost")
        return None
    values = 0.0
    missing: list[tuple[int, int]] = []
    absent: list[str] = []
    count = plist.get_virtual_count()
    for index in range(count):
        name, path = plist.get_virtual_filename(index), plist.get_virtual_dsetname(index)
        try:
            found = _source(data, name, path, depth)
        except Refused as error:
            session.tell_refused(file, f"'{data.path}'", str(error))
            return None
        space = plist.get_virtual_vspace(index)
        if found is None:
            absent.append(name if name != "." else path)
            first, last = space.get_select_bounds()
            if first:
                missing.append((int(first[0]), int(last[0])))
        elif not found:
            return None
        else:
            points = space.get_select_npoints()
            values += math.inf if points < 0 or points >= 1 << 62 else points
    if absent and len(absent) == count:
        more = f" and {count - 1} more, which are" if count > 1 else ", which is"
        session.tell(file, f"'{data.path}' lies in '{absent[0]}'{more} not there")
        return None
    if absent:
        session.tell(
            file,
            f"'{data.path}' lies in {count} files, and {len(absent)} of them are not there: '{absent[0]}'"
            + (" ..." if len(absent) > 1 else ""),
            "all expected",
            "its fill value stands for what is missing",
            "lost",
        )
    return values, tuple(missing)


def _source(data: Data, name: str, path: str, depth: int) -> bool | None:
    """Check one part of a virtual dataset: True where it can be read, False where it must not, None where it is absent.

    A ``%b`` in a name stands for the numbers 0, 1, 2 ... as far as there are such files or datasets.
    """
    if "%b" not in name and "%b" not in path:
        return _part(data, name.replace("%%", "%"), path.replace("%%", "%"), depth)
    number = 0
    while number < _LONGEST_SERIES:
        word = str(number)
        found = _part(data, name.replace("%b", word), path.replace("%b", word), depth)
        if found is None:
            return True if number else None
        if not found:
            return False
        number += 1
    return True


def _part(data: Data, name: str, path: str, depth: int) -> bool | None:
    session = data.session
    if name == ".":
        root: Group | None = data.root()
    else:
        root = None
        for candidate in _candidates(name, data.file.path):
            # what HDF5 would try first must be allowed, whether or not it can be opened
            if os.path.lexists(candidate) or os.path.isabs(name):
                session.files.check(candidate)
            if os.path.isfile(candidate):
                try:
                    root = session.root_of(session.files.open(candidate))
                except ReadError:
                    continue
                break
    node = None if root is None else root.at(path)
    if not isinstance(node, Data):
        return None
    if node.key == data.key:
        session.tell(data.file, f"'{data.path}' is made of itself", severity="lost")
        return False
    return session.checked(node, lambda: look(node, depth + 1) is not None)


def _candidates(name: str, holder: str) -> Iterator[str]:
    """Give the places where HDF5 looks for a file of a virtual dataset, in its order."""
    if os.path.isabs(name):
        yield name
        name = os.path.basename(name)
    for prefix in filter(None, _VIRTUAL_PREFIX.split(os.pathsep)):
        yield os.path.join(prefix.replace("${ORIGIN}", os.path.dirname(os.path.abspath(holder))), name)
    yield os.path.join(os.path.dirname(os.path.abspath(holder)), name)
    yield os.path.abspath(name)
    yield os.path.join(os.path.dirname(os.path.realpath(holder)), name)


# --- arrays


class _Stored:
    """Reads parts of a dataset, in this machine's byte order; ReadError, with the place, where that fails."""

    def __init__(self, data: Data, found: Look) -> None:
        self._place = f"{data.file.path}:{data.path}"
        self._blocked = found.blocked
        self._dataset = h5py.Dataset(found.id)
        self.shape = found.shape
        self.dtype = found.dtype

    def part(self, key: Any) -> Array:
        """Read a part."""
        if self._blocked:
            raise ReadError.at(
                self._place,
                f"is compressed with {self._blocked}, which is not here",
                hint="the package hdf5plugin has many filters; HDF5_PLUGIN_PATH names a folder with more",
            )
        try:
            values: Array = self._dataset[key]
        except DAMAGE as error:
            raise self.unreadable(error) from error
        return values.astype(self.dtype, copy=False)

    def unreadable(self, error: BaseException) -> ReadError:
        """Say that values cannot be read, and why."""
        return ReadError.at(self._place, f"values cannot be read: {first_line(error)}")


class StoredArray(LazyArray):
    """A dataset that stays in its file."""

    def __init__(self, data: Data, found: Look) -> None:
        self._stored = _Stored(data, found)
        self.shape, self.dtype = found.shape, found.dtype
        self._chunks = self._stored._dataset.chunks
        self._inflated = None if found.blocked else find_chunks(found.id, found.shape, self._stored._dataset.dtype)

    def blocks(self) -> Iterator[Array]:
        """Give blocks of whole chunks, about 1 MiB each where HDF5 reads them."""
        if self._inflated is None:
            yield from self._by_hdf5()
            return
        step, total = self._inflated.steps, self.shape[0]
        for start in range(0, total, step):
            try:
                block = self._inflated.read(start)
            except OSError as error:
                raise self._stored.unreadable(error) from error
            if block is None:
                yield self._stored.part(slice(start, start + step))
            else:
                yield block[: total - start].astype(self.dtype, copy=False)

    def _by_hdf5(self) -> Iterator[Array]:
        row = max(1, self.nbytes // max(1, self.shape[0])) if self.shape[0] else 1
        step = max(1, BLOCK // row)
        if self._chunks is not None:
            step = max(self._chunks[0], step - step % self._chunks[0])
        for start in range(0, self.shape[0], step):
            yield self._stored.part(slice(start, start + step))


class StoredFrames(FrameArray):
    """Images that stay in their file; those of files that are not there are missing."""

    def __init__(self, data: Data, found: Look) -> None:
        self._stored = _Stored(data, found)
        self.shape, self.dtype = found.shape, found.dtype
        self.frame_shape = found.shape[-2:]
        self.stored = self._stored._dataset.dtype
        self._missing = found.missing
        self.fill_value = self._stored._dataset.fillvalue if found.missing else None

    def frame(self, index: int) -> Array | None:
        """Read one frame; None where it is missing."""
        key = tuple(int(step) for step in np.unravel_index(index, self.shape[:-2]))
        if any(first <= key[0] <= last for first, last in self._missing):
            return None
        return self._stored.part(key)

    def location(self, index: int) -> Location | None:  # noqa: ARG002 - the contract of all frames
        """Say that the bytes are to be read through HDF5."""
        return None


def read(data: Data, found: Look) -> Any:
    """Read all values at once."""
    return _Stored(data, found).part(())
