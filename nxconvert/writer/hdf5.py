"""Writes trees into an HDF5 file through h5py's low-level calls: atomic, deterministic, in bounded memory.

The cost of a file of many small scans is the number of its HDF5 objects: 15 to 30 us for each dataset, group and text
attribute made one by one. Trees of equal structure are therefore built once in a file in memory, whose datasets stay
open; for each further scan the changed values are written there (2 us each) and the whole entry is copied by
H5Ocopy (5 us an object, attributes included).
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from h5py import h5f, h5g, h5p

from nxconvert.arrays import LazyArray
from nxconvert.tree import Dataset, Group, Tree
from nxconvert.writer.atomic import AtomicFile
from nxconvert.writer.build import Builder, Template, file_access
from nxconvert.writer.chunks import ChunkQueue
from nxconvert.writer.filters import Storage, compression
from nxconvert.writer.frames import Tick
from nxconvert.writer.layout import CONTIGUOUS_LIMIT

#: How many structures keep a template; each costs about 60 kB.
TEMPLATES = 32


class NexusWriter:
    """Writes one NeXus file: a context manager, whole or absent, existing file untouched until the end.

    ``compression_name``, ``access``, ``chunks`` and ``link`` as in ``filters.Storage``. ``base``: a file to start from
    (append); it is copied first. ``tick`` is called while a stack of frames is written. WriteError when the disk is
    full, the folder cannot be written, or the file-size limit is met; nothing is left then.
    """

    def __init__(
        self,
        path: str,
        *,
        compression_name: str = "gzip",
        access: str = "frames",
        chunks: tuple[int, ...] | None = None,
        link: str = "",
        base: str | None = None,
        tick: Tick | None = None,
    ) -> None:
        self.path = path
        self._how = Storage(compression(compression_name), access, chunks, link)
        self._base = base
        self._tick = tick
        self._atomic = AtomicFile(path)
        self._templates: OrderedDict[int, Template | None] = OrderedDict()
        # the entries seen lately; kept alive, since their id() is the key
        self._seen: OrderedDict[int, Group] = OrderedDict()
        self._memory: Any = None
        self._count = 0

    def __enter__(self) -> NexusWriter:
        self._atomic.__enter__()
        try:
            with self._failures():
                self._file = self._open()
        except BaseException:
            self._atomic.discard()
            raise
        self._queue = ChunkQueue()
        self._builder = Builder(self._file, self._how, self._queue, self.path, self._tick)
        return self

    def _open(self) -> Any:
        name = os.fsencode(self._atomic.path)
        if self._base is not None:
            self._atomic.copy_from(self._base)
            return h5f.open(name, h5f.ACC_RDWR, file_access())
        properties = h5p.create(h5p.FILE_CREATE)
        properties.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
        properties.set_obj_track_times(False)
        return h5f.create(name, h5f.ACC_TRUNC, properties, file_access())

    def write(self, tree: Tree) -> None:
        """Write one entry; the trees of a file have different names."""
        with self._failures():
            template = self._template(tree)
            if template is None:
                self._builder.entry(self._file, tree.name.encode(), tree)
            else:
                template.copy_to(self._file, tree.name.encode())
                self._builder.shared(tree, template)

    def _template(self, tree: Tree) -> Template | None:
        """Give a template that holds the tree's values; None for a structure that is new, or too large to copy."""
        key = id(tree.entry)
        if key not in self._seen:
            self._seen[key] = tree.entry
            while len(self._seen) > 8 * TEMPLATES:
                self._forget(self._seen.popitem(last=False)[0])
            return None
        if key not in self._templates:
            self._templates[key] = self._make_template(tree)
            while len(self._templates) > TEMPLATES:
                self._forget(next(iter(self._templates)))
            return self._templates[key]
        template = self._templates[key]
        if template is None or not template.fill(tree):
            return None
        self._templates.move_to_end(key)
        return template

    def _forget(self, key: int) -> None:
        template = self._templates.pop(key, None)
        if template is not None:
            h5g.open(self._memory, b"/").unlink(template.name)

    def _make_template(self, tree: Tree) -> Template | None:
        for _path, node in tree.walk():
            value = tree.value(node.value) if isinstance(node, Dataset) else None
            if isinstance(value, LazyArray) or getattr(value, "nbytes", 0) > CONTIGUOUS_LIMIT:
                return None  # a large value costs more than all objects of its entry
        if self._memory is None:
            # to HDF5, files in memory are the same file where their names are: writers in other threads have theirs
            name = b"templates of %d" % id(self)
            self._memory = h5f.create(name, h5f.ACC_TRUNC, h5p.create(h5p.FILE_CREATE), file_access("core"))
        self._count += 1
        return Template(self._memory, self._count, tree, self._builder)

    def add_group(self, path: str, group: Group) -> None:
        """Write a group at *path* (``scan_1/conversion``) beside what a tree has put there."""
        parent, _, name = path.rpartition("/")
        with self._failures():
            self._builder.entry(h5g.open(self._file, parent.encode()), name.encode(), Tree(parent, group))

    def link(self, path: str, target: str) -> None:
        """Make a hard link at *path* to the object at *target*, both below the root."""
        with self._failures():
            self._file.links.create_hard(path.encode(), self._file, target.encode())

    def remove(self, path: str) -> None:
        """Remove the link at *path*; the object stays while others link to it."""
        with self._failures():
            h5g.open(self._file, b"/").unlink(path.encode())

    def root_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Write the attributes of the root group, in place of those of the same names."""
        from h5py import h5a

        with self._failures():
            root = h5g.open(self._file, b"/")
            for key in attributes:
                if h5a.exists(root, key.encode()):
                    h5a.delete(root, key.encode())
            self._builder.attributes(root, attributes)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what HDF5 says of a full disk and the like into an error that names the output."""
        try:
            yield
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            # after a failed write, HDF5 stumbles over its own objects in many ways: ask the disk itself
            failure = _system_error(error) or self._atomic.probe()
            if failure is None:
                raise
            raise self._atomic.error(failure) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._templates.clear()
        if self._memory is not None:
            self._memory.close()
        failure: BaseException | None = error
        for step in (self._queue.drain if kind is None else self._queue.discard, self._file.close):
            try:
                with self._failures():
                    step()
            except BaseException as problem:  # of what still waits any may fail, and a signal may come
                self._queue.discard()
                failure = failure or problem  # the first error is the one to be told
        self._queue.close()
        if failure is None:
            self._atomic.__exit__(None, None, None)
            return
        self._atomic.discard()
        if failure is not error:
            raise failure


def _system_error(error: Exception) -> OSError | None:
    """Give the error of the operating system that HDF5 hides in its text, None when there is none."""
    found = re.search(r"errno = (\d+)", str(error))
    if found is not None:
        return OSError(int(found[1]), os.strerror(int(found[1])))
    return error if isinstance(error, OSError) and error.errno else None
