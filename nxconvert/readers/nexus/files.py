"""HDF5 files as they are opened, and which other files a link in them may lead to.

HDF5 follows external links, virtual datasets and external raw data wherever they lead. Here every file name that
stands in a file is looked at first: it must lie in one of the folders that may be read (``roots``), symbolic links
followed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
from h5py import h5f, h5p

from nxconvert.errors import ReadError
from nxconvert.streams import open_regular

#: what h5py raises where a file is damaged
DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, NotImplementedError)
#: bytes of HDF5's objects that are kept
_METADATA_CACHE = 1 << 20
#: files that are kept open for the links that lead to them
_MOST_OPEN = 64


class Refused(Exception):
    """A file name that leads out of the folders that may be read; the text says where to."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile:
    """An open file: its identifier, its path, and a number that tells it from other open files."""

    id: Any
    path: str
    number: int


class Files:
    """The main file and those that its links lead to, each opened once."""

    def __init__(self, path: str, roots: str | Sequence[str] = ()) -> None:
        given = [roots] if isinstance(roots, str) else list(roots)
        # the folder of the file, and where a symbolic link is used the folder of the file that it leads to
        own = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))]
        self.roots = tuple(dict.fromkeys(os.path.realpath(root) for root in (*own, *given)))
        self._count = 0
        self._open: dict[str, OpenFile] = {}
        self.main = self.open(path)

    def open(self, path: str) -> OpenFile:
        """Open a file for reading, or give it as it is open already; ReadError where HDF5 cannot open it."""
        key = os.path.realpath(path)
        found = self._open.pop(key, None)
        if found is None:
            found = OpenFile(_open(path), path, self._count)
            self._count += 1
        self._open[key] = found  # the one used last stands last
        if len(self._open) > _MOST_OPEN:
            # HDF5 closes it when the last of its objects is gone
            oldest = next(key for key in self._open if self._open[key] is not getattr(self, "main", found))
            del self._open[oldest]
        return found

    def locate(self, name: str, holder: OpenFile) -> str | None:
        """Find the file that is called *name* in *holder*; None where there is none, Refused where it lies outside.

        A relative name starts at the folder of *holder*. What is no longer at its absolute place may lie beside it.
        """
        folder = os.path.dirname(os.path.abspath(holder.path))
        candidates = [
            os.path.join(folder, name),
            os.path.join(os.path.dirname(os.path.realpath(holder.path)), name),
            os.path.join(folder, os.path.basename(name)) if os.path.isabs(name) else "",
        ]
        for candidate in filter(None, candidates):
            if os.path.lexists(candidate):
                self.check(candidate)
                return candidate if os.path.isfile(candidate) else None
        self.check(candidates[0])
        return None

    def check(self, path: str) -> None:
        """Refuse a path that lies outside of the folders that may be read."""
        real = os.path.realpath(path)
        if not any(os.path.commonpath([root, real]) == root for root in self.roots):
            raise Refused(path)

    def close(self) -> None:
        """Close all files, with everything that is open in them."""
        for file in self._open.values():
            h5py.File(file.id).close()
        self._open.clear()


def _open(path: str) -> Any:
    open_regular(path).close()
    plist = h5p.create(h5p.FILE_ACCESS)
    # as HDF5 itself opens what links lead to: two ways to close one file do not go together
    plist.set_fclose_degree(h5f.CLOSE_WEAK)
    plist.set_file_locking(False, True)
    # an entry is read once: the cache of the default, which grows to 32 MiB and three times that of the memory, costs
    # more than it gives
    cache = plist.get_mdc_config()
    cache.set_initial_size = True
    cache.initial_size = cache.min_size = cache.max_size = _METADATA_CACHE
    plist.set_mdc_config(cache)
    try:
        return h5f.open(os.fsencode(path), h5f.ACC_RDONLY, plist)
    except DAMAGE as error:
        first = error
    try:
        # it may be written in the way that readers may follow; asked for that, HDF5 reads what is damaged again and
        # again with longer and longer pauses, so it is asked only where it says that there is a writer
        if "open for" not in str(first):
            raise first
        plist.set_libver_bounds(h5f.LIBVER_LATEST, h5f.LIBVER_LATEST)
        return h5f.open(os.fsencode(path), h5f.ACC_RDONLY | h5f.ACC_SWMR_READ, plist)
    except DAMAGE:
        raise ReadError.at(
            path, f"cannot be opened as HDF5: {first_line(first)}", hint="is it complete, and not being written?"
        ) from first


def first_line(error: BaseException) -> str:
    """Give the first line of an error's text, or what kind of error it is."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
