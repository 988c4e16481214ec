"""Makes the HDF5 objects of a tree one by one, or as a template that is filled and copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5p, h5s, h5t

from nxconvert.arrays import FrameArray, LazyArray, Table, TableArray
from nxconvert.tree import Dataset, Group, Link, Slot, Tree
from nxconvert.writer.chunks import ChunkQueue, ChunkWriter
from nxconvert.writer.filters import Storage, chunk_properties
from nxconvert.writer.frames import Tick, write_frames
from nxconvert.writer.layout import decide
from nxconvert.writer.links import link_frames
from nxconvert.writer.values import TEXT, TEXT_IN_MEMORY, file_type, is_text, number_array, space, text_array

METADATA_CACHE = 256 * 1024


def _group_properties() -> Any:
    plist = h5p.create(h5p.GROUP_CREATE)
    plist.set_obj_track_times(False)
    # the order of columns is data: without this, HDF5 lists them by name
    plist.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
    return plist


def _dataset_properties(kind: int) -> Any:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    plist.set_layout(kind)
    return plist


def _no_chunk_cache() -> Any:
    plist = h5p.create(h5p.DATASET_ACCESS)
    plist.set_chunk_cache(0, 0, 1.0)
    return plist


_GROUP = _group_properties()
#: chunks are written once and whole; HDF5 2.0 dies of a segmentation fault when the disk fills up while it flushes them
_WHOLE_CHUNKS = _no_chunk_cache()
_COMPACT = _dataset_properties(h5d.COMPACT)
_CONTIGUOUS = _dataset_properties(h5d.CONTIGUOUS)


def file_access(driver: str = "") -> Any:
    """Give the access properties of a file: readable by HDF5 1.10, no locks; driver ``core``: in memory only."""
    plist = h5p.create(h5p.FILE_ACCESS)
    # object headers as small as those of 1.8, nothing newer than 1.10
    plist.set_libver_bounds(h5f.LIBVER_V18, h5f.LIBVER_V110)
    plist.set_fclose_degree(h5f.CLOSE_STRONG)
    # entries are written once and not looked at again: a cache that fits into the processor's own makes H5Ocopy a
    # quarter faster than the 2 to 32 MiB of the default
    cache = plist.get_mdc_config()
    cache.set_initial_size = True
    cache.initial_size = cache.min_size = cache.max_size = METADATA_CACHE
    plist.set_mdc_config(cache)
    if driver == "core":
        plist.set_fapl_core(1 << 20, False)
    else:
        # the temporary file is ours alone, and locks fail on many network file systems
        plist.set_file_locking(False, True)
        plist.set_meta_block_size(32 * 1024)
        # with a sieve buffer, HDF5 2.0 dies of a segmentation fault when the disk fills up while it is flushed
        plist.set_sieve_buf_size(0)
    return plist


class Template:
    """An entry kept open in a file in memory: write the values that differ there, then copy it as a whole."""

    def __init__(self, file: Any, number: int, tree: Tree, builder: Builder) -> None:
        self.name = b"t%d" % number
        self.file = file
        #: slot, how it is written, number type, shape (None: text) and memory type
        self.slots: list[tuple[int, Callable[[Any, Any], None], str, tuple[int, ...] | None, Any]] = []
        self.targets: list[tuple[Any, str]] = []
        self.shared: list[tuple[str, Dataset]] = []
        builder.entry(file, self.name, tree, self)
        self.last: list[Any] = list(tree.values)

    def note_slot(self, index: int, node: Any, value: Any, array: Any, memory: Any) -> None:
        """Remember the object that holds the value of a slot."""
        shape = None if isinstance(value, str) else array.shape
        write = node.write if isinstance(node, h5a.AttrID) else partial(node.write, h5s.ALL, h5s.ALL)
        self.slots.append((index, write, _kind(value), shape, memory))

    def fill(self, tree: Tree) -> bool:
        """Write the tree's values; False when one has another shape or type than the template."""
        values, last = tree.values, self.last
        for index, write, kind, shape, memory in self.slots:
            value, before = values[index], last[index]
            if value is before:
                continue
            if shape is None:
                if value == before:
                    continue
                if type(value) is not str or "\0" in value:
                    return False
                array = text_array(value)
            elif type(value) is np.ndarray:
                if value.shape != shape or value.dtype.str != kind:
                    return False
                array = value if value.flags.c_contiguous else np.ascontiguousarray(value)
            elif np.shape(value) != shape or _kind(value) != kind:
                return False
            elif not shape and value == before and value:  # 0.0 == -0.0
                continue
            else:
                array = text_array(value) if isinstance(value, list) else number_array(value)
            write(array, memory)
            last[index] = value
        self.set_targets(tree.name)
        return True

    def set_targets(self, entry: str) -> None:
        """Write each ``@target`` for the entry's name."""
        for attribute, path in self.targets:
            attribute.write(text_array(f"/{entry}/{path}"), TEXT_IN_MEMORY)

    def copy_to(self, file: Any, name: bytes) -> None:
        """Copy the entry into *file* under *name*."""
        h5o.copy(self.file, self.name, file, name)


def _kind(value: Any) -> str:
    """What must be equal for a value to fit into a template: its number type."""
    return value.dtype.str if isinstance(value, (np.ndarray, np.generic)) else type(value).__name__


class Builder:
    """Builds groups, datasets, attributes and links one by one in one file."""

    def __init__(self, file: Any, how: Storage, queue: ChunkQueue, output: str = "", tick: Tick | None = None) -> None:
        self._file = file
        self._how = how
        self._queue = queue
        self._output = output
        self._tick = tick
        #: by path below the entry: a value that may be shared, and the absolute path where it lies
        self._shared: dict[str, tuple[Any, bytes]] = {}

    def entry(self, parent: Any, name: bytes, tree: Tree, template: Template | None = None) -> None:
        """Build a whole entry; the objects behind its slots are noted in the template."""
        self._tree = tree
        self._template = template
        self._links: list[tuple[Any, bytes, str]] = []
        self._made: set[str] = set()
        self._tables: dict[int, tuple[Table, list[tuple[str, ChunkWriter]]]] = {}
        self._later: list[tuple[LazyArray, ChunkWriter]] = []
        self._has_frames = False
        self._entry = self._create_group(parent, name, "", tree.entry)
        self._fill_group(self._entry, "", tree.entry)
        for place, key, target in self._links:
            place.links.create_hard(key, self._entry, target.encode())
        self._stream()

    def shared(self, tree: Tree, template: Template) -> None:
        """Add to an entry, copied from a template, the datasets that it shares with other entries."""
        self._tree = tree
        self._template = None
        for path, node in template.shared:
            found = self._shared.get(path)
            if found is not None and found[0] == tree.value(node.value):
                self._file.links.create_hard(f"{tree.name}/{path}".encode(), self._file, found[1])
            else:
                folder, _, name = path.rpartition("/")
                self._dataset(h5g.open(self._file, f"{tree.name}/{folder}".encode()), name.encode(), path, node)

    def attributes(self, made: Any, attributes: Mapping[str, Any]) -> None:
        """Write attributes of an object."""
        for key, value in attributes.items():
            self._write_attribute(made, key, value)

    def _create_group(self, parent: Any, name: bytes, path: str, group: Group) -> Any:
        made = h5g.create(parent, name, gcpl=_GROUP)
        self._made.add(path)
        self._write_attribute(made, "NX_class", group.nx_class)
        self._node_attributes(made, path, group)
        return made

    def _collection(self, parent: Any, name: bytes) -> Any:
        made = h5g.create(parent, name, gcpl=_GROUP)
        self._write_attribute(made, "NX_class", "NXcollection")
        return made

    def _fill_group(self, made: Any, path: str, group: Group) -> None:
        for child_name, child in group.children.items():
            below = f"{path}/{child_name}" if path else child_name
            key = child_name.encode()
            if isinstance(child, Group):
                self._fill_group(self._create_group(made, key, below, child), below, child)
            elif isinstance(child, Link):
                if child.target in self._made:
                    made.links.create_hard(key, self._entry, child.target.encode())
                else:  # as soon as its target exists
                    self._links.append((made, key, child.target))
            elif child.shared and self._template is not None:
                self._template.shared.append((below, child))
            else:
                self._dataset(made, key, below, child)

    def _node_attributes(self, made: Any, path: str, node: Group | Dataset) -> None:
        for key, item in node.attributes.items():
            self._attribute(made, key, item)
        if node.linked:
            target = self._write_attribute(made, "target", f"/{self._tree.name}/{path}")
            if self._template is not None:
                self._template.targets.append((target, path))

    def _attribute(self, made: Any, key: str, item: Any) -> None:
        value = self._tree.value(item)
        attribute = self._write_attribute(made, key, value)
        if self._template is not None and isinstance(item, Slot):
            array = text_array(value) if is_text(value) else number_array(value)
            memory = TEXT_IN_MEMORY if is_text(value) else file_type(array.dtype)
            self._template.note_slot(item.index, attribute, value, array, memory)

    @staticmethod
    def _write_attribute(made: Any, key: str, value: Any) -> Any:
        if is_text(value):
            array = text_array(value)
            attribute = h5a.create(made, key.encode(), TEXT, space(array.shape))
            attribute.write(array, TEXT_IN_MEMORY)
        else:
            array = number_array(value)
            memory = file_type(array.dtype)
            attribute = h5a.create(made, key.encode(), memory, space(array.shape))
            attribute.write(array, memory)
        return attribute

    def _dataset(self, made: Any, name: bytes, path: str, node: Dataset) -> None:
        value = self._tree.value(node.value)
        self._made.add(path)
        if node.shared:
            found = self._shared.get(path)
            if found is not None and found[0] == value:
                made.links.create_hard(name, self._file, found[1])
                return
            self._shared[path] = (value, f"{self._tree.name}/{path}".encode())
        if isinstance(value, LazyArray):
            dataset = self._lazy(made, name, value)
        else:
            array, kind, memory = _in_memory(value)
            if array.dtype.kind in "OS":
                plist = _COMPACT if not array.shape and array.dtype.kind == "O" else _CONTIGUOUS
                dataset = self._plain(made, name, array, plist, kind, memory)
            else:
                dataset = self._numbers(made, name, array)
            if self._template is not None and isinstance(node.value, Slot):
                self._template.note_slot(node.value.index, dataset, value, array, memory)
        self._node_attributes(dataset, path, node)

    @staticmethod
    def _plain(made: Any, name: bytes, array: Any, plist: Any, kind: Any, memory: Any) -> Any:
        dataset = h5d.create(made, name, kind, space(array.shape), plist)
        if array.size:
            dataset.write(h5s.ALL, h5s.ALL, array, memory)
        return dataset

    def _numbers(self, made: Any, name: bytes, array: Any) -> Any:
        kind = file_type(array.dtype)
        layout = decide(array.shape, array.itemsize, self._how.access, compressed=self._how.compressed)
        if layout.chunks is None:
            plist = _COMPACT if layout.kind == "compact" else _CONTIGUOUS
            return self._plain(made, name, array, plist, kind, kind)
        dataset, writer = self._chunked(made, name, array.shape, array.dtype, layout.chunks)
        writer.feed(array)
        writer.finish()
        return dataset

    def _lazy(self, made: Any, name: bytes, value: LazyArray) -> Any:
        if isinstance(value, FrameArray) and value.frames:
            return self._frames(made, name, value)
        layout = decide(value.shape, value.dtype.itemsize, self._how.access)
        # the values come in blocks, so that even a small array is chunked
        chunks = layout.chunks or tuple(max(1, length) for length in value.shape)
        dataset, writer = self._chunked(made, name, value.shape, value.dtype, chunks)
        if isinstance(value, TableArray):
            self._tables.setdefault(id(value.table), (value.table, []))[1].append((value.key, writer))
        else:
            self._later.append((value, writer))
        return dataset

    def _frames(self, made: Any, name: bytes, value: FrameArray) -> Any:
        how = self._how
        if how.link:
            collection = partial(self._collection, made, name + b"_parts")
            return link_frames(made, name, value, collection, self._output, how.link == "relative")
        inner = len(value.frame_shape)
        size = value.dtype.itemsize
        layout = decide(value.shape, size, how.access, compressed=how.compressed, inner=inner, asked=how.chunks)
        plist = _CONTIGUOUS if layout.chunks is None else chunk_properties(layout.chunks, how.compression, value.dtype)
        dataset = h5d.create(made, name, file_type(value.dtype), space(value.shape), plist, dapl=_WHOLE_CHUNKS)
        # threads compress the frames while the rest of the entry is built
        write_frames(dataset, value, layout.chunks, how.compression, self._queue, self._tick)
        self._has_frames = True
        return dataset

    def _chunked(
        self, made: Any, name: bytes, shape: tuple[int, ...], dtype: Any, chunks: tuple[int, ...]
    ) -> tuple[Any, ChunkWriter]:
        plist = chunk_properties(chunks, self._how.compression, dtype)
        dataset = h5d.create(made, name, file_type(dtype), space(shape), plist, dapl=_WHOLE_CHUNKS)
        return dataset, ChunkWriter(dataset, shape, chunks, self._how.compression, self._queue)

    def _stream(self) -> None:
        """Write what stays in its source: all arrays of a table in one pass over it."""
        for table, columns in self._tables.values():
            for block in table.blocks():
                for key, writer in columns:
                    writer.feed(block[key])
            for _key, writer in columns:
                writer.finish()
        for array, writer in self._later:
            for part in array.blocks():
                writer.feed(part)
            writer.finish()
        if self._has_frames:
            self._queue.drain()  # the files of the frames may be closed after this


def _in_memory(value: Any) -> tuple[Any, Any, Any]:
    """Give a value as an array, with its types in the file and in memory."""
    if isinstance(value, str) and "\0" in value:
        # text of variable length cannot hold NUL, text of fixed length can, but not as its last character
        value = value.encode() + (b"\n" if value.endswith("\0") else b"")
    if isinstance(value, bytes) or (isinstance(value, np.ndarray) and value.dtype.kind == "S"):
        data = np.array(value)
        kind = h5t.C_S1.copy()
        kind.set_size(max(1, data.dtype.itemsize))
        kind.set_cset(h5t.CSET_UTF8)
        kind.set_strpad(h5t.STR_NULLPAD)
        return data, kind, kind
    if not is_text(value):
        array = number_array(value)
        return array, file_type(array.dtype), file_type(array.dtype)
    return text_array(value), TEXT, TEXT_IN_MEMORY
